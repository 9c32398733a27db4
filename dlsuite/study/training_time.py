"""Who trains a whole study, for how long and in what memory, by estimate."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlsuite.study.costs import Estimator
from dlsuite.study.executors import Job
from dlsuite.study.plan import Plan
from dlsuite.study.populations import into_populations
from dlsuite.study.sizes import PopulationSize
from dlsuite.study.space import size_text
from dlsuite.study.staffing import choose_staff, duration_text


def estimate_training(plan: Plan, sizes: Sequence[PopulationSize]) -> dict[str, Any]:
    """Estimate the training of all trials of a plan, whatever of them is finished.

    Args:
        plan: The plan.
        sizes: The size of the populations of each of the plan's groups.

    Returns:
        Plain values, times in seconds.
    """
    estimator = Estimator()
    jobs, measured = [], 0
    for group, size in zip(plan.groups, sizes, strict=True):
        costs = estimator.costs(group[0], size)
        measured += estimator.is_measured(group[0], size)
        for population in into_populations(group, size.members):
            jobs.append(Job(population, (), costs=costs))
    staff = choose_staff(jobs)
    taken = [job.costs.worker if staff.workers else job.costs.lanes for job in jobs]
    return {
        "workers": staff.workers,
        "seconds": staff.seconds,
        "seconds_in_one_process": staff.alone,
        "longest_population_seconds": max(cost.train for cost in taken),
        "bytes": staff.bytes,
        "why": staff.why,
        "shapes": len(sizes),
        "shapes_measured": measured,
    }


def training_line(training: Mapping[str, Any]) -> str:
    """Write an estimate as a line of text."""
    measured, shapes = training["shapes_measured"], training["shapes"]
    source = f"earlier runs had {measured} of {shapes} shapes; the others by what they compute"
    if measured == shapes:
        source = "by the times of earlier runs"
    elif not measured:
        source = "by what the models compute, as nothing of this shape has trained here yet"
    longest = duration_text(training["longest_population_seconds"])
    return (
        f"{training['why']} The longest population takes {longest}, all of it about "
        f"{size_text(training['bytes'])} of memory ({source})."
    )
