"""What the tables of minima say, in sentences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

_STILL = 0.01
"""A gradient that is shorter than this share of its first length counts as nearly gone."""
_SMALL = 0.1
"""A barrier below this share of what training took off the loss counts as low."""


def describe(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Put the tables of minima into sentences.

    Args:
        tables: By name, as `minima` makes them.
    """
    return [
        _reached(tables["ends"], int(tables["about"]["train_examples"].iloc[0])),
        _apart(tables),
        _between(tables),
        _after(tables),
        _agreement(tables),
    ]


def unit_of(about: pd.DataFrame) -> str:
    """The loss's unit."""
    return (
        "nats"
        if about["task_type"].iloc[0] == "classification"
        else "MSE of the standardized target"
    )


def _reached(ends: pd.DataFrame, examples: int) -> str:
    done = ends[ends["status"] == "completed"]
    low, high = done["gradient_ratio"].min(), done["gradient_ratio"].max()
    lost = len(ends) - len(done)
    said = (
        f"{len(done)} seeds ended after {int(done['epoch'].max())} epochs with training losses of "
        f"{done['train_loss'].min():.3g} to {done['train_loss'].max():.3g}, from "
        f"{done['train_loss_start'].mean():.3g} on average; the gradient over "
        f"{examples} training examples had {low:.2g} to {high:.2g} times its first length"
    )
    if high < _STILL:
        said += ": nearly flat, as near a minimum (or a saddle point)."
    elif low < _STILL:
        said += ": some are on nearly flat ground, the others are not."
    else:
        said += ": it is not flat there, so training stopped before a minimum was reached."
    return said + (f" {lost} diverged and are left out." if lost else "")


def _apart(tables: Mapping[str, pd.DataFrame]) -> str:
    pairs, ends = tables["pairs"], tables["ends"]
    return (
        f"They are not at one place: two ends are {pairs['distance'].mean():.3g} apart on average (their "
        f"starts were {pairs['start_distance'].mean():.3g}), while each moved "
        f"{ends['distance_from_start'].mean():.3g} from its own start."
    )


def _between(tables: Mapping[str, pd.DataFrame]) -> str:
    rows = tables["barriers"]
    rows = rows[~rows["aligned"]]
    height = rows["train_barrier"].mean()
    said = (
        f"On the straight line between two ends, the training loss rises by up to {height:.3g} "
        f"{unit_of(tables['about'])} on average ({rows['train_barrier'].min():.3g} to "
        f"{rows['train_barrier'].max():.3g}) above what the ends have"
    )
    if not _lowered(tables["ends"]) > 0:
        return f"{said}; training did not lower the loss, so these are no valleys."
    if _is_low(height, tables["ends"]):
        return f"{said}: hardly a barrier, given what training took off the loss."
    return f"{said}: in a straight line, they lie in different valleys."


def _after(tables: Mapping[str, pd.DataFrame]) -> str:
    about, rows = tables["about"].iloc[0], tables["barriers"]
    if not about["aligned"]:
        return (
            "The units were not aligned before the lines were drawn, since for this model it is not done: "
            f"{about['not_aligned_because']}."
        )
    before, after = (
        rows[rows["aligned"] == flag]["train_barrier"].mean() for flag in (False, True)
    )
    pairs = tables["pairs"]
    said = (
        "The order of hidden units means nothing; after the second network's units were put where the "
        f"first's similar ones are, the distance is {pairs['aligned_distance'].mean():.3g} and the barrier "
        f"{after:.3g}, "
    )
    if np.isfinite(before) and before > 0:
        said += f"{after / before:.0%} of what it was"
    else:
        said += f"before {before:.3g}"
    if after < before and _is_low(after, tables["ends"]) and not _is_low(before, tables["ends"]):
        said += ": most of the barrier was a matter of names"
    elif after < before:
        said += ": part of it was a matter of names"
    else:
        said += ": alignment did not lower it"
    if about["moving_statistics"]:
        said += " (moving statistics are interpolated, not estimated anew, which can raise it)"
    return f"{said}."


def _agreement(tables: Mapping[str, pd.DataFrame]) -> str:
    pairs = tables["pairs"]
    if "disagreement" in pairs:
        return (
            f"Two seeds give different answers to {pairs['disagreement'].mean():.1%} of the "
            f"{int(tables['about']['val_examples'].iloc[0])} validation examples on average (at most "
            f"{pairs['disagreement'].max():.1%})."
        )
    rmse = tables["ends"]["val_rmse"].mean()
    return (
        f"Two seeds' validation predictions are {pairs['prediction_distance'].mean():.3g} apart on average "
        f"(root mean square, in the target's units), where their error is {rmse:.3g}."
    )


def _is_low(barrier: float, ends: pd.DataFrame) -> bool:
    return barrier < _SMALL * _lowered(ends)


def _lowered(ends: pd.DataFrame) -> float:
    """What training took off the loss, on average."""
    done = ends[ends["status"] == "completed"]
    return float((done["train_loss_start"] - done["train_loss"]).mean())
