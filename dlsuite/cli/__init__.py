"""The command line: parse, call, print."""

from dlsuite.cli.entry import main as main
