"""One population's training: its state, and what can be asked of it between two epochs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.dependence import Dependence
from dlsuite.training.epoch_report import EpochReport
from dlsuite.training.examples import Examples
from dlsuite.training.lanes import BUILDING
from dlsuite.training.population import copy_of
from dlsuite.training.settings import TrainingSettings
from dlsuite.training.state import Values

if TYPE_CHECKING:
    from dlsuite.training.graph import TrainingGraph


class Member(NamedTuple):
    """What a member is loaded from: its plain model, settings and seed."""

    model: keras.Model
    settings: TrainingSettings
    seed: int


class PopulationTraining:
    """One population's training: what its graph's variables hold for it.

    Args:
        graph: The compiled graph, which other populations may share.
        members: Whom it was begun with.
        values: What the graph's variables hold.
    """

    def __init__(self, graph: "TrainingGraph", members: Sequence[Member], values: Values) -> None:
        self._graph = graph
        self._members = list(members)
        self._values = values

    def values(self) -> list[np.ndarray]:
        """All that the training's state is, for `restore`."""
        return [value.numpy() for value in self._values]

    def restore(self, values: Sequence[np.ndarray]) -> bool:
        """Go on from a state that another training of the same graph has had.

        Returns:
            Whether it was of this graph's shape; nothing is changed where it was not.
        """
        own = [(tuple(value.shape), value.dtype.as_numpy_dtype) for value in self._values]
        if own != [(value.shape, value.dtype.type) for value in values]:
            return False
        self._values = [tf.constant(value) for value in values]
        return True

    def look(self, examples: Examples) -> EpochReport:
        """Evaluate before the first step."""
        seen, _ = self._graph.call(self._graph.evaluate, self._values, examples, examples.trained)
        norms = seen.weight_norms.numpy()
        return EpochReport(
            finite=np.ones(len(norms), bool),
            gradient_norm=np.full(len(norms), np.nan),
            step_loss_spread=np.full(len(norms), np.nan),
            train=seen.means.numpy()[0],
            validation=seen.means.numpy()[1],
            layer_gradient_norms=np.full(norms.shape, np.nan),
            layer_update_ratios=np.full(norms.shape, np.nan),
            layer_weight_norms=norms,
            dead_units=seen.dead_units.numpy(),
        )

    def epoch(
        self,
        examples: Examples,
        batches: tf.Tensor,
        last: tf.Tensor,
        *,
        class_weights: np.ndarray | None = None,
    ) -> EpochReport:
        """Train for an epoch, then evaluate the training and the validation split.

        Args:
            examples: The data.
            batches: Rows of the training split, `[steps, seeds, batch]`.
            last: Rows of the last, smaller batch, `[seeds, rest]`; none if there is none.
            class_weights: What an example's loss is multiplied by, for each class, `[classes]`.
        """
        arguments: list[Any] = [examples, batches, last]
        if class_weights is not None:
            arguments.append(tf.constant(class_weights, self._graph.population.dtype))
        parts, self._values = self._graph.call(
            self._graph.train_and_evaluate, self._values, *arguments
        )
        return EpochReport(*(part.numpy() for part in parts))

    def test(self, examples: Examples) -> np.ndarray:
        """Read the test split with the weights that were best on validation, `[members, width]`."""
        graph = self._graph
        seen, _ = graph.call(graph.evaluate, self._best(), examples, examples.tested)
        return np.asarray(seen.means.numpy()[2])

    def outputs(self, x: tf.Tensor, *, best: bool) -> np.ndarray:
        """All members' outputs for a window of batches, `[window, members, EVALUATION_BATCH, outputs]`.

        Args:
            x: The window's inputs, `[window, EVALUATION_BATCH, ...]`.
            best: Whether with the weights that were best on validation, or with those of now.
        """
        values = self._best() if best else self._values
        seen, _ = self._graph.call(self._graph.predict, values, x)
        return np.asarray(seen.numpy())

    def dependence(self, examples: Examples) -> Dependence:
        """Measure how hidden units depend on one another, with the weights best on validation."""
        seeds = [member.seed for member in self._members]
        return self._graph.dependence(self._best(), examples, seeds)

    def _best(self) -> Values:
        """What the variables hold, with the weights that were best on validation."""
        weights, best = self._graph.split_values(self._values)
        swap = {id(weight): kept for weight, kept in zip(weights, best, strict=True)}
        return [swap.get(id(value), value) for value in self._values]

    def member(self, index: int) -> keras.Model:
        """Give one member back as an ordinary model, with its weights and moving statistics now."""
        with BUILDING:
            model = copy_of(self._members[index].model)
            model.set_weights([weight[index] for weight in self.last_weights()])
            return model

    def last_weights(self) -> list[np.ndarray]:
        """All members' weights as training left them, `[members, ...]` each."""
        return [weight.numpy() for weight in self._graph.split_values(self._values)[0]]

    def best_weights(self) -> list[np.ndarray]:
        """All members' weights of their epochs that were best on validation, `[members, ...]` each."""
        return [weight.numpy() for weight in self._graph.split_values(self._values)[1]]
