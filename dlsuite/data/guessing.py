"""What guessing scores: the level that a model has to beat before it has learned anything."""

from collections.abc import Callable

import numpy as np

from dlsuite.data.dataset import Array, Guess
from dlsuite.data.parts import Part, Parts


def guess_class(parts: Parts, *, classes: int) -> Guess:
    """Guess by the class frequencies of the training labels.

    The loss is the mean cross-entropy `-mean(log p[y])` in nats, where `p` are the training
    frequencies; it is infinite if a class that training never saw is to be told. The accuracy is
    that of always saying the most frequent class.

    Args:
        parts: The parts; training labels as trained on, noise included.
        classes: Number of classes.
    """
    frequencies = np.bincount(parts.train.y, minlength=classes) / len(parts.train)
    majority = int(np.argmax(frequencies))
    with np.errstate(divide="ignore"):
        log_frequencies = np.log(frequencies)

    def scores(part: Part) -> dict[str, float]:
        return {
            "loss": float(-log_frequencies[part.y].mean()),
            "accuracy": float((part.y == majority).mean()),
        }

    return Guess("majority class", _held_out(parts, scores))


def guess_value(parts: Parts, *, target_scale: float) -> Guess:
    """Guess the mean of the targets trained on or, for series, that the last value stays.

    The loss is the mean squared error of the standardized target.

    Args:
        parts: The parts, targets in their own units.
        target_scale: What one standardized unit is in the target's own.
    """
    if parts.train.last_value is not None:
        return _forecast("last value", parts, _last_value, target_scale)
    return _forecast("mean", parts, _mean_of(parts), target_scale)


def further_forecasts(
    parts: Parts, *, season: int | None, target_scale: float
) -> tuple[Guess, ...]:
    """What else somebody says of a series who has no model: as a season ago, and the mean trained on.

    Args:
        parts: The parts, targets in their own units.
        season: After how many steps things repeat; without one there is no seasonal forecast.
        target_scale: What one standardized unit is in the target's own.
    """
    mean = _forecast("mean", parts, _mean_of(parts), target_scale)
    if season is None:
        return (mean,)
    return (_forecast(f"seasonal ({season})", parts, _seasonal, target_scale), mean)


def _last_value(part: Part) -> Array:
    assert part.last_value is not None
    return part.last_value


def _seasonal(part: Part) -> Array:
    assert part.seasonal is not None
    return part.seasonal


def _mean_of(parts: Parts) -> Callable[[Part], float]:
    mean = float(parts.train.y.mean())
    return lambda part: mean


def _forecast(
    name: str, parts: Parts, say: Callable[[Part], Array | float], target_scale: float
) -> Guess:
    def scores(part: Part) -> dict[str, float]:
        error = part.y - say(part)
        mean_squared = float(np.mean(error**2))
        return {
            "loss": mean_squared / target_scale**2,
            "rmse": mean_squared**0.5,
            "mae": float(np.abs(error).mean()),
        }

    return Guess(name, _held_out(parts, scores))


def _held_out(
    parts: Parts, scores: Callable[[Part], dict[str, float]]
) -> dict[str, dict[str, float]]:
    return {"validation": scores(parts.validation), "test": scores(parts.test)}
