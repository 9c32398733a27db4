"""The columns of the result tables, in their order. `results/README.md` says what each means."""

from collections.abc import Iterable, Sequence

SCORES = ("loss", "accuracy", "rmse", "mae")
"""Every score that a trial can have, in the order of their columns."""

CURVES = (
    "epoch",
    *(f"{split}_{s}" for s in SCORES for split in ("train", "val")),
    "gradient_norm",
    "step_loss_spread",
)
"""The columns of `curves.csv` behind those that name the trial."""

LAYERS = ("epoch", "layer", "gradient_norm", "weight_norm", "update_ratio", "dead_units")
"""The columns of `layers.csv` behind those that name the trial."""

PART_TRIALS = (
    "trial",
    "status",
    "diverged_epoch",
    "epochs",
    "best_epoch",
    *(
        f"{split}_{score}_{when}"
        for score in SCORES
        for split in ("train", "val", "gap")
        for when in ("best", "last")
    ),
    *(f"test_{score}" for score in SCORES),
    "unit_correlation",
    "lesion_loss",
    "parameters",
    "members",
)
"""The columns of a part's `trials.csv`, which knows a trial by its key alone."""

DERIVED = (
    *(f"test_gap_{score}" for score in SCORES),
    "overfits",
    "onset_epoch",
    "rise_after_onset",
    "epochs_to_90",
    "step_loss_spread",
)
"""The columns of the merged `trials.csv` that the analysis reads off a trial's scores and curves."""

PART_CURVES = ("trial", *CURVES)
PART_LAYERS = ("trial", *LAYERS)

TASKS = (
    "task",
    "model",
    "data",
    "kind",
    "task_type",
    "metric",
    "n_train",
    "n_validation",
    "n_test",
    "guess",
    *(f"guess_{split}_{score}" for score in SCORES for split in ("val", "test")),
    "source",
    "license",
    "fingerprint",
    "notes",
)
"""The columns of `tasks.csv`."""


COLUMNS = frozenset(
    {"task", "condition", "seed", "split_seed", "selected", "counted", "measure"}
    | {*PART_TRIALS, *DERIVED, *CURVES, *LAYERS}
)
"""Every name of a column beside the hyperparameters' own, but for those that the analysis adds."""


def identity_columns(factors: Iterable[str], tuned: Iterable[str]) -> list[str]:
    """The columns that name a trial in every merged table.

    Args:
        factors: The study's factors.
        tuned: Its nuisance hyperparameters.
    """
    return ["task", "condition", *factors, *tuned, "seed", "split_seed"]


def trial_columns(factors: Sequence[str], tuned: Sequence[str], scores: Iterable[str]) -> list[str]:
    """The columns of the merged `trials.csv`.

    Args:
        factors: The study's factors.
        tuned: Its nuisance hyperparameters.
        scores: The scores that some task of the study has.
    """
    known = set(scores)
    first = PART_TRIALS.index("unit_correlation")
    outcome = [
        column
        for column in (*PART_TRIALS[:first], *DERIVED, *PART_TRIALS[first:])
        if column not in ("trial", "status", "diverged_epoch", "epochs")
        and _score_of(column) in (None, *known)
    ]
    return [
        *identity_columns(factors, tuned),
        "status",
        "diverged_epoch",
        "selected",
        "counted",
        "epochs",
        *outcome,
        "trial",
    ]


def curve_columns(factors: Sequence[str], tuned: Sequence[str], scores: Iterable[str]) -> list[str]:
    """The columns of the merged `curves.csv`."""
    known = set(scores)
    measured = [column for column in CURVES if _score_of(column) in (None, *known)]
    return [*identity_columns(factors, tuned), *measured]


def layer_columns(factors: Sequence[str], tuned: Sequence[str]) -> list[str]:
    """The columns of the merged `layers.csv`."""
    return [*identity_columns(factors, tuned), *LAYERS]


def _score_of(column: str) -> str | None:
    """The score that a column is about, if any."""
    words = column.replace("test_gap_", "test_").split("_")
    if words[0] in ("train", "val", "gap", "test") and len(words) > 1 and words[1] in SCORES:
        return words[1]
    return None
