"""What all tests share: TensorFlow is imported once, and without its start-up remarks."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
