"""What the numbers of the backward pass say."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

VANISHING = 0.1
"""Gradients vanish on the way back where the first layer's is shorter than this share of the last one's."""
EXPLODING = 10.0
"""They explode where it is so many times as long."""
ERROR = 0.1
"""A straight line no longer tells a step's effect where it is wrong by more than this share."""


def backward_sentences(
    tables: Mapping[str, pd.DataFrame], *, diverged_epoch: int | None
) -> list[str]:
    """Say what the tables show.

    Args:
        tables: The topic's tables by name.
        diverged_epoch: The epoch in which training diverged, if it did.
    """
    sentences = []
    if diverged_epoch is not None:
        sentences.append(
            f"Training diverged in epoch {diverged_epoch}: a loss or gradient was no finite number. What "
            f"is shown ends with epoch {diverged_epoch - 1}."
        )
    return [
        *sentences,
        *_layers_said(tables["layer_gradients"]),
        *_nodes_said(tables["nodes"]),
        *_agreement_said(tables["agreement"]),
        *_steps_said(tables["steps"]),
    ]


def first_wrong_step(steps: pd.DataFrame) -> float:
    """The smallest step size tried that the straight line mispredicts by more than a tenth.

    Args:
        steps: The rows of one epoch.

    Returns:
        The size; not a number where all are predicted better than that.
    """
    wrong = steps.loc[~steps["relative_error"].le(ERROR), "step_size"]
    return float(wrong.min()) if len(wrong) else float("nan")


def _layers_said(layers: pd.DataFrame) -> list[str]:
    if layers.empty or layers["layer"].nunique() < 2:
        return []
    said = []
    for epoch in dict.fromkeys([layers["epoch"].min(), layers["epoch"].max()]):
        own = layers[layers["epoch"].eq(epoch)]
        norms = own["gradient_norm"].to_numpy()
        with np.errstate(all="ignore"):
            said.append((epoch, norms[0] / norms[-1]))
    first, last = layers["layer"].iloc[0], layers["layer"].iloc[-1]
    told = " and ".join(f"{ratio:.2g} times in epoch {epoch}" for epoch, ratio in said)
    ratio = said[-1][1]
    if ratio == 0:
        verdict = "in the end nothing of the error reaches the first layer"
    elif ratio < VANISHING:
        verdict = "it vanishes on the way back, so the first layers learn slowly"
    elif ratio > EXPLODING:
        verdict = "it grows on the way back"
    else:
        verdict = "it neither vanishes nor explodes on the way back"
    return [
        f"The gradient of the first layer with weights ({first}) is as long as that of the last ({last}) "
        f"{told}: {verdict}."
    ]


def _nodes_said(nodes: pd.DataFrame) -> list[str]:
    hidden = nodes[nodes["kind"].eq("hidden") & nodes["epoch"].eq(nodes["epoch"].max())]
    if hidden.empty:
        return ["The network has no hidden nodes."]
    measured = hidden["measured_change"]
    if measured.notna().sum() == 0:
        return []
    top = hidden[measured.eq(measured.max())].iloc[0]
    helps, hurts = int((measured > 0).sum()), int((measured < 0).sum())
    return [
        f"After epoch {top['epoch']}, the network would miss node {top['unit']} of {top['layer']} most: "
        f"without it the training loss changes by {top['measured_change']:+.3g}. Of {len(hidden)} hidden "
        f"nodes, {helps} lower the loss by being there, {hurts} raise it and "
        f"{len(hidden) - helps - hurts} make no difference."
    ]


def _agreement_said(agreement: pd.DataFrame) -> list[str]:
    known = agreement[agreement["layer"].eq("all") & agreement["spearman"].notna()]
    if known.empty:
        return []
    told = " and ".join(
        f"{row.spearman:.2f} {'before training' if row.epoch == 0 else f'after epoch {row.epoch}'}"
        for row in known.itertuples()
    )
    rank = known["spearman"].iloc[-1]
    if rank > 0.8:
        verdict = "one backward pass ranks the nodes nearly as taking each of them out does"
    elif rank > 0.4:
        verdict = "one backward pass ranks the nodes roughly as taking each of them out does"
    else:
        verdict = "one backward pass is no substitute for taking nodes out here"
    return [
        f"The estimate from a backward pass and the measured change have a rank correlation of {told}: "
        f"{verdict}."
    ]


def _steps_said(steps: pd.DataFrame) -> list[str]:
    parts = []
    for epoch, own in steps.groupby("epoch"):
        when = "Before training" if epoch == 0 else f"After epoch {epoch}"
        size = first_wrong_step(own)
        if np.isnan(size):
            parts.append(f"{when} the line predicts all steps tried to within {ERROR:.0%}")
            continue
        rising = own.loc[own["actual_change"] > 0, "step_size"]
        rises = f", and from {rising.min():.2g} on the loss rises" if len(rising) else ""
        parts.append(
            f"{when} this is wrong by more than {ERROR:.0%} from step size {size:.2g} on{rises}"
        )
    if not parts:
        return [
            "The gradient is zero or no finite number, so that no step along it can be compared."
        ]
    return [
        "A small step against the gradient should lower the loss by the step size times the squared length "
        f"of the gradient. {'. '.join(parts)}."
    ]
