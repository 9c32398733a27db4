"""Time series that come with statsmodels: a window in, the next value out."""

from functools import cache

import numpy as np

from dlsuite.data.catalog import register_data
from dlsuite.data.dataset import Array
from dlsuite.data.raw import TimeSeries
from dlsuite.spec import Count


@register_data(
    "sunspots",
    kind="series",
    task_type="regression",
    source="National Geophysical Data Center, yearly mean sunspot numbers 1700 to 2008; "
    "with statsmodels",
    license="public domain",
    description="Yearly sunspot numbers; the next year's from those of the years before.",
)
def sunspots(*, window: Count = 11) -> TimeSeries:
    """Read sunspots, 309 years.

    Args:
        window: Number of years that a model reads; a solar cycle lasts about 11.
    """
    return TimeSeries(_values("sunspots", "SUNACTIVITY"), ("sunspots",), window=window, season=11)


@register_data(
    "co2",
    kind="series",
    task_type="regression",
    source="Keeling, Whorf (2004), weekly carbon dioxide at Mauna Loa 1958 to 2001; "
    "with statsmodels",
    license="public domain",
    description="Weekly carbon dioxide in the air at Mauna Loa, in parts per million; the next "
    "week's change (or level) from those of the weeks before.",
)
def co2(*, window: Count = 26, difference: bool = True) -> TimeSeries:
    """Read co2, 2284 weeks of which 59 are missing.

    Args:
        window: Number of weeks that a model reads.
        difference: Whether a model reads and predicts changes from week to week. The level rises
            all the time, so that validation and test levels lie above all that training has seen.
    """
    notes: tuple[str, ...] = ("Weeks without a measurement are not filled in.",)
    if difference:
        notes += ("Inputs and targets are changes from week to week, in parts per million.",)
    return TimeSeries(
        _values("co2", "co2"),
        ("co2",),
        window=window,
        difference=difference,
        season=52,
        notes=notes,
    )


@cache
def _values(module: str, column: str) -> Array:
    """Read one column, `[time, 1]`."""
    from importlib import import_module

    frame = import_module(f"statsmodels.datasets.{module}").load_pandas().data
    values: Array = frame[[column]].to_numpy(dtype=np.float64)
    return values
