"""What a trial is trained with: its data set, loaded once, and its plain model."""

import functools
import json
from collections.abc import Callable, Hashable, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from dlsuite.data import DataEntry, Dataset, Recent, data_entry, load_data
from dlsuite.spec.values import thaw
from dlsuite.study.trial import Trial
from dlsuite.training.lanes import BUILDING


def load(trial: Trial) -> Dataset:
    """Load the data set of a trial; again only if it was not used for long, or a file has changed."""
    return _data.get(
        _data_key(trial), lambda: load_data(trial.data, **_data_settings(trial)).joined()
    )


def fingerprint_of(trial: Trial) -> str:
    """The fingerprint of a trial's data set; known without loading it again, as data may be large."""
    entry, *key = _data_key(trial)
    known = _fingerprints.setdefault(entry, {})
    if tuple(key) not in known:
        known[tuple(key)] = load(trial).fingerprint
    return known[tuple(key)]


_data: Recent[Dataset] = Recent(lambda data: data.nbytes)
# An entry that is registered no more, such as that of arrays in a notebook, is forgotten.
_fingerprints: WeakKeyDictionary[DataEntry, dict[Hashable, str]] = WeakKeyDictionary()


def _data_key(trial: Trial) -> tuple[DataEntry, Hashable, str]:
    """By the entry, not its name: a name can be registered again for something else."""
    settings = _data_settings(trial)
    entry = data_entry(trial.data, settings)
    return entry, entry.state(settings), json.dumps(settings, sort_keys=True)


def data_of(trial: Trial) -> Hashable:
    """What tells a trial's data set from others of the same run."""
    return trial.data, json.dumps(_data_settings(trial), sort_keys=True)


def _data_settings(trial: Trial) -> dict[str, Any]:
    settings = thaw(trial.data_settings)
    assert isinstance(settings, dict)
    return settings


def setups_of(trials: Sequence[Trial], data: Dataset) -> list[Any]:
    """What the trainer needs of each trial; trials with the same hyperparameters share a model."""
    from dlsuite.training.trainer import TrialSetup

    build = _model_builder(data)
    return [
        TrialSetup(
            model=build(trial.model, json.dumps(thaw(trial.model_settings), sort_keys=True)),
            settings=trial.training,
            seed=trial.seed,
        )
        for trial in trials
    ]


def _model_builder(data: Dataset) -> Callable[[str, str], Any]:
    """Build a model for a data set, once for each of its hyperparameters."""
    from dlsuite.models import create_model_for

    @functools.cache
    def build(name: str, settings: str) -> Any:
        with BUILDING:
            return create_model_for(name, data, **json.loads(settings))

    return build
