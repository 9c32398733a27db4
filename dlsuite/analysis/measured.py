"""A task's measures, each read once for all of its conditions."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.analysis.measures import ONSET, Measure
from dlsuite.analysis.replicates import REPLICATE

PLACE = "#"
"""Where a trial stands among its task's; no setting can be called so."""


class MeasuredTrials:
    """A task's trials without their scores, which are looked up by place.

    Reading a measure from a frame takes far longer than computing with it, and so does cutting a wide frame
    into conditions: of thousands of conditions and measures this is what counts.

    Args:
        trials: The task's trials.

    Attributes:
        outline: A row a trial: seed, split seed, status and `PLACE`.
    """

    def __init__(self, trials: pd.DataFrame) -> None:
        self.outline = trials[[*REPLICATE, "status"]].reset_index(drop=True)
        self.outline[PLACE] = np.arange(len(trials))
        self._trials = trials
        self._values: dict[Measure, npt.NDArray[np.float64]] = {}

    def conditions(self) -> dict[str, pd.DataFrame]:
        """The outline of each condition, in order of appearance."""
        groups = self._trials.groupby("condition", sort=False).indices
        return {str(name): self.outline.iloc[places] for name, places in groups.items()}

    def where(self, marked: "pd.Series[bool]") -> pd.DataFrame:
        """The outline of the trials that are marked."""
        return self.outline.loc[marked.to_numpy()]

    def values(self, measure: Measure, outline: pd.DataFrame) -> npt.NDArray[np.float64]:
        """What `Measure.values` gives for some trials.

        Args:
            measure: Which measure.
            outline: Rows of `outline`, in any order.
        """
        places = outline[PLACE].to_numpy()
        # An onset that never came counts as the last epoch of the trials that are asked for.
        if measure.column == ONSET and self._trials["epochs"].nunique(dropna=False) > 1:
            return measure.values(self._trials.iloc[places])
        if measure not in self._values:
            self._values[measure] = measure.values(self._trials)
        found: npt.NDArray[np.float64] = self._values[measure][places]
        return found
