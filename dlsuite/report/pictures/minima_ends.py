"""Where seeds begin and end: their losses, and the length of their gradients."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from dlsuite.report.pictures.minima_lines import loss_unit
from dlsuite.report.style import CROSS, PAGE_WIDTH, figure_style, new_axes

_START, _END, _OTHER = "#999999", "#0072B2", "#E69F00"


def draw_ends(tables: Mapping[str, pd.DataFrame], *, subject: str) -> Figure:
    """Draw each seed's losses and its gradient's length, before training and after it."""
    ends, unit = tables["ends"], loss_unit(tables["about"])
    lost = bool((ends["status"] != "completed").any())
    with figure_style():
        figure = Figure(figsize=(PAGE_WIDTH, 2.7), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.08)  # type: ignore[union-attr, call-arg]
        left, right = (figure.add_subplot(1, 2, place) for place in (1, 2))
        losses = {
            "train_loss_start": ("o", _START, "training, before"),
            "train_loss": ("o", _END, "training, after"),
            "val_loss": ("s", _OTHER, "validation, after"),
        }
        plot_seeds(ends, losses, ax=left)
        left.set_ylabel(f"loss ({unit})")
        left.set_title("loss")
        gradients = {
            "gradient_norm_start": ("o", _START, "training, before"),
            "gradient_norm": ("o", _END, "training, after"),
        }
        plot_seeds(ends, gradients, ax=right)
        right.set_ylabel(f"gradient norm ({unit} per unit)")
        right.set_title("gradient of the training loss")
        handles = [
            Line2D([], [], linestyle="", marker=marker, color=color, markersize=5)
            for marker, color, _ in losses.values()
        ]
        names = [name for _, _, name in losses.values()]
        if lost:
            handles.append(Line2D([], [], color=_START, **CROSS))
            names.append("diverged")
        figure.legend(handles, names, loc="outside lower center", ncols=len(names))
        figure.suptitle(f"{subject}: where each seed begins and ends", fontsize=9.5)
    return figure


def plot_seeds(
    ends: pd.DataFrame, measures: Mapping[str, tuple[str, str, str]], *, ax: Axes | None = None
) -> Axes:
    """Draw measures of each seed above one another, on a logarithmic axis.

    Args:
        ends: A row a seed: `seed`, `status` and the measures, positive.
        measures: For each column its marker, color and name; the first two are joined by an arrow.
        ax: Where to draw; a new figure's axes if absent.
    """
    ax = new_axes() if ax is None else ax
    places = np.arange(len(ends))
    shown = []
    for column, (marker, color, _) in measures.items():
        values = ends[column].to_numpy(float) if column in ends else np.full(len(ends), np.nan)
        values = np.where(np.isfinite(values) & (values > 0), values, np.nan)
        shown.append(values)
        ax.plot(places, values, linestyle="", marker=marker, color=color, markersize=5, zorder=2)
    for place, before, after in zip(places, shown[0], shown[1], strict=True):
        if np.isfinite(before) and np.isfinite(after):
            arrow = {"arrowstyle": "->", "color": "#999999", "shrinkA": 4, "shrinkB": 4}
            ax.annotate("", (place, after), (place, before), arrowprops=arrow)
    every = np.concatenate(shown)
    every = every[np.isfinite(every)]
    ax.set_yscale("log")
    if every.size:
        ax.set_ylim(every.min() / 1.5, every.max() * 1.5)
        subs = (1.0,) if every.max() / every.min() > 100 else (1.0, 2.0, 5.0)
        ax.yaxis.set_major_locator(LogLocator(subs=subs, numticks=7))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.yaxis.set_minor_formatter(NullFormatter())
    lost = np.flatnonzero(ends["status"] != "completed")
    # At the panel's top, whatever the axis.
    ax.plot(
        lost, np.full(len(lost), 0.96), transform=ax.get_xaxis_transform(), color=_START, **CROSS
    )
    ax.set_xticks(places, [f"{seed}" for seed in ends["seed"]])
    ax.set_xlim(-0.6, len(ends) - 0.4)
    ax.set_xlabel("seed")
    return ax
