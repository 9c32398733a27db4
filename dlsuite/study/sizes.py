"""How large the populations of a study are. Asking builds models, which needs TensorFlow."""

from typing import NamedTuple

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
    """

    members: int
    parameters: int
    arrays: int
    layers: int
    bytes: int
    apart: tuple[str, ...]


def population_size_of(trial: Trial) -> int:
    """How many members the populations of a trial's structure have."""
    return estimate_size(trial).members


def estimate_size(trial: Trial) -> PopulationSize:
    """Estimate how large the populations of a trial's structure are."""
    import_tensorflow()
    from dlsuite.training.population import layers_apart
    from dlsuite.training.sizes import footprint, population_bytes, population_size
    from dlsuite.training.units import layers_of, relu_layers

    (setup,) = setups_of([trial], load(trial))
    batch_size = trial.training.batch_size
    members = population_size(setup.model, batch_size)
    trained = {path for path, layer in layers_of(setup.model) if layer.trainable_variables}
    return PopulationSize(
        members=members,
        parameters=footprint(setup.model, batch_size).parameters,
        arrays=len(setup.model.weights),
        layers=len(trained | set(relu_layers(setup.model))),
        bytes=population_bytes(setup.model, batch_size, members),
        apart=tuple(layers_apart(setup.model)),
    )
