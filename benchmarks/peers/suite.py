"""dlsuite: all members in one graph, an epoch and its evaluation in one call.

The suite evaluates both splits and keeps gradient statistics in every epoch. An epoch without its
evaluation cannot be called, so the evaluation is timed alone and taken off.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

from benchmarks.cases import BATCH, Case, Examples
from benchmarks.peers.measured import Measured
from dlsuite import create_model
from dlsuite.data import Dataset, Guess, Split
from dlsuite.training.batches import epoch_batches
from dlsuite.training.examples import place
from dlsuite.training.graph import TrainingGraph
from dlsuite.training.lanes import lanes
from dlsuite.training.objective import Objective
from dlsuite.training.population_training import Member
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.sizes import population_size

VARIANTS = 4
"""Learning rates with the same seed: `Case.seed` has them side by side."""

_KINDS = {"mlp": "table", "cnn": "image", "gru": "series"}


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train all of the case's members, in populations as the suite cuts them, a few at once.

    Args:
        case: What is trained.
        models: Not read: a population is trained whole.
        epochs: Epochs; the first, which compiles, is not counted.
    """
    began = time.perf_counter()
    data = _dataset(case)
    plain = create_model(
        case.family, input_shape=data.input_shape, outputs=data.outputs, **case.settings
    )
    most = max(VARIANTS, population_size(plain, BATCH))
    sizes = range(VARIANTS, case.members + 1, VARIANTS)
    size = max(n for n in sizes if n <= most and case.members % n == 0)
    members = [
        Member(
            plain,
            TrainingSettings(learning_rate=case.learning_rate(member), batch_size=BATCH),
            case.seed(member),
        )
        for member in range(case.members)
    ]
    objective = Objective(data.task_type)
    graph = TrainingGraph(
        plain,
        members[0].settings,
        objective,
        members=size,
        variants=VARIANTS,
        total_steps=epochs * case.steps,
    )
    examples = place(data, objective, dtype=plain.dtype)
    portions = [members[start : start + size] for start in range(0, case.members, size)]
    trainings = [graph.begin(portion) for portion in portions]
    with ThreadPoolExecutor(lanes()) as threads:
        looks = [lambda one=training: one.look(examples) for training in trainings]
        _seconds(threads, looks)
        train, whole = [], []
        for epoch in range(1, epochs + 1):
            batches = [_batches(case, portion, epoch) for portion in portions]
            for steps, last in batches:
                assert steps.shape == (case.steps, size // VARIANTS, BATCH) and not last.shape[1]
            work = [
                lambda one=training, given=given: one.epoch(examples, *given)
                for training, given in zip(trainings, batches, strict=True)
            ]
            taken, reports = _seconds(threads, work)
            assert all(report.finite.all() for report in reports)
            whole.append(taken)
            train.append(taken - _seconds(threads, looks)[0])
    trained = graph.population.trainable
    return Measured(
        parameters=sum(int(np.prod(variable.shape[1:])) for variable in trained),
        together=case.members,
        train=[train],
        whole=[whole],
        trainings=[time.perf_counter() - began],
    )


def _seconds(threads: ThreadPoolExecutor, work: Sequence[Callable[[], Any]]) -> tuple[float, list]:
    """Do pieces of work at once; the seconds until the last is done, and what they return."""
    start = time.perf_counter()
    done = list(threads.map(lambda piece: piece(), work))
    return time.perf_counter() - start, done


def _batches(case: Case, members: list[Member], epoch: int) -> tuple[tf.Tensor, tf.Tensor]:
    """A population's batches of an epoch, in the suite's own order, a row a seed."""
    by_seed = [
        epoch_batches(
            member.model,
            seed=member.seed,
            epoch=epoch,
            examples=case.steps * BATCH,
            batch_size=BATCH,
        )
        for member in members[::VARIANTS]
    ]
    whole = np.stack([batches.whole for batches in by_seed], axis=1)
    return tf.constant(whole), tf.constant(np.stack([batches.last for batches in by_seed]))


def _dataset(case: Case) -> Dataset:
    def split(examples: Examples) -> Split:
        return Split(examples.x, examples.y)

    training, validation = map(split, case.data())
    return Dataset(
        name=case.name,
        kind=_KINDS[case.family],
        task_type="classification",
        train=training,
        validation=validation,
        test=validation,
        feature_names=(),
        class_names=tuple(str(label) for label in range(case.outputs)),
        vocabulary=None,
        target_mean=0.0,
        target_scale=1.0,
        source="",
        license="",
        description="",
        guess=Guess("none", {}),
    )
