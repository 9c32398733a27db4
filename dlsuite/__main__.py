"""`python -m dlsuite` is `dlsuite`."""

from dlsuite.cli import main

main()
