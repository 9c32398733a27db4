"""Noise on training targets, so that a study can provoke overfitting and measure it.

Whether and how an example is disturbed is drawn for the full training part, before a smaller
training set is taken: an example disturbed at a low level is disturbed the same way at a higher
one, and an example has the same label in a small training set as in a large one.
"""

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.draws import Purpose, generator

_BLOCK = 20


def noisy_labels(labels: Array, *, level: float, classes: int, split_seed: int) -> Array:
    """Replace a share of the labels by another class, each other class equally likely.

    Args:
        labels: The labels of the full training part, `[n]`.
        level: The share to replace.
        classes: Number of classes.
        split_seed: What the draws come from.

    Returns:
        Labels `[n]`.
    """
    draws = generator(Purpose.LABEL_NOISE, split_seed)
    # A permutation of the twentieths in each block of 20 keeps the share nearly exact in every
    # beginning of the training examples; independent draws would leave it to chance in a small
    # training set.
    blocks = -(-len(labels) // _BLOCK)
    twentieths = draws.permuted(np.tile(np.arange(_BLOCK), (blocks, 1)), axis=1)
    threshold = (twentieths.ravel()[: len(labels)] + draws.random(len(labels))) / _BLOCK
    another = (labels + draws.integers(1, classes, size=len(labels))) % classes
    return np.where(threshold < level, another, labels)


def noisy_targets(targets: Array, *, level: float, split_seed: int) -> Array:
    """Add Gaussian noise to targets.

    Args:
        targets: The targets of the full training part, `[n]`.
        level: The noise's standard deviation, as a multiple of the targets'.
        split_seed: What the draws come from.

    Returns:
        Targets `[n]`, in the same units.
    """
    draws = generator(Purpose.LABEL_NOISE, split_seed)
    noisy: Array = targets + level * targets.std() * draws.standard_normal(len(targets))
    return noisy
