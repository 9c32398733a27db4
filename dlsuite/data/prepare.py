"""From raw data to a `Dataset`: split, disturb, take fewer, encode or scale, guess.

The order matters. Noise is drawn before the smaller training set is taken, so that both are nested;
whatever is fitted (vocabulary, scaling, the target's mean) is fitted last, on the training examples
that are left.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from dlsuite.data.dataset import Array, Dataset, Guess
from dlsuite.data.encoding import TableEncoder
from dlsuite.data.gathered import Gathered
from dlsuite.data.guessing import further_forecasts, guess_class, guess_value
from dlsuite.data.noise import noisy_labels, noisy_targets
from dlsuite.data.parts import Part, Parts, split_by_lot
from dlsuite.data.raw import Arrays, Examples, Phrases, Raw, Table, TimeSeries
from dlsuite.data.rows import split_rows
from dlsuite.data.scaling import ChannelScaler
from dlsuite.data.split import Split
from dlsuite.data.texts import TextEncoder, encode_texts
from dlsuite.data.windows import scaled_windows, split_in_time
from dlsuite.errors import DataError
from dlsuite.spec import Count, Rate
from dlsuite.spec.kinds import Kind, TaskType

InputScaling = Literal["none", "standard"]


@dataclass(frozen=True, kw_only=True)
class About:
    """What stands in the registry about a data set.

    Attributes:
        name: Its name.
        kind: `table`, `text`, `series` or `image`.
        task_type: `classification` or `regression`; None for a file, whose target says it.
        source: Where the data comes from.
        license: Under which terms.
        description: What an example is and what is to be told.
    """

    name: str
    kind: Kind
    task_type: TaskType | None
    source: str
    license: str
    description: str


_TOGETHER = 4096
"""Examples that are looked at together."""


def prepare(
    raw: Raw,
    about: About,
    *,
    train_size: Count | None = None,
    label_noise: Rate = 0.0,
    input_scaling: InputScaling = "standard",
    split_seed: Annotated[int, Field(ge=0)] = 0,
) -> Dataset:
    """Make a data set of raw data.

    Args:
        raw: What a loader returned.
        about: What stands in the registry about it.
        train_size: Number of training examples to use, all if absent. Smaller sets are contained in
            larger ones and hold the classes in proportion; in time order, the most recent are used.
        label_noise: The share of training labels replaced by another class or, for regression, the
            standard deviation of noise added to training targets, as a multiple of theirs.
            Validation and test stay clean.
        input_scaling: `standard` scales inputs to mean 0 and standard deviation 1, each table
            column, series channel or color channel by itself, fitted on the training examples used;
            `none` leaves them as they are. Text has none.
        split_seed: What the split, the smaller training set and the noise are drawn from. What is split
            in time order is so whatever it is.

    Raises:
        DataError: The data does not fit its kind, or holds too few examples.
    """
    _check_kind(raw, about)
    parts, notes = _split(raw, split_seed)
    clean, places = parts.train.y, parts.train.x
    classes = _classes(raw)
    if label_noise:
        parts = _disturb(parts, classes, label_noise, split_seed)
    chosen = _chosen(raw, len(parts.train), train_size, classes)
    parts = replace(parts, train=parts.train.take(chosen))
    if _most_recent(raw):
        _check_classes(clean[chosen], raw)
    notes += _training_notes(parts.train.y, clean, chosen, label_noise, classes)

    vocabulary: tuple[str, ...] | None = None
    encoder: TableEncoder | TextEncoder | ChannelScaler | None = None
    feature_names = () if isinstance(raw, Table) else raw.feature_names
    if isinstance(raw, Arrays) and not raw.of_bytes:
        parts = parts.map_x(raw.take)
    if isinstance(raw, Phrases):
        encoder, parts, of_texts = encode_texts(raw, parts, places)
        vocabulary = encoder.vocabulary
        notes += of_texts
    elif isinstance(raw, Table):
        encoder, parts = _encoded(raw, parts, scale=input_scaling == "standard")
        feature_names = encoder.feature_names
    elif isinstance(raw, Arrays) and raw.of_bytes:
        encoder, parts = _of_bytes(raw, parts, scale=input_scaling == "standard")
    elif isinstance(raw, TimeSeries):
        parts, encoder = scaled_windows(parts, scale=input_scaling == "standard")
    elif input_scaling == "standard":
        encoder = ChannelScaler.fit(parts.train.x)
        parts = parts.map_x(encoder.transform)
    else:
        parts = parts.map_x(lambda x: x.astype(np.float32))

    _check_countable(parts, feature_names)
    # Of the whole, clean training split, so that a loss has one unit whatever is done to the targets.
    mean, scale = (0.0, 1.0) if classes else _mean_and_scale(clean)
    guesses = _guesses(raw, parts, classes, scale)
    return Dataset(
        name=about.name,
        kind=about.kind,
        task_type="classification" if classes else "regression",
        train=_finished(parts.train, classes),
        validation=_finished(parts.validation, classes),
        test=_finished(parts.test, classes),
        feature_names=feature_names,
        class_names=() if isinstance(raw, TimeSeries) else raw.class_names,
        vocabulary=vocabulary,
        target_mean=mean,
        target_scale=scale,
        source=about.source,
        license=about.license,
        description=about.description,
        guess=guesses[0],
        further_guesses=guesses[1:],
        notes=raw.notes + notes,
        target=_target_name(raw),
        encoder=encoder,
        form=raw.form if isinstance(raw, TimeSeries | Arrays) else None,
    ).joined()


def _check_kind(raw: Raw, about: About) -> None:
    expected: dict[Kind, tuple[type, ...]] = {
        "table": (Examples, Table, Arrays),
        "text": (Phrases,),
        "series": (TimeSeries, Arrays),
        "image": (Examples, Arrays),
    }
    if not isinstance(raw, expected[about.kind]):
        raise DataError(
            f"expected its loader to return {expected[about.kind][0].__name__}, as its kind is "
            f"{about.kind!r}; got {type(raw).__name__}."
        )
    if about.task_type is not None and (about.task_type == "classification") != (_classes(raw) > 0):
        raise DataError(
            "expected class_names if, and only if, the task type is 'classification'; "
            f"it is {about.task_type!r}, and there are {_classes(raw)}."
        )


def _classes(raw: Raw) -> int:
    return 0 if isinstance(raw, TimeSeries) else len(raw.class_names)


def _split(raw: Raw, split_seed: int) -> tuple[Parts, tuple[str, ...]]:
    if isinstance(raw, TimeSeries):
        return split_in_time(raw)
    if isinstance(raw, Table | Arrays | Phrases):
        y = raw.labels if isinstance(raw, Phrases) else raw.y
        parts = split_rows(y, raw.rules, class_names=raw.class_names, split_seed=split_seed)
        return parts, ()
    return split_by_lot(raw.x, raw.y, classes=_classes(raw), split_seed=split_seed), ()


def _disturb(parts: Parts, classes: int, level: float, split_seed: int) -> Parts:
    y = parts.train.y
    if classes:
        y = noisy_labels(y, level=level, classes=classes, split_seed=split_seed)
    else:
        y = noisy_targets(y, level=level, split_seed=split_seed)
    return replace(parts, train=replace(parts.train, y=y))


def _chosen(raw: Raw, available: int, train_size: int | None, classes: int) -> slice:
    """Say which training examples to use: the first ones, or the most recent of a series."""
    if train_size is None:
        return slice(None)
    if train_size > available:
        raise DataError(
            f"train_size: expected at most {available}, the training examples there are; "
            f"got {train_size}."
        )
    if train_size < classes:
        raise DataError(
            f"train_size: expected at least {classes}, one example of each class; got {train_size}."
        )
    return slice(available - train_size, None) if _most_recent(raw) else slice(train_size)


def _most_recent(raw: Raw) -> bool:
    """Whether the training examples are in time order."""
    if isinstance(raw, Table | Arrays | Phrases):
        return raw.rules.most_recent
    return isinstance(raw, TimeSeries)


def _check_classes(used: Array, raw: Raw) -> None:
    """Refuse the most recent training rows if a class is not among them."""
    if isinstance(raw, Table | Arrays | Phrases) and raw.class_names:
        counts = np.bincount(used, minlength=len(raw.class_names))
        if not counts.all():
            raise DataError(
                f"train_size: expected rows of each class among the {len(used)} used for training; there is "
                f"none of {raw.class_names[int(np.argmin(counts))]!r}. Choose a larger one."
            )


def _encoded(table: Table, parts: Parts, *, scale: bool) -> tuple[TableEncoder, Parts]:
    """Encode rows, given by their places, by what the training ones hold."""
    number, rows = table.piece(parts.train.x)
    encoder = TableEncoder.fit(
        table.frames[number],
        table.columns,
        rows=rows,
        max_categories=table.max_categories,
        scale=scale,
        missing=table.missing,
        source=table.sources[number],
    )

    def encode(places: Array) -> Array:
        number, rows = table.piece(places)
        return encoder.transform(table.frames[number], rows=rows, source=table.sources[number])

    return encoder, parts.map_x(encode)


def _of_bytes(images: Arrays, parts: Parts, *, scale: bool) -> tuple[ChannelScaler | None, Parts]:
    """Leave images as bytes where they are; each is scaled when it is asked for."""
    # A plain array, over a mapped file too: a `memmap` would be pickled as a copy within the rest.
    store = np.asarray(images.xs[0] if len(images.xs) == 1 else np.concatenate(images.xs))
    scaler = ChannelScaler.fit_bytes(store, parts.train.x) if scale else None
    return scaler, parts.map_x(
        lambda places: Gathered(store, places, scaler=scaler, digest=images.digest)
    )


def _check_countable(parts: Parts, feature_names: Sequence[str]) -> None:
    """Refuse numbers that float32 does not hold, or that nothing is left of once they are scaled."""
    for part in (parts.train, parts.validation, parts.test):
        if part.y.dtype.kind == "f":
            largest = float(np.abs(part.y).max(initial=0))
            if not largest <= np.finfo(np.float32).max:
                raise DataError(
                    f"target: its numbers, up to {largest:g}, are too large to be counted with; write them "
                    "in another unit."
                )
        if not isinstance(part.x, np.ndarray) or part.x.dtype.kind != "f":
            continue
        for at in range(0, len(part.x), _TOGETHER):
            lost = ~np.isfinite(part.x[at : at + _TOGETHER])
            if lost.any():
                place = int(np.argwhere(lost)[0][-1])
                name = repr(feature_names[place]) if place < len(feature_names) else f"{place + 1}"
                raise DataError(
                    f"input {name}: its numbers are too large, or too far from those of training, to be "
                    "counted with; write them in another unit, or leave it out."
                )


def _mean_and_scale(targets: Array) -> tuple[float, float]:
    deviation = float(targets.std())
    return float(targets.mean()), deviation if deviation > 0 else 1.0


def _finished(part: Part, classes: int) -> Split:
    return Split(part.x, part.y.astype(np.int32 if classes else np.float32))


def _guesses(raw: Raw, parts: Parts, classes: int, scale: float) -> tuple[Guess, ...]:
    if classes:
        return (guess_class(parts, classes=classes),)
    guess = guess_value(parts, target_scale=scale)
    if not isinstance(raw, TimeSeries):
        return (guess,)
    forecasts = (guess, *further_forecasts(parts, season=raw.season, target_scale=scale))
    # What a network is held against is the better of the last value and that of a season ago.
    of_time = [forecast for forecast in forecasts if forecast.name != "mean"]
    best = min(of_time, key=lambda forecast: forecast.scores["validation"]["loss"])
    return (best, *(forecast for forecast in forecasts if forecast is not best))


def _target_name(raw: Raw) -> str | None:
    if isinstance(raw, Table | Phrases):
        return raw.target
    form = raw.form if isinstance(raw, TimeSeries | Arrays) else None
    return None if form is None else form.target


def _training_notes(
    used: Array, clean: Array, chosen: slice, label_noise: float, classes: int
) -> tuple[str, ...]:
    notes: tuple[str, ...] = ()
    if len(used) < len(clean):
        notes += (f"{len(used)} of {len(clean)} training examples are used.",)
    if label_noise and classes:
        replaced = int((used != clean[chosen]).sum())
        notes += (f"{replaced} of {len(used)} training labels are replaced by another class.",)
    elif label_noise:
        notes += (
            f"The training targets bear Gaussian noise of {label_noise:g} times their deviation.",
        )
    return notes
