"""How much hidden units depend on one another: their correlation, and what the rest lacks when some go.

Dropout is said to keep units from relying on the company of others (Hinton et al., 2012). Two numbers tell.
They are computed once a population, eagerly: to trace or compile a graph would cost more than it saves.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlsuite.training.examples import EVALUATION_BATCH, Examples
from dlsuite.training.forms import Form
from dlsuite.training.members import Members, for_variants, map_members
from dlsuite.training.objective import Objective
from dlsuite.training.population import Population
from dlsuite.training.streams import stream_key

EXAMPLES = 512
"""Examples of the validation split that are looked at, at most: the first."""

UNITS = 512
"""Units of a layer whose correlation is measured, at most: the first. Pairs grow with the square."""

LESIONS = 4
"""How often units are drawn that are set to zero."""

SHARE = 0.25
"""The share of a layer's units that are set to zero."""

_CONSTANT = 1e-6
"""A unit that deviates by no more than this share of its root mean square is constant but for rounding."""

_NUMBERS_AT_ONCE = 2**27
"""Numbers that a pass may compute: half a gigabyte in float32, most of it given back on the way."""


class Dependence(NamedTuple):
    """How much hidden units depend on one another.

    Attributes:
        unit_correlation: The mean absolute correlation of two units of a layer, `[members]`; not a number
            where no layer has two units that are not constant.
        lesion_loss: How much the loss rises when units are set to zero, `[members]`; not a number where there
            are no hidden layers.
    """

    unit_correlation: np.ndarray
    lesion_loss: np.ndarray

    def of(self, member: int) -> "Dependence":
        """One member's part, without the member axis."""
        return Dependence(*(part[member] for part in self))


def measure_dependence(
    population: Population,
    objective: Objective,
    examples: Examples,
    *,
    seeds: Sequence[int],
    activations: int,
) -> Dependence:
    """Measure on the validation split, in inference mode, how much hidden units depend on one another.

    The correlation is Pearson's, of distinct units of a layer over the examples (and over the positions of
    an image, and the steps of a sequence that count): its absolute value, averaged over the pairs of a
    layer, then over the layers. Independent units have about `sqrt(2 / (pi * samples))`, not 0.

    A lesion sets a quarter of the units of every hidden layer to zero, at least one, drawn at random. What
    the others hand on is not scaled up for it, as dropout would do. The rise of the loss is averaged over
    four draws.

    A layer that is called several times counts as several, which lose the same units.

    Args:
        population: The models.
        objective: Whose loss is meant.
        examples: The data.
        seeds: Each member's seed; the same seed loses the same units of a layer, whatever else differs.
        activations: Numbers that a member computes for one example; it bounds how many are looked at at once.

    References:
        Hinton et al. (2012), Improving neural networks by preventing co-adaptation of feature detectors.
        Morcos et al. (2018), On the importance of single directions for generalization.
    """
    members = population.members
    if not population.hidden_layers:
        return Dependence(*np.full([2, members], np.nan))
    observer = _Observer(population.hidden_layers, seeds)
    x, y, weights = _validation(examples)
    at_once = _power_of_two_up_to(_NUMBERS_AT_ONCE // (members * (1 + LESIONS) * activations))
    sums = np.zeros([members, 1 + LESIONS])
    count = 0
    for start in range(0, x.shape[1], at_once):
        part = slice(start, start + at_once)
        # Padding goes along, so that every member fills whole blocks of numbers, and is cut off behind.
        real = int(tf.reduce_sum(weights[:, part]))
        observer.begin(examples=int(weights[:, part].shape[1]), real=real)
        outputs = population.observed(x[:, part], observer)
        targets = for_variants(tf.tile(y[:, part], [1, 1 + LESIONS]), members)
        losses = objective.losses(targets, outputs).numpy().reshape(*sums.shape, -1)
        sums += np.sum(losses[:, :, :real], axis=2, dtype=np.float64)
        count += real
    means = sums / count
    rises = np.mean(means[:, 1:], axis=1) - means[:, 0]
    return Dependence(observer.correlation(), np.where(np.isfinite(rises), rises, np.nan))


def lesions(seed: int, path: str, units: int) -> np.ndarray:
    """Draw which units of a layer stay.

    Args:
        seed: The trial's seed.
        path: The layer's path.
        units: How many units it has.

    Returns:
        1 where a unit stays, 0 where it is set to zero, `[LESIONS, units]`.
    """
    key = stream_key(seed, "lesions", path).view(np.uint32)
    generator = np.random.Generator(np.random.Philox(key=key))
    kept = np.ones([LESIONS, units])
    for draw in kept:
        draw[generator.permutation(units)[: max(1, round(SHARE * units))]] = 0.0
    return kept


class _Observer:
    """Sets units to zero, and gathers what is needed to correlate them intact.

    Up to the first hidden layers the batch is what it was. They hand on a wider one: the examples intact,
    then once more for each lesion.

    Args:
        layers: Paths of the hidden layers.
        seeds: Each member's seed.
    """

    def __init__(self, layers: Sequence[str], seeds: Sequence[int]) -> None:
        self._layers = frozenset(layers)
        self._seeds = seeds
        self._kept: dict[tuple[str, int], tf.Tensor] = {}
        self._sums: dict[tuple[str, int], _UnitSums] = {}
        self._calls: Counter[str] = Counter()
        self._examples = self._real = 0

    def begin(self, *, examples: int, real: int) -> None:
        """A new pass begins.

        Args:
            examples: How many examples it has, padding included.
            real: How many of them are no padding; they come first.
        """
        self._calls.clear()
        self._examples, self._real = examples, real

    def __call__(self, path: str, form: Form, *args: Any, **kwargs: Any) -> Any:
        """Call a layer, and look at what it hands on."""
        given = [leaf for leaf in keras.tree.flatten((args, kwargs)) if isinstance(leaf, Members)]
        if len({self._is_wide(one) for one in given}) > 1:
            args, kwargs = map_members(self._widened, (args, kwargs))
        outputs = form(*args, **kwargs)
        if path not in self._layers:
            return outputs
        outputs = outputs.spread()
        self._gather(path, outputs.with_batch_first(), kwargs.get("mask"))
        return self._lesioned(path, outputs)

    def correlation(self) -> np.ndarray:
        """The mean absolute correlation, `[members]`."""
        layers = np.stack([sums.correlation() for sums in self._sums.values()])
        known = np.isfinite(layers)
        total = np.sum(layers, axis=0, where=known)
        return np.asarray(total / np.where(known.any(axis=0), known.sum(axis=0), np.nan))

    def _is_wide(self, x: Members) -> bool:
        return x.example_axes[0] != self._examples

    def _widened(self, x: Members) -> Members:
        """The examples as many times as a wide batch has them."""
        if self._is_wide(x):
            return x
        value = tf.concat([x.value] * (1 + LESIONS), axis=-1 if x.batch_last else 1)
        return replace(x, value=value, mask=self._widened_mask(x))

    def _widened_mask(self, x: Members) -> tf.Tensor | None:
        if x.mask is None or self._is_wide(x):
            return x.mask
        return tf.concat([x.mask] * (1 + LESIONS), axis=1)

    def _gather(self, path: str, given: Members, mask: Members | None) -> None:
        call = path, self._calls[path]
        self._calls[path] += 1
        if call not in self._sums:
            self._sums[call] = _UnitSums(given.count, min(UNITS, int(given.value.shape[-1])))
        counted = given.mask if mask is None else mask.spread().value
        self._sums[call].add(
            given.value[:, : self._real, ..., :UNITS],
            None if counted is None else counted[:, : self._real],
        )

    def _lesioned(self, path: str, x: Members) -> Members:
        """The examples intact, and without the units that each lesion takes."""
        units = int(x.example_axes[-1] or 0)
        if (path, units) not in self._kept:
            of_seed = {seed: lesions(seed, path, units) for seed in set(self._seeds)}
            kept = np.stack([of_seed[seed] for seed in self._seeds])
            whole = np.pad(kept, [(0, 0), (1, 0), (0, 0)], constant_values=1.0)
            self._kept[path, units] = tf.constant(whole, x.value.dtype)
        kept = self._kept[path, units]
        members, _, *between, _ = x.value.shape
        copies, given = 1 + LESIONS, 1 + LESIONS if self._is_wide(x) else 1
        ones = [1] * len(between)
        if x.batch_last:
            apart = [members, units, *between, given, self._examples]
            factors = tf.reshape(tf.transpose(kept, [0, 2, 1]), [members, units, *ones, copies, 1])
            wide = [members, units, *between, copies * self._examples]
        else:
            apart = [members, given, self._examples, *between, units]
            factors = tf.reshape(kept, [members, copies, 1, *ones, units])
            wide = [members, copies * self._examples, *between, units]
        value = tf.reshape(tf.reshape(x.value, apart) * factors, wide)
        return replace(x, value=value, mask=self._widened_mask(x))


class _UnitSums:
    """Sums over samples of a layer's units, and of their products.

    Args:
        members: How many members there are.
        units: How many units the layer has.
    """

    def __init__(self, members: int, units: int) -> None:
        self._count = np.zeros([members, 1])
        self._total = np.zeros([members, units])
        self._products = np.zeros([members, units, units])

    def add(self, values: tf.Tensor, mask: tf.Tensor | None) -> None:
        """Add samples.

        Args:
            values: `[members, examples, ..., units]`.
            mask: Which steps count, `[members, examples, steps]`; None where all do.
        """
        members, units = self._total.shape
        samples = tf.reshape(tf.cast(values, tf.float64), [members, -1, units])
        if mask is not None and mask.shape == values.shape[:-1]:
            counts = tf.reshape(tf.cast(mask, tf.float64), [members, -1, 1])
            samples = tf.where(counts > 0, samples, 0.0)
            self._count += tf.reduce_sum(counts, axis=1).numpy()
        else:
            self._count += samples.shape[1]
        self._total += tf.reduce_sum(samples, axis=1).numpy()
        self._products += tf.matmul(samples, samples, transpose_a=True).numpy()

    def correlation(self) -> np.ndarray:
        """The mean absolute correlation of two units that are not constant, `[members]`."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mean = self._total / self._count
            squares = self._products / self._count[..., None]
            covariance = squares - mean[:, :, None] * mean[:, None, :]
            variance, square = (np.diagonal(a, axis1=1, axis2=2) for a in (covariance, squares))
            live = variance > _CONSTANT**2 * square
            scale = np.sqrt(np.where(live, variance, 1.0))
            correlation = np.abs(covariance) / (scale[:, :, None] * scale[:, None, :])
            pairs = live[:, :, None] & live[:, None, :] & ~np.eye(live.shape[1], dtype=bool)
            total = np.sum(np.minimum(correlation, 1.0), axis=(1, 2), where=pairs)
            return np.asarray(total / np.sum(pairs, axis=(1, 2)))


def _validation(examples: Examples) -> tuple[tf.Tensor, ...]:
    """Inputs, targets and weights of the examples that are looked at, `[1, examples, ...]`, with padding."""
    (batches,) = np.nonzero(examples.splits.numpy() == 1)
    looked_at = batches[: EXAMPLES // EVALUATION_BATCH]
    chosen = slice(int(looked_at[0]), int(looked_at[-1]) + 1)
    given = (examples.batches(chosen), examples.y[chosen], examples.weights[chosen])
    return tuple(tf.reshape(part, [1, -1, *part.shape[2:]]) for part in given)


def _power_of_two_up_to(most: int) -> int:
    """How many examples fill whole blocks of numbers: 8 at least, as many as are looked at at most."""
    return 1 << (min(EXAMPLES, max(8, most)).bit_length() - 1)
