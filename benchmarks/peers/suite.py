"""dlsuite: all members in one graph, an epoch and its evaluation in one call.

The suite evaluates both splits and keeps gradient statistics in every epoch. An epoch without its
evaluation cannot be called, so the evaluation is timed alone and taken off.
"""

import time

import numpy as np
import tensorflow as tf

from benchmarks.cases import BATCH, Case, Examples
from benchmarks.peers.measured import Measured
from dlsuite import create_model
from dlsuite.data import Dataset, Guess, Split
from dlsuite.training.batches import epoch_batches
from dlsuite.training.examples import place
from dlsuite.training.graph import Member, TrainingGraph
from dlsuite.training.objective import Objective
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.step import weight_norms

_KINDS = {"mlp": "table", "cnn": "image", "gru": "series"}


def run(case: Case, *, models: int, epochs: int) -> Measured:
    """Train all of the case's members as one population.

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
        members=case.members,
        total_steps=epochs * case.steps,
    )
    examples = place(data, objective, dtype=plain.dtype)
    graph.begin(members)
    graph.look(examples)
    train, whole = [], []
    for epoch in range(epochs):
        batches, last = _batches(case, members, epoch + 1)
        assert batches.shape == (case.steps, case.members, BATCH) and not last.shape[1]
        start = time.perf_counter()
        report = graph.epoch(examples, batches, last)
        whole.append(time.perf_counter() - start)
        train.append(whole[-1] - _evaluation_seconds(graph, examples))
    assert report.finite.all()
    trained = graph.population.trainable
    return Measured(
        parameters=sum(int(np.prod(variable.shape[1:])) for variable in trained),
        together=case.members,
        train=[train],
        whole=[whole],
        trainings=[time.perf_counter() - began],
    )


def _evaluation_seconds(graph: TrainingGraph, examples: object) -> float:
    """Seconds of an evaluation; the norms, which `look` computes outside its graph, do not count."""
    times = [time.perf_counter()]
    for function in (lambda: graph.look(examples), lambda: weight_norms(graph.population).numpy()):
        function()
        times.append(time.perf_counter())
    looked, norms = np.diff(times)
    return float(looked - norms)


def _batches(case: Case, members: list[Member], epoch: int) -> tuple[tf.Tensor, tf.Tensor]:
    """All members' batches of an epoch, in the suite's own order."""
    by_seed = {
        seed: epoch_batches(
            members[0].model,
            seed=seed,
            epoch=epoch,
            examples=case.steps * BATCH,
            batch_size=BATCH,
        )
        for seed in {member.seed for member in members}
    }
    whole = np.stack([by_seed[member.seed].whole for member in members], axis=1)
    last = np.stack([by_seed[member.seed].last for member in members])
    return tf.constant(whole), tf.constant(last)


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
