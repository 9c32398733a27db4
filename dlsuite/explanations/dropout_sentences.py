"""What the numbers of dropout say."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

_ALIKE = 0.1
"""Two amounts that differ by no more than this share are called about the same."""


def dropout_sentences(
    tables: Mapping[str, pd.DataFrame],
    *,
    chosen: bool,
    diverged: Mapping[str, int | None],
) -> list[str]:
    """Say what the tables show.

    Args:
        tables: The topic's tables by name.
        chosen: Whether the rate is not the model's own.
        diverged: By side, the epoch in which training diverged, if it did.
    """
    return [
        *_draws_said(tables["draws"], chosen),
        *(
            f"The training {side} dropout diverged in epoch {epoch}: a loss or gradient was no finite "
            f"number. Its units are those of epoch {epoch - 1}."
            for side, epoch in diverged.items()
            if epoch is not None
        ),
        *_reliance_said(tables["units"]),
        *_correlation_said(tables["correlations"]),
        *_curves_said(tables["curves"]),
    ]


def compared(without: float, with_: float) -> str:
    """Say how an amount with dropout stands to that without: `lower`, `higher` or `about the same`."""
    larger = max(abs(without), abs(with_))
    if larger == 0 or abs(with_ - without) <= _ALIKE * larger:
        return "about the same"
    return "lower" if with_ < without else "higher"


def _draws_said(draws: pd.DataFrame, chosen: bool) -> list[str]:
    if draws.empty:
        return []
    rates = draws.groupby("layer", sort=False)["rate"].first()
    told = " and ".join(f"{rate:g}" for rate in dict.fromkeys(rates))
    why = " (the model's own rate is 0, so 0.5 is shown)" if chosen else ""
    steps = draws["step"].nunique()
    return [
        f"At rate {told}{why} every step and example switches other units off: in the {steps} draws "
        f"shown, {1 - draws['kept'].mean():.0%} were off. Those that stay are scaled up in training, so that "
        "nothing has to be scaled at inference, where all are on."
    ]


def _reliance_said(units: pd.DataFrame) -> list[str]:
    known = units[units["loss_change"].notna()]
    if known["side"].nunique() < 2:
        return []
    size = known["loss_change"].abs().groupby(known["side"])
    mean, most = size.mean(), size.max()
    verdict = {
        "lower": "it relies less on single units",
        "higher": "it relies more on single units",
        "about the same": "it relies on single units about as much",
    }[compared(mean["without"], mean["with"])]
    return [
        "Setting a single hidden unit to zero changes the validation loss by "
        f"{mean['without']:.2g} on average without dropout ({most['without']:.2g} for the most needed one) "
        f"and by {mean['with']:.2g} ({most['with']:.2g}) with it: with dropout, {verdict}."
    ]


def _correlation_said(correlations: pd.DataFrame) -> list[str]:
    known = correlations[correlations["correlation"].notna()]
    if known["side"].nunique() < 2:
        return []
    mean = known["correlation"].abs().groupby([known["side"], known["layer"]]).mean()
    without, with_ = (float(np.mean(mean[side])) for side in ("without", "with"))
    verdict = {
        "lower": "lower, as less co-adaptation would have it (Hinton et al., 2012)",
        "higher": "higher, which is no sign of less co-adaptation",
        "about the same": "about the same, so they tell nothing of co-adaptation",
    }[compared(without, with_)]
    return [
        f"Two units of a layer have a mean absolute correlation of {without:.2f} without dropout and "
        f"{with_:.2f} with it, {verdict}."
    ]


def _curves_said(curves: pd.DataFrame) -> list[str]:
    last = curves.groupby("side").last()
    if len(last) < 2:
        return []
    gap = last["val_loss"] - last["train_loss"]
    verdict = compared(gap["without"], gap["with"])
    told = {
        side: f"{last['val_loss'][side]:.3g} {side} dropout (epoch {int(last['epoch'][side])})"
        for side in ("without", "with")
    }
    return [
        f"The validation loss ends at {told['without']} and at {told['with']}; its gap to the training "
        f"loss is {gap['without']:.2g} and {gap['with']:.2g}, {verdict} with dropout. This "
        "is one seed: a study over several tells whether that holds."
    ]
