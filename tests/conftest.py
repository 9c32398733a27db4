"""What all tests share: TensorFlow's import without its start-up remarks, and the same luck in every run."""

import os
import random

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Keras draws from `random` the seeds of layers that were given none, also while tests are collected.
random.seed(0)


def pytest_runtest_setup() -> None:
    """Let a test that sets no seed draw what it drew in the run before."""
    random.seed(0)
