"""What comes of a trial: its status, its scores, and its rows of curves and layers."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np

from dlsuite.spec.metrics import Metric, metrics_of_every_trial
from dlsuite.training.dependence import Dependence
from dlsuite.training.epoch_report import EpochReport
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population


@dataclass(frozen=True)
class TrialResult:
    """What came of a trial.

    Attributes:
        status: `completed`, or `diverged` where a loss or gradient was no number.
        diverged_epoch: The epoch in which it diverged; 0 where it began with no number.
        best_epoch: The epoch with the lowest validation loss, from 1; None where it diverged.
        scores: By name: `<split>_<score>_<best or last>`, `test_<score>`, `gap_<score>_<best or last>`;
            empty where it diverged.
        curves: A row an epoch from 0: the epoch, scores on train and validation, gradient norm, spread of
            the steps' losses.
        layers: A row an epoch and layer: gradient norm, weight norm, update ratio, dead units.
        unit_correlation: The mean absolute correlation of hidden units in the best epoch, and
        lesion_loss: what it costs there when units are set to zero; see `measure_dependence`. Not numbers
            where it diverged.
        parameters: How many trainable weights the model has.
        members: How many members its population had, copies in empty seats included.
        notes: What a reader should know.
        weights: The weights of the best epoch, in the order of `model.weights`; none where it diverged.
        last_weights: Those of the last epoch; where it diverged, of the step before.
        path: Where they were asked for, those of every row of `curves`.
    """

    status: str
    diverged_epoch: int | None
    best_epoch: int | None
    scores: dict[str, float]
    curves: list[dict[str, Any]]
    layers: list[dict[str, Any]]
    unit_correlation: float
    lesion_loss: float
    parameters: int
    members: int
    notes: tuple[str, ...] = ()
    weights: list[np.ndarray] = field(default_factory=list, repr=False)
    last_weights: list[np.ndarray] = field(default_factory=list, repr=False)
    path: list[list[np.ndarray]] = field(default_factory=list, repr=False)


class TrialLog:
    """Gathers a trial's rows, and sums them up.

    Args:
        population: The population that the trial is a member of.
        objective: Which turns means into scores.
        metrics: What is measured beside these.

    Attributes:
        diverged_epoch: The epoch in which a loss or gradient was no number, if any.
    """

    def __init__(
        self, population: Population, objective: Objective, metrics: Sequence[Metric] = ()
    ) -> None:
        self._population = population
        self._objective = objective
        of_every = metrics_of_every_trial(objective.task_type)
        self._metrics = {metric.name: metric for metric in (*of_every, *metrics)}
        self.curves: list[dict[str, Any]] = []
        self.layers: list[dict[str, Any]] = []
        self.diverged_epoch: int | None = None
        self._path: list[list[np.ndarray]] = []

    def add(
        self,
        epoch: int,
        report: EpochReport,
        weights: list[np.ndarray],
        asked: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        """Take a member's report, and its weights if they are to be kept.

        A report with a loss or gradient that is no number ends the trial.

        Args:
            epoch: The epoch.
            report: The member's.
            weights: Its weights, or none.
            asked: Computes its further scores on both splits, `<split>_<metric>`.
        """
        if self.diverged_epoch is not None:
            return
        means = np.concatenate([report.train, report.validation])
        if not report.finite or not np.isfinite(means).all():
            self.diverged_epoch = epoch
            return
        if weights:
            self._path.append(weights)
        row: dict[str, Any] = {"epoch": epoch}
        for split, split_means in (("train", report.train), ("val", report.validation)):
            for name, value in self._objective.scores(split_means).items():
                row[f"{split}_{name}"] = value
        row |= asked()
        steps = {
            "gradient_norm": float(report.gradient_norm),
            "step_loss_spread": float(report.step_loss_spread),
        }
        self.curves.append(row | steps)
        dead = dict(zip(self._population.active_layers, report.dead_units, strict=True))
        for index, layer in enumerate(self._population.layers):
            self.layers.append(
                {
                    "epoch": epoch,
                    "layer": layer,
                    "gradient_norm": float(report.layer_gradient_norms[index]),
                    "weight_norm": float(report.layer_weight_norms[index]),
                    "update_ratio": float(report.layer_update_ratios[index]),
                    "dead_units": float(dead.pop(layer, math.nan)),
                }
            )
        for layer, share in dead.items():
            self.layers.append({"epoch": epoch, "layer": layer, "dead_units": float(share)})

    def record(self) -> dict[str, Any]:
        """What was logged so far, without the weights: lists, texts and numbers, for `restore`."""
        return {
            "curves": self.curves,
            "layers": self.layers,
            "diverged_epoch": self.diverged_epoch,
        }

    def restore(self, record: Mapping[str, Any]) -> None:
        """Go on with what another log has recorded.

        Raises:
            KeyError: It is no such record.
        """
        self.curves, self.layers = list(record["curves"]), list(record["layers"])
        self.diverged_epoch = record["diverged_epoch"]

    def result(
        self,
        model: keras.Model,
        test: np.ndarray,
        dependence: Dependence,
        weights: list[np.ndarray],
        last_weights: list[np.ndarray],
        *,
        asked: Callable[[], Mapping[str, float]] = dict,
        notes: tuple[str, ...],
    ) -> TrialResult:
        """Sum the trial up.

        Args:
            model: The trial's plain model.
            test: The means of the objective's measures on the test split, in the best epoch.
            dependence: How its hidden units depend on one another in the best epoch.
            weights: The best epoch's weights.
            last_weights: The last epoch's weights.
            asked: Computes its further scores on the test split, `test_<metric>`.
            notes: What a reader should know.
        """
        parameters = sum(math.prod(v.shape) for v in model.trainable_variables)
        if self.diverged_epoch is not None:
            return TrialResult(
                status="diverged",
                diverged_epoch=self.diverged_epoch,
                best_epoch=None,
                scores={},
                curves=self.curves,
                layers=self.layers,
                unit_correlation=math.nan,
                lesion_loss=math.nan,
                parameters=parameters,
                members=self._population.members,
                notes=notes,
                last_weights=last_weights,
                path=self._path,
            )
        # Of the epochs trained: an untrained network is no answer, however badly training went.
        best = min(self.curves[1:], key=lambda row: float(row["val_loss"]))
        told = {f"test_{name}": value for name, value in self._objective.scores(test).items()}
        told |= asked()
        scores: dict[str, float] = {}
        for name in (column.removeprefix("test_") for column in told):
            for when, row in (("best", best), ("last", self.curves[-1])):
                train, held_out = row[f"train_{name}"], row[f"val_{name}"]
                scores[f"train_{name}_{when}"] = train
                scores[f"val_{name}_{when}"] = held_out
                scores[f"gap_{name}_{when}"] = self._metrics[name].gap(train, held_out)
            scores[f"test_{name}"] = told[f"test_{name}"]
        return TrialResult(
            status="completed",
            diverged_epoch=None,
            best_epoch=best["epoch"],
            scores=scores,
            curves=self.curves,
            layers=self.layers,
            unit_correlation=float(dependence.unit_correlation),
            lesion_loss=float(dependence.lesion_loss),
            parameters=parameters,
            members=self._population.members,
            notes=notes,
            weights=weights,
            last_weights=last_weights,
            path=self._path,
        )
