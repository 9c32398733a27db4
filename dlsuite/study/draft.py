"""A study to begin from: a commented TOML file about somebody's data, with what was found in it."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlsuite.atomic import write_file
from dlsuite.data import (
    ColumnDescription,
    Dataset,
    Kind,
    data_entry,
    describe_columns,
    load_data,
    settings_of,
)
from dlsuite.errors import SpecError
from dlsuite.models import list_models, model_entry
from dlsuite.spec import as_path, display, is_path, parse_study, relative_path
from dlsuite.study.plan import make_plan

_MODELS: dict[Kind, str] = {"table": "mlp", "text": "gru", "series": "gru", "image": "cnn"}
"""A model to begin with, by the kind of data."""
_AUGMENTATIONS = {"flip": "[false, true]", "shift": "[0.0, 0.1]", "crop": "[1.0, 0.875]"}
"""Factors of augmentation to be proposed, and values for them."""
_OF_ALL = ("train_size", "label_noise", "input_scaling", "split_seed", "kind")
"""Settings that all data takes, which a draft need not name."""
_STEPS = 10_000
"""Steps of one training at about which a draft aims, so that a study ends in minutes."""
_SPLITS = re.compile(r"(data)?_?(split|set|subset|fold|partition)$", re.IGNORECASE)
"""What a column may be called that says which rows are held out."""
_MOST_COLUMNS = 200
"""Columns that are described each."""
_STRONG_IMBALANCE = 0.2
"""With a smaller share than this of the smallest of two classes, the accuracy tells little."""


@dataclass(frozen=True)
class Drafted:
    """What a draft is made of.

    Attributes:
        path: The file or folder, as the study shall name it.
        settings: The data's settings that were given.
        data: The data set that comes of it.
        takes: Settings that such data takes.
        columns: Of a table, all columns but the target.
    """

    path: str
    settings: Mapping[str, Any]
    data: Dataset
    takes: tuple[str, ...]
    columns: tuple[ColumnDescription, ...] = ()


def write_draft(
    file: Path,
    data: Path,
    *,
    settings: Mapping[str, Any] | None = None,
    model: str | None = None,
    replace: bool = False,
) -> list[str]:
    """Write a study of a file or folder.

    Args:
        file: The file to write; it ends in `.toml`.
        data: A table, or a folder of images, texts or series.
        settings: Settings of the data: of a table its `target`, the column to predict.
        model: A registered model's name, or a `.keras` file; one that fits the kind of data if None.
        replace: Whether the file is replaced if it is there.

    Returns:
        Lines that say what was found and what to do next.

    Raises:
        SpecError: The file is there, its name is none for a study, or a setting is missing or wrong.
        DataError: The data cannot be read or used.
    """
    if file.suffix != ".toml":
        raise SpecError(f"{file}: expected a name that ends in '.toml'.")
    if file.exists() and not replace:
        raise SpecError(
            f"{file}: is there already; replace it with --force, or choose another name."
        )
    place = as_path(str(data))
    kind = data_entry(place, settings).kind
    model = model or _MODELS[kind]
    if kind not in model_entry(model).kinds:
        raise SpecError(
            f"{place}: is {kind} data, which {model!r} does not take; choose one of "
            f"{', '.join(list_models(kind=kind))}."
        )
    drafted = _drafted(place, kind, settings or {}, file.parent)
    if is_path(model):
        model = relative_path(model, file.parent)
    text = draft(drafted, name=file.stem, model=model)
    # Before it is written: what cannot be planned must not stand in the way of the next try.
    make_plan(parse_study(tomllib.loads(text), source=str(file), folder=file.parent))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, text)
    except OSError as error:
        raise SpecError(f"{file}: cannot be written ({error.strerror or error}).") from error
    return [*_summary(drafted), "", f"Wrote {file}. Next: dlsuite check {file}"]


def _drafted(path: str, kind: Kind, settings: Mapping[str, Any], folder: Path) -> Drafted:
    """Load the data; of a table, without the columns that something is wrong with."""
    given = dict(settings)
    columns: tuple[ColumnDescription, ...] = ()
    if kind == "table":
        described = describe_columns(path)
        target = given.get("target")
        if "drop" not in given and (
            drop := _to_drop(column for column in described if column.name != target)
        ):
            given["drop"] = drop
        data = load_data(path, **given)
        columns = tuple(column for column in described if column.name != data.target)
    else:
        data = load_data(path, **given)
    takes = tuple(settings_of(data_entry(path, given)))
    return Drafted(as_path(relative_path(path, folder)), given, data, takes, columns)


def draft(drafted: Drafted, *, name: str, model: str) -> str:
    """Write a study as TOML.

    Args:
        drafted: What the data holds.
        name: The study's name.
        model: The model's name.
    """
    return "\n".join(_lines(drafted, name=name, model=model)) + "\n"


def _lines(drafted: Drafted, *, name: str, model: str) -> Iterator[str]:
    data, path = drafted.data, drafted.path
    takes = model_entry(model).hyperparameters
    varied = " and ".join(
        words
        for key, words in (("dropout", "dropout"), ("batch_norm", "batch normalization"))
        if key in takes or key == "dropout"
    )
    batch_size = 32 if len(data.train) < 10_000 else 128 if len(data.train) < 100_000 else 512
    epochs = max(5, min(40, round(_STEPS * batch_size / len(data.train))))
    yield f"# A study of {_one_line(path)}, to begin from. What it would train: dlsuite check {name}.toml"
    yield f"# Run it: dlsuite run {name}.toml    What can be varied: dlsuite list factors"
    yield ""
    yield f"name = {display(_study_name(name))}"
    yield f"question = {display(f'What do {varied} do on {path}?')}"
    yield f"seeds = {5 if len(data.train) > 100_000 else 10}"
    yield f"epochs = {epochs}"
    yield from _metric_lines(data)
    yield ""
    yield "[[tasks]]"
    others = [other for other in list_models(kind=data.kind) if other != model]
    yield f"model = {display(model)}{_beside(others)}"
    yield ""
    yield "[tasks.data]"
    yield f"path = {display(path)}"
    yield from _data_lines(drafted)
    yield ""
    yield "[factors]                 # what is asked about: every combination is trained, for every seed"
    yield "dropout = [0.0, 0.2, 0.4]"
    if "batch_norm" in takes:
        yield "batch_norm = [false, true]"
    for key, hint in _AUGMENTATIONS.items():
        if key in takes:
            yield f"# {key} = {hint}"
    yield ""
    yield "[tune]                    # chosen anew for each condition, on validation"
    yield "learning_rate = [0.001, 0.003]"
    yield ""
    yield "[fixed]                   # everything else that should not be at its default"
    yield f"batch_size = {batch_size}"
    if data.task_type == "classification":
        yield '# class_weight = "balanced"    # every class counts the same, however rare'


def _data_lines(drafted: Drafted) -> Iterator[str]:
    """The data's settings, what was found in it, and what else can be set."""
    data = drafted.data
    for key, value in drafted.settings.items():
        about = {"target": _one_line(_target_words(data)), "drop": "see below"}.get(key, "")
        yield f"{key} = {display(value)}{f'    # {about}' if about else ''}"
    if data.kind == "table":
        yield f"# task_type = {display(data.task_type)}    # as found out; the other one can be set"
        yield "# split_column, test_path, group_column, time_column: who decides which rows are held out"
        for column in drafted.columns:
            if _SPLITS.match(column.name) and "train" in column.example.lower():
                yield f"# split_column = {display(column.name)}    # if it says which rows are held out"
        yield ""
        yield from _column_lines(drafted.columns)
        return
    own = [key for key in drafted.takes if key not in drafted.settings and key not in _OF_ALL]
    yield f"# It takes more settings: {', '.join(own)}"
    yield ""
    yield "# What was found: " + _one_line(_target_words(data), most=400)
    for note in data.notes:
        yield f"# - {_one_line(note, most=400)}"


def _metric_lines(data: Dataset) -> Iterator[str]:
    if data.task_type == "regression":
        yield '# metric = "rmse"    # decides if nothing is said; also mae, r2, loss'
        return
    smallest = min((data.train.y == label).mean() for label in range(data.outputs))
    if smallest * data.outputs < 2 * _STRONG_IMBALANCE:
        yield f'metric = "balanced_accuracy"    # the rarest class is {smallest:.1%} of the rows'
    else:
        yield '# metric = "accuracy"    # decides if nothing is said; also balanced_accuracy, f1, auc, loss'


def _to_drop(columns: Iterable[ColumnDescription]) -> list[str]:
    """The columns with something wrong, for a start without them."""
    return [column.name for column in columns if column.problem]


def _column_lines(columns: Sequence[ColumnDescription]) -> Iterator[str]:
    yield "# The columns; those marked - are left out. Where something else is meant, list columns in"
    yield "# 'numeric', 'categorical', 'dates', 'drop' or 'keep'."
    shown = columns[:_MOST_COLUMNS]
    names = [_one_line(column.name, most=40) for column in shown]
    width = max(map(len, names), default=0)
    for name, column in zip(names, shown, strict=True):
        why = _one_line(
            column.problem.rpartition(f"{column.name!r}: ")[2] or column.reason, most=150
        )
        yield (
            f"# {' ' if column.used and not column.problem else '-'} {name:<{width}}  {column.kind:<8} "
            f"{column.missing:6.1%} missing  {_one_line(column.example, most=60)}"
            f"{f'  ({why})' if why else ''}"
        ).rstrip()
    if len(columns) > len(shown):
        yield f"#   and {len(columns) - len(shown)} more"


def _summary(drafted: Drafted) -> Iterator[str]:
    data, columns = drafted.data, drafted.columns
    count = len(data.train) + len(data.validation) + len(data.test)
    if data.kind != "table":
        shape = " x ".join(map(str, data.input_shape))
        yield f"{count} examples ({data.kind}, {shape}): {_target_words(data)}."
        yield from (f"- {note}" for note in data.notes)
        return
    used = sum(column.used and not column.problem for column in columns)
    yield (
        f"{count} rows; {used} of {len(columns)} columns are used, as {data.input_shape[0]} features. "
        f"{data.target!r}: {_target_words(data)}"
    )
    for column in columns:
        if column.problem:
            yield f"- {column.problem} It is left out for now."
        elif not column.used:
            yield f"- column {column.name!r} is left out: {column.reason}."


def _target_words(data: Dataset) -> str:
    if data.task_type == "regression":
        return f"regression, {data.target_mean:.4g} on average, standard deviation {data.target_scale:.4g}"
    shares = [(data.train.y == label).mean() for label in range(data.outputs)]
    most = sorted(zip(shares, data.class_names, strict=True), reverse=True)[:5]
    shown = ", ".join(f"{name} {share:.0%}" for share, name in most)
    more = f" and {data.outputs - 5} more" if data.outputs > 5 else ""
    return f"classification into {data.outputs}: {shown}{more}"


def _beside(others: Sequence[str]) -> str:
    return f"    # or {', '.join(others)}" if others else ""


def _study_name(stem: str) -> str:
    name = re.sub(r"[^\w.-]", "_", stem).lstrip("._-")
    return name or "study"


def _one_line(text: str, *, most: int = 200) -> str:
    """A text as a comment can hold it, whatever the file holds."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
