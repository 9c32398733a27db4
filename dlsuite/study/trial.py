"""A trial: one training, with every setting resolved, and the key that tells it from all others."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from dlsuite.models import model_entry
from dlsuite.spec import display
from dlsuite.spec.values import thaw
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.version import RESULTS_VERSION

_SEED = '"seed": \0'
"""Where the seed goes in a text; JSON has no such character."""


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
        place = f"key of {fingerprint}"
        if place not in self._seedless:
            self._seedless[place] = self._content(fingerprint)
        text = self._seedless[place].replace(_SEED, f'"seed": {json.dumps(self.seed)}', 1)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def structure(self) -> str:
        """The structural values as text: trials with the same text can share a population."""
        if "structure" not in self._seedless:
            self._seedless["structure"] = self._structure()
        return self._seedless["structure"]

    def with_seed(self, seed: int) -> "Trial":
        """The same with another seed. What no seed changes is worked out once for all of them."""
        other = replace(self, seed=seed)
        other.__dict__["_seedless"] = self._seedless
        return other

    def with_split_seed(self, split_seed: int) -> "Trial":
        """The same with another split."""
        settings = {**self.data_settings, "split_seed": split_seed}
        return replace(self, split_seed=split_seed, data_settings=settings)

    @cached_property
    def _seedless(self) -> dict[str, str]:
        """Texts that do not depend on the seed, shared by all trials that `with_seed` made of one."""
        return {}

    def _content(self, fingerprint: str) -> str:
        """What a key is made of, as text; `_SEED` stands for the seed."""
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
            "split_seed": self.split_seed,
            "epochs": self.epochs if self.training.depends_on_length else None,
            "version": RESULTS_VERSION,
        }
        before = {key: value for key, value in content.items() if key < "seed"}
        after = {key: value for key, value in content.items() if key > "seed"}
        texts = [json.dumps(side, sort_keys=True)[1:-1] for side in (before, after)]
        return f"{{{texts[0]}, {_SEED}, {texts[1]}}}"

    def _structure(self) -> str:
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
