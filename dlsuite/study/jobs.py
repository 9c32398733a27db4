"""What of a plan is missing, as jobs: a population each."""

from collections.abc import Mapping
from pathlib import Path

from dlsuite.data import Dataset
from dlsuite.study.costs import Estimator
from dlsuite.study.executors import Job
from dlsuite.study.plan import Plan
from dlsuite.study.populations import into_populations
from dlsuite.study.setups import fingerprint_of, load
from dlsuite.study.sizes import estimate_size
from dlsuite.study.trial import Trial


def missing_jobs(
    plan: Plan, keys: Mapping[int, str], finished: set[str], *, checkpoints: Path
) -> list[Job]:
    """What is missing, a job a population, the longest first; of trials that come to the same, the first.

    Populations are cut from the whole plan, so that where a run stopped changes none of them.

    Args:
        plan: The plan.
        keys: The key of each trial by its position in the plan.
        finished: The keys of trials that are finished.
        checkpoints: Where jobs keep how far they have come.
    """
    estimator = Estimator()
    claimed = set(finished)
    position_of = {id(trial): position for position, trial in enumerate(plan.trials)}
    unfinished = [
        group
        for group in plan.groups
        if any(keys[position_of[id(trial)]] not in finished for trial in group)
    ]
    metrics = {task.label: task.asked for task in plan.tasks}
    jobs = []
    for group in unfinished:
        size, asked = estimate_size(group[0]), metrics[group[0].task]
        costs = estimator.costs(group[0], size)
        for population in into_populations(group, size.members):
            missing: dict[str, Trial] = {}
            for trial in population:
                key = keys[position_of[id(trial)]]
                if key not in claimed:
                    claimed.add(key)
                    missing[key] = trial
            if missing:
                trials, own = tuple(missing.values()), tuple(missing)
                jobs.append(Job(trials, own, asked, checkpoints=checkpoints, costs=costs))
    return sorted(jobs, key=lambda job: -job.costs.lanes.train)


def trial_keys(plan: Plan) -> tuple[dict[int, str], Mapping[str, Dataset]]:
    """Load the data of a plan, and give every trial its key.

    Args:
        plan: The plan.

    Returns:
        The key of each trial by its position in the plan, and the data set of each task's first trial.
    """
    keys: dict[int, str] = {}
    data: dict[str, Dataset] = {}
    fingerprints: dict[str, str] = {}
    for position, trial in enumerate(plan.trials):
        if trial.structure not in fingerprints:  # It names the data with all of its settings.
            fingerprints[trial.structure] = fingerprint_of(trial)
        keys[position] = trial.key(fingerprints[trial.structure])
        if trial.task not in data:
            data[trial.task] = load(trial)
    return keys, data
