"""The pictures of descent: the surface of the loss, the paths down it, and the same in one variable."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from dlsuite.report.pictures.descent_paths import draw_paths
from dlsuite.report.pictures.descent_surface import draw_surface
from dlsuite.report.pictures.descent_valley import draw_one_variable


def descent_pictures(tables: Mapping[str, pd.DataFrame], *, subject: str) -> dict[str, Figure]:
    """Draw the pictures of descent.

    Args:
        tables: `about`, `surface`, `path_plane`, `paths`, `one_variable`, `one_variable_curve` and
            `one_variable_points`, as `dlsuite.explanations.descent` makes them.
        subject: The model and the data set, for titles.

    Returns:
        `surface`, `paths` and `one_variable`; a figure whose tables are missing or empty is left out.
    """
    drawn = {}
    if _has(tables, "surface"):
        drawn["surface"] = draw_surface(tables, subject=subject)
    if _has(tables, "paths", "path_plane"):
        drawn["paths"] = draw_paths(tables, subject=subject)
    if _has(tables, "one_variable", "one_variable_curve", "one_variable_points"):
        drawn["one_variable"] = draw_one_variable(tables)
    return drawn


def _has(tables: Mapping[str, pd.DataFrame], *names: str) -> bool:
    return all(name in tables and not tables[name].empty for name in names)
