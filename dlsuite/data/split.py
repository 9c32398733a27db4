"""One of a data set's three splits."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlsuite.data.gathered import Gathered
from dlsuite.errors import DataError

Array = np.ndarray[Any, Any]

SPLITS = ("train", "validation", "test")
"""The splits of a data set, in the order in which they are laid out."""


@dataclass(frozen=True, eq=False)
class Split:
    """The examples of one split. The arrays are read-only.

    Attributes:
        x: Inputs, `[n, ...]`: float32, or int32 token ids for text. `Gathered` inputs, of what is large, are
            sliced and indexed like an array.
        y: int32 class labels `[n]`, or float32 targets `[n]` in the target's own units.

    Raises:
        DataError: `x` and `y` differ in length.
    """

    x: Array | Gathered
    y: Array

    def __post_init__(self) -> None:
        """Check the lengths and make the arrays read-only."""
        if self.y.ndim != 1 or len(self.x) != len(self.y):
            raise DataError(
                f"y: expected shape ({len(self.x)},), one target for each example of x; "
                f"got {self.y.shape}."
            )
        for field in ("x", "y"):
            # A view: the array that was given stays writable for whoever gave it.
            view = getattr(self, field).view()
            view.setflags(write=False)
            object.__setattr__(self, field, view)

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.y)
