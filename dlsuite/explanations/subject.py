"""What is explained: a model, a data set and how the one is trained on the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlsuite.data import Dataset
from dlsuite.errors import SpecError
from dlsuite.models import model_entry
from dlsuite.quiet import import_tensorflow
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.subject import subject_data, subject_model, subject_name, take_training
from dlsuite.training.settings import TrainingSettings

if TYPE_CHECKING:
    from dlsuite.training.result import TrialResult
    from dlsuite.training.trainer import TrialSetup

_EXAMPLES = 512
"""Training examples at the most, where the data can be cut and no `train_size` is set."""


@dataclass(frozen=True)
class Subject:
    """A model, a data set, and the settings by which the one is trained on the other.

    Attributes:
        model: A registered model's name, or a `.keras` file or `keras.Model`.
        name: The model's name and the data set's, `mlp/wine`.
        data: The data set.
        settings: Hyperparameters of a registered model that are not at their defaults.
        training: How it is trained.
        seed: Governs initial weights, batch order and dropout; the first of several.
        epochs: Passes over the training split.
        watcher: Told how training goes.
    """

    model: Any
    name: str
    data: Dataset
    settings: Mapping[str, Any]
    training: TrainingSettings
    seed: int
    epochs: int
    watcher: RunWatcher

    def has(self, hyperparameter: str) -> bool:
        """Whether the model has a hyperparameter by which it can be built anew, such as `batch_norm`."""
        named = isinstance(self.model, str | Path)
        return named and hyperparameter in model_entry(str(self.model)).hyperparameters

    def build(self, **changes: Any) -> Any:
        """Build the model, with some hyperparameters changed.

        Raises:
            SpecError: A hyperparameter is unknown or out of bounds.
        """
        return subject_model(self.model, self.data, {**self.settings, **changes}, asker="explain")

    def setup(self, model: Any = None, *, seed: int | None = None, **training: Any) -> "TrialSetup":
        """One trial of the subject.

        Args:
            model: A built model; the subject's own if absent.
            seed: In place of the subject's.
            **training: Training settings in place of the subject's.
        """
        from dlsuite.training.trainer import TrialSetup

        chosen = replace(self.training, **training) if training else self.training
        return TrialSetup(
            self.build() if model is None else model, chosen, self.seed if seed is None else seed
        )

    def train(
        self, setups: Sequence["TrialSetup"], *, keep_weights: bool = False
    ) -> list["TrialResult"]:
        """Train trials of the subject, those of one shape as populations, in the setups' order."""
        from dlsuite.training.trainer import Trainer

        self.watcher.begin(len(setups), 0)
        return Trainer().train(
            setups, self.data, epochs=self.epochs, watcher=self.watcher, keep_weights=keep_weights
        )


def read_subject(
    model: Any,
    data: str | Dataset,
    settings: Mapping[str, Any],
    *,
    seed: int,
    epochs: int,
    watcher: RunWatcher | None,
) -> Subject:
    """Put a subject together from names and settings.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is unknown or out of bounds, or the model cannot be trained by the suite.
        DataError: The data set does not hold what was asked of it.
    """
    if epochs < 1:
        raise SpecError(f"explain: epochs: expected a whole number, at least 1; got {epochs}.")
    given = dict(settings)
    training = take_training(given)
    for key in ("loss", "class_weight", "precision"):
        if key in training:
            raise SpecError(
                f"explain: {key}: what is drawn is of the task's default loss in float32, every example "
                "counting the same; leave it out."
            )
    chosen = TrainingSettings(**training)
    dataset = subject_data(data, given, examples=_EXAMPLES)
    import_tensorflow()
    from dlsuite.training.trainer import Trainer, TrialSetup

    plain = subject_model(model, dataset, given, asker="explain")
    Trainer().check(TrialSetup(plain, chosen, seed), dataset)
    return Subject(
        model=model,
        name=subject_name(model, plain, dataset),
        data=dataset,
        settings=given,
        training=chosen,
        seed=seed,
        epochs=epochs,
        watcher=watcher or RunWatcher(),
    )
