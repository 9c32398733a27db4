"""How far apart seeds end, in their weights and in what they say."""

from collections.abc import Mapping

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlsuite.report.style import PAGE_WIDTH, figure_style, new_axes

_PANELS = (
    ("distance", "distance of weights,\nas they are", "{:.3g}"),
    ("aligned_distance", "distance of weights,\nunits aligned", "{:.3g}"),
    ("disagreement", "validation examples with\ndifferent answers", "{:.1%}"),
    ("prediction_distance", "RMS distance of validation\npredictions (target's units)", "{:.3g}"),
)


def draw_distances(tables: Mapping[str, pd.DataFrame], *, subject: str) -> Figure:
    """Draw heat maps of the pairs' distances and of how often they differ."""
    pairs = tables["pairs"]
    panels = [panel for panel in _PANELS if panel[0] in pairs and pairs[panel[0]].notna().any()]
    of_weights = [name for name in ("distance", "aligned_distance") if name in pairs]
    top = float(np.nanmax(pairs[of_weights].to_numpy())) if of_weights else 1.0
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 7.4 / len(panels) + 0.85), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.06)  # type: ignore[union-attr, call-arg]
        for place, (column, title, form) in enumerate(panels, start=1):
            ax = figure.add_subplot(1, len(panels), place)
            # The two maps of weights share their colors, so that they can be compared.
            highest = top if column in of_weights else None
            plot_pairs(pairs, column, form=form, highest=highest, ax=ax)
            ax.set_title(title)
            if place == 1:
                ax.set_ylabel("seed")
        figure.suptitle(f"{subject}: how far apart the seeds end", fontsize=9.5)
    return figure


def plot_pairs(
    pairs: pd.DataFrame,
    column: str,
    *,
    form: str = "{:.3g}",
    highest: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a measure of pairs of seeds as a heat map, with the numbers written in.

    Args:
        pairs: Rows `seed_a`, `seed_b` and the measure, 0 or more.
        column: The measure.
        form: How numbers are written.
        highest: Where the colors end; at the largest value if absent.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    seeds = sorted(set(pairs["seed_a"]) | set(pairs["seed_b"]))
    square = np.full([len(seeds), len(seeds)], np.nan)
    for a, b, value in pairs[["seed_a", "seed_b", column]].itertuples(index=False):
        # Below the diagonal only: above it, the same numbers would stand again.
        square[seeds.index(b), seeds.index(a)] = value
    known = square[np.isfinite(square)]
    top = highest or (float(known.max()) if known.size else 1.0) or 1.0
    colors = mpl.colormaps["Blues"]
    shown = square[1:, :-1]
    ax.imshow(shown, cmap=colors, vmin=0.0, vmax=top, aspect="equal")
    for row, values in enumerate(shown):
        for place, value in enumerate(values):
            if np.isfinite(value):
                shade = "white" if value > 0.6 * top else "black"
                ax.text(
                    place,
                    row,
                    form.format(value),
                    ha="center",
                    va="center",
                    color=shade,
                    fontsize=6.5,
                )
    ax.set_xticks(range(len(seeds) - 1), [f"{seed}" for seed in seeds[:-1]])
    ax.set_yticks(range(len(seeds) - 1), [f"{seed}" for seed in seeds[1:]])
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.set_xlabel("seed")
    return ax
