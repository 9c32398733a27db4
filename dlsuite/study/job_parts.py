"""From what came of a population to the part that the store keeps of it, also where it failed."""

import json
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from dlsuite.spec.metrics import tags_of
from dlsuite.spec.values import thaw
from dlsuite.store import Part, Weights
from dlsuite.store.schema import FAILED, METRICS, PROBLEM

if TYPE_CHECKING:
    from dlsuite.study.executors import Job


def finished_part(job: "Job", results: Sequence[Any], note: Callable[[str], None]) -> Part:
    """The rows of a population that was trained.

    Args:
        job: The population.
        results: What came of its trials, a `TrialResult` each.
        note: Told what a reader should know.
    """
    rows: dict[str, list[dict[str, Any]]] = {"trials": [], "curves": [], "layers": []}
    for trial, key, result in zip(job.trials, job.keys, results, strict=True):
        for line in result.notes:
            note(f"{trial.task}: {line}.")
        rows["trials"].append(
            {
                "trial": key,
                "status": result.status,
                "diverged_epoch": result.diverged_epoch,
                "epochs": trial.epochs,
                "best_epoch": result.best_epoch,
                "unit_correlation": result.unit_correlation,
                "lesion_loss": result.lesion_loss,
                "parameters": result.parameters,
                "members": result.members,
                **result.scores,
                **_further(job),
            }
        )
        rows["curves"] += [{"trial": key, **row} for row in result.curves]
        rows["layers"] += [{"trial": key, **row} for row in result.layers]
    integers = {"diverged_epoch": "Int64", "best_epoch": "Int64"}
    return Part.of(
        trials=pd.DataFrame(rows["trials"]).astype(integers),
        curves=pd.DataFrame(rows["curves"]),
        layers=pd.DataFrame(rows["layers"]),
        weights=_best_weights(job, results),
    )


def failed_part(job: "Job", error: BaseException) -> Part:
    """The rows of a population in which an error was raised, and where it came from."""
    message = one_line(error)
    rows = [
        {
            "trial": key,
            "status": FAILED,
            "epochs": trial.epochs,
            **_further(job),
            PROBLEM: message,
        }
        for trial, key in zip(job.trials, job.keys, strict=True)
    ]
    return Part.of(
        trials=pd.DataFrame(rows),
        curves=pd.DataFrame(columns=["trial"]),
        layers=pd.DataFrame(columns=["trial"]),
        error="".join(traceback.format_exception(error)),
    )


def one_line(error: BaseException) -> str:
    """An error's message as a line that fits a table, after its type unless it is one of the suite's."""
    text = " ".join(str(error).split())
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    if type(error).__module__.startswith("dlsuite."):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


_LONGEST = 300


def _further(job: "Job") -> dict[str, str]:
    """What a part says of a trial only where there is something to say."""
    measured = {METRICS: tags_of(job.metrics)} if job.metrics else {}
    return measured | ({PROBLEM: job.problem} if job.problem else {})


def _best_weights(job: "Job", results: Sequence[Any]) -> dict[str, Weights]:
    """The weights of each condition's best seed, with each of its tuned values.

    Whichever tuned values a study chooses, the best seed of all its parts is among those of the parts.
    """
    best: dict[str, tuple[float, str, Weights]] = {}
    for trial, key, result in zip(job.trials, job.keys, results, strict=True):
        if result.status == "completed":
            candidate = json.dumps([trial.condition, thaw(trial.tuned)])
            loss = result.scores["val_loss_best"]
            if candidate not in best or loss < best[candidate][0]:
                best[candidate] = loss, key, result.weights
    return {key: weights for _, key, weights in best.values()}
