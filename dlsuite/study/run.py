"""Run a study: plan it, train what is missing, and bring tables, models and figures up to date."""

import contextlib
import time
from pathlib import Path

from dlsuite.quiet import import_tensorflow
from dlsuite.spec import Study, write_study
from dlsuite.store import ResultsFolder
from dlsuite.store.checkpoints import FOLDER as CHECKPOINTS
from dlsuite.store.checkpoints import clear as clear_checkpoints
from dlsuite.study.auto import AutoExecutor
from dlsuite.study.budget import Budget
from dlsuite.study.environment import add_run, describe_run, read_runs
from dlsuite.study.executors import Executor, StoppedError
from dlsuite.study.guessing import guess_scores
from dlsuite.study.interrupts import HaltedRunError, InterruptedRunError, stopping_gently
from dlsuite.study.jobs import missing_jobs, trial_keys
from dlsuite.study.merge import SOMETIMES_WRITTEN, finished_keys, merge, needed_metrics
from dlsuite.study.plan import Plan, make_plan
from dlsuite.study.plugins import check_plugin_models
from dlsuite.study.reports import write_index, write_report
from dlsuite.study.results import Results
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.timed_run import TimedRun
from dlsuite.study.trained_models import TrainedModels
from dlsuite.study.upkeep import Upkeep
from dlsuite.training.lanes import settle_threads


def run(
    study: Study,
    *,
    out: str | Path = "results",
    executor: Executor | None = None,
    watcher: RunWatcher | None = None,
    report: bool = True,
    retry_failed: bool = False,
    budget: Budget | None = None,
) -> Results:
    """Run a study, or go on where a run stopped.

    Trials that are finished stay; only what is missing is trained. Whatever ends the run early, the trials
    of finished populations are kept and the tables show them. Populations that train for longer than a minute
    are kept once a minute, and where the run is interrupted: then training goes on from there, to the same
    bytes. An error in one population is told, written down, and stops no other.

    Args:
        study: The study.
        out: The folder in which the study's own folder stands.
        executor: Trains the populations; if absent, this process or worker processes, as `AutoExecutor`
            chooses.
        watcher: Told how it goes.
        report: Whether to draw figures and write the page and the index at the end. `Results.report` does it
            later as well.
        retry_failed: Whether to train trials again that failed.
        budget: How much may be trained; all that is missing if absent. A run that it ends says so, keeps how
            far it has come, and returns like any other.

    Returns:
        The results. Where a budget has ended the run before any trial was finished, there are no tables yet,
        and to read one raises `StoreError`.

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
    allowed = budget or Budget()
    with folder.claim():
        with contextlib.nullcontext(executor) if executor else AutoExecutor() as chosen:
            finished = _train_missing(plan, folder, chosen, watching, allowed, retry_failed)
        results = Results(folder.path)
        if finished:
            TrainedModels(results, plan).save_missing(watching.say)
        if finished and report:
            # Even where nothing was trained: a run that was stopped while it drew left older figures.
            write_report(results)
    if finished and report:
        write_index(Path(out))
    return results


def _train_missing(
    plan: Plan,
    folder: ResultsFolder,
    executor: Executor,
    watching: RunWatcher,
    budget: Budget,
    retry_failed: bool,
) -> int:
    """Train what is missing of a plan, and bring the tables up to date; gives how many trials they have."""
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
    missing = missing_jobs(plan, keys, finished, checkpoints=folder.path / CHECKPOINTS)
    jobs = budget.cut(missing)
    done = sum(key in finished for key in keys.values())
    watching.begin(done + sum(len(job.trials) for job in jobs), done)
    trained = 0

    def write_tables() -> int:
        # Read back, so that the tables are the same whether a part is old or new.
        parts, _ = folder.parts()
        known = finished_keys(parts, needed, epochs=study.epochs)
        now_finished = sum(key in known for key in keys.values())
        if now_finished:
            tables = merge(plan, keys, parts, data)
            folder.write({"study.toml": write_study(plan.study, folder=folder.path), **tables})
            folder.remove(set(SOMETIMES_WRITTEN) - set(tables))
            run_now = describe_run(started=started, finished=time.time(), trained=trained)
            folder.write({"environment.json": add_run(runs_before, run_now)})
        return now_finished

    runs_before = read_runs(folder.path / "environment.json")
    upkeep = Upkeep(len({(trial.task, trial.condition) for trial in plan.trials}))
    timed = TimedRun(watching)
    try:
        with (
            stopping_gently(executor.stop, watching.say) as interrupted,
            budget.watching(executor.stop),
        ):
            for part in executor.run(jobs, timed):
                folder.add_part(part)
                trained += len(part.trials)
                upkeep.keep(write_tables, done + trained)
    except StoppedError:
        if interrupted() or not budget.time_is_up:
            with contextlib.suppress(Exception):
                write_tables()
            raise InterruptedRunError("stopped; all is kept, and running again goes on") from None
    except HaltedRunError:
        raise
    except BaseException:
        with contextlib.suppress(Exception):  # What ended the run says more.
            write_tables()
        raise
    finally:
        timed.keep()
    now_finished = write_tables()
    left = sum(len(job.trials) for job in missing) - trained
    budget.spend(trained, missing=left, finished=now_finished)
    if left:
        watching.say(budget.told(len(plan.trials)))
    else:
        clear_checkpoints(folder.path / CHECKPOINTS)
    return now_finished
