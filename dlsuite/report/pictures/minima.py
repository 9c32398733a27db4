"""The pictures of minima: the lines between seeds' ends, the ends, and how far apart they are."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from dlsuite.report.pictures.minima_distances import draw_distances
from dlsuite.report.pictures.minima_ends import draw_ends
from dlsuite.report.pictures.minima_lines import draw_lines


def minima_pictures(tables: Mapping[str, pd.DataFrame], *, subject: str) -> dict[str, Figure]:
    """Draw the pictures of minima.

    Args:
        tables: `about`, `ends`, `pairs`, `lines` and `barriers`, as `dlsuite.explanations.minima` makes them.
        subject: The model and the data set, for titles.

    Returns:
        `lines`, `ends` and `distances`; a figure whose tables are missing or empty is left out.
    """
    drawn = {}
    if _has(tables, "lines", "barriers"):
        drawn["lines"] = draw_lines(tables, subject=subject)
    if _has(tables, "ends"):
        drawn["ends"] = draw_ends(tables, subject=subject)
    if _has(tables, "pairs"):
        drawn["distances"] = draw_distances(tables, subject=subject)
    return drawn


def _has(tables: Mapping[str, pd.DataFrame], *names: str) -> bool:
    return all(name in tables and not tables[name].empty for name in ("about", *names))
