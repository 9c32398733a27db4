"""Tiny data sets, and the plain tape loop that a trial is compared with."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlsuite.data import Dataset, Guess, Split
from dlsuite.training.initialize import seeded_copy
from dlsuite.training.result import TrialResult
from dlsuite.training.streams import batch_order
from dlsuite.training.trainer import Trainer

SHAPES = {"table": (4,), "series": (5, 2), "image": (6, 6, 1), "text": (5,)}
VOCABULARY = 7


def make_dataset(
    task_type: str = "classification",
    *,
    kind: str = "table",
    train: int = 19,
    validation: int = 13,
    test: int = 11,
    seed: int = 0,
) -> Dataset:
    generator = np.random.default_rng(seed)
    examples = train + validation + test
    shape = (examples, *SHAPES[kind])
    if kind == "text":
        x = generator.integers(0, VOCABULARY, shape).astype(np.int32)
    else:
        x = generator.normal(size=shape).astype(np.float32)
    flat = x.reshape(examples, -1)
    signal = np.tanh(flat @ generator.normal(size=flat.shape[1]))
    if task_type == "classification":
        y = np.digitize(signal, np.quantile(signal, [0.33, 0.67])).astype(np.int32)
    else:
        y = (50 + 10 * signal).astype(np.float32)
    borders = [train, train + validation]
    splits = [
        Split(*parts) for parts in zip(np.split(x, borders), np.split(y, borders), strict=True)
    ]
    regression = task_type == "regression"
    return Dataset(
        name="tiny",
        kind=kind,  # type: ignore[arg-type]
        task_type=task_type,  # type: ignore[arg-type]
        train=splits[0],
        validation=splits[1],
        test=splits[2],
        feature_names=(),
        class_names=() if regression else ("low", "middle", "high"),
        vocabulary=tuple("_?abcde") if kind == "text" else None,
        target_mean=float(splits[0].y.mean()) if regression else 0.0,
        target_scale=float(splits[0].y.std()) if regression else 1.0,
        source="made up",
        license="none",
        description="drawn",
        guess=Guess("mean" if regression else "majority class", {}),
    )


@pytest.fixture(scope="session")
def dataset() -> Callable[..., Dataset]:
    """Makes a data set of random numbers with something to learn in it."""
    return make_dataset


@pytest.fixture(scope="module")
def trainer() -> Trainer:
    """One trainer a module, so that tests share its compiled graphs."""
    return Trainer()


def losses_of(data: Dataset, y: np.ndarray, outputs: Any) -> Any:
    """Keras's own loss of each example."""
    if data.task_type == "classification":
        return keras.losses.sparse_categorical_crossentropy(y, outputs, from_logits=True)
    targets = ((y.astype(np.float64) - data.target_mean) / data.target_scale).astype(np.float32)
    return keras.losses.mean_squared_error(targets[:, None], outputs)


def mean_loss(model: keras.Model, data: Dataset, split: str) -> float:
    """The loss of a split by the plain model's inference pass."""
    part: Split = getattr(data, split)
    return float(np.mean(losses_of(data, part.y, model(part.x, training=False))))


def train_plainly(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    data: Dataset,
    *,
    seed: int,
    batch_size: int,
    epochs: int,
    skip_single: bool = False,
) -> list[dict[str, float]]:
    """The loop that anybody would write, by Keras's own optimizer and penalties, without XLA."""
    plain = seeded_copy(model, seed)
    optimizer.build(plain.trainable_variables)

    def step(rows: np.ndarray) -> None:
        x, y = data.train.x[rows], data.train.y[rows]
        with tf.GradientTape() as tape:
            outputs = plain(x, training=True)
            loss = tf.reduce_mean(losses_of(data, y, outputs)) + sum(plain.losses)
            loss = optimizer.scale_loss(loss)
        variables = plain.trainable_variables
        gradients = tape.gradient(loss, [v.value for v in variables])
        optimizer.apply([tf.convert_to_tensor(g) for g in gradients], variables)

    def look(epoch: int) -> dict[str, float]:
        train, validation = (mean_loss(plain, data, split) for split in ("train", "validation"))
        return {"epoch": epoch, "train_loss": train, "val_loss": validation}

    curves = [look(0)]
    for epoch in range(1, epochs + 1):
        order = batch_order(seed, epoch, len(data.train))
        for first in range(0, len(order), batch_size):
            rows = order[first : first + batch_size]
            if len(rows) > 1 or not skip_single:
                step(rows)
        curves.append(look(epoch))
    return curves


def same_bits(first: TrialResult, second: TrialResult) -> bool:
    """Whether two results are equal to the last bit, where NaN equals NaN."""

    def rows(result: TrialResult) -> str:
        return repr([result.status, result.diverged_epoch, result.best_epoch, result.notes]) + repr(
            [
                result.scores,
                result.curves,
                result.layers,
                result.unit_correlation,
                result.lesion_loss,
            ]
        )

    return (
        rows(first) == rows(second)
        and len(first.weights) == len(second.weights)
        and all(map(np.array_equal, first.weights, second.weights))
    )


@pytest.fixture(scope="session")
def reference() -> Any:
    """The helpers above, by name."""

    class Reference:
        train = staticmethod(train_plainly)
        mean_loss = staticmethod(mean_loss)
        losses = staticmethod(losses_of)
        same_bits = staticmethod(same_bits)

    return Reference
