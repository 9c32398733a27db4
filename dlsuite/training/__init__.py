"""Training: the GradientTape step, the compiled epoch, random streams and evaluation.

Importing this package imports no TensorFlow; its modules `trainer`, `graph`, `step` and others do.
"""

from dlsuite.training.settings import TrainingSettings, training_hyperparameters
from dlsuite.training.version import RESULTS_VERSION

__all__ = ["RESULTS_VERSION", "TrainingSettings", "training_hyperparameters"]
