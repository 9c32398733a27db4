"""What each unit of a network contributes to the error: to first order, and by taking it out.

A unit's contribution is measured by setting what it hands on to zero. One backward pass estimates that for
all units at once, from the slope of the loss at what they hand on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset, Split
from dlsuite.training.forms import Form
from dlsuite.training.lanes import BUILDING
from dlsuite.training.links import INPUT, OUTPUT, Column, columns_of, unit_layers
from dlsuite.training.members import Members, for_variants
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.sizes import footprint
from dlsuite.training.verification import in_precision

EXAMPLES = 512
"""Examples that are looked at, at most: the first."""

_LESIONS_AT_ONCE = 16
_NUMBERS_AT_ONCE = 2**25
"""Numbers that a pass may compute: 256 MB in float64."""

ByColumn = Mapping[str, np.ndarray]


class FirstOrder(NamedTuple):
    """What a backward pass tells of one place in the space of weights.

    Attributes:
        loss: The mean loss.
        gradients: Of the mean loss, for each trainable variable.
        contribution: By column, `[units]`: the mean over examples of `|a * dL/da|`, an example's loss `L` and
            what a unit hands on `a`, summed over the positions of an image and the steps of a sequence before
            the size is taken.
        activation_gradient: By column, `[units]`: the mean over examples of the length of `dL/da`.
        estimated_change: By column, `[units]`: the mean over examples of `-a * dL/da`, by how much the mean
            loss would change if the unit handed on zero, were the loss a straight line.
    """

    loss: float
    gradients: list[np.ndarray]
    contribution: ByColumn
    activation_gradient: ByColumn
    estimated_change: ByColumn


class HiddenUnits:
    """The units of a network on examples, in inference mode and in float64.

    Args:
        model: A plain model of the structure that is meant. It is not changed.
        data: The data set; its target's scale standardizes the targets.
        examples: Which examples; the first 512 of them are looked at.

    Attributes:
        columns: The network as columns of units.
        examples: The examples that are looked at.
        model: The model in float64.

    Example:
        >>> units = HiddenUnits(model, data, data.train)
        >>> loss, rises = units.lesions(weights)  # rises["dense_1"]: [units]

    References:
        Mozer and Smolensky (1989), Skeletonization: a technique for trimming the fat from a network via
        relevance assessment. Molchanov, Tyree, Karras, Aila and Kautz (2017), Pruning convolutional neural
        networks for resource efficient inference. Morcos et al. (2018), On the importance of single
        directions for generalization.
    """

    def __init__(self, model: keras.Model, data: Dataset, examples: Split) -> None:
        self.examples = Split(examples.x[:EXAMPLES], examples.y[:EXAMPLES])
        with BUILDING:
            self.model = in_precision(model, "float64")
            self._paths = unit_layers(self.model)
            self.columns: list[Column] = columns_of(self.model, self._paths)
        self._objective = Objective.of(data)
        self._activations = footprint(model, 1).activations
        self._populations: dict[int, Population] = {}
        whole = np.issubdtype(self.examples.x.dtype, np.integer)
        self._x = tf.constant(self.examples.x, None if whole else tf.float64)
        self._y = tf.constant(self._objective.standardize(self.examples.y, "float64"))

    def first_order(self, weights: Sequence[np.ndarray]) -> FirstOrder:
        """Go back through the network once.

        Args:
            weights: The weights, in the order of `model.weights`.
        """
        population = self._loaded(weights, 1)
        variables = [variable.value for variable in population.trainable]
        loss = 0.0
        gradients = [np.zeros(variable.shape[1:]) for variable in variables]
        sums: dict[str, np.ndarray] = {}
        total = len(self.examples)
        for x, y in self._parts(1):
            with tf.GradientTape() as tape:
                tape.watch(variables)
                observer = _Watcher(tape, self.columns)
                outputs = population.observed(x, observer)
                losses = tf.reduce_sum(self._objective.losses(y, outputs))
            sources = {**observer.seen, OUTPUT: [Members(outputs)]}
            listed = [call.value for calls in sources.values() for call in calls]
            zero = tf.UnconnectedGradients.ZERO
            found = tape.gradient(losses, [*variables, *listed], unconnected_gradients=zero)
            slopes = iter(found[len(variables) :])
            loss += float(losses) / total
            for gradient, own in zip(gradients, found, strict=False):
                gradient += tf.convert_to_tensor(own).numpy()[0] / total
            for path, calls in sources.items():
                # The calls of a layer that is called several times share their units.
                effect = length = 0.0
                for call, slope in zip(calls, slopes, strict=False):
                    at = replace(call, value=slope).with_batch_first().value.numpy()[0]
                    value = call.with_batch_first().value.numpy()[0]
                    axes = tuple(range(1, value.ndim - 1))
                    with np.errstate(all="ignore"):
                        effect = effect + np.sum(value * at, axis=axes)
                        length = length + np.sum(at**2, axis=axes)
                with np.errstate(all="ignore"):
                    own = np.stack([np.abs(effect), np.sqrt(length), -np.asarray(effect)])
                    sums[path] = sums.get(path, 0.0) + np.sum(own, axis=1) / total
        return FirstOrder(loss, gradients, *({p: s[i] for p, s in sums.items()} for i in range(3)))

    def lesions(self, weights: Sequence[np.ndarray]) -> tuple[float, ByColumn]:
        """Set each hidden unit to zero, one at a time, in all that its layer hands on.

        Args:
            weights: The weights, in the order of `model.weights`.

        Returns:
            The mean loss of the intact network, and for each hidden layer by how much it changes without
            each unit, `[units]`; not numbers where it explodes.
        """
        hidden = [column for column in self.columns if column.kind == "hidden"]
        lost = [(column.path, unit) for column in hidden for unit in range(column.units)]
        # The first member of the first pass loses nothing.
        queue: list[tuple[str, int] | None] = [None, *lost]
        found: list[float] = []
        members = min(_LESIONS_AT_ONCE, len(queue))
        population = self._loaded(weights, members)
        for start in range(0, len(queue), members):
            own = queue[start : start + members]
            kept = {column.path: np.ones([members, column.units]) for column in hidden}
            for member, lesion in enumerate(own):
                if lesion is not None:
                    kept[lesion[0]][member, lesion[1]] = 0.0
            observer = _Surgeon({path: tf.constant(keep) for path, keep in kept.items()})
            sums = np.zeros(members)
            for x, y in self._parts(members):
                outputs = population.observed(x, observer)
                losses = self._objective.losses(for_variants(y, members), outputs)
                sums += tf.reduce_sum(losses, axis=1).numpy()
            found += list(sums[: len(own)] / len(self.examples))
        intact, changed = found[0], np.array(found[1:])
        with np.errstate(all="ignore"):
            rises = np.where(np.isfinite(changed - intact), changed - intact, np.nan)
        ends = np.cumsum([column.units for column in hidden])
        return intact, {
            column.path: rises[end - column.units : end]
            for column, end in zip(hidden, ends, strict=True)
        }

    def activations(self, weights: Sequence[np.ndarray]) -> ByColumn:
        """What each hidden unit hands on, by layer.

        Args:
            weights: The weights, in the order of `model.weights`.

        Returns:
            `[samples, units]`; a sample is an example, or one position or step of it that counts.
        """
        population = self._loaded(weights, 1)
        gathered: dict[str, list[np.ndarray]] = {path: [] for path in self._paths}

        def gather(path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
            outputs = form(*args, **kwargs)
            if path in gathered:
                given = outputs.spread().with_batch_first()
                value = given.value.numpy()[0]
                samples = value.reshape(-1, value.shape[-1])
                if given.mask is not None and given.mask.shape[1:] == value.shape[:-1]:
                    samples = samples[given.mask.numpy()[0].reshape(-1)]
                gathered[path].append(samples)
            return outputs

        for x, _ in self._parts(1):
            population.observed(x, gather)
        return {path: np.concatenate(parts) for path, parts in gathered.items()}

    def _loaded(self, weights: Sequence[np.ndarray], members: int) -> Population:
        """A population whose members all have the same weights."""
        with BUILDING:
            if members not in self._populations:
                self._populations[members] = Population(self.model, members)
            population = self._populations[members]
            for variable, value in zip(population.weights, weights, strict=True):
                variable.assign(np.stack([np.asarray(value)] * members))
        return population

    def _parts(self, members: int) -> Iterator[tuple[tf.Tensor, tf.Tensor]]:
        """Inputs and targets, `[1, some examples, ...]`, as many as memory has room for."""
        some = max(8, _NUMBERS_AT_ONCE // (members * max(1, self._activations)))
        for start in range(0, len(self.examples), some):
            yield self._x[None, start : start + some], self._y[None, start : start + some]


class _Watcher:
    """Lets a tape watch what columns of units hand on.

    Args:
        tape: The tape.
        columns: The columns.

    Attributes:
        seen: By column, what is watched of each call.
    """

    def __init__(self, tape: tf.GradientTape, columns: Sequence[Column]) -> None:
        self._tape = tape
        self.seen: dict[str, list[Members]] = {
            column.path: [] for column in columns if column.kind != "output"
        }
        linked = [column.link for column in columns if column.link is not None]
        self._first = linked[0].name if INPUT in self.seen else None

    def __call__(self, path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and watch what it is given or hands on."""
        if path == self._first:
            args = (self._watched(INPUT, args[0].spread()), *args[1:])
        outputs = form(*args, **kwargs)
        return self._watched(path, outputs.spread()) if path in self.seen else outputs

    def _watched(self, path: str, x: Members) -> Members:
        # A copy: what a tape watches must not have been watched as something else.
        x = replace(x, value=tf.identity(x.value))
        self._tape.watch(x.value)
        self.seen[path].append(x)
        return x


class _Surgeon:
    """Sets units to zero, other ones in every member.

    Args:
        kept: For each layer, 1 where a unit stays and 0 where it goes, `[members, units]`.
    """

    def __init__(self, kept: Mapping[str, tf.Tensor]) -> None:
        self._kept = kept

    def __call__(self, path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and take units out of what it hands on."""
        outputs = form(*args, **kwargs)
        if path not in self._kept:
            return outputs
        outputs = outputs.spread()
        members, units = self._kept[path].shape
        missing = [1] * (outputs.value.shape.rank - 2)
        shape = [members, units, *missing] if outputs.batch_last else [members, *missing, units]
        return replace(outputs, value=outputs.value * tf.reshape(self._kept[path], shape))
