from collections.abc import Iterator
from typing import Any

import pytest

from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.spec.losses import (
    list_losses,
    loss_entry,
    loss_for,
    register_loss,
    unregister_loss,
)
from dlsuite.training.settings import TrainingSettings


@pytest.fixture
def hinge() -> Iterator[None]:
    @register_loss("hinge", task_type="classification")
    def hinge(labels: Any, logits: Any) -> Any:
        return labels

    yield
    unregister_loss("hinge")


def test_each_type_of_task_has_its_losses(hinge: None) -> None:
    assert list_losses(task_type="classification") == ["cross_entropy", "focal", "hinge"]
    assert list_losses(task_type="regression") == ["huber", "mae", "squared_error"]


def test_the_default_by_its_name_is_the_default() -> None:
    assert loss_for(None, task_type="regression") is None
    assert loss_for("squared_error", task_type="regression") is None
    assert loss_for("huber", task_type="regression") == loss_entry("huber")


def test_a_loss_for_the_other_type_of_task_lists_those_that_fit() -> None:
    with pytest.raises(SpecError, match="loss: 'huber' is for regression; classification takes"):
        loss_for("huber", task_type="classification")


def test_an_unknown_loss_lists_the_closest() -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown loss 'hubber'. Did you mean 'huber'"):
        TrainingSettings(loss="hubber")


def test_the_suites_own_losses_are_not_replaced() -> None:
    with pytest.raises(SpecError, match="loss 'focal' is registered already"):
        register_loss("focal", task_type="classification")(lambda y, z: y)
    with pytest.raises(SpecError, match="'focal' is the suite's own"):
        unregister_loss("focal")
    with pytest.raises(SpecError, match="loss 'x': task_type: expected one of classification"):
        register_loss("x", task_type="ranking")


def test_settings_at_their_defaults_leave_a_trials_content_as_it_was() -> None:
    content = TrainingSettings().content()
    assert set(content) == {
        "optimizer",
        "learning_rate",
        "momentum",
        "nesterov",
        "weight_decay",
        "clip_norm",
        "schedule",
        "warmup",
        "batch_size",
    }
    assert TrainingSettings(loss="cross_entropy", class_weight="none").content() == content


def test_a_users_loss_is_part_of_a_trials_content_with_its_source(hinge: None) -> None:
    assert TrainingSettings(loss="focal").content()["loss"] == ["focal", ""]
    name, version = TrainingSettings(loss="hinge").content()["loss"]
    assert name == "hinge" and len(version) == 16
    assert TrainingSettings(class_weight="balanced").content()["class_weight"] == "balanced"
