"""Minima: whether several seeds reach a minimum, and whether it is the same one."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.data import Split
from dlsuite.errors import SpecError
from dlsuite.explanations.alignment import match, permuted
from dlsuite.explanations.few_examples import few_examples
from dlsuite.explanations.minima_tables import barriers, ends, line_rows, pair_rows
from dlsuite.explanations.minima_words import describe
from dlsuite.explanations.subject import Subject
from dlsuite.explanations.weight_space import WeightSpace

if TYPE_CHECKING:
    from dlsuite.training.landscape import LossLandscape

SEEDS = 5
"""How many trainings are compared."""

_Weights = Sequence[npt.NDArray[Any]]


def minima(subject: Subject) -> tuple[Mapping[str, pd.DataFrame], list[str]]:
    """Train with five seeds, and look at the loss between the ends they come to.

    Ends are the weights of the last epoch. Between two of them runs a straight line in weight space, moving
    statistics of batch normalization included, which are not estimated anew (as Jordan et al., 2023, do).
    Along it the loss is computed as the networks are, and after the units of the second were aligned with
    the first's: two networks that differ by the order of their units compute the same. Losses and gradients
    are those of an inference pass, without penalties on weights.

    Args:
        subject: What is trained; its seed is the first of five.

    Returns:
        Tables, documented in `results/README.md`, and sentences.

    Raises:
        SpecError: Fewer than two of the trainings end with numbers.

    References:
        Frankle, Dziugaite, Roy and Carbin (2020), Linear mode connectivity and the lottery ticket hypothesis.
        Entezari, Sedghi, Saukh and Neyshabur (2022), The role of permutation invariance in linear mode
        connectivity of neural networks. Ainsworth, Hayase and Srinivasa (2023), Git Re-Basin.
    """
    from dlsuite.training.landscape import LossLandscape
    from dlsuite.training.sizes import footprint

    model = subject.build()
    seeds = range(subject.seed, subject.seed + SEEDS)
    results = dict(
        zip(
            seeds,
            subject.train([subject.setup(model, seed=seed) for seed in seeds], keep_weights=True),
            strict=True,
        )
    )
    reached = {seed: result for seed, result in results.items() if result.status == "completed"}
    if len(reached) < 2:
        raise SpecError(
            f"explain minima: {SEEDS - len(reached)} of {SEEDS} trainings diverged at learning rate "
            f"{subject.training.learning_rate:g}, so there is nothing to compare; give a lower one."
        )
    activations = footprint(model, 1).activations
    train = few_examples(subject.data.train, activations)
    validation = few_examples(subject.data.validation, activations)
    both = Split(np.concatenate([train.x, validation.x]), np.concatenate([train.y, validation.y]))
    landscape = LossLandscape(model, subject.data, examples=both)
    space = WeightSpace(model)
    weights = {seed: result.last_weights for seed, result in reached.items()}
    aligned, reason = _aligned(model, weights)
    if aligned and not _same_function(landscape, weights, aligned):
        aligned, reason = {}, "what its layers compute depends on the order of their units"
    lines = pd.concat(
        [
            line_rows(landscape, weights, len(train), None),
            *([line_rows(landscape, weights, len(train), aligned)] if aligned else []),
        ],
        ignore_index=True,
    )
    pairs = pair_rows(landscape, space, reached, aligned, len(train), subject.data)
    tables = {
        "about": pd.DataFrame(
            {
                "task_type": [subject.data.task_type],
                "seeds": [SEEDS],
                "parameters": [space.dimensions],
                "train_examples": [len(train)],
                "val_examples": [len(validation)],
                "aligned": [bool(aligned)],
                "not_aligned_because": [reason],
                "moving_statistics": [any("moving" in v.name for v in model.non_trainable_weights)],
            }
        ),
        "ends": ends(LossLandscape(model, subject.data, examples=train), space, results),
        "pairs": pairs,
        "lines": lines,
        "barriers": barriers(lines),
    }
    return tables, describe(tables)


def _aligned(
    model: Any, weights: Mapping[int, _Weights]
) -> tuple[dict[tuple[int, int], _Weights], str]:
    """For each pair of seeds the second one's weights, in the order of the first one's units.

    None, and why, where it is not known which units may trade places.
    """
    from dlsuite.training.unit_groups import unit_groups

    try:
        groups = unit_groups(model)
    except SpecError as error:
        return {}, str(error).rstrip(".")
    if not groups.sizes:
        return {}, "it has no hidden units"
    of_training = {id(variable) for variable in model.trainable_variables}
    trained = [id(variable) in of_training for variable in model.weights]
    found: dict[tuple[int, int], _Weights] = {}
    for first, second in combinations(weights, 2):
        orders = match(weights[first], weights[second], groups, trained=trained)
        found[first, second] = permuted(weights[second], groups, orders)
    return found, ""


def _same_function(
    landscape: "LossLandscape",
    weights: Mapping[int, _Weights],
    aligned: Mapping[tuple[int, int], _Weights],
) -> bool:
    """Whether a network computes the same after its units traded places."""
    (_, second), moved = next(iter(aligned.items()))
    places = [np.stack(both) for both in zip(weights[second], moved, strict=True)]
    before, after = landscape.outputs(places)
    scale = float(np.max(np.abs(before))) or 1.0
    return bool(np.allclose(before, after, rtol=1e-3, atol=1e-4 * scale, equal_nan=True))
