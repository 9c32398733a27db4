"""Run a study: plan it, train what is missing, and bring tables, models and figures up to date."""

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

from dlsuite.data import Dataset
from dlsuite.quiet import import_tensorflow
from dlsuite.spec import Study, write_study
from dlsuite.store import ResultsFolder
from dlsuite.store.checkpoints import FOLDER as CHECKPOINTS
from dlsuite.store.checkpoints import clear as clear_checkpoints
from dlsuite.study.environment import add_run, describe_run, read_runs
from dlsuite.study.executors import Executor, Job, StoppedError
from dlsuite.study.guessing import guess_scores
from dlsuite.study.in_process import InProcessExecutor
from dlsuite.study.interrupts import HaltedRunError, InterruptedRunError, stopping_gently
from dlsuite.study.merge import SOMETIMES_WRITTEN, finished_keys, merge, needed_metrics
from dlsuite.study.plan import Plan, make_plan
from dlsuite.study.plugins import check_plugin_models
from dlsuite.study.populations import into_populations
from dlsuite.study.reports import write_index, write_report
from dlsuite.study.results import Results
from dlsuite.study.setups import fingerprint_of, load
from dlsuite.study.sizes import population_size_of
from dlsuite.study.trained_models import TrainedModels
from dlsuite.study.trial import Trial
from dlsuite.study.upkeep import Upkeep
from dlsuite.training.lanes import settle_threads


class RunWatcher:
    """Watches a run. This one says nothing; a terminal's overrides its methods."""

    def begin(self, total: int, finished: int) -> None:
        """The run begins: how many trials the study has, and how many are finished already."""
        return

    def epoch(self, loss: float, trials: float) -> None:
        """A population has come further: its median training loss, and by how many trials' worth.

        By less than nothing, where a worker was lost with what it had not kept.
        """
        return

    def say(self, line: str) -> None:
        """Something that a reader should know."""
        return


def run(
    study: Study,
    *,
    out: str | Path = "results",
    executor: Executor | None = None,
    watcher: RunWatcher | None = None,
    report: bool = True,
    retry_failed: bool = False,
) -> Results:
    """Run a study, or go on where a run stopped.

    Trials that are finished stay; only what is missing is trained. Whatever ends the run early, the trials
    of finished populations are kept and the tables show them. Populations that train for longer than a minute
    are kept once a minute, and where the run is interrupted: then training goes on from there, to the same
    bytes. An error in one population is told, written down, and stops no other.

    Args:
        study: The study.
        out: The folder in which the study's own folder stands.
        executor: Trains the populations; in this process if absent.
        watcher: Told how it goes.
        report: Whether to draw figures and write the page and the index at the end. `Results.report` does it
            later as well.
        retry_failed: Whether to train trials again that failed.

    Returns:
        The results.

    Raises:
        SpecError: The study cannot be run as it is written.
        DataError: A data set does not hold what was asked of it.
        ClaimedError: Another run is at work in the folder.
        StoreError: The folder cannot be written.
        KeyboardInterrupt: It was interrupted: once, and every population has ended its epoch and is kept; or
            twice, and it ended at once.
    """
    plan = make_plan(study)
    watching = watcher or RunWatcher()
    folder = ResultsFolder(Path(out) / study.name)
    with folder.claim():
        chosen = executor or InProcessExecutor()
        results = _train_missing(plan, folder, chosen, watching, retry_failed=retry_failed)
        TrainedModels(results, plan).save_missing(watching.say)
        if report:
            # Even where nothing was trained: a run that was stopped while it drew left older figures.
            write_report(results)
    if report:
        write_index(Path(out))
    return results


def _train_missing(
    plan: Plan,
    folder: ResultsFolder,
    executor: Executor,
    watching: RunWatcher,
    *,
    retry_failed: bool,
) -> Results:
    """Train what is missing of a plan, and bring the tables up to date."""
    started = time.time()
    study = plan.study
    keys, data = trial_keys(plan)
    folder.open()
    parts, rejected = folder.parts()
    for line in rejected:
        watching.say(line)
    needed = needed_metrics(plan, keys)
    finished = finished_keys(parts, needed, epochs=study.epochs, failed=not retry_failed)
    if any(key not in finished for key in keys.values()):
        import_tensorflow()
        settle_threads()
        check_plugin_models()
        for task in plan.tasks:
            if task.data.path is not None:
                for note in data[task.label].notes:
                    watching.say(f"{task.label}: {note}")
        for task in plan.tasks:
            # A metric of the user's own that raises does so before anything trains.
            guess_scores(data[task.label], task.asked)
    jobs = _jobs(plan, keys, finished, checkpoints=folder.path / CHECKPOINTS)
    done = sum(key in finished for key in keys.values())
    watching.begin(done + sum(len(job.trials) for job in jobs), done)
    trained = 0

    def write_tables() -> None:
        # Read back, so that the tables are the same whether a part is old or new.
        parts, _ = folder.parts()
        if finished_keys(parts, needed, epochs=study.epochs):
            tables = merge(plan, keys, parts, data)
            folder.write({"study.toml": write_study(plan.study, folder=folder.path), **tables})
            folder.remove(set(SOMETIMES_WRITTEN) - set(tables))
            run_now = describe_run(started=started, finished=time.time(), trained=trained)
            folder.write({"environment.json": add_run(runs_before, run_now)})

    runs_before = read_runs(folder.path / "environment.json")
    upkeep = Upkeep(len({(trial.task, trial.condition) for trial in plan.trials}))
    try:
        with stopping_gently(executor.stop, watching.say):
            for part in executor.run(jobs, watching):
                folder.add_part(part)
                trained += len(part.trials)
                upkeep.keep(write_tables, done + trained)
    except HaltedRunError:
        raise
    except BaseException as error:
        with contextlib.suppress(Exception):  # What ended the run says more.
            write_tables()
        if isinstance(error, StoppedError):
            raise InterruptedRunError("stopped; all is kept, and running again goes on") from None
        raise
    write_tables()
    clear_checkpoints(folder.path / CHECKPOINTS)
    return Results(folder.path)


def _jobs(
    plan: Plan, keys: Mapping[int, str], finished: set[str], *, checkpoints: Path
) -> list[Job]:
    """What is missing, a job a population; of trials that come to the same thing, the first.

    Populations are cut from the whole plan, so that where a run stopped changes none of them.
    """
    claimed = set(finished)
    position_of = {id(trial): position for position, trial in enumerate(plan.trials)}
    unfinished = [
        group
        for group in plan.groups
        if any(keys[position_of[id(trial)]] not in finished for trial in group)
    ]
    metrics = {task.label: task.asked for task in plan.tasks}
    jobs = []
    for population in into_populations(unfinished, population_size_of):
        missing: dict[str, Trial] = {}
        for trial in population:
            key = keys[position_of[id(trial)]]
            if key not in claimed:
                claimed.add(key)
                missing[key] = trial
        if missing:
            asked = metrics[population[0].task]
            trials, missing_keys = tuple(missing.values()), tuple(missing)
            jobs.append(Job(trials, missing_keys, asked, checkpoints=checkpoints))
    return jobs


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
