"""Populations: trials whose graphs have the same shape, in the portions that executors are handed."""

from collections.abc import Callable, Iterable, Sequence

from dlsuite.study.trial import Trial
from dlsuite.training.seating import portions


def into_groups(trials: Iterable[Trial]) -> list[tuple[Trial, ...]]:
    """Group trials by their structural values.

    Args:
        trials: Trials, in any order.

    Returns:
        Groups, in the order of their first trials; within one, the order given.
    """
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        groups.setdefault(trial.structure, []).append(trial)
    return [tuple(group) for group in groups.values()]


def into_populations(
    groups: Sequence[tuple[Trial, ...]], size_of: Callable[[Trial], int]
) -> list[tuple[Trial, ...]]:
    """Cut groups into populations.

    Args:
        groups: Trials with the same structural values, each.
        size_of: How many members a population of a trial's structure has.

    Returns:
        Populations, in the order of the groups; trials of a seed stay together where they can.
    """
    populations = []
    for group in groups:
        cut = portions([trial.seed for trial in group], size_of(group[0]))
        populations += [tuple(group[place] for place in places) for places in cut]
    return populations
