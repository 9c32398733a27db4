"""What the tables of descent say, in sentences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


def describe(tables: Mapping[str, pd.DataFrame], *, given: bool) -> list[str]:
    """Put the tables of descent into sentences.

    Args:
        tables: By name, as `descent` makes them.
        given: Whether the good rate is the one that was asked for, rather than the best of those tried.
    """
    return [
        _choice(tables, given=given),
        *_ways(tables["paths"], tables["rates"]),
        _plane(tables),
        _surface(tables),
        _one_variable(tables),
    ]


def unit_of(about: pd.DataFrame) -> str:
    """The loss's unit."""
    return (
        "nats"
        if about["task_type"].iloc[0] == "classification"
        else "MSE of the standardized target"
    )


def _choice(tables: Mapping[str, pd.DataFrame], *, given: bool) -> str:
    rates, about = tables["rates"], tables["about"].iloc[0]
    by_role = tables["paths"].drop_duplicates("role").set_index("role")["learning_rate"]
    done = rates[rates["status"] == "completed"]
    best = float(done.sort_values("val_loss")["learning_rate"].iloc[0])
    why = (
        "the one that was asked for"
        + (f" ({best:g} ended with the lowest validation loss)" if best != by_role["good"] else "")
        if given
        else "the one that ended with the lowest validation loss"
    )
    return (
        f"{len(rates)} learning rates from {rates['learning_rate'].min():g} to "
        f"{rates['learning_rate'].max():g} were tried with {about['optimizer']}, from the same initial "
        f"weights and on the same batches; {by_role['good']:g} is called good, as {why}."
    )


def _ways(paths: pd.DataFrame, rates: pd.DataFrame) -> list[str]:
    said = []
    of_role = {role: rows for role, rows in paths.groupby("role", sort=False)}
    good = of_role["good"]
    start = good["train_loss"].iloc[0]
    epochs = int(good["epoch"].iloc[-1])
    said.append(
        f"The good rate went from a training loss of {start:.3g} to {good['train_loss'].iloc[-1]:.3g} in "
        f"{epochs} epochs, a distance of {good['distance'].iloc[-1]:.3g} in weight space; its gradient ended "
        f"at {_ratio(good):.2g} times its first length."
    )
    low = of_role.get("low")
    if low is not None and low["learning_rate"].iloc[0] < good["learning_rate"].iloc[0]:
        share = low["distance"].iloc[-1] / good["distance"].iloc[-1]
        said[-1] += (
            f" The low rate, {low['learning_rate'].iloc[0]:g}, came {share:.1%} as far in the same steps, to "
            f"a loss of {low['train_loss'].iloc[-1]:.3g}."
        )
    return [*said, *_high(of_role.get("high"), good, rates)]


def _high(high: pd.DataFrame | None, good: pd.DataFrame, rates: pd.DataFrame) -> list[str]:
    row = rates[rates["role"] == "high"]
    if row.empty:
        return []
    rate, about = row["learning_rate"].iloc[0], row.iloc[0]
    if high is None or about["status"] == "diverged":
        return [
            f"At the high rate, {rate:g}, training diverged in epoch {int(about['epochs']) + 1}: "
            "a loss or gradient was no longer a number."
        ]
    first = high["step_length"].iloc[1] / good["step_length"].iloc[1]
    said = (
        f"The high rate, {rate:g}, moved {first:.3g} times as far in the first epoch as the good one; its "
        f"loss rose in {int(about['rises'])} of {int(about['epochs'])} epochs and ended at "
        f"{about['train_loss']:.3g}"
    )
    if about["overshoots"]:
        return [f"{said}: it jumps over what the good rate goes down into."]
    return [f"{said}: none of the rates tried jumped over the minimum and stayed out of it."]


def _plane(tables: Mapping[str, pd.DataFrame]) -> str:
    about, paths = tables["about"].iloc[0], tables["paths"]
    good, high = (paths[paths["role"] == role] for role in ("good", "high"))
    said = (
        f"Two directions hold {about['variance_share_1']:.1%} and {about['variance_share_2']:.1%} of the "
        f"variance of the good rate's path through {int(about['parameters'])} weights; it is at most "
        f"{good['off_plane'].max():.2g} off their plane"
    )
    if high.empty:
        return f"{said}."
    said += f", the high rate's path {high['off_plane'].max():.3g}"
    if high["off_plane"].max() > good["off_plane"].max():
        said += (
            ": the loss drawn under a path far off is not its own (see `loss` and `loss_in_plane`)"
        )
    return f"{said}."


def _surface(tables: Mapping[str, pd.DataFrame]) -> str:
    about, surface = tables["about"].iloc[0], tables["surface"]
    middle = surface[(surface["a"].abs() < 1e-9) & (surface["b"].abs() < 1e-9)]["loss"].iloc[0]
    lower = int((surface["loss"] < middle).sum())
    around = (
        "no place of the grid is lower"
        if lower == 0
        else f"of the grid's {len(surface)} places, {lower} {'is' if lower == 1 else 'are'} lower"
    )
    finite = surface["loss"][np.isfinite(surface["loss"])]
    return (
        f"Around the trained weights, along two random directions with filters as long as the model's own, "
        f"the loss rises from {middle:.3g} to {finite.max():.3g} {unit_of(tables['about'])} "
        f"({int(about['examples'])} training examples); {around}. Biases and normalization stay as they are."
    )


def _one_variable(tables: Mapping[str, pd.DataFrame]) -> str:
    ends = tables["one_variable"].groupby(["learning_rate", "start"], sort=False).tail(1)
    limits: dict[str, float] = dict(
        tables["one_variable_points"][["kind", "largest_rate"]].itertuples(index=False)
    )
    parts = []
    for rate, rows in ends.groupby("learning_rate"):
        counts = rows["reached"].value_counts()
        ends_in = " and ".join(f"{count} {_reached(name)}" for name, count in counts.items())
        parts.append(f"at {rate:g}, {ends_in}")
    return (
        f"In one variable, of {ends['start'].nunique()} starts: {'; '.join(parts)}. The relative minimum is "
        f"narrow and repels every rate above {limits['relative minimum']:.2f}, the absolute one every rate "
        f"above {limits['absolute minimum']:.2g} (2 / f'')."
    )


def _reached(name: object) -> str:
    if str(name).endswith("minimum"):
        return f"reach the {name}"
    return {"diverged": "diverge"}.get(str(name), "are still on the way")


def _ratio(rows: pd.DataFrame) -> float:
    norms = rows["gradient_norm"].to_numpy()
    return float(norms[-1] / norms[0]) if norms[0] > 0 else float("nan")
