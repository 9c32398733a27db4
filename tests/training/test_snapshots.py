"""Snapshots: a population that goes on from one ends as if it had never stopped, to the bit."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from dlsuite.data import Dataset
from dlsuite.models import create_model
from dlsuite.spec.metrics import metric_entry
from dlsuite.training.result import TrialResult
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.snapshot import Snapshot
from dlsuite.training.trainer import Trainer, TrialSetup

EPOCHS = 5


class Kept:
    """Keeps a snapshot after one epoch, as JSON keeps its record, and stops there."""

    def __init__(self, epoch: int | None = None, snapshot: Snapshot | None = None) -> None:
        self.epoch, self.snapshot, self.asked = epoch, snapshot, 0

    def kept(self) -> Snapshot | None:
        return self.snapshot

    def due(self) -> bool:
        self.asked += 1
        return self.asked == self.epoch

    def keep(self, snapshot: Snapshot) -> None:
        logs = json.loads(json.dumps(snapshot.logs))
        self.snapshot = snapshot._replace(logs=logs)
        raise InterruptedError


class Told:
    def __init__(self) -> None:
        self.trials = 0.0

    def epoch(self, loss: float, trials: float) -> None:
        self.trials += trials


CASES: dict[str, dict[str, Any]] = {
    "adam": {"optimizer": "adam"},
    "schedule and momentum": {"optimizer": "sgd", "momentum": 0.9, "schedule": "cosine"},
    "weight decay": {"optimizer": "adamw", "weight_decay": 0.1},
}


def setups(**settings: Any) -> list[TrialSetup]:
    """Two seeds that drop units, and one that diverges."""
    model = create_model(
        "mlp", input_shape=(4,), outputs=3, units=[6], dropout=0.3, batch_norm=True
    )
    given = TrainingSettings(**{"learning_rate": 0.02, "batch_size": 8} | settings)
    wild = TrainingSettings(**{"learning_rate": 1e30, "batch_size": 8} | settings)
    return [TrialSetup(model, given, 0), TrialSetup(model, given, 1), TrialSetup(model, wild, 1)]


Train = Callable[..., list[TrialResult]]


@pytest.fixture(scope="module")
def train() -> Train:
    """Trains with one trainer, so that tests share its compiled graphs."""
    trainer = Trainer(4)

    def run(data: Dataset, given: Sequence[TrialSetup], **options: Any) -> list[TrialResult]:
        return trainer.train(given, data, epochs=EPOCHS, **options)

    return run


@pytest.mark.parametrize("case", CASES)
def test_a_population_goes_on_from_any_epoch_to_the_same_bits(
    case: str, train: Train, dataset: Any, reference: Any
) -> None:
    data, given = dataset(), setups(**CASES[case])
    whole = train(data, given)
    assert [result.status for result in whole] == ["completed", "completed", "diverged"]
    for epoch in (1, EPOCHS):
        keeper = Kept(epoch)
        with pytest.raises(InterruptedError):
            train(data, given, keeper=lambda number, keeper=keeper: keeper)
        told = Told()
        again = Kept(snapshot=keeper.snapshot)
        resumed = train(data, given, keeper=lambda number, again=again: again, watcher=told)
        assert again.asked == EPOCHS - epoch
        assert told.trials == pytest.approx(3)
        assert all(map(reference.same_bits, whole, resumed))


def test_another_process_would_come_to_the_same_bits_and_notes(
    dataset: Any, reference: Any
) -> None:
    asked = [metric_entry(name, task_type="classification") for name in ("f1", "auc")]
    data, given = dataset(), setups()
    keeper = Kept(2)
    whole, resumed = Trainer(4), Trainer(4)
    results = whole.train(given, data, epochs=EPOCHS, metrics=asked)
    with pytest.raises(InterruptedError):
        whole.train(given, data, epochs=EPOCHS, metrics=asked, keeper=lambda number: keeper)
    again = Kept(snapshot=keeper.snapshot)
    others = resumed.train(given, data, epochs=EPOCHS, metrics=asked, keeper=lambda number: again)
    assert again.asked == EPOCHS - 2
    assert all(map(reference.same_bits, results, others))


def test_a_population_that_has_diverged_whole_is_not_trained_on(
    train: Train, dataset: Any, reference: Any
) -> None:
    data, given = dataset(), setups()[2:]
    keeper = Kept(1)
    with pytest.raises(InterruptedError):
        train(data, given, keeper=lambda number: keeper)
    again = Kept(snapshot=keeper.snapshot)
    resumed = train(data, given, keeper=lambda number: again)
    assert again.asked == 0
    assert all(map(reference.same_bits, train(data, given), resumed))


def test_a_snapshot_of_another_shape_is_left_alone(
    train: Train, dataset: Any, reference: Any
) -> None:
    data, given = dataset(), setups()
    snapshot = Snapshot(3, [], [{}] * 3)
    keeper = Kept(snapshot=snapshot)
    results = train(data, given, keeper=lambda number: keeper)
    assert keeper.asked == EPOCHS
    assert all(map(reference.same_bits, train(data, given), results))


def test_every_population_of_a_list_has_a_keeper_of_its_own(dataset: Any) -> None:
    data = dataset()
    numbers: list[int] = []

    def keeper(number: int) -> Kept:
        numbers.append(number)
        return Kept()

    Trainer(1).train(setups(), data, epochs=1, keeper=keeper)
    assert numbers == [0, 1, 2]
