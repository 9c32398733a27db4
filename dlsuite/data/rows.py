"""How the rows of a table come to training, validation and test: by lot, by groups, in time, or as given.

What is not given is split in the usual shares; whatever the way, no row is in two splits, no group is, and
in time nothing that is trained on is later than what is held out.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dlsuite.data.dataset import Array
from dlsuite.data.draws import Purpose, generator
from dlsuite.data.parts import Part, Parts, interleaved, split_by_lot
from dlsuite.errors import DataError

TRAIN, VALIDATION, TEST, FREE = 0, 1, 2, -1
"""Where a row is given to; free where nothing is said."""
_NAMES = ("training", "validation", "test")


@dataclass(frozen=True, eq=False)
class SplitRules:
    """How rows are split; all by lot if nothing is said.

    Attributes:
        given: int `[n]`, for each row `TRAIN`, `VALIDATION`, `TEST` or `FREE`; None if all are free.
        groups: int `[n]`, the group of each row, none of which is in two splits; None without groups.
        times: float64 `[n]`, when each row was; later ones are held out. None without an order.
        test_source: What to call the test rows in messages, if they come by themselves.
    """

    given: Array | None = None
    groups: Array | None = None
    times: Array | None = None
    test_source: str = ""

    @property
    def drawn(self) -> bool:
        """Whether anything is left to a lot."""
        return self.times is None and (self.given is None or bool((self.given == FREE).any()))

    @property
    def most_recent(self) -> bool:
        """Whether a smaller training set is the end of a larger one, not its beginning."""
        return self.times is not None


def split_rows(
    y: Array, rules: SplitRules, *, class_names: tuple[str, ...], split_seed: int
) -> Parts:
    """Split rows, 60/20/20 where nothing is given, else the free ones 75/25.

    Args:
        y: Labels or targets `[n]`.
        rules: How.
        class_names: By label; empty for regression.
        split_seed: What lots are drawn from.

    Returns:
        The parts; their inputs are the places of the rows. Training is in an order of which any
        beginning (in time: any end) is a fair smaller training set.

    Raises:
        DataError: A split would be empty, or hold a class that training does not.
    """
    classes = len(class_names)
    if rules.given is None and rules.groups is None and rules.times is None:
        return split_by_lot(np.arange(len(y)), y, classes=classes, split_seed=split_seed)
    given = np.full(len(y), FREE) if rules.given is None else rules.given
    rest = np.flatnonzero(given == FREE)
    splits = [np.flatnonzero(given == number) for number in (TRAIN, VALIDATION, TEST)]
    wanted = [number for number in (TEST, VALIDATION) if not len(splits[number])]
    shares = {2: (0.2, 0.25), 1: (0.25,), 0: ()}[len(wanted)] if len(rest) else ()
    seeds = generator(Purpose.SPLIT, split_seed).integers(2**32, size=2)
    hold_out = _way(y, rules, classes, splits=len(wanted) + 1)
    for number, share, seed in zip(wanted, shares, seeds, strict=False):
        rest, splits[number] = hold_out(rest, share, int(seed))
    splits[TRAIN] = _training_order(
        np.concatenate([splits[TRAIN], rest]), y, rules, classes, split_seed
    )
    _check(splits, y, rules, class_names)
    return Parts(*(Part(places, y[places]) for places in splits))


HoldOut = Callable[[Array, float, int], tuple[Array, Array]]


def _way(y: Array, rules: SplitRules, classes: int, *, splits: int) -> HoldOut:
    if rules.times is not None:
        times = rules.times
        return lambda rest, share, seed: _hold_out_latest(rest, share, times)
    if rules.groups is not None:
        groups = rules.groups
        found = len(np.unique(groups[rules.given == FREE] if rules.given is not None else groups))
        if found < splits:
            raise DataError(
                f"group_column: expected at least {splits} groups, one for each split; got {found}."
            )
        return lambda rest, share, seed: _hold_out_groups(rest, share, seed, y, groups, classes)
    return lambda rest, share, seed: _hold_out_by_lot(rest, share, seed, y, classes)


def _hold_out_by_lot(
    rest: Array, share: float, seed: int, y: Array, classes: int
) -> tuple[Array, Array]:
    from sklearn.model_selection import train_test_split

    size = round(share * len(rest))
    if not 0 < size < len(rest):
        raise DataError(
            f"expected more rows to take a split from; got {len(rest)} rows that are in none yet."
        )
    labels = y[rest] if classes else None
    if labels is not None:
        counts = np.bincount(labels)
        counts = counts[counts > 0]
        # Too few for proportions; what is missing in training is found below.
        if counts.min() < 2 or min(size, len(rest) - size) < len(counts):
            labels = None
    kept, taken = train_test_split(rest, test_size=size, random_state=seed, stratify=labels)
    return kept, taken


def _hold_out_groups(
    rest: Array, share: float, seed: int, y: Array, groups: Array, classes: int
) -> tuple[Array, Array]:
    from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

    most = int(np.bincount(y[rest]).max()) if classes else 0
    folds = min(round(1 / share), len(np.unique(groups[rest])), most)
    if folds < 2:
        splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=seed)
        kept, taken = next(splitter.split(rest, groups=groups[rest]))
        return rest[kept], rest[taken]
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        # A class of fewer examples than folds; what is missing in training is found below.
        warnings.simplefilter("ignore", UserWarning)
        found = [fold for fold in folder.split(rest, y[rest], groups[rest]) if all(map(len, fold))]
    kept, taken = min(found, key=lambda fold: abs(len(fold[1]) - share * len(rest)))
    return rest[kept], rest[taken]


def _hold_out_latest(rest: Array, share: float, times: Array) -> tuple[Array, Array]:
    rest = rest[np.argsort(times[rest], kind="stable")]
    ordered = times[rest]
    border = len(rest) - round(share * len(rest))
    at = ordered[min(border, len(rest) - 1)]
    # Rows of one moment stay together: the border is the nearer end of theirs.
    ends = [int(np.searchsorted(ordered, at, side)) for side in ("left", "right")]
    ends = [end for end in ends if 0 < end < len(rest)]
    if not ends:
        raise DataError(
            f"time_column: expected different times to split by; {len(rest)} rows have one and the same."
        )
    border = min(ends, key=lambda end: abs(end - border))
    return rest[:border], rest[border:]


def _training_order(
    train: Array, y: Array, rules: SplitRules, classes: int, split_seed: int
) -> Array:
    if rules.times is not None:
        return train[np.argsort(rules.times[train], kind="stable")]
    train = generator(Purpose.TRAIN_ORDER, split_seed).permutation(train)
    if classes and len(train) and len(np.unique(y[train])) == classes:
        train = train[interleaved(y[train], classes)]
    return train


def _check(splits: list[Array], y: Array, rules: SplitRules, class_names: tuple[str, ...]) -> None:
    for name, places in zip(_NAMES, splits, strict=True):
        if not len(places):
            raise DataError(f"expected rows in each split; the {name} split has none.")
    if rules.times is not None:
        for first, second in ((0, 1), (1, 2)):
            latest, earliest = rules.times[splits[first]].max(), rules.times[splits[second]].min()
            if latest > earliest:
                raise DataError(
                    f"time_column: expected no {_NAMES[first]} row later than a {_NAMES[second]} row; "
                    "the test rows given do not come last."
                )
    if class_names:
        known = np.isin(np.arange(len(class_names)), y[splits[TRAIN]])
        for name, places in zip(_NAMES[1:], splits[1:], strict=True):
            unseen = y[places][~known[y[places]]]
            if len(unseen):
                label = class_names[int(unseen[0])]
                where = f" of {rules.test_source}" if name == "test" and rules.test_source else ""
                raise DataError(
                    f"expected every class of the {name} split in training too; {label!r} is in "
                    f"{int((y[places] == unseen[0]).sum())} {name} rows{where} and in none of training."
                )
        if not known.all():
            absent = class_names[int(np.argmin(known))]
            raise DataError(f"expected every class in training; {absent!r} is in none of its rows.")
