"""A trial: one training, with every setting resolved, and the key that tells it from all others."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from dlsuite.models import model_entry
from dlsuite.spec import display
from dlsuite.spec.values import thaw
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.version import RESULTS_VERSION


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One training: a task, a condition, tuned values and a seed, with every setting resolved.

    Attributes:
        task: The task's label.
        model: The model's name, or the path of its file.
        data: The data set's name, or the path of its file.
        condition: The factors' values, written `key=value` in the study's order.
        factors: The factors' values.
        tuned: The nuisance hyperparameters' values.
        model_settings: Every hyperparameter of the model.
        data_settings: Every setting of the data set, the split seed included.
        training: How it is trained.
        seed: Governs initial weights, batch order and dropout.
        split_seed: Governs the split.
        epochs: Passes over the training split.
    """

    task: str
    model: str
    data: str
    condition: str
    factors: Mapping[str, Any]
    tuned: Mapping[str, Any]
    model_settings: Mapping[str, Any]
    data_settings: Mapping[str, Any]
    training: TrainingSettings
    seed: int
    split_seed: int
    epochs: int

    def key(self, fingerprint: str) -> str:
        """What tells this trial from all others, by its content: 16 hexadecimal digits.

        Neither the study nor its grid is part of it, nor the number of epochs unless the learning rate's
        schedule depends on it: a study can be extended, and only what is new is trained. Nor is a setting of
        the model that came later than the first keys, where it is at its default.

        Args:
            fingerprint: The data set's.
        """
        model = model_entry(self.model)
        known = model.hyperparameters
        content = {
            "task": self.task,
            "model": [model.name, model.version],
            "data": fingerprint,
            "model_settings": {
                key: thaw(value)
                for key, value in self.model_settings.items()
                if not (known[key].later and value == known[key].default)
            },
            "training": self.training.content(),
            "seed": self.seed,
            "split_seed": self.split_seed,
            "epochs": self.epochs if self.training.depends_on_length else None,
            "version": RESULTS_VERSION,
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def structure(self) -> str:
        """The structural values as text: trials with the same text can share a population."""
        model = model_entry(self.model).hyperparameters
        content = {
            "task": self.task,
            "model_settings": {
                key: thaw(value)
                for key, value in self.model_settings.items()
                if not model[key].vectorized
            },
            "data_settings": thaw(self.data_settings),
            "training": self.training.structure(),
        }
        return json.dumps(content, sort_keys=True)


def condition_label(condition: Mapping[str, object]) -> str:
    """Write a condition as `key=value key=value`, in the study's order."""
    return " ".join(f"{key}={display(value)}" for key, value in condition.items())
