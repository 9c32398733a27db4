"""Populations: trials whose graphs have the same shape, in the portions that executors are handed."""

from collections.abc import Iterable, Sequence

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


def into_populations(group: Sequence[Trial], members: int) -> list[tuple[Trial, ...]]:
    """Cut a group into populations.

    Args:
        group: Trials with the same structural values.
        members: How many members a population of theirs has.

    Returns:
        Populations; trials of a seed stay together where they can.
    """
    cut = portions([trial.seed for trial in group], members)
    return [tuple(group[place] for place in places) for places in cut]
