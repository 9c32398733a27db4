"""Alignment: let the units of one network trade places until they stand where another's stand.

Two networks that were trained from different initial weights may have learned the same units in another
order. Their weights are then far apart, and what lies halfway between them is neither. Which unit corresponds
to which is found by their weights alone.

References:
    Ainsworth, Hayase and Srinivasa (2023), Git Re-Basin: merging models modulo permutation symmetries.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from dlsuite.training.unit_groups import Block, UnitGroups

Weights = Sequence[npt.NDArray[Any]]
Orders = Mapping[int, npt.NDArray[np.intp]]
"""For each group of units, which of them comes to each place."""

_SWEEPS = 50
_GAIN = 1e-9
"""What an order must bring, as a share of what there is, to be taken: less may be rounding."""


def permuted(weights: Weights, groups: "UnitGroups", orders: Orders) -> list[npt.NDArray[Any]]:
    """Let units trade places in all that comes into them and all that goes out.

    Args:
        weights: An array for each of `model.weights`.
        groups: Which axes are units.
        orders: For each group an order; one that is absent stays as it is.

    Returns:
        Weights with which the model computes the same.
    """
    found = []
    for weight, axes in zip(weights, groups.axes, strict=True):
        for axis, blocks in enumerate(axes):
            if blocks:
                weight = np.take(weight, _places(blocks, orders), axis=axis)
        found.append(weight)
    return found


def match(
    fixed: Weights,
    moved: Weights,
    groups: "UnitGroups",
    *,
    trained: Sequence[bool],
    seed: int = 0,
) -> dict[int, npt.NDArray[np.intp]]:
    """Find the order of one network's units that brings its weights closest to another's.

    The sum of squared differences is smallest where the sum of products is largest. For a single group, all
    others held, that is a linear assignment problem, which is solved exactly; groups take turns, in random
    order, until none brings anything.

    Args:
        fixed: The network that stays, an array for each of `model.weights`.
        moved: The network whose units trade places.
        groups: Which axes are units.
        trained: For each weight, whether it is trained: only those are compared.
        seed: Of the turns' order.

    Returns:
        For each group, which of the moved network's units comes to each place.
    """
    from scipy.optimize import linear_sum_assignment

    generator = np.random.default_rng(seed)
    orders = {group: np.arange(size) for group, size in groups.sizes.items()}
    pairs = [
        (np.asarray(one, float), np.asarray(other, float), axes)
        for one, other, axes, own in zip(fixed, moved, groups.axes, trained, strict=True)
        if own and any(axes)
    ]
    best = _similarity(pairs, orders)
    for _ in range(_SWEEPS):
        before = best
        for group in generator.permutation(list(orders)):
            gains = _gains(pairs, orders, int(group))
            _, order = linear_sum_assignment(gains, maximize=True)
            tried = {**orders, int(group): order}
            similarity = _similarity(pairs, tried)
            # A recurrent kernel has a group on both axes, so that a better row may be a worse column.
            if similarity > best + _GAIN * abs(best):
                orders, best = tried, similarity
        if best == before:
            break
    return orders


_Pairs = list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[tuple["Block", ...]]]]


def _gains(pairs: _Pairs, orders: Orders, group: int) -> npt.NDArray[np.float64]:
    """What it brings to put a unit in a place, `[places, units]`: the sum of products of their weights."""
    size = len(orders[group])
    gains = np.zeros([size, size])
    for fixed, moved, axes in pairs:
        for axis, blocks in enumerate(axes):
            if group not in {block for block, _ in blocks}:
                continue
            in_order = moved
            for other, of_other in enumerate(axes):
                if of_other and other != axis:
                    in_order = np.take(in_order, _places(of_other, orders), axis=other)
            one, two = (
                np.moveaxis(a, axis, 0).reshape(a.shape[axis], -1) for a in (fixed, in_order)
            )
            start = 0
            for block, width in blocks:
                if block == group:
                    gains += one[start : start + width] @ two[start : start + width].T
                start += width
    return gains


def _similarity(pairs: _Pairs, orders: Orders) -> float:
    """The sum of products of two networks' weights, the second one's units in order."""
    total = 0.0
    for fixed, moved, axes in pairs:
        for axis, blocks in enumerate(axes):
            if blocks:
                moved = np.take(moved, _places(blocks, orders), axis=axis)
        total += float(np.vdot(fixed, moved))
    return total


def _places(blocks: "tuple[Block, ...]", orders: Orders) -> npt.NDArray[np.intp]:
    """Where along an axis to take each entry from."""
    parts, start = [], 0
    for group, size in blocks:
        order = orders.get(group) if group is not None else None
        parts.append(start + (np.arange(size) if order is None else order))
        start += size
    return np.concatenate(parts)
