"""The guard of stored results: a change of what a training gives must raise RESULTS_VERSION."""

from typing import Any

import pytest

from dlsuite.models import create_model
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup
from dlsuite.training.version import RESULTS_VERSION

VERSION = 3
SCORES = {
    "mlp": {"train_loss_last": 1.014436, "val_loss_last": 0.974869, "test_loss": 1.236189},
    "gru": {"train_loss_last": 0.992437, "val_loss_last": 1.079987, "test_loss": 1.252870},
}


def scores(name: str, data: Any) -> dict[str, float]:
    model = create_model(
        name,
        input_shape=data.input_shape,
        outputs=data.outputs,
        vocabulary=len(data.vocabulary) if data.vocabulary else None,
        units=[4],
        dropout=0.25,
        batch_norm=True,
        l2=1e-3,
        **({"recurrent_dropout": 0.25} if name == "gru" else {}),
    )
    settings = TrainingSettings(
        learning_rate=0.02, weight_decay=0.01, clip_norm=1.0, schedule="cosine", batch_size=8
    )
    [result] = Trainer().train([TrialSetup(model, settings, seed=0)], data, epochs=4)
    names = ("train_loss_last", "val_loss_last", "test_loss")
    return {score: result.scores[score] for score in names}


@pytest.mark.parametrize(("name", "kind"), [("mlp", "table"), ("gru", "text")])
def test_a_training_gives_what_it_gave_when_results_were_stored(
    name: str, kind: str, dataset: Any
) -> None:
    got = scores(name, dataset(kind=kind))
    reason = (
        f"A training of {name} gives {got}, not {SCORES[name]}. If that is on purpose, raise "
        "RESULTS_VERSION in dlsuite/training/version.py, so that no stored trial passes for one of "
        "the new code, and write the new version and scores here. If not, find out what changed."
    )
    assert got == pytest.approx(SCORES[name], rel=1e-3), reason
    assert RESULTS_VERSION == VERSION, "RESULTS_VERSION was raised: write the new one here."
