"""The tables of minima: where seeds end, how far apart, and what lies between."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from dlsuite.data import Dataset
from dlsuite.explanations.weight_space import WeightSpace, stack_places

if TYPE_CHECKING:
    from dlsuite.training.landscape import LossLandscape
    from dlsuite.training.result import TrialResult

POINTS = 21
"""Places on a line, its ends included."""

Weights = Sequence[npt.NDArray[Any]]


def line_rows(
    landscape: "LossLandscape",
    weights: Mapping[int, Weights],
    train: int,
    aligned: Mapping[tuple[int, int], Weights] | None,
) -> pd.DataFrame:
    """The loss along the lines between all pairs of seeds.

    Args:
        landscape: Gives the loss of training and validation examples, the former first.
        weights: Where each seed ended.
        train: How many of the examples are training examples.
        aligned: For each pair the second one's weights after alignment; None for the lines between the
            networks as they are.

    Returns:
        Rows `seed_a`, `seed_b`, `aligned`, `t`, `train_loss`, `val_loss`: at `(1 - t) a + t b`.
    """
    shares = np.linspace(0.0, 1.0, POINTS)
    pairs = list(combinations(weights, 2))
    places = [
        [(1 - t) * one + t * other for one, other in zip(weights[a], end, strict=True)]
        for a, b in pairs
        for end in [weights[b] if aligned is None else aligned[a, b]]
        for t in shares
    ]
    losses = landscape.example_losses(stack_places(places))
    return pd.DataFrame(
        {
            "seed_a": np.repeat([a for a, _ in pairs], POINTS),
            "seed_b": np.repeat([b for _, b in pairs], POINTS),
            "aligned": aligned is not None,
            "t": np.tile(shares, len(pairs)),
            "train_loss": losses[:, :train].mean(axis=1),
            "val_loss": losses[:, train:].mean(axis=1),
        }
    )


def barriers(lines: pd.DataFrame) -> pd.DataFrame:
    """How high the loss rises between two ends, above the straight line between their losses.

    `barrier = max over t of loss(t) - ((1 - t) loss(0) + t loss(1))`, which is 0 or more.

    Args:
        lines: As `line_rows` gives them.

    Returns:
        Rows `seed_a`, `seed_b`, `aligned`, `train_barrier`, `val_barrier`, `train_at`, `val_at`; the last two
        are where on the line it is.
    """
    rows = []
    for (a, b, aligned), line in lines.groupby(["seed_a", "seed_b", "aligned"], sort=False):
        t = line["t"].to_numpy()
        row: dict[str, Any] = {"seed_a": a, "seed_b": b, "aligned": aligned}
        for split in ("train", "val"):
            losses = line[f"{split}_loss"].to_numpy()
            above = losses - ((1 - t) * losses[0] + t * losses[-1])
            # What explodes on the way is the highest there is.
            above = np.where(np.isnan(above), np.inf, above)
            row[f"{split}_barrier"] = float(above.max())
            row[f"{split}_at"] = float(t[np.argmax(above)])
        rows.append(row)
    columns = ["seed_a", "seed_b", "aligned", "train_barrier", "val_barrier", "train_at", "val_at"]
    return pd.DataFrame(rows)[columns]


def pair_rows(
    landscape: "LossLandscape",
    space: WeightSpace,
    results: Mapping[int, "TrialResult"],
    aligned: Mapping[tuple[int, int], Weights],
    train: int,
    data: Dataset,
) -> pd.DataFrame:
    """How far apart two seeds' weights are, and how far what they say about the validation examples.

    Args:
        landscape: Gives outputs for training and validation examples, the former first.
        space: The weight space.
        results: What came of each seed.
        aligned: For each pair the second one's weights after alignment; none where it is not done.
        train: How many of the examples are training examples.
        data: The data set.

    Returns:
        A row a pair; see `results/README.md` for the columns.
    """
    starts = dict(zip(results, space.vectors([r.path[0] for r in results.values()]), strict=True))
    last = [result.last_weights for result in results.values()]
    stops = dict(zip(results, space.vectors(last), strict=True))
    outputs = landscape.outputs(stack_places(last))[:, train:]
    said = dict(zip(results, outputs, strict=True))
    rows = []
    for a, b in combinations(results, 2):
        row = {
            "seed_a": a,
            "seed_b": b,
            "start_distance": np.linalg.norm(starts[a] - starts[b]),
            "distance": np.linalg.norm(stops[a] - stops[b]),
            "aligned_distance": np.nan,
        }
        if (a, b) in aligned:
            (moved,) = space.vectors([aligned[a, b]])
            row["aligned_distance"] = np.linalg.norm(stops[a] - moved)
        if data.task_type == "classification":
            row["disagreement"] = np.mean(said[a].argmax(axis=1) != said[b].argmax(axis=1))
        else:
            apart = (said[a] - said[b])[:, 0] * data.target_scale
            row["prediction_distance"] = np.sqrt(np.mean(np.square(apart, dtype=np.float64)))
        rows.append(row)
    return pd.DataFrame(rows)


def ends(
    landscape: "LossLandscape", space: WeightSpace, results: Mapping[int, "TrialResult"]
) -> pd.DataFrame:
    """Where each seed began and ended.

    Args:
        landscape: Gives gradients on training examples.
        space: The weight space.
        results: What came of each seed.

    Returns:
        A row a seed; see `results/README.md` for the columns.
    """
    rows = []
    for seed, result in results.items():
        row: dict[str, Any] = {"seed": seed, "status": result.status}
        if result.curves:
            first, last = result.curves[0], result.curves[-1]
            row |= {"epoch": last["epoch"], "train_loss_start": first["train_loss"]}
            row |= {
                name: value for name, value in last.items() if name.startswith(("train_", "val_"))
            }
            start, end = result.path[0], result.path[-1]
            norms = landscape.gradient_norms(stack_places([start, end]))
            vectors = space.vectors([start, end])
            row |= {
                "gradient_norm_start": norms[0],
                "gradient_norm": norms[1],
                "gradient_ratio": norms[1] / norms[0] if norms[0] > 0 else np.nan,
                "weight_norm_start": np.linalg.norm(vectors[0]),
                "weight_norm": np.linalg.norm(vectors[1]),
                "distance_from_start": np.linalg.norm(vectors[1] - vectors[0]),
            }
        rows.append(row)
    return pd.DataFrame(rows)
