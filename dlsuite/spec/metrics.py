"""What is measured for each task type, and which way is better."""

METRICS: dict[str, tuple[str, ...]] = {
    "classification": ("accuracy",),
    "regression": ("rmse", "mae"),
}
"""The metrics of each task type, beside `loss`; the first one decides where a study names none."""

GREATER_IS_BETTER: dict[str, bool] = {"loss": False, "accuracy": True, "rmse": False, "mae": False}
"""For each score, whether a greater one is better."""


def generalization_gap(score: str, train: float, held_out: float) -> float:
    """How much worse a score is on held-out examples than on the training ones; positive is overfitting."""
    return train - held_out if GREATER_IS_BETTER[score] else held_out - train
