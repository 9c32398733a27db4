"""Which module draws which topic."""

from collections.abc import Callable, Mapping
from importlib import import_module

import pandas as pd
from matplotlib.figure import Figure


def draw_pictures(
    topic: str, tables: Mapping[str, pd.DataFrame], *, subject: str
) -> dict[str, Figure]:
    """Draw a topic's pictures from its tables.

    Args:
        topic: One of `dlsuite.explanations.TOPICS`.
        tables: The topic's tables by name.
        subject: The model and the data set, for titles.

    Returns:
        Figures by name; one that would be empty is left out.
    """
    module = import_module(f"dlsuite.report.pictures.{topic}")
    draw: Callable[..., dict[str, Figure]] = getattr(module, f"{topic}_pictures")
    return draw(tables, subject=subject)
