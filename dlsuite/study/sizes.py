"""How large the populations of a study are. Asking builds models, which needs TensorFlow."""

import math
from typing import Any, NamedTuple

from dlsuite.data import Dataset
from dlsuite.quiet import import_tensorflow
from dlsuite.study.setups import load, setups_of
from dlsuite.study.trial import Trial


class PopulationSize(NamedTuple):
    """How large a population is.

    Attributes:
        members: Its members.
        parameters: Weights of one member.
        arrays: How many arrays these are.
        layers: Layers of which every epoch has a row.
        bytes: The memory that it takes while it trains, by estimate.
        apart: Layers that are called once a member, since they have no population form.
        work: What there is to compute for it.
    """

    members: int
    parameters: int
    arrays: int
    layers: int
    bytes: int
    apart: tuple[str, ...]
    work: "PopulationWork"


class PopulationWork(NamedTuple):
    """What there is to compute for a population in an epoch, and once when it is trained.

    Attributes:
        calls: Training steps and batches of the inference pass.
        multiplications: Numbers multiplied by a weight, of all members.
        bytes: The memory that all steps touch.
        sequential: Steps that wait for one another: those of recurrent layers.
        operations: Operations of the model, each of which is compiled.
        last_multiplications: Numbers multiplied by a weight when it is trained: to evaluate the test split,
            and to see what hidden units depend on.
        last_sequential: Steps that wait for one another then.
    """

    calls: float
    multiplications: float
    bytes: float
    sequential: float
    operations: float
    last_multiplications: float
    last_sequential: float


def population_size_of(trial: Trial) -> int:
    """How many members the populations of a trial's structure have."""
    return estimate_size(trial).members


def estimate_size(trial: Trial) -> PopulationSize:
    """Estimate how large the populations of a trial's structure are."""
    import_tensorflow()
    from dlsuite.training.population import layers_apart
    from dlsuite.training.sizes import footprint, held_bytes, population_size
    from dlsuite.training.units import layers_of, relu_layers

    data = load(trial)
    (setup,) = setups_of([trial], data)
    batch_size = trial.training.batch_size
    members = population_size(setup.model, batch_size)
    trained = {path for path, layer in layers_of(setup.model) if layer.trainable_variables}
    return PopulationSize(
        members=members,
        parameters=footprint(setup.model, batch_size).parameters,
        arrays=len(setup.model.weights),
        layers=len(trained | set(relu_layers(setup.model))),
        bytes=held_bytes(setup.model, batch_size, members),
        apart=tuple(layers_apart(setup.model)),
        work=_work(setup.model, data, batch_size, members),
    )


def _work(model: Any, data: Dataset, batch_size: int, members: int) -> PopulationWork:
    from dlsuite.training.dependence import EXAMPLES, LESIONS
    from dlsuite.training.examples import EVALUATION_BATCH
    from dlsuite.training.sizes import footprint
    from dlsuite.training.work import work_of

    work = work_of(model)
    steps = math.ceil(len(data.train) / batch_size)
    passed = len(data.train) + len(data.validation)
    batches = math.ceil(passed / EVALUATION_BATCH)
    looked_at = min(EXAMPLES, len(data.validation)) * (1 + LESIONS) + len(data.test)
    touched = (steps, batch_size), (batches, EVALUATION_BATCH)
    return PopulationWork(
        calls=steps + batches,
        # The backward pass costs as much as two forward passes.
        multiplications=members * (3 * len(data.train) + passed) * work.multiplications,
        bytes=members * sum(n * footprint(model, size).step_bytes for n, size in touched),
        sequential=(3 * steps + batches) * work.sequential,
        operations=work.operations,
        last_multiplications=members * looked_at * work.multiplications,
        last_sequential=work.sequential,
    )
