"""The loss as a function of the weights, at many places at once.

Places are members of a population: their losses are one inference pass of one compiled graph.
"""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dlsuite.data import Dataset, Split
from dlsuite.training.checks import dtype_of
from dlsuite.training.lanes import BUILDING
from dlsuite.training.mappings import check_room
from dlsuite.training.members import for_variants
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
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
        >>> landscape.losses([np.stack([w, w + 0.1]) for w in model.get_weights()])  # [2]
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
        self._objective = Objective(data.task_type, data.target_mean, data.target_scale)
        activations = footprint(model, 1).activations
        room = _NUMBERS_AT_ONCE // max(1, activations * len(split))
        self._members = members or max(1, min(_MEMBERS, room))
        with BUILDING:
            self._population = Population(model, self._members)
            dtype = dtype_of(model)
            whole = np.issubdtype(split.x.dtype, np.integer)
            self._x = tf.constant(split.x if whole else split.x.astype(dtype))[None]
            self._y = tf.constant(self._objective.standardize(split.y, dtype))[None]
            self._rest = values_of(self._population.variables[len(self._population.weights) :])
            check_room()
            self._compiled = tf.function(
                pure(self._mean_losses, self._population.variables),
                jit_compile=True,
                autograph=False,
            )

    def losses(self, weights: Sequence[np.ndarray]) -> np.ndarray:
        """Evaluate places.

        Args:
            weights: For each of `model.weights`, in that order, its values at every place, `[places, ...]`.

        Returns:
            The mean loss at each place, `[places]`; infinite or no number where it explodes.
        """
        places = len(weights[0])
        found = []
        for start in range(0, places, self._members):
            part = [np.asarray(weight[start : start + self._members]) for weight in weights]
            missing = self._members - len(part[0])
            padded = [np.concatenate([p, np.repeat(p[-1:], missing, axis=0)]) for p in part]
            given = [
                tf.constant(values, variable.dtype)
                for values, variable in zip(padded, self._population.weights, strict=True)
            ]
            losses, _ = self._compiled([*given, *self._rest])
            found.append(losses.numpy()[: len(part[0])])
        return np.concatenate(found) if found else np.zeros(0)

    def _mean_losses(self) -> tf.Tensor:
        outputs = self._population(self._x)
        targets = for_variants(self._y, self._members)
        return tf.reduce_mean(self._objective.losses(targets, outputs), axis=1)
