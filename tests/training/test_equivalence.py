"""A trial against the plain loop that anybody would write: same weights, same batches, no XLA."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from dlsuite.data import Dataset
from dlsuite.models import create_model
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

EPOCHS = 4
STEPS = 3  # 19 examples in batches of 8: 8, 8 and 3.
TOTAL = EPOCHS * STEPS
schedules = keras.optimizers.schedules

# For each case what the suite is told, and the optimizer that Keras's own documentation would give.
CASES: dict[str, tuple[dict[str, Any], Callable[[], keras.optimizers.Optimizer]]] = {
    "sgd": (
        {"optimizer": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}
        | {"schedule": "step", "clip_norm": 0.5},
        lambda: keras.optimizers.SGD(
            schedules.PiecewiseConstantDecay(
                [TOTAL // 2 - 1, TOTAL * 3 // 4 - 1], [0.1, 0.01, 0.001]
            ),
            momentum=0.9,
            nesterov=True,
            global_clipnorm=0.5,
        ),
    ),
    "rmsprop": (
        {"optimizer": "rmsprop", "learning_rate": 0.01, "momentum": 0.5, "weight_decay": 0.1},
        lambda: keras.optimizers.RMSprop(0.01, momentum=0.5, weight_decay=0.1),
    ),
    "adam": (
        {"optimizer": "adam", "learning_rate": 0.02, "schedule": "cosine", "warmup": 0.25},
        lambda: keras.optimizers.Adam(
            schedules.CosineDecay(
                0.02 / 4, decay_steps=TOTAL - 3, warmup_target=0.02, warmup_steps=3
            )
        ),
    ),
    "adamw": (
        {"optimizer": "adamw", "learning_rate": 0.02, "weight_decay": 0.3, "clip_norm": 0.4},
        lambda: keras.optimizers.AdamW(0.02, weight_decay=0.3, global_clipnorm=0.4),
    ),
}


def check(
    setup: TrialSetup, optimizer: Any, data: Dataset, reference: Any, trainer: Trainer
) -> None:
    [result] = trainer.train([setup], data, epochs=EPOCHS)
    expected = reference.train(
        setup.model,
        optimizer,
        data,
        seed=setup.seed,
        batch_size=setup.settings.batch_size,
        epochs=EPOCHS,
    )
    assert [row["epoch"] for row in result.curves] == list(range(EPOCHS + 1))
    for split in ("train_loss", "val_loss"):
        got, want = ([row[split] for row in curves] for curves in (result.curves, expected))
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-6)
        assert len(set(want)) == EPOCHS + 1, "the reference did not move"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("task_type", ["classification", "regression"])
def test_every_optimizer_takes_the_steps_that_keras_takes(
    case: str, task_type: str, dataset: Any, reference: Any, trainer: Trainer
) -> None:
    settings, optimizer = CASES[case]
    data = dataset(task_type)
    model = create_model(
        "mlp",
        input_shape=data.input_shape,
        outputs=data.outputs,
        units=[6],
        activation="tanh",
        batch_norm=task_type == "classification",
        l2=0.01,
    )
    setup = TrialSetup(model, TrainingSettings(batch_size=8, **settings), seed=3)
    check(setup, optimizer(), data, reference, trainer)


@pytest.mark.parametrize(
    ("name", "kind", "settings"),
    [
        ("simple_rnn", "series", {"units": [4]}),
        ("gru", "text", {"units": [4, 3], "embedding": 3}),
        ("lstm", "series", {"units": [4], "l2": 0.01}),
        ("cnn", "image", {"filters": [3], "units": 5, "l2": 0.01}),
        ("resnet", "image", {"filters": [2, 3]}),
        ("bilstm", "text", {"units": [4, 3], "embedding": 3}),
        ("tabular_resnet", "table", {"width": 5, "l2": 0.01}),
        ("tcn", "series", {"filters": 3, "kernel_size": 2}),
        ("text_cnn", "text", {"filters": 3, "widths": [2, 3], "embedding": 3}),
    ],
)
def test_every_model_trains_as_in_the_plain_loop(
    name: str, kind: str, settings: dict[str, Any], dataset: Any, reference: Any, trainer: Trainer
) -> None:
    data = dataset("classification" if kind in ("text", "image") else "regression", kind=kind)
    model = create_model(
        name,
        input_shape=data.input_shape,
        outputs=data.outputs,
        vocabulary=len(data.vocabulary) if data.vocabulary else None,
        activation="tanh",
        batch_norm=True,
        **settings,
    )
    setup = TrialSetup(model, TrainingSettings(learning_rate=0.01, batch_size=8), seed=1)
    check(setup, keras.optimizers.Adam(0.01), data, reference, trainer)


def test_a_graph_made_for_other_rates_and_penalties_trains_as_in_the_plain_loop(
    dataset: Any, reference: Any, trainer: Trainer
) -> None:
    data = dataset()

    def setup(seed: int, learning_rate: float, **settings: Any) -> TrialSetup:
        model = create_model(
            "mlp", input_shape=(4,), outputs=3, units=[6], activation="tanh", **settings
        )
        return TrialSetup(
            model,
            TrainingSettings(optimizer="sgd", learning_rate=learning_rate, batch_size=8),
            seed=seed,
        )

    trainer.train([setup(0, 0.5, dropout=0.5, l2=0.1)], data, epochs=2)
    second = setup(1, 0.2, dropout=0.0, l2=0.02)
    check(second, keras.optimizers.SGD(0.2), data, reference, trainer)
    third = replace(second, settings=replace(second.settings, learning_rate=0.05), seed=2)
    check(third, keras.optimizers.SGD(0.05), data, reference, trainer)


def test_a_nested_model_trains_as_in_the_plain_loop(
    dataset: Any, reference: Any, trainer: Trainer
) -> None:
    data = dataset()
    inner_inputs = keras.Input((5,), name="inner_input")
    hidden = keras.layers.Dense(
        5, kernel_regularizer=keras.regularizers.L1L2(0.01, 0.02), name="dense"
    )
    hidden = keras.layers.Dropout(0.0, name="drop")(hidden(inner_inputs))
    inner = keras.Model(inner_inputs, hidden, name="inner")
    inputs = keras.Input((4,), name="input")
    x = keras.layers.Dense(5, activation="tanh", kernel_regularizer="l1", name="first")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="output")(inner(x)), name="outer")
    setup = TrialSetup(model, TrainingSettings(learning_rate=0.02, batch_size=8), seed=0)
    check(setup, keras.optimizers.Adam(0.02), data, reference, trainer)


def test_a_sequential_model_trains_as_in_the_plain_loop(
    dataset: Any, reference: Any, trainer: Trainer
) -> None:
    data = dataset("regression")
    model = keras.Sequential(
        [
            keras.Input((4,), name="input"),
            keras.layers.Dense(5, activation="tanh", name="hidden"),
            keras.layers.Dense(1, name="output"),
        ],
        name="sequential",
    )
    setup = TrialSetup(model, TrainingSettings(learning_rate=0.02, batch_size=8), seed=0)
    check(setup, keras.optimizers.Adam(0.02), data, reference, trainer)


def test_a_training_split_smaller_than_a_batch_is_one_batch(
    dataset: Any, reference: Any, trainer: Trainer
) -> None:
    data = dataset(train=5)
    model = create_model("mlp", input_shape=(4,), outputs=3, units=[6], batch_norm=True)
    setup = TrialSetup(model, TrainingSettings(learning_rate=0.02, batch_size=64), seed=0)
    check(setup, keras.optimizers.Adam(0.02), data, reference, trainer)
