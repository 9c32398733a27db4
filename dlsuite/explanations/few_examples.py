"""Some examples of a split, where the loss at many places would take too long on all of them."""

from dataclasses import replace

import numpy as np

from dlsuite.data import Split

_NUMBERS = 2**21
"""What a place may cost: numbers computed for one example, times examples."""
_LEAST = 128


def few_examples(split: Split, activations: int) -> Split:
    """The examples on which the loss is computed at many places: all, or some that are spread evenly.

    Args:
        split: The examples.
        activations: Numbers that a model computes for one of them.
    """
    most = max(_LEAST, _NUMBERS // max(1, activations))
    if len(split) <= most:
        return split
    chosen = np.unique(np.linspace(0, len(split) - 1, most).astype(int))
    return replace(split, x=split.x[chosen], y=split.y[chosen])
