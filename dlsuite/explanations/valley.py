"""Gradient descent in one variable: a function with two minima, and which of them is reached from where."""

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

LEARNING_RATES = (0.2, 0.8, 6.0)
"""One that goes down to the nearest minimum, one that leaps out of the narrow one, one that diverges."""
STARTS = np.linspace(-3.5, 3.5, 56)
STEPS = 60
LOWEST, HIGHEST = -3.5, 3.5
"""Where the function is drawn."""

_WIDTH, _DEPTH, _PLACE = 3.0, 1.2, 1.8
_FAR = 1e3
_NEAR = 0.05


def valley(x: npt.ArrayLike) -> Numbers:
    """A wide valley with a narrow hole in its side.

    `f(x) = (x + 1)^2 / 4 - 1.2 exp(-3 (x - 1.8)^2)`: the absolute minimum is wide, at about -1 where
    `f'' = 0.5`; the relative one is narrow, near 1.6 where `f'' = 5.3`. Gradient descent with a learning rate
    above `2 / f''` is repelled by a minimum.
    """
    x = np.asarray(x, dtype=float)
    return np.asarray((x + 1) ** 2 / 4 - _DEPTH * np.exp(-_WIDTH * (x - _PLACE) ** 2))


def slope(x: npt.ArrayLike) -> Numbers:
    """The derivative of `valley`."""
    x = np.asarray(x, dtype=float)
    away = x - _PLACE
    return np.asarray((x + 1) / 2 + 2 * _WIDTH * _DEPTH * away * np.exp(-_WIDTH * away**2))


def curvature(x: npt.ArrayLike) -> Numbers:
    """The second derivative of `valley`."""
    x = np.asarray(x, dtype=float)
    away = x - _PLACE
    bend = 2 * _WIDTH * _DEPTH * (1 - 2 * _WIDTH * away**2)
    return np.asarray(0.5 + bend * np.exp(-_WIDTH * away**2))


def stationary_points() -> pd.DataFrame:
    """Where the derivative is 0.

    Returns:
        A row for the `absolute minimum`, the `maximum` between and the `relative minimum`: `kind`, `x`, `f`,
        `curvature` and `largest_rate`, above which gradient descent cannot settle there.
    """
    from scipy.optimize import brentq

    kinds = ("absolute minimum", "maximum", "relative minimum")
    brackets = ((-2.0, 0.0), (0.5, 1.3), (1.4, 1.8))
    places = np.array([brentq(slope, low, high, xtol=1e-14) for low, high in brackets])
    bends = curvature(places)
    with np.errstate(divide="ignore"):
        rates = np.where(bends > 0, 2 / bends, np.nan)
    return pd.DataFrame(
        {
            "kind": kinds,
            "x": places,
            "f": valley(places),
            "curvature": bends,
            "largest_rate": rates,
        }
    )


def curve_table() -> pd.DataFrame:
    """The function where it is drawn: `x`, `f` and `slope`."""
    x = np.linspace(LOWEST, HIGHEST, 281)
    return pd.DataFrame({"x": x, "f": valley(x), "slope": slope(x)})


def descents(
    starts: npt.ArrayLike = STARTS,
    learning_rates: npt.ArrayLike = LEARNING_RATES,
    *,
    steps: int = STEPS,
) -> pd.DataFrame:
    """Go down from many starts: `x <- x - learning_rate * f'(x)`.

    Args:
        starts: Where to begin, `[starts]`.
        learning_rates: By which rates, `[rates]`.
        steps: How many steps.

    Returns:
        A row a start, rate and step: `start`, `learning_rate`, `step` from 0, `x`, `f`, and where the start
        comes to in the end, `reached`: `absolute minimum`, `relative minimum`, `diverged` where it leaves
        -1000 to 1000, with which it ends, or `on the way`.
    """
    begin, rates = np.asarray(starts, dtype=float), np.asarray(learning_rates, dtype=float)
    x = np.broadcast_to(begin[:, None], (len(begin), len(rates)))
    path = [x]
    for _ in range(steps):
        # Beyond a thousand nothing is to be seen, and squares overflow in the end.
        x = np.where(np.abs(x) > _FAR, np.nan, x - rates * slope(x))
        path.append(x)
    places = np.stack(path, axis=-1)  # [starts, rates, steps + 1]
    reached = _reached(places)
    shape = places.shape
    table = pd.DataFrame(
        {
            "start": np.broadcast_to(begin[:, None, None], shape).ravel(),
            "learning_rate": np.broadcast_to(rates[None, :, None], shape).ravel(),
            "step": np.broadcast_to(np.arange(shape[-1]), shape).ravel(),
            "x": places.ravel(),
            "f": valley(places).ravel(),
            "reached": np.repeat(reached.ravel(), shape[-1]),
        }
    )
    return table.dropna(subset="x").reset_index(drop=True)


def _reached(places: Numbers) -> npt.NDArray[np.object_]:
    """Where descents come to, `[starts, rates]`, from `[starts, rates, steps + 1]`."""
    points = stationary_points().set_index("kind")["x"]
    last, before = places[..., -1], places[..., -2]
    found = np.full(last.shape, "on the way", dtype=object)
    for kind in ("absolute minimum", "relative minimum"):
        found[(np.abs(last - points[kind]) < _NEAR) & (np.abs(last - before) < _NEAR)] = kind
    found[~np.isfinite(last)] = "diverged"
    return found
