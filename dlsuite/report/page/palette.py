"""A color a condition, on a light page and on a dark one."""

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.colors import to_hex

from dlsuite.analysis.factor_values import format_value
from dlsuite.report.style import OKABE_ITO, value_colors

_ON_DARK = ("#56B4E9", "#F0803C", "#2FBF8F", "#E39AC4", "#F0B429", "#9FD3F5", "#F2F2EE", "#D46A92")
"""The same hues as `OKABE_ITO`, light enough for a dark page."""


def condition_colors(
    trials: pd.DataFrame, factors: tuple[str, ...]
) -> dict[str, tuple[str, str, str]]:
    """Give each condition a name for legends and its colors.

    Args:
        trials: A row a trial, of all tasks, so that a condition looks the same in each.
        factors: Names of the factors; of a single one, the values are the names, and numbers have ordered
            colors.

    Returns:
        Name, color on a light page and color on a dark one, by condition, in the legend's order.
    """
    entries = trials.drop_duplicates("condition").set_index("condition")
    single = entries[factors[0]] if len(factors) == 1 else None
    names = {
        str(condition): str(condition) if single is None else format_value(single[condition])
        for condition in entries.index
    }
    light = value_colors(entries.index if single is None else single)
    places = {name: place for place, name in enumerate(light)}
    dark = _dark(list(light.values()))
    ordered = sorted(names, key=lambda condition: places[names[condition]])
    return {key: (names[key], light[names[key]], dark[places[names[key]]]) for key in ordered}


def _dark(light: list[str]) -> list[str]:
    if set(light) <= set(OKABE_ITO):
        return [_ON_DARK[OKABE_ITO.index(color)] for color in light]
    # The map's dark end is lost on a dark page.
    return [to_hex(shade) for shade in mpl.colormaps["plasma"](np.linspace(0.35, 1.0, len(light)))]
