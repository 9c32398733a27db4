"""Populations: trials whose graphs have the same shape, in the portions that executors are handed."""

from collections.abc import Iterable

from dlsuite.study.trial import Trial

POPULATION_SIZE = 8
"""Most trials in a population. A function of the structural values, once populations train fused."""


def into_populations(trials: Iterable[Trial]) -> list[tuple[Trial, ...]]:
    """Group trials by their structural values, and cut the groups into populations.

    Args:
        trials: Trials, in any order.

    Returns:
        Populations, in the order of their first trials; within one, the order given.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.structure, []).append(trial)
    return [
        tuple(group[start : start + POPULATION_SIZE])
        for group in groups.values()
        for start in range(0, len(group), POPULATION_SIZE)
    ]
