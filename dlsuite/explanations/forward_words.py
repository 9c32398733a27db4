"""What the tables of the forward pass say, in sentences."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

ON = "batch_norm=true"
OFF = "batch_norm=false"

_MOST_TOLD = 7
"""Layers whose spread is told one by one, at the most."""
_ALIKE = 0.05
"""Up to which ratio spreads are called alike."""
_HARDLY = 0.001
"""The share of saturated outputs below which it is not told by layer."""
_BOUNDS = {
    "tanh": "beyond 0.95 in size for tanh",
    "sigmoid": "below 0.025 or above 0.975 for sigmoid",
}


def forward_sentences(
    layers: pd.DataFrame, *, examples: int, ends: Mapping[str, int | None]
) -> list[str]:
    """Say what layers hand on at the start, and what becomes of it.

    Args:
        layers: As `layer_table` gives it.
        examples: How many training examples were sent forward.
        ends: In which epoch each variant diverged, if it did.
    """
    paired = set(ends) == {ON, OFF}
    said = [_what_was_done(examples, paired)]
    for variant, epoch in ends.items():
        if epoch is not None:
            said.append(
                f"The training {_where(variant) if paired else 'of the model'} diverged in epoch {epoch}; "
                "what is shown of it ends before."
            )
    variants = list(layers["variant"].unique())
    said.append(_at_the_start(layers, variants, paired))
    return [
        *said,
        *_over_training(layers, variants, paired),
        *_units(layers, variants, paired),
    ]


def _what_was_done(examples: int, paired: bool) -> str:
    said = f"{examples} training examples were sent forward after every epoch, with dropout off"
    if not paired:
        return (
            f"{said}, through the model as it is, since it has no setting batch_norm to compare; a batch "
            "normalization in it uses these examples' own mean and variance, as a step of training does."
        )
    return (
        f"{said}. The two trainings are a pair: same seed, same batches, same initial weights wherever the "
        "layers are the same. Batch normalization uses these examples' own mean and variance, as a step of "
        "training does with its batch."
    )


def _at_the_start(layers: pd.DataFrame, variants: list[str], paired: bool) -> str:
    """The spread from the input to the output before any step."""
    parts, spreads = [], []
    for variant in variants:
        own = layers.loc[(layers["variant"] == variant) & (layers["epoch"] == 0)]
        spreads.append(_spread(own))
        told = list(zip(own["layer"], spreads[-1], strict=True))
        if len(told) > _MOST_TOLD:
            told = [*told[:2], *told[-2:]]
        steps = ", ".join(f"{value:.2g} in {layer}" for layer, value in told)
        parts.append(f"{_where(variant)} {steps}" if paired else steps)
    said = (
        "At epoch 0 the weights are random, and so is what layers compute. From example to example its "
        f"standard deviation (before the activation, if that can be seen) is {'; '.join(parts)}."
    )
    if len(spreads) == 2 and np.allclose(spreads[0], spreads[1], rtol=_ALIKE, atol=0.0):
        said += " Batch normalization changes little of that here."
    return said


def _over_training(layers: pd.DataFrame, variants: list[str], paired: bool) -> list[str]:
    """How much the spread of the last hidden layer changes from the first to the last epoch."""
    told, layer = [], ""
    for variant in variants:
        own = layers.loc[(layers["variant"] == variant) & (layers["role"] == "hidden")]
        last = int(own["epoch"].max())
        deepest = own.loc[own["position"] == own["position"].max()]
        before, after = (
            float(_spread(deepest.loc[deepest["epoch"] == epoch])[0]) for epoch in (0, last)
        )
        layer = str(deepest["layer"].iloc[0])
        if last and np.isfinite(before) and np.isfinite(after):
            where = f" {_where(variant)}" if paired else ""
            told.append(f"from {before:.2g} to {after:.2g} in epoch {last}{where}")
    if not told:
        return []
    return [f"In {layer}, the last hidden layer, training takes it {' and '.join(told)}."]


def _units(layers: pd.DataFrame, variants: list[str], paired: bool) -> list[str]:
    """How many units are dead, and how many outputs saturated, after the last epoch."""
    said, dead, saturated, bounds, highest = [], [], [], set(), 0.0
    for variant in variants:
        own = layers.loc[(layers["variant"] == variant) & (layers["role"] == "hidden")]
        own = own.loc[own["epoch"] == own["epoch"].max()]
        where = f" {_where(variant)}" if paired else ""
        relu = own.loc[own["dead_share"].notna()]
        if len(relu):
            count = int((relu["dead_share"] * relu["units"]).round().sum())
            dead.append(f"{count} of {int(relu['units'].sum())}{where}")
        bounded = own.loc[own["saturated_share"].notna()]
        if len(bounded):
            most = bounded.loc[bounded["saturated_share"].idxmax()]
            saturated.append(f"{most['saturated_share']:.1%} of those of {most['layer']}{where}")
            highest = max(highest, float(most["saturated_share"]))
            bounds |= {_BOUNDS[name] for name in bounded["activation"]}
    if dead:
        said.append(
            f"Of the ReLU units, {' and '.join(dead)} are dead at the end: they hand on 0 for each of these "
            "examples, so that no gradient passes through them to the weights in front."
        )
    if saturated and highest < _HARDLY:
        said.append(f"Hardly any output is saturated at the end ({' or '.join(sorted(bounds))}).")
    elif saturated:
        said.append(
            f"Most saturated at the end are outputs of one layer: {' and '.join(saturated)}. That is "
            f"{' or '.join(sorted(bounds))}, where the activation is nearly flat and little gradient passes."
        )
    return said


def _spread(rows: pd.DataFrame) -> np.ndarray:
    """The deviation over examples of what a layer computes: before its activation where that can be seen."""
    return np.asarray(rows["pre_sd"].fillna(rows["sd"]), dtype=float)


def _where(variant: str) -> str:
    return "with batch normalization" if variant == ON else "without batch normalization"
