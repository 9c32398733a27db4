"""How many more seeds a study needs to show an effect of a given size."""

import numpy as np
import pandas as pd

from dlsuite.analysis.frames import require_columns
from dlsuite.analysis.paired import pairs_needed
from dlsuite.analysis.verdicts import LEVEL
from dlsuite.errors import DlsuiteError

SEEDS_NEEDED = (
    "task",
    "condition",
    "measure",
    "n_pairs",
    "sd",
    "detectable",
    "effect",
    "pairs_needed",
    "more",
)
"""The columns of `seeds_needed`, in order."""


def seeds_needed(effects: pd.DataFrame, *, effect: float) -> pd.DataFrame:
    """For each condition, how many pairs show a difference of a given size from the baseline.

    Found in four of five studies, at the level that Holm's correction leaves a single comparison of the
    task's family at first. The spread is that of the pairs there are, so that the answer is an estimate.

    Args:
        effects: As `effects` gives them.
        effect: The size of the difference, in the unit of the metric on test, above 0.

    Returns:
        A row a task and condition: `n_pairs` now, `sd` of the differences, what is `detectable` now, the
        `effect` asked for, `pairs_needed`, and how many `more` that is. Empty cells where there are too few
        pairs to know the spread.

    Raises:
        DlsuiteError: `effect` is not above 0, or a column is missing.
    """
    if not (np.isfinite(effect) and effect > 0):
        raise DlsuiteError(f"effect: expected a number above 0; got {effect!r}.")
    columns = ["task", "condition", "measure"]
    needs = ["role", "n_pairs", "sd", "p", "detectable"]
    require_columns(effects, [*columns, *needs], name="effects")
    primary = effects.loc[effects["role"] == "primary"]
    rows = []
    for _, family in primary.groupby("task", sort=False):
        level = LEVEL / max(1, int(family["p"].notna().sum()))
        for row in family.to_dict("records"):
            known = bool(np.isfinite(row["sd"]))
            needed = pairs_needed(effect, row["sd"], alpha=level) if known else 0
            rows.append(
                {
                    **{key: row[key] for key in (*columns, "n_pairs", "sd", "detectable")},
                    "effect": effect,
                    "pairs_needed": needed if known else pd.NA,
                    "more": max(0, needed - row["n_pairs"]) if known else pd.NA,
                }
            )
    found = pd.DataFrame(rows, columns=list(SEEDS_NEEDED))
    return found.astype({"pairs_needed": "Int64", "more": "Int64"})
