"""Class weights: how much an example's loss counts in a training step, by its class."""

import numpy as np
import numpy.typing as npt
from sklearn.utils.class_weight import compute_class_weight

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.training.settings import TrainingSettings


def class_weights(settings: TrainingSettings, data: Dataset) -> npt.NDArray[np.float64] | None:
    """The weight of each class, `[classes]`; None where all count the same and nothing is weighted.

    Balanced, it is `n / (classes * n_class)`, counted in the labels trained on. A class that these lack has
    weight 1 and is not counted.

    Args:
        settings: How it is trained.
        data: The data set.

    Raises:
        SpecError: The data set has no classes.
    """
    if settings.class_weight == "none":
        return None
    if data.task_type != "classification":
        raise SpecError(
            f"class_weight: {data.name!r} is {data.task_type} and has no classes; leave class_weight out."
        )
    labels = np.asarray(data.train.y)
    present = np.unique(labels)
    weights = np.ones(data.outputs)
    weights[present] = compute_class_weight(settings.class_weight, classes=present, y=labels)
    return weights
