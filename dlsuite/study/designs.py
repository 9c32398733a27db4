"""Designs: which combinations of the factors' values a study trains."""

import itertools
import math
from collections.abc import Mapping

from dlsuite.errors import SpecError
from dlsuite.spec import Study, Value

Condition = Mapping[str, Value]


def conditions_of(study: Study) -> list[Condition]:
    """List the conditions of a study's design.

    `full` crosses all values. `one-at-a-time` changes one factor and leaves the others at the baseline.
    `random` draws from the full grid by a Sobol sequence (Sobol, 1967), which fills it more evenly than
    chance, always with the baseline among them.

    Args:
        study: The study.

    Returns:
        Different conditions, each a value for every factor, in the study's order.

    Raises:
        SpecError: A random design asks for more conditions than the grid has.
    """
    if study.design == "one-at-a-time":
        return _one_at_a_time(study)
    if study.design == "random":
        return _random(study)
    return [
        dict(zip(study.factors, values, strict=True))
        for values in itertools.product(*study.factors.values())
    ]


def _one_at_a_time(study: Study) -> list[Condition]:
    baseline = study.full_baseline
    changed = [
        {**baseline, key: value}
        for key, values in study.factors.items()
        for value in values
        if value != baseline[key]
    ]
    return [baseline, *changed]


def _random(study: Study) -> list[Condition]:
    from scipy.stats import qmc

    wanted = study.trials or 1
    sizes = [len(values) for values in study.factors.values()]
    if wanted > math.prod(sizes):
        raise SpecError(
            f"trials: the factors have {math.prod(sizes)} combinations; got {wanted}. "
            "Ask for fewer, or leave design at 'full'."
        )
    baseline = study.full_baseline
    drawn = {tuple(baseline.values()): baseline}
    sequence = qmc.Sobol(len(sizes), scramble=False)
    while len(drawn) < wanted:
        for point in sequence.random(2 ** max(1, (wanted - 1).bit_length())):
            condition = {
                key: values[int(coordinate * len(values))]
                for (key, values), coordinate in zip(study.factors.items(), point, strict=True)
            }
            if len(drawn) < wanted:
                drawn.setdefault(tuple(condition.values()), condition)
    return list(drawn.values())
