"""What guessing scores by the metrics that a study asks for, beside those that a data set knows itself."""

from collections.abc import Sequence

import numpy as np

from dlsuite.data import Dataset, Guess, Split
from dlsuite.spec.metrics import Metric


def guess_scores(
    data: Dataset, metrics: Sequence[Metric], *, guess: Guess | None = None
) -> dict[str, float]:
    """Score a guess.

    Classes are told by their frequencies in the training labels; of targets the mean of those trained on is
    told, or by a series an earlier value, for which only what follows from the data set's own scores is
    known.

    Args:
        data: The data set.
        metrics: Which metrics.
        guess: Which of the data set's guesses; its first one if None.

    Returns:
        By column of `tasks.csv`: `guess_val_<metric>`, `guess_test_<metric>`; without those that are not
        known or not defined.
    """
    scores = {}
    for split, short in (("validation", "val"), ("test", "test")):
        part: Split = getattr(data, split)
        for metric in metrics:
            score = _score(data, guess or data.guess, part, split, metric)
            if score is not None and not np.isnan(score):
                scores[f"guess_{short}_{metric.name}"] = score
    return scores


def _score(data: Dataset, guess: Guess, part: Split, split: str, metric: Metric) -> float | None:
    if data.task_type == "classification":
        counts = np.bincount(data.train.y, minlength=data.outputs)
        return metric.measure(part.y, np.tile(counts / counts.sum(), (len(part), 1)))
    targets = part.y.astype(np.float64)
    if guess.name == "mean":
        mean = float(data.train.y.mean(dtype=np.float64))
        return metric.measure(targets, np.full(len(part), mean))
    rmse = guess.scores.get(split, {}).get("rmse")
    if metric.name != "r2" or rmse is None or np.ptp(targets) == 0:
        return None
    return float(1 - rmse**2 / targets.var())
