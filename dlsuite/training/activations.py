"""What each layer hands on, at many places at once: say, with the weights of every epoch of a training.

Places are members of a population, so that one eager pass computes several.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.checks import dtype_of
from dlsuite.training.forms import Form
from dlsuite.training.lanes import BUILDING
from dlsuite.training.members import Members
from dlsuite.training.population import Population
from dlsuite.training.sizes import footprint
from dlsuite.training.units import hidden_layers, layers_of

SATURATED = 0.05
"""How near to an end of its range an activation is saturated, as a share of half the range."""

_VALUES_KEPT = 2**16
"""Values of a layer and place that are kept, at most: their quantiles are good to a percent or two."""
_NUMBERS_AT_ONCE = 2**25
"""Numbers that a pass may compute: 128 MB in float32, which a small machine has to spare."""
_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
"""The ends that bounded activations approach."""


@dataclass(frozen=True)
class Values:
    """Numbers in a network, over examples and, of images and sequences, positions.

    Attributes:
        kept: Some of them, the same ones at every place, `[places, values]`.
        mean: The mean of all of them, `[places]`.
        deviation: The standard deviation over examples and positions, `[places]`: the root mean square of the
            units' own. Units that are each constant have none, however far apart they are.
    """

    kept: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray


@dataclass(frozen=True)
class LayerActivity:
    """What a layer hands on at each place.

    Attributes:
        layer: Its path; with the number of the call from the second on.
        role: `input`, `hidden` or `output`.
        activation: Its activation function by Keras's name; empty where it has none or one without a name.
        units: How many units it has.
        outputs: What it hands on.
        inputs: The sums that its activation takes in; None where Keras computes both in one layer.
        zero: The share of its outputs that are 0, `[places]`.
        dead: The share of its units that hand on 0 for every example, `[places]`.
        saturated: The share of its outputs that are saturated, `[places]`: a tanh beyond 0.95 in size, a
            sigmoid below 0.025 or above 0.975. Not numbers where the activation has no such ends.
    """

    layer: str
    role: str
    activation: str
    units: int
    outputs: Values
    inputs: Values | None
    zero: np.ndarray
    dead: np.ndarray
    saturated: np.ndarray


def layer_activity(
    model: keras.Model, weights: Sequence[Sequence[np.ndarray]], x: np.ndarray
) -> list[LayerActivity]:
    """Send examples forward through a model at many places in the space of its weights.

    Nothing is dropped. Batch normalization uses the mean and variance of these examples, as a step of
    training uses those of its batch: the moving statistics of an inference pass are 0 and 1 before the
    first step, and would leave the layer out.

    Args:
        model: A plain model. It is not changed.
        weights: For each place, the model's weights, in the order of `model.weights`.
        x: The examples, `[examples, ...]`.

    Returns:
        The input (unless it is token ids), the hidden layers and the output, in the order of computation.

    Raises:
        SpecError: The model cannot be trained by the suite.

    References:
        Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks:
        activations by layer over training. Ioffe and Szegedy (2015), Batch normalization.
    """
    room = _NUMBERS_AT_ONCE // max(1, footprint(model, 1).activations * len(x))
    members = max(1, min(len(weights), room))
    observer = _Observer(model)
    with BUILDING:
        population = Population(model, members)
        whole = np.issubdtype(x.dtype, np.integer)
        given = tf.constant(x if whole else x.astype(dtype_of(model)))[None]
        for start in range(0, len(weights), members):
            part = weights[start : start + members]
            padded = [*part, *[part[-1]] * (members - len(part))]
            population.load([model] * members, padded, [0] * members)
            observer.begin(places=len(part))
            observer.end(population.observed(given, observer))
    found = observer.activities()
    if whole:
        return found
    still = [_measure(x.reshape(1, -1, x.shape[-1]), "")] * len(weights)
    return [_gathered("input", "input", "", int(x.shape[-1]), still, None), *found]


@dataclass(frozen=True)
class _Part:
    """What a pass found of a layer: `kept` is `[places, values]`, all else `[places]`."""

    units: int
    kept: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    zero: np.ndarray
    dead: np.ndarray
    saturated: np.ndarray


class _Observer:
    """Gathers what the hidden layers take in and hand on, pass by pass.

    Args:
        model: The plain model.
    """

    def __init__(self, model: keras.Model) -> None:
        layers = dict(layers_of(model))
        self._activations = {path: _activation_of(layers[path]) for path in hidden_layers(model)}
        self._alone = {path for path in self._activations if _is_alone(layers[path])}
        self._normalizing = {
            path
            for path, layer in layers.items()
            if isinstance(layer, keras.layers.BatchNormalization)
        }
        self._outputs: dict[str, list[_Part]] = {}
        self._inputs: dict[str, list[_Part]] = {}
        self._paths: dict[str, str] = {}
        self._calls: Counter[str] = Counter()
        self._places = 0

    def begin(self, *, places: int) -> None:
        """A pass begins; only so many of its members count."""
        self._calls.clear()
        self._places = places

    def __call__(self, path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and look at what it hands on."""
        if path in self._normalizing:
            kwargs["training"] = True
        outputs = form(*args, **kwargs)
        if path in self._activations:
            self._calls[path] += 1
            call = self._calls[path]
            name = path if call == 1 else f"{path} (call {call})"
            self._paths[name] = path
            activation = self._activations[path]
            mask = kwargs.get("mask")
            self._outputs.setdefault(name, []).append(self._look(outputs, mask, activation))
            if path in self._alone:
                self._inputs.setdefault(name, []).append(self._look(args[0], mask))
        return outputs

    def end(self, outputs: tf.Tensor) -> None:
        """A pass ends with the model's outputs, `[members, examples, outputs]`."""
        self._outputs.setdefault("", []).append(self._look(Members(outputs)))

    def activities(self) -> list[LayerActivity]:
        """What was seen, the model's output at the end."""
        last = self._outputs.pop("")
        hidden = [
            _gathered(
                name,
                "hidden",
                self._activations[self._paths[name]],
                parts[0].units,
                parts,
                self._inputs.get(name),
            )
            for name, parts in self._outputs.items()
        ]
        return [*hidden, _gathered("output", "output", "", last[0].units, last, None)]

    def _look(self, given: Members, mask: Members | None = None, activation: str = "") -> _Part:
        """Measure what is given, but for the steps that a mask takes out."""
        given = given.spread().with_batch_first()
        value = given.value.numpy()[: self._places]
        rows = value.reshape(len(value), -1, value.shape[-1])
        counted = given.mask if mask is None else mask.spread().value
        if counted is not None and counted.shape == given.value.shape[:-1]:
            # Which steps count is the examples' matter: it is the same at every place.
            rows = rows[:, counted.numpy()[0].ravel()]
        return _measure(rows, activation)


def _measure(rows: np.ndarray, activation: str) -> _Part:
    """Measure values, `[places, samples, units]`."""
    flat = rows.reshape(len(rows), -1)
    zero = rows == 0
    with np.errstate(invalid="ignore", over="ignore"):  # Of a training that explodes.
        mean = np.asarray(np.mean(flat, axis=1, dtype=np.float64))
        own = np.var(rows, axis=1, dtype=np.float64)
        deviation = np.asarray(np.sqrt(np.mean(own, axis=1)))
    saturated = np.full(len(rows), np.nan)
    if activation in _RANGES:
        low, high = _RANGES[activation]
        near = (1 - SATURATED) * (high - low) / 2
        saturated = np.mean(np.abs(flat - (low + high) / 2) > near, axis=1)
    return _Part(
        units=rows.shape[-1],
        kept=flat[:, _kept(flat.shape[1])],
        mean=mean,
        deviation=deviation,
        zero=np.mean(zero, axis=(1, 2)),
        dead=np.mean(np.all(zero, axis=1), axis=1),
        saturated=saturated,
    )


def _kept(values: int) -> np.ndarray:
    """Which of so many values are kept: all, or as many as there is room for, drawn the same every time."""
    if values <= _VALUES_KEPT:
        return np.arange(values)
    generator = np.random.Generator(np.random.Philox(0))
    return np.sort(generator.choice(values, _VALUES_KEPT, replace=False))


def _gathered(
    layer: str,
    role: str,
    activation: str,
    units: int,
    outputs: Sequence[_Part],
    inputs: Sequence[_Part] | None,
) -> LayerActivity:
    def joined(parts: Sequence[_Part], field: str) -> np.ndarray:
        return np.concatenate([getattr(part, field) for part in parts])

    def values(parts: Sequence[_Part]) -> Values:
        return Values(*(joined(parts, field) for field in ("kept", "mean", "deviation")))

    return LayerActivity(
        layer=layer,
        role=role,
        activation=activation,
        units=units,
        outputs=values(outputs),
        inputs=values(inputs) if inputs else None,
        zero=joined(outputs, "zero"),
        dead=joined(outputs, "dead"),
        saturated=joined(outputs, "saturated"),
    )


def _is_alone(layer: keras.Layer) -> bool:
    """Whether a layer does nothing but apply a function of its own to each number that it takes in."""
    return isinstance(
        layer,
        keras.layers.Activation
        | keras.layers.ReLU
        | keras.layers.LeakyReLU
        | keras.layers.PReLU
        | keras.layers.ELU,
    )


def _activation_of(layer: keras.Layer) -> str:
    """The name of the function by which a layer's outputs are made."""
    if isinstance(layer, keras.layers.Bidirectional):
        return _activation_of(layer.forward_layer)
    if isinstance(layer, keras.layers.Wrapper):
        return _activation_of(layer.layer)
    if isinstance(layer, keras.layers.ReLU):
        return "relu"
    activation = getattr(layer, "activation", None)
    return str(getattr(activation, "__name__", "")) if activation is not None else ""
