"""Malformed inputs for whatever the suite parses, and what becomes of them."""
