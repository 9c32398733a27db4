"""What one training came to: its curves, its scores against guessing, and the trained model."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.report.style import save_figure
from dlsuite.report.training_curves import plot_training, training_curve_data
from dlsuite.spec.metrics import known_metric, metrics_of_every_trial
from dlsuite.store import ResultsFolder, to_csv

_EPOCHS_SHOWN = 8


@dataclass(frozen=True, eq=False)
class History:
    """What one training came to.

    Attributes:
        name: The model's name and the data set's, as in `mlp/wine`.
        model: The trained `keras.Model`, from encoded inputs to logits or standardized values, with the
            weights of the best epoch; where the training diverged, with those that it began with.
        data: The data set.
        status: `completed` or `diverged`.
        best_epoch: The epoch with the lowest validation loss, from 1; None where it diverged.
        curves: A row an epoch from 0, before any step: scores on train and validation, gradient norm.
        scores: By name, as in a study's `trials.csv`: `val_loss_best`, `gap_accuracy_last`, `test_loss`; the
            test split is read once, in the best epoch. Empty where it diverged.
        settings: How it was trained, every setting resolved, `seed` and `epochs` among them.
        notes: What a reader should know.
        data_settings: Those that a registered data set, a file or a folder was given.
    """

    name: str
    model: Any = field(repr=False)
    data: Dataset
    status: str
    best_epoch: int | None
    curves: pd.DataFrame = field(repr=False)
    scores: Mapping[str, float]
    settings: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    data_settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def metric(self) -> str:
        """The metric that decides for this type of task."""
        return metrics_of_every_trial(self.data.task_type)[1].name

    @property
    def _scores(self) -> tuple[str, ...]:
        return tuple(metric.name for metric in metrics_of_every_trial(self.data.task_type))

    def save(self, path: str | Path) -> None:
        """Save the trained model as a portable `.keras` file: raw inputs in, probabilities or values out.

        `keras.models.load_model` reads it without the suite, and `dlsuite predict` uses it.

        Raises:
            SpecError: The training diverged, the file's name does not end in `.keras`, or the model is not
                made of Keras's own layers.
            StoreError: The file cannot be written.
        """
        if self.status != "completed":
            raise SpecError(
                f"{self.name}: the training diverged, so there is no trained model to save; train with a "
                "lower learning rate."
            )
        from dlsuite.models.portable import save_model

        about = {
            "task": self.name,
            "best_epoch": self.best_epoch,
            "data_settings": dict(self.data_settings),
            "training": dict(self.settings),
            "scores": {
                key: value for key, value in self.scores.items() if not key.endswith("_last")
            },
        }
        save_model(self.model, self.data, path, about)

    def plot(self, ax: Axes | None = None, *, score: str = "loss") -> Axes:
        """Draw the learning curves: train dashed, validation solid, guessing and the best epoch.

        Args:
            ax: Where to draw; a new figure's if None.
            score: `loss`, or a metric of the task.

        Raises:
            SpecError: There is no such score.
        """
        if self.curves.empty:
            raise SpecError(f"plot: {self.sentence()} There is no epoch to draw.")
        known = self._scores
        if score not in known:
            raise SpecError(f"plot: score: expected one of {', '.join(known)}; got {score!r}.")
        data = training_curve_data(
            self.curves,
            name=self.name,
            score=score,
            guess=self.data.guess.scores["validation"].get(score, float("nan")),
            diverged=self.status == "diverged",
        )
        return plot_training(data, ax, task_type=self.data.task_type, best_epoch=self.best_epoch)

    def write(self, folder: Path, name: str) -> list[Path]:
        """Write the curves as CSV, and drawn as PNG and SVG.

        Args:
            folder: Where to write; made if it is missing.
            name: How the files' names begin.

        Returns:
            The files.

        Raises:
            StoreError: They cannot be written.
        """
        ResultsFolder(folder).write({f"{name}-curves.csv": to_csv(self.curves)})
        figure = self.plot().get_figure(root=True)
        assert figure is not None
        drawn = save_figure(figure, folder, f"{name}-curves")
        return [folder / f"{name}-curves.csv", *drawn]

    def epoch_rows(self) -> list[dict[str, str]]:
        """Some of the epochs as a terminal shows them: the first, the best, the last and some between."""
        if self.curves.empty:
            return []
        last = len(self.curves) - 1
        shown = {round(last * step / (_EPOCHS_SHOWN - 1)) for step in range(_EPOCHS_SHOWN)}
        if self.best_epoch is not None:
            shown.add(self.best_epoch)
        names = {
            f"{split}_{score}": f"{split} {score}"
            for score in ("loss", self.metric)
            for split in ("train", "val")
        }
        return [
            {
                "epoch": str(row["epoch"]),
                **{text: f"{row[column]:.4g}" for column, text in names.items()},
                "": "<- best" if row["epoch"] == self.best_epoch else "",
            }
            for row in self.curves.iloc[sorted(shown)].to_dict("records")
        ]

    def score_rows(self) -> list[dict[str, str]]:
        """The best epoch's scores on each split, what guessing scores on test, and the gap."""
        if self.status != "completed":
            return []
        guess = self.data.guess.scores["test"]
        return [
            {
                "best epoch": f"{score} ({_better(score)} is better)",
                "train": f"{self.scores[f'train_{score}_best']:.4g}",
                "validation": f"{self.scores[f'val_{score}_best']:.4g}",
                "test": f"{self.scores[f'test_{score}']:.4g}",
                f"{self.data.guess.name}, test": f"{guess[score]:.4g}" if score in guess else "-",
                "gap, validation": f"{self.scores[f'gap_{score}_best']:+.4g}",
            }
            for score in self._scores
        ]

    def sentence(self) -> str:
        """Say in a line how it went."""
        epochs = max(len(self.curves) - 1, 0)
        if self.status != "completed":
            return (
                f"{self.name}: the training diverged after {epochs} epochs: a loss or gradient was no "
                "number. Train with a lower learning rate; 'dlsuite lr-range' finds one."
            )
        gap = self.scores["gap_loss_last"]
        verdict = (
            f"the validation loss ends {gap:.3g} above the training loss"
            if gap > 0
            else "the validation loss does not end above the training loss"
        )
        return (
            f"{self.name}: test {self.metric} {self.scores[f'test_{self.metric}']:.4g} at epoch "
            f"{self.best_epoch} of {epochs}, the best on validation; {verdict}."
        )

    def answer(self) -> dict[str, Any]:
        """Everything but the model as plain values, ready for JSON."""
        curves = self.curves.astype(object).where(self.curves.notna(), None)
        return {
            "name": self.name,
            "status": self.status,
            "best_epoch": self.best_epoch,
            "sentence": self.sentence(),
            "scores": dict(self.scores),
            "guess": {split: dict(scores) for split, scores in self.data.guess.scores.items()},
            "settings": dict(self.settings),
            "notes": list(self.notes),
            "curves": curves.to_dict("records"),
        }

    def __repr__(self) -> str:
        """How it went, in a line."""
        return f"History({self.sentence()!r})"


def _better(score: str) -> str:
    return "greater" if known_metric(score).greater_is_better else "lower"
