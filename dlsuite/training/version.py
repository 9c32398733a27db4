"""The version of the code that changes results."""

RESULTS_VERSION = 3
"""Raised by hand whenever a change of the code changes what a training gives; part of a trial's key."""
