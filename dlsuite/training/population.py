"""The population: models of one structure as one, every weight with a leading member axis.

A plain Keras model is walked through layer by layer; each layer computes for all members at once by its
population form (`dlsuite.training.forms`).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.augmentation import AugmentationSite, augments
from dlsuite.training.checks import check_trainable, dtype_of, graph_of, rates_of
from dlsuite.training.dropout import DropoutSite
from dlsuite.training.forms import Form, form_of, is_fused
from dlsuite.training.initialize import check_seeded, clone_layers
from dlsuite.training.members import Members, map_members
from dlsuite.training.memory import litter, weight_bytes
from dlsuite.training.precision import types_in_layers
from dlsuite.training.units import hidden_layers, layers_of, relu_layers

Observer = Callable[..., Any]
"""Stands in for calls of forms: called with a layer's path, its form and what the form is called with, gives
what the layer hands on."""


class Population:
    """Models of one structure, trained as one.

    Args:
        plain: A functional or sequential model of that structure. Neither it nor its weights are touched.
        members: How many models there are.
        variants: How many models that stand side by side have the same seed, and so the same batches and
            draws; it divides `members`.

    Attributes:
        members: How many models there are.
        variants: How many of one seed stand side by side.
        variables: All variables, weights and what else differs between members.
        weights: A variable `[members, ...]` for each of `plain.weights`, in that order.
        trainable: Those of `plain.trainable_variables`.
        layers: For each layer with trainable weights, by path, their places in `trainable`.
        active_layers: Paths of the layers that end in ReLU.
        active_units: How many units each of them has.
        hidden_layers: Paths of the layers that hand hidden units on, see `hidden_layers` in `units`.
        step: The number of steps taken; an integer variable.

    Raises:
        SpecError: The model cannot be trained by the suite, see `check_trainable`.

    Example:
        >>> population = Population(model, members=2)
        >>> population.load([model, model], [initial_weights(model, 0), initial_weights(model, 1)], [0, 1])
        >>> outputs = population(x)  # x: [2, batch, ...], outputs: [2, batch, outputs]
        >>> second = population.member(1)  # a keras.Model
    """

    def __init__(self, plain: keras.Model, members: int, variants: int = 1) -> None:
        check_trainable(plain)
        check_seeded(plain)
        self.members = members
        self.variants = variants
        self.dtype = dtype_of(plain)
        self.step = keras.Variable(0, trainable=False, dtype="int64")
        self._plain = copy_of(plain)
        self._loaded: list[keras.Model] = [plain] * members
        self._sites = {
            path: DropoutSite(path, self.step, members, variants) for path in rates_of(self._plain)
        }
        self._augmentations = {
            path: AugmentationSite(path, self.step, members // variants)
            for path, layer in layers_of(self._plain)
            if augments(layer)
        }
        self._fused: dict[int, keras.Variable] = {
            id(v): keras.Variable(
                np.stack([np.asarray(v)] * members),
                trainable=v.trainable,
                dtype=v.dtype,
                name=v.name,
            )
            for v in self._plain.weights
        }
        self._forms: dict[int, Form] = {}
        self._types_in_layers = types_in_layers(self._plain)
        self.weights = [self._fused[id(v)] for v in self._plain.weights]
        self.trainable = [self._fused[id(v)] for v in self._plain.trainable_variables]
        self.layers = self._trainable_by_layer()
        active = relu_layers(self._plain)
        self.active_layers = list(active)
        self.active_units = list(active.values())
        self.hidden_layers = hidden_layers(self._plain)
        self._penalized = [v for v in self._plain.trainable_variables if v.regularizer]
        penalties = np.zeros([len(self._penalized), members])
        self._l2 = keras.Variable(penalties, trainable=False, dtype=self.dtype)
        drawn = [variable for site in self._sites.values() for variable in site.variables]
        drawn += [v for site in self._augmentations.values() for v in site.variables]
        self.variables = [*self.weights, self.step, self._l2, *drawn]

    def load(
        self,
        plains: Sequence[keras.Model],
        weights: Sequence[Sequence[np.ndarray]],
        seeds: Sequence[int],
    ) -> None:
        """Begin anew: each member's rates and penalties, weights and streams, at step 0.

        Args:
            plains: Each member's own plain model, of the population's structure.
            weights: Each member's weights, in the order of `plain.weights`.
            seeds: Each member's seed; members that stand side by side share theirs, as `variants` says.
        """
        for variable, *values in zip(self.weights, *weights, strict=True):
            variable.assign(np.stack(values))
        self.step.assign(0)
        rates = [rates_of(plain) for plain in plains]
        for path, site in self._sites.items():
            site.assign(rates=[of_member[path] for of_member in rates], seeds=seeds)
        for augmentation in self._augmentations.values():
            augmentation.assign(seeds[:: self.variants])
        if self._penalized:
            self._l2.assign(np.transpose([_l2_of(plain) for plain in plains]))
        before = sum(weight_bytes(one) for one in {id(one): one for one in self._loaded}.values())
        self._loaded = list(plains)
        litter.add(before)

    def __call__(self, x: tf.Tensor, *, training: bool = False) -> tf.Tensor:
        """Compute all members' outputs.

        Args:
            x: Inputs, `[members, batch, ...]`; or fewer, `[seeds, batch, ...]`, each for as many members
                side by side.
            training: Whether to drop units, to change images and to normalize by the batch.

        Returns:
            `[members, batch, outputs]`.
        """
        return self._outputs(x, training, None)

    def measured(self, x: tf.Tensor) -> tuple[tf.Tensor, list[list[Members]]]:
        """Compute all members' outputs in inference, and what each active layer hands on.

        Args:
            x: Inputs, as a call takes them.

        Returns:
            Outputs `[members, batch, outputs]`, and for each of `active_layers` what came of its calls,
            `[members, batch, ..., units]` or with the batch last.
        """
        seen: dict[str, list[Members]] = {path: [] for path in self.active_layers}

        def observe(path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
            outputs = form(*args, **kwargs)
            if path in seen:
                seen[path].append(outputs)
            return outputs

        return self.observed(x, observe), list(seen.values())

    def observed(self, x: tf.Tensor, observer: Observer) -> tf.Tensor:
        """Compute all members' outputs in inference, under the eyes and hands of an observer.

        Args:
            x: Inputs, as a call takes them.
            observer: Called in place of every layer and operation.

        Returns:
            `[members, batch, outputs]`.
        """
        return self._outputs(x, False, observer)

    def _outputs(self, x: tf.Tensor, training: bool, observer: Observer | None) -> tf.Tensor:
        given = Members(self._cast(x), repeats=self.members // x.shape[0])
        outputs = self._run(self._plain, [given], training, "", observer)
        return tf.cast(outputs.spread().with_batch_first().value, self.dtype)

    def penalty(self) -> tf.Tensor:
        """The penalties on weights that are added to the loss: `sum(l2 * sum(w ** 2))`, `[members]`."""
        total = tf.zeros([self.members], self.dtype)
        for index, plain in enumerate(self._penalized):
            value = self.stored(plain)
            if _has_l2(plain):
                total += self._l2.value[index] * square_sums(value)
            else:
                total += tf.stack([plain.regularizer(value[k]) for k in range(self.members)])
        return total

    def constrain(self) -> None:
        """Bring weights back to where their layers' constraints want them."""
        for plain in self._plain.trainable_variables:
            if plain.constraint is not None:
                value = self.stored(plain)
                held = [plain.constraint(value[k]) for k in range(self.members)]
                self.assign(plain, tf.stack(held))

    def member(self, index: int) -> keras.Model:
        """Give one member back as an ordinary model, with its weights and moving statistics.

        They are those of `weights`. What a `PopulationTraining` trains is in its own hands: ask that.
        """
        model = copy_of(self._loaded[index])
        model.set_weights([np.asarray(variable)[index] for variable in self.weights])
        return model

    def weight(self, plain: Any) -> tf.Tensor:
        """The members' values of a plain layer's variable as the layer reads it, `[members, ...]`."""
        dtype = self._types_in_layers.get(id(plain))
        return self.stored(plain) if dtype is None else tf.cast(self.stored(plain), dtype)

    def stored(self, plain: Any) -> tf.Tensor:
        """The members' values of a plain layer's variable, `[members, ...]`."""
        return self._fused[id(plain)].value

    def assign(self, plain: Any, value: tf.Tensor) -> None:
        """Set the members' values of a plain layer's variable."""
        self._fused[id(plain)].assign(value)

    def site(self, path: str) -> DropoutSite:
        """The place where a layer drops units."""
        return self._sites[path]

    def augmentation(self, path: str) -> AugmentationSite:
        """The place where a layer changes images."""
        return self._augmentations[path]

    def _run(
        self,
        model: keras.Model,
        inputs: list[Members],
        training: bool,
        prefix: str,
        observer: Observer | None,
    ) -> Any:
        """Walk through a model's graph, every call through an observer's hands if there is one."""

        def fused(operation: Any) -> Callable[..., Any]:
            path = prefix + operation.name

            def call(*args: Any, **kwargs: Any) -> Any:
                kwargs.pop("training", None)  # As Keras does: the model's own mode decides.
                if isinstance(operation, keras.Model):
                    nested = keras.tree.flatten(args)
                    return self._run(operation, nested, training, path + "/", observer)
                if isinstance(operation, keras.Layer) and operation.autocast:
                    args, kwargs = map_members(_cast_to(operation.compute_dtype), (args, kwargs))
                form = self._form(operation, path)
                if observer is None:
                    return form(*args, training=training, **kwargs)
                return observer(path, form, *args, training=training, **kwargs)

            return call

        return graph_of(model)._run_through_graph(inputs, operation_fn=fused)

    def _form(self, operation: Any, path: str) -> Form:
        if id(operation) not in self._forms:
            self._forms[id(operation)] = form_of(operation, self, path)
        return self._forms[id(operation)]

    def _cast(self, x: tf.Tensor) -> tf.Tensor:
        return tf.cast(x, self._plain.inputs[0].dtype)

    def _trainable_by_layer(self) -> dict[str, list[int]]:
        places = {id(v): i for i, v in enumerate(self._plain.trainable_variables)}
        return {
            path: [places[id(v)] for v in layer.trainable_variables]
            for path, layer in layers_of(self._plain)
            if layer.trainable_variables
        }


def copy_of(plain: keras.Model) -> keras.Model:
    """Build a functional or sequential model anew, of the same layers under the same names."""
    return clone_layers(plain, lambda layer, path: type(layer).from_config(layer.get_config()))


def layers_apart(plain: keras.Model) -> list[str]:
    """Paths of the layers that have no population form and are called once a member."""
    return [path for path, layer in layers_of(plain) if not is_fused(layer)]


def square_sums(tensor: tf.Tensor) -> tf.Tensor:
    """The sum of squares over all axes but the member's, `[members]`."""
    flat = tf.reshape(tensor, [tensor.shape[0], -1])
    return tf.reduce_sum(tf.square(flat), axis=1)


def _cast_to(dtype: str) -> Callable[[Members], Members]:
    """As Keras does before a layer: numbers that are not whole take the layer's own type."""

    def cast(x: Members) -> Members:
        return replace(x, value=tf.cast(x.value, dtype)) if x.value.dtype.is_floating else x

    return cast


def _l2_of(plain: keras.Model) -> list[float]:
    return [  # Keras keeps the weight of a penalty in 32 bits, whatever the weights are.
        float(np.float32(v.regularizer.l2)) if _has_l2(v) else 0.0
        for v in plain.trainable_variables
        if v.regularizer
    ]


def _has_l2(variable: Any) -> bool:
    return type(variable.regularizer) is keras.regularizers.L2
