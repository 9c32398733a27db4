"""The loss as a function of the weights, at many places at once.

Places are members of a population: their losses are one inference pass of one compiled graph.
"""

from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset, Split
from dlsuite.training.checks import dtype_of
from dlsuite.training.lanes import BUILDING
from dlsuite.training.mappings import check_room
from dlsuite.training.members import for_variants
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population, square_sums
from dlsuite.training.sizes import footprint
from dlsuite.training.state import pure, values_of

_NUMBERS_AT_ONCE = 2**25
"""Numbers that a pass may compute: 128 MB in float32, which a small machine has to spare."""
_MEMBERS = 64
"""Places that are looked at at once, at the most."""


class LossLandscape:
    """The mean loss of a model on examples, for any weights that it could have.

    It is that of an inference pass, without penalties on weights: dropout is off, and batch normalization
    uses the moving statistics among the weights that are given.

    Args:
        model: A plain model of the structure that is meant. It is not changed.
        data: The data set; its target's scale standardizes the targets.
        examples: Which examples; the training split if absent.
        members: How many places a pass evaluates; as many as memory allows, 64 at the most, if absent.

    Raises:
        SpecError: The model cannot be trained by the suite.

    Example:
        >>> landscape = LossLandscape(model, data)
        >>> places = [np.stack([w, w + 0.1]) for w in model.get_weights()]
        >>> landscape.losses(places)  # [2]
        >>> landscape.gradient_norms(places)  # [2]
    """

    def __init__(
        self,
        model: keras.Model,
        data: Dataset,
        *,
        examples: Split | None = None,
        members: int | None = None,
    ) -> None:
        split = examples or data.train
        self._objective = Objective.of(data)
        activations = footprint(model, 1).activations
        room = _NUMBERS_AT_ONCE // max(1, activations * len(split))
        self._members = members or max(1, min(_MEMBERS, room))
        with BUILDING:
            self._population = Population(model, self._members)
            dtype = dtype_of(model)
            x = np.asarray(split.x)
            whole = np.issubdtype(x.dtype, np.integer)
            self._x = tf.constant(x if whole else x.astype(dtype))[None]
            self._y = tf.constant(self._objective.standardize(split.y, dtype))[None]
            self._rest = values_of(self._population.variables[len(self._population.weights) :])
            check_room()
            # The losses follow from the outputs, and one graph less has to be compiled.
            self._compiled = tf.function(
                pure(lambda: self._population(self._x), self._population.variables),
                jit_compile=True,
                autograph=False,
            )
        self._gradients = pure(self._gradient_norms, self._population.variables)

    def losses(self, weights: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate places.

        Args:
            weights: For each of `model.weights`, in that order, its values at every place, `[places, ...]`.

        Returns:
            The mean loss at each place, `[places]`; infinite or no number where it explodes.
        """
        return np.asarray(np.mean(self.example_losses(weights), axis=1))

    def example_losses(self, weights: Sequence[np.ndarray]) -> np.ndarray:
        """The loss of each example at each place, `[places, examples]`; `weights` as in `losses`."""
        found = [self._losses(outputs).numpy() for outputs, _ in self._passes(weights)]
        return np.concatenate(found) if found else np.zeros([0, len(self._y[0])])

    def outputs(self, weights: Sequence[np.ndarray]) -> np.ndarray:
        """Logits or standardized values at each place, `[places, examples, outputs]`."""
        return np.concatenate([outputs.numpy() for outputs, _ in self._passes(weights)])

    def gradient_norms(self, weights: Sequence[np.ndarray]) -> np.ndarray:
        """The length of the gradient of the mean loss in the trainable weights.

        It is that of all examples at once, in inference mode and without penalties: 0 at a minimum of what
        `losses` gives. The graph is not compiled; for a few hundred places that would cost more than it
        saves.

        Args:
            weights: As in `losses`.

        Returns:
            `[places]`; infinite or no number where it explodes.
        """
        found = [
            self._gradients([*given, *self._rest])[0].numpy()[:places]
            for given, places in self._portions(weights)
        ]
        return np.concatenate(found) if found else np.zeros(0)

    def _passes(self, weights: Sequence[np.ndarray]) -> Iterator[tuple[tf.Tensor, int]]:
        """Outputs of places, `[places, examples, outputs]`, as many at a time as a pass takes."""
        for given, places in self._portions(weights):
            outputs, _ = self._compiled([*given, *self._rest])
            yield outputs[:places], places

    def _portions(self, weights: Sequence[np.ndarray]) -> Iterator[tuple[list[tf.Tensor], int]]:
        """The weights of as many places as a pass takes, the last one filled up; and how many are meant."""
        for start in range(0, len(weights[0]), self._members):
            part = [np.asarray(weight[start : start + self._members]) for weight in weights]
            missing = self._members - len(part[0])
            padded = [np.concatenate([p, np.repeat(p[-1:], missing, axis=0)]) for p in part]
            given = [
                tf.constant(values, variable.dtype)
                for values, variable in zip(padded, self._population.weights, strict=True)
            ]
            yield given, len(part[0])

    def _losses(self, outputs: tf.Tensor) -> tf.Tensor:
        return self._objective.losses(for_variants(self._y, outputs.shape[0]), outputs)

    def _gradient_norms(self) -> tf.Tensor:
        variables = [variable.value for variable in self._population.trainable]
        with tf.GradientTape() as tape:
            tape.watch(variables)
            losses = self._losses(self._population(self._x))
            # The sum of the members' means: each gets the gradient that it would get alone.
            total = tf.reduce_sum(tf.reduce_mean(losses, axis=1))
        gradients = tape.gradient(total, variables, unconnected_gradients="zero")
        return tf.sqrt(tf.add_n([square_sums(tf.convert_to_tensor(g)) for g in gradients]))
