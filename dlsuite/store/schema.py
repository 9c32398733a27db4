"""The columns of the result tables, in their order. `results/README.md` says what each means."""

from collections.abc import Iterable, Sequence

from dlsuite.spec.metrics import BUILT_IN, known_metrics

SCORES = tuple(metric.name for metric in BUILT_IN if metric.of_every_trial)
"""The scores that trials have whatever a study asks for, in the order of their columns.

Every part has columns for all of them, and further ones for the metrics that its study asked for.
"""


def curve_scores(scores: Iterable[str]) -> list[str]:
    """The columns of scores in `curves.csv`."""
    return [f"{split}_{score}" for score in scores for split in ("train", "val")]


def trial_scores(scores: Iterable[str]) -> list[str]:
    """The columns of scores in `trials.csv`: of both epochs, then those of the test split."""
    listed = list(scores)
    of_epochs = [
        f"{split}_{score}_{when}"
        for score in listed
        for split in ("train", "val", "gap")
        for when in ("best", "last")
    ]
    return [*of_epochs, *(f"test_{score}" for score in listed)]


def _derived_scores(scores: Iterable[str]) -> list[str]:
    return [f"test_gap_{score}" for score in scores]


NAIVE_FILE = "naive_forecasts.csv"
"""The table of forecasts without a model, which only studies of series have."""


def naive_columns(scores: Iterable[str]) -> list[str]:
    """The columns of scores in `naive_forecasts.csv`, but for those that no task has."""
    return [f"{split}_{score}" for score in scores for split in ("val", "test")]


def _guess_scores(scores: Iterable[str]) -> list[str]:
    return [f"guess_{split}_{score}" for score in scores for split in ("val", "test")]


_OF_STEPS = ("gradient_norm", "step_loss_spread")
CURVES = ("epoch", *curve_scores(SCORES), *_OF_STEPS)
"""The columns of `curves.csv` behind those that name the trial."""

LAYERS = ("epoch", "layer", "gradient_norm", "weight_norm", "update_ratio", "dead_units")
"""The columns of `layers.csv` behind those that name the trial."""

_OF_MODEL = ("unit_correlation", "lesion_loss", "parameters", "members")
PART_TRIALS = (
    "trial",
    "status",
    "diverged_epoch",
    "epochs",
    "best_epoch",
    *trial_scores(SCORES),
    *_OF_MODEL,
)
"""The columns of a part's `trials.csv`, which knows a trial by its key alone."""

_OF_CURVES = ("overfits", "onset_epoch", "rise_after_onset", "epochs_to_90", "step_loss_spread")
DERIVED = (*_derived_scores(SCORES), *_OF_CURVES)
"""The columns of the merged `trials.csv` that the analysis reads off a trial's scores and curves."""

METRICS = "metrics"
"""The column of a part's `trials.csv` that lists its further metrics, with the versions of a user's own."""

PROBLEM = "problem"
"""The column of a part's `trials.csv` that says what went wrong, where something did."""

FAILED = "failed"
"""The status of a trial in whose population an error was raised."""

PROBLEMS_FILE = "problems.csv"
"""The table of what went wrong, which only studies have in which something did."""

PART_CURVES = ("trial", *CURVES)
PART_LAYERS = ("trial", *LAYERS)

_TASKS = (
    "task",
    "model",
    "data",
    "kind",
    "task_type",
    "metric",
    "loss",
    "n_train",
    "n_validation",
    "n_test",
    "guess",
    "source",
    "license",
    "fingerprint",
    "notes",
)

COLUMNS = frozenset(
    {"task", "condition", "seed", "split_seed", "selected", "counted", "measure", PROBLEM}
    | {*PART_TRIALS, *DERIVED, *CURVES, *LAYERS}
)
"""Every name of a column beside the hyperparameters' own, but for those that the analysis adds."""

MEASURED = frozenset({*PART_TRIALS, *DERIVED, *CURVES, *LAYERS}) - {
    "trial",
    "status",
    "layer",
    "overfits",
}
"""Columns of numbers, or of nothing, wherever they stand in a merged table."""


def reserved_columns() -> frozenset[str]:
    """The names that no setting can have: `COLUMNS`, and those of every metric that is known."""
    names = list(known_metrics())
    return COLUMNS | {*trial_scores(names), *curve_scores(names), *_derived_scores(names)}


def task_columns(scores: Iterable[str]) -> list[str]:
    """The columns of `tasks.csv`, but for those that no task has."""
    first = _TASKS.index("guess") + 1
    return [*_TASKS[:first], *_guess_scores(scores), *_TASKS[first:]]


def identity_columns(factors: Iterable[str], tuned: Iterable[str]) -> list[str]:
    """The columns that name a trial in every merged table.

    Args:
        factors: The study's factors.
        tuned: Its nuisance hyperparameters.
    """
    return ["task", "condition", *factors, *tuned, "seed", "split_seed"]


def problem_columns(factors: Iterable[str], tuned: Iterable[str]) -> list[str]:
    """The columns of `problems.csv`."""
    return [*identity_columns(factors, tuned), "status", PROBLEM, "trial"]


def trial_columns(factors: Sequence[str], tuned: Sequence[str], scores: Iterable[str]) -> list[str]:
    """The columns of the merged `trials.csv`.

    Args:
        factors: The study's factors.
        tuned: Its nuisance hyperparameters.
        scores: The scores that some task of the study has.
    """
    listed = list(scores)
    outcome = [*trial_scores(listed), *_derived_scores(listed), *_OF_CURVES, *_OF_MODEL]
    return [
        *identity_columns(factors, tuned),
        "status",
        "diverged_epoch",
        "selected",
        "counted",
        "epochs",
        "best_epoch",
        *outcome,
        "trial",
    ]


def curve_columns(factors: Sequence[str], tuned: Sequence[str], scores: Iterable[str]) -> list[str]:
    """The columns of the merged `curves.csv`."""
    return [*identity_columns(factors, tuned), "epoch", *curve_scores(scores), *_OF_STEPS]


def layer_columns(factors: Sequence[str], tuned: Sequence[str]) -> list[str]:
    """The columns of the merged `layers.csv`."""
    return [*identity_columns(factors, tuned), *LAYERS]
