"""Metrics that a study asks for beside those of the graph: functions of what members predict.

The outputs of one more inference pass a time are handed to them, member by member. What is measured in the
graph anyway is left to `dlsuite.training.evaluation`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlsuite.data import Dataset, Split
from dlsuite.spec.metrics import Metric
from dlsuite.training.examples import EVALUATION_BATCH, Examples, window_of
from dlsuite.training.objective import Objective
from dlsuite.training.population_training import PopulationTraining


class Predictions:
    """What the members of a population give for some splits.

    Args:
        asked: Which metrics are computed of it.
        outputs: Outputs by split, `[members, n, outputs]` each.
    """

    def __init__(self, asked: "AskedMetrics", outputs: dict[str, np.ndarray]) -> None:
        self._asked = asked
        self._outputs = outputs

    def scores(self, member: int) -> dict[str, float]:
        """One member's, by name: `<split>_<metric>`."""
        return {
            f"{split}_{name}": score
            for split, outputs in self._outputs.items()
            for name, score in self._asked.measure(split, outputs[member]).items()
        }


class AskedMetrics:
    """The metrics asked for, on one data set.

    Args:
        metrics: Which; those of every trial are not among them.
        data: The data set.
        objective: Which turns outputs into predictions.
    """

    def __init__(self, metrics: Sequence[Metric], data: Dataset, objective: Objective) -> None:
        self._metrics = list(metrics)
        self._objective = objective
        self._splits = {"train": data.train, "val": data.validation, "test": data.test}
        self._classes = data.outputs
        self._undefined: dict[str, None] = {}

    def look(
        self, training: PopulationTraining, examples: Examples, *, test: bool = False
    ) -> Predictions:
        """Predict the training and the validation split with the weights of now.

        Args:
            training: The population.
            examples: The data.
            test: The test split instead, with the weights that were best on validation.
        """
        if not self._metrics:
            return Predictions(self, {})
        begin, end = (int(at) for at in (examples.tested if test else examples.trained))
        outputs = outputs_of(training, examples, begin, end, best=test)
        found, first = {}, 0
        for name in ("test",) if test else ("train", "val"):
            of_split = outputs[:, first : first + len(self._splits[name])]
            found[name] = of_split
            first += -(-of_split.shape[1] // EVALUATION_BATCH) * EVALUATION_BATCH
        return Predictions(self, found)

    def measure(self, split: str, outputs: np.ndarray) -> dict[str, float]:
        """One member's scores on a split.

        Args:
            split: `train`, `val` or `test`.
            outputs: `[n, outputs]`.
        """
        part = self._splits[split]
        predictions = self._objective.predictions(outputs)
        targets = part.y if self._objective.task_type == "classification" else _exact(part)
        scores = {metric.name: metric.measure(targets, predictions) for metric in self._metrics}
        for metric in self._metrics:
            if np.isnan(scores[metric.name]):
                self._undefined[f"{metric.label} is not defined on the {_SPLITS[split]} split"] = (
                    None
                )
        return scores

    @property
    def undefined(self) -> tuple[str, ...]:
        """Where a metric measured so far was not defined, for `restore`."""
        return tuple(self._undefined)

    def restore(self, undefined: Sequence[str]) -> None:
        """Go on with what was noted before."""
        self._undefined = dict.fromkeys(undefined)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader should know of the scores measured so far."""
        own = [metric.label for metric in self._metrics if not metric.version]
        lacking = []
        for name, split in self._splits.items() if own and self._classes > 1 else ():
            missing = self._classes - len(np.unique(split.y))
            if missing:
                lacking.append(
                    f"the {_SPLITS[name]} split lacks {missing} of {self._classes} classes, which count for "
                    f"nothing in {', '.join(own)} there"
                )
        return (*lacking, *self._undefined)


_SPLITS = {"train": "training", "val": "validation", "test": "test"}


def outputs_of(
    training: PopulationTraining, examples: Examples, begin: int, end: int, *, best: bool
) -> np.ndarray:
    """What all members give for a range of batches, padding included.

    Args:
        training: The population.
        examples: The data.
        begin: The first batch.
        end: The one after the last.
        best: Whether with the weights that were best on validation, or with those of now.

    Returns:
        `[members, (end - begin) * EVALUATION_BATCH, outputs]`.
    """
    window = window_of(examples)
    parts, at = [], begin
    while at < end:
        first = min(at, int(examples.places.shape[0]) - window)
        # Cut out here: a loop in the graph would carry the whole data set along.
        seen = training.outputs(examples.batches(slice(first, first + window)), best=best)
        parts.append(seen[at - first : end - first])
        at = first + window
    whole: np.ndarray[Any, Any] = np.concatenate(parts).swapaxes(0, 1)
    return whole.reshape(len(whole), -1, whole.shape[-1])


def _exact(split: Split) -> np.ndarray:
    """Targets in the type in which values are told."""
    return split.y.astype(np.float64)
