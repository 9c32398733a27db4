"""Examples out of whatever yields them: a `tf.data.Dataset`, a Keras `PyDataset`, any iterable."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.errors import DataError, SpecError

MOST_UNCOUNTED = 1_000_000
"""Examples that are read of what does not know its length, before it is taken for endless."""
_INFINITE = -1


def collect(source: Any, *, limit: int | None = None, name: str = "train") -> tuple[Array, Array]:
    """Read examples or batches into one pair of arrays.

    An item is a batch if its `x` and `y` have a first axis of the same length, else an example.

    Args:
        source: What yields pairs `(x, y)`.
        limit: The most examples to read; all if None.
        name: What to call it in messages.

    Returns:
        Inputs `[n, ...]` and targets `[n]`, or one-hot `[n, classes]`.

    Raises:
        SpecError: It does not end and there is no limit.
        DataError: It yields no pairs, or pairs of different shapes.
    """
    _check_end(source, limit, name)
    counted = hasattr(source, "__len__") or hasattr(source, "cardinality")
    most = limit if limit is not None else None if counted else MOST_UNCOUNTED
    xs: list[Array] = []
    ys: list[Array] = []
    batched: bool | None = None
    found = 0
    for number, item in enumerate(_items(source)):
        x, y = _pair(item, number, name)
        if batched is None:
            batched = y.ndim > 0 and x.ndim > 0 and len(x) == len(y)
        if not batched:
            x, y = x[None], y[None]
        if xs and (x.shape[1:] != xs[0].shape[1:] or y.shape[1:] != ys[0].shape[1:]):
            raise DataError(
                f"{name}, item {number + 1}: expected examples of shape {xs[0].shape[1:]} with targets of "
                f"shape {ys[0].shape[1:]}, as in the first; got {x.shape[1:]} and {y.shape[1:]}."
            )
        xs.append(x)
        ys.append(y)
        found += len(y)
        if most is not None and found >= most:
            break
    if limit is None and most is not None and found >= most:
        raise SpecError(
            f"{name}: {found} examples were read of a source without a length, which may be endless; say how "
            "many to read, as in limit = 10000."
        )
    if not xs:
        raise DataError(f"{name}: expected pairs (x, y); got none.")
    return np.concatenate(xs)[:limit], np.concatenate(ys)[:limit]


def _check_end(source: Any, limit: int | None, name: str) -> None:
    if limit is not None and (isinstance(limit, bool) or limit < 1):
        raise SpecError(f"limit: expected a whole number, at least 1; got {limit!r}.")
    if limit is None and hasattr(source, "cardinality") and int(source.cardinality()) == _INFINITE:
        raise SpecError(
            f"{name}: the data set is infinite; say how many examples to read, as in limit = 10000, or leave "
            "repeat() out."
        )


def _items(source: Any) -> Iterator[Any]:
    if hasattr(source, "as_numpy_iterator"):
        return iter(source.as_numpy_iterator())
    # A Keras PyDataset tells its length, but not every one of them ends when it is iterated.
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        return (source[place] for place in range(len(source)))
    if not isinstance(source, Iterable):
        raise DataError(f"expected batches or examples (x, y); got a {type(source).__name__}.")
    return iter(source)


def _pair(item: Any, number: int, name: str) -> tuple[Array, Array]:
    if not isinstance(item, tuple | list) or len(item) != 2 or isinstance(item[0], dict):
        got = (
            f"{len(item)} values" if isinstance(item, tuple | list) else f"a {type(item).__name__}"
        )
        if isinstance(item, tuple | list) and len(item) == 2:
            got = "inputs by name"
        raise DataError(
            f"{name}, item {number + 1}: expected a pair (x, y) of arrays; got {got}. Map it to one input "
            "and one target."
        )
    return np.asarray(item[0]), np.asarray(item[1])
