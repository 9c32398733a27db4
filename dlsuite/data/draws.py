"""Random draws of the data: stateless functions of what they are for and the split seed.

Each purpose has a stream of its own, so that a change in one (another level of noise, another
training size) moves no other.
"""

from enum import IntEnum

import numpy as np


class Purpose(IntEnum):
    """What a draw is for. The numbers are part of the seed: never reuse or reorder them."""

    SPLIT = 1
    TRAIN_ORDER = 2
    LABEL_NOISE = 3


def generator(purpose: Purpose, split_seed: int) -> np.random.Generator:
    """Return a fresh generator, the same for the same purpose and seed."""
    return np.random.default_rng([int(purpose), split_seed])
