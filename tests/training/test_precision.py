"""Mixed precision: a member trains as the plain Keras model with the same dtype policies does."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.errors import SpecError
from dlsuite.models import create_model
from dlsuite.training.initialize import initial_weights
from dlsuite.training.loss_scale import LossScale
from dlsuite.training.population import Population
from dlsuite.training.precision import with_precision
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.trainer import Trainer, TrialSetup

layers = keras.layers
CASES: tuple[tuple[str, str, dict[str, Any], str, float], ...] = (
    ("gru", "text", {"units": [4], "embedding": 3}, "mixed_bfloat16", 0.01),
    ("cnn", "image", {"filters": [3], "units": 5}, "mixed_float16", 0.002),
    ("tabular_resnet", "table", {"width": 5, "l2": 0.01}, "mixed_float16", 0.002),
)
"""A model, its data, its settings, a precision, and how far losses may be apart."""


def build(name: str, data: Any, **settings: Any) -> keras.Model:
    return create_model(
        name,
        input_shape=data.input_shape,
        outputs=data.outputs,
        vocabulary=len(data.vocabulary) if data.vocabulary else None,
        activation="tanh",
        **settings,
    )


@pytest.mark.parametrize(("name", "kind", "settings", "precision", "tolerance"), CASES)
def test_a_member_trains_as_the_plain_model_with_the_same_policies(
    name: str,
    kind: str,
    settings: dict[str, Any],
    precision: Any,
    tolerance: float,
    dataset: Any,
    reference: Any,
) -> None:
    data = dataset(kind=kind)
    model = build(name, data, batch_norm=True, **settings)
    chosen = TrainingSettings(learning_rate=0.02, batch_size=8, precision=precision)
    setups = [TrialSetup(model, chosen, seed) for seed in (0, 1)]
    results = Trainer(members=2).train(setups, data, epochs=4)
    for setup, result in zip(setups, results, strict=True):
        optimizer: Any = keras.optimizers.Adam(0.02)
        if precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        expected = reference.train(
            setup.model, optimizer, data, seed=setup.seed, batch_size=8, epochs=4
        )
        assert abs(expected[-1]["train_loss"] - expected[0]["train_loss"]) > 5 * tolerance
        for row, want in zip(result.curves, expected, strict=True):
            for loss in ("train_loss", "val_loss"):
                assert row[loss] == pytest.approx(want[loss], abs=tolerance)


def test_another_precision_computes_something_else(dataset: Any) -> None:
    data = dataset()
    model = build("mlp", data, units=[6])
    of_each = []
    for precision in ("float32", "mixed_bfloat16", "mixed_float16"):
        mixed = with_precision(model, precision)
        population = Population(mixed, members=1)
        population.load([mixed], [initial_weights(model, 0)], [0])
        outputs = population(data.train.x[None])
        assert outputs.dtype == "float32"
        of_each.append(outputs.numpy())
    full, *others = of_each
    for other in others:
        assert not np.array_equal(other, full)
        np.testing.assert_allclose(other, full, atol=0.03)
    assert not np.array_equal(*others)


def test_weights_and_outputs_stay_in_32_bits(dataset: Any) -> None:
    model = build("gru", dataset(kind="text"), units=[4], batch_norm=True)
    mixed = with_precision(model, "mixed_bfloat16")
    types = {layer.name: layer.compute_dtype for layer in mixed._flatten_layers(include_self=False)}
    assert {v.dtype for v in mixed.weights} == {"float32"}
    assert {name for name, dtype in types.items() if dtype != "bfloat16"} == {
        mixed.layers[0].name,
        mixed.layers[-1].name,
    }
    assert mixed.output.dtype == "float32"
    assert {layer.compute_dtype for layer in model._flatten_layers()} == {"float32"}


def test_setups_that_share_a_model_share_the_one_of_another_precision(dataset: Any) -> None:
    model = build("mlp", dataset(), units=[4])
    settings = TrainingSettings(precision="mixed_float16")
    first, second = (TrialSetup(model, settings, seed) for seed in (0, 1))
    assert first.model is second.model is not model
    assert TrialSetup(model, TrainingSettings(), 0).model is model


def test_a_model_that_was_built_in_mixed_precision_trains_in_it(
    dataset: Any, reference: Any
) -> None:
    data = dataset()
    inputs = keras.Input((4,), name="input")
    half = layers.Dense(5, activation="tanh", dtype="mixed_float16", name="half")(inputs)
    model = keras.Model(inputs, layers.Dense(3, dtype="mixed_float16", name="out")(half))
    [result] = Trainer().train(
        [TrialSetup(model, TrainingSettings(learning_rate=0.01, batch_size=8), 0)], data, epochs=2
    )
    wrapped = with_precision(model, "mixed_bfloat16")
    assert [layer.compute_dtype for layer in wrapped.layers[1:]] == ["float16"] * 2
    assert result.status == "completed"
    assert all(weight.dtype == np.float32 for weight in result.weights)


def test_a_precision_that_is_none_of_keras_mixed_ones_is_refused(dataset: Any) -> None:
    inputs = keras.Input((6, 6, 1))
    flipped = layers.RandomFlip(dtype="mixed_bfloat16", name="flip")(inputs)
    model = keras.Model(inputs, layers.Dense(3)(layers.Flatten()(flipped)))
    with pytest.raises(SpecError, match=r"layer 'flip': expected a layer that computes in float32"):
        Trainer().check(TrialSetup(model, TrainingSettings(), 0), dataset(kind="image"))
    with pytest.raises(SpecError, match=r"precision: .*mixed_bfloat16"):
        TrainingSettings(precision="float16")


def test_the_default_precision_is_no_part_of_a_key() -> None:
    assert "precision" not in TrainingSettings().content()
    assert TrainingSettings(precision="mixed_float16").content()["precision"] == "mixed_float16"
    assert TrainingSettings(precision="mixed_float16").structure() != TrainingSettings().structure()


# ---- loss scaling


class Steep(layers.Layer):
    """Multiplies, so that gradients grow on their way back as much as a test needs."""

    def __init__(self, factor: float, **options: Any) -> None:
        super().__init__(**options)
        self.factor = factor

    def call(self, inputs: Any) -> Any:
        return inputs * self.factor

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}


def steep() -> keras.Model:
    """A model whose gradients do not fit into float16 at the scale at which a training begins."""
    inputs = keras.Input((4,), name="input")
    x = layers.Dense(5, activation="tanh", name="first")(inputs)
    return keras.Model(inputs, layers.Dense(3, name="out")(Steep(64.0, name="steep")(x)))


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_steps_whose_gradients_overflow_are_skipped_as_keras_skips_them(
    optimizer: str, dataset: Any, reference: Any
) -> None:
    data = dataset()
    model = steep()
    settings = {"learning_rate": 1e-3, "batch_size": 8, "precision": "mixed_float16"}
    schedule = keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=12)
    kinds: dict[str, Any] = {
        "sgd": (
            {"momentum": 0.9, "clip_norm": 0.5},
            lambda: keras.optimizers.SGD(schedule, momentum=0.9, global_clipnorm=0.5),
        ),
        "adamw": (
            {"weight_decay": 0.3},
            lambda: keras.optimizers.AdamW(schedule, weight_decay=0.3),
        ),
    }
    own, inner = kinds[optimizer]
    setup = TrialSetup(
        model,
        TrainingSettings(optimizer=optimizer, schedule="cosine", **settings, **own),
        seed=0,
    )
    [result] = Trainer().train([setup], data, epochs=4)
    keras_own = keras.optimizers.LossScaleOptimizer(inner())
    expected = reference.train(setup.model, keras_own, data, seed=0, batch_size=8, epochs=4)
    skipped = 12 - int(keras_own.iterations)
    assert 0 < skipped < 12
    assert result.status == "completed"
    moved, wanted = (
        [row["train_loss"] - rows[0]["train_loss"] for row in rows[1:]]
        for rows in (result.curves, expected)
    )
    assert moved == pytest.approx(wanted, rel=0.03)
    norms = [row["gradient_norm"] for row in result.curves[1:]]
    assert np.isfinite(norms).all()


def test_a_member_that_skips_or_diverges_leaves_its_neighbors_alone(
    dataset: Any, reference: Any
) -> None:
    data = dataset()

    def setup(seed: int, learning_rate: float) -> TrialSetup:
        chosen = TrainingSettings(
            learning_rate=learning_rate, batch_size=8, precision="mixed_float16"
        )
        return TrialSetup(model, chosen, seed)

    model = steep()
    calm = [setup(0, 1e-3), setup(1, 1e-3)]
    alone = Trainer(members=2).train(calm, data, epochs=3)
    beside = Trainer(members=2).train([calm[0], setup(1, 1e30)], data, epochs=3)
    assert [result.status for result in beside] == ["completed", "diverged"]
    assert reference.same_bits(alone[0], beside[0])
    assert all(np.isfinite(weight).all() for weight in beside[1].last_weights)


def test_a_scale_is_halved_by_overflow_and_doubled_after_2000_steps() -> None:
    scale = LossScale(3)
    factors, held = scale.variables
    for step in range(1, 17):
        skips = scale.adapt(tf.constant([True, step != 9, False]))
        assert skips.numpy().tolist() == [False, step == 9, step <= 15]
    assert factors.numpy().tolist() == [2.0**15, 2.0**14, 0.5]
    assert held.numpy().tolist() == [16, 7, 0]
    held.assign([1998, 7, 0])
    for _ in range(2):
        scale.adapt(tf.constant([True, True, True]))
    assert factors.numpy().tolist() == [2.0**16, 2.0**14, 0.5]
    assert held.numpy().tolist() == [0, 9, 2]
    scale.load()
    assert factors.numpy().tolist() == [2.0**15] * 3
    assert scale.scaled(tf.constant([1.0, 2.0, 3.0])).numpy().tolist() == [2**15, 2**16, 3 * 2**15]
    [gradient] = scale.unscaled([tf.fill([3, 2], 2.0**15)])
    assert gradient.numpy().tolist() == [[1, 1]] * 3
