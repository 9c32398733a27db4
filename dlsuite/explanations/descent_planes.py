"""The loss on planes in weight space, and where paths run over them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.explanations.directions import Plane, filter_normalized
from dlsuite.explanations.weight_space import Vector, WeightSpace, stack_places

if TYPE_CHECKING:
    from dlsuite.training.landscape import LossLandscape
    from dlsuite.training.result import TrialResult

GRID = 25
"""Places along each side of a plane."""


def random_surface(
    landscape: "LossLandscape",
    model: Any,
    space: WeightSpace,
    weights: list[npt.NDArray[Any]],
    *,
    seed: int,
    reach: float = 1.0,
) -> pd.DataFrame:
    """The loss around trained weights, along two random filter-normalized directions.

    Args:
        landscape: Gives the loss.
        model: A model of that structure.
        space: Its weight space.
        weights: The trained weights; what is not trained, such as moving statistics, stays as it is here.
        seed: Of the directions.
        reach: How far to go either way; 1 is as long as the filters themselves.

    Returns:
        Rows `a`, `b`, `loss`: at `weights + a * first + b * second`.
    """
    (center,) = space.vectors([weights])
    directions = filter_normalized(model, space, center, seed=seed)
    steps = np.linspace(-reach, reach, GRID)
    grid = _pairs(steps, steps)
    losses = landscape.losses(space.stacked(center + grid @ directions, weights))
    return pd.DataFrame({"a": grid[:, 0], "b": grid[:, 1], "loss": losses})


def plane_surface(
    landscape: "LossLandscape",
    space: WeightSpace,
    plane: Plane,
    shown: Vector,
    aside: Vector,
    rest: list[npt.NDArray[Any]],
) -> pd.DataFrame:
    """The loss on a plane, around places that shall be seen.

    Args:
        landscape: Gives the loss.
        space: The weight space.
        plane: The plane.
        shown: Coordinates in it that shall be seen, `[places, 2]`.
        aside: More of them, `[places, 2]`, that shall be seen if that does not more than double the sides.
        rest: What is not trained is taken from here.

    Returns:
        Rows `component_1`, `component_2`, `loss`.
    """
    middle, half = _box(shown)
    near = np.all(np.abs(aside - middle) < 2 * half, axis=1)
    middle, half = _box(np.concatenate([shown, aside[near]]))
    steps = [np.linspace(m - h, m + h, GRID) for m, h in zip(middle, half, strict=True)]
    grid = _pairs(*steps)
    losses = landscape.losses(space.stacked(plane.place(grid), rest))
    return pd.DataFrame({"component_1": grid[:, 0], "component_2": grid[:, 1], "loss": losses})


def path_table(
    landscape: "LossLandscape",
    space: WeightSpace,
    plane: Plane,
    results: Mapping[tuple[str, float], "TrialResult"],
    rest: list[npt.NDArray[Any]],
) -> pd.DataFrame:
    """What happens along the paths of trainings.

    Args:
        landscape: Gives losses and gradients.
        space: The weight space.
        plane: Where the paths are projected to.
        results: Trainings with their paths, by role and learning rate.
        rest: What is not trained is taken from here for the loss on the plane.

    Returns:
        A row a training and epoch, from 0; see `results/README.md` for the columns.
    """
    parts = []
    for (role, rate), result in results.items():
        if not result.path:
            continue
        vectors = space.vectors(result.path)
        places = stack_places(result.path)
        coordinates, off_plane = plane.project(vectors)
        steps = np.linalg.norm(np.diff(vectors, axis=0), axis=1)
        parts.append(
            pd.DataFrame(
                {
                    "role": role,
                    "learning_rate": rate,
                    "epoch": [row["epoch"] for row in result.curves],
                    "train_loss": [row["train_loss"] for row in result.curves],
                    "val_loss": [row["val_loss"] for row in result.curves],
                    "loss": landscape.losses(places),
                    "gradient_norm": landscape.gradient_norms(places),
                    "step_length": [np.nan, *steps],
                    "distance": np.linalg.norm(vectors - vectors[0], axis=1),
                    "component_1": coordinates[:, 0],
                    "component_2": coordinates[:, 1],
                    "off_plane": off_plane,
                    "loss_in_plane": landscape.losses(
                        space.stacked(plane.place(coordinates), rest)
                    ),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _box(shown: Vector) -> tuple[Vector, Vector]:
    """The middle of a part of the plane, and half of its sides, `[2]` each, with room around."""
    low, high = shown.min(axis=0), shown.max(axis=0)
    half = (high - low) / 2
    # A nearly straight path would give a strip; and what surrounds the path is what shall be seen.
    return (low + high) / 2, np.maximum(half * (1.35, 1.6), 0.6 * half.max()) + 1e-6


def _pairs(first: Vector, second: Vector) -> Vector:
    """All pairs of numbers, `[pairs, 2]`, the second one running faster."""
    return np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
