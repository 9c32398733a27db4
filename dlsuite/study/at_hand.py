"""Models and data that somebody has in memory, under a name that studies can use, for as long as one runs."""

import contextlib
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from dlsuite.data import (
    Dataset,
    Raw,
    add_data,
    data_settings,
    list_data,
    load_data,
    unregister_data,
)
from dlsuite.data.arrays import make_arrays
from dlsuite.data.loading import frame_table
from dlsuite.errors import SpecError
from dlsuite.models import (
    add_model,
    create_model_for,
    keyword_builder,
    list_models,
    model_entry,
    unregister_model,
)
from dlsuite.quiet import import_tensorflow
from dlsuite.spec.values import Values

if TYPE_CHECKING:
    import pandas as pd

Pair = tuple[Any, Any]
_SPLIT = "dlsuite split"
"""The column that says which rows are whose, where a frame's splits are given."""


@contextlib.contextmanager
def data_at_hand(
    x: Any,
    y: Any = None,
    *,
    target: str | None = None,
    validation: Pair | None = None,
    test: Pair | None = None,
) -> Iterator[str]:
    """Give data a name, or the path that it has.

    Args:
        x: Arrays, a data frame, a `Dataset`, a registered name or a file.
        y: The targets of an array, or of a frame that does not hold them.
        target: The column to predict, of a frame that holds it.
        validation: Inputs and targets of the validation split.
        test: Inputs and targets of the test split.

    Yields:
        What a study can call it.

    Raises:
        SpecError: What is given does not go together.
        DataError: It cannot be used.
    """
    if isinstance(x, str | Path | Dataset):
        if y is not None or validation is not None or test is not None:
            raise SpecError(
                "ablate: targets and splits are of the data already where x is a name, a file or a Dataset; "
                "leave y, validation and test out."
            )
        if not isinstance(x, Dataset):
            yield str(x)
            return
    with _named(x if isinstance(x, Dataset) else _raw(x, y, target, validation, test)) as name:
        yield name


@contextlib.contextmanager
def _named(data: Dataset | Raw) -> Iterator[str]:
    wanted = data.name if isinstance(data, Dataset) else "data"
    name = _free_name(wanted, list_data())
    add_data(name, data)
    try:
        yield name
    finally:
        unregister_data(name)


def _raw(x: Any, y: Any, target: str | None, validation: Pair | None, test: Pair | None) -> Raw:
    if not hasattr(x, "columns"):
        if y is None or target is not None:
            raise SpecError("ablate: arrays need their targets as y, and no target column.")
        return make_arrays(x, y, validation=validation, test=test)
    if (y is None) == (target is None):
        raise SpecError(
            "ablate: a data frame needs its targets as y, or the column that is the target."
        )
    name = target if target is not None else str(getattr(y, "name", None) or "target")
    pairs = {"train": (x, y), "validation": validation, "test": test}
    frames = {split: _with_target(pair, name) for split, pair in pairs.items() if pair is not None}
    if len(frames) == 1:
        return frame_table(frames["train"], target=name)
    if len(frames) == 2 and test is not None:
        return frame_table(frames["train"], target=name, test=frames["test"])
    if test is None:
        raise SpecError("ablate: validation is given and test is not; give both, or test alone.")
    import pandas as pd

    split = [frame.assign(**{_SPLIT: split}) for split, frame in frames.items()]
    return frame_table(pd.concat(split, ignore_index=True), target=name, split_column=_SPLIT)


def _with_target(pair: Pair, name: str) -> "pd.DataFrame":
    frame: pd.DataFrame = pair[0]
    if pair[1] is None:
        return frame
    if len(pair[1]) != len(frame):
        raise SpecError(
            f"y: expected as many targets as the frame has rows, {len(frame)}; got {len(pair[1])}."
        )
    return frame.assign(**{name: list(pair[1])})


@contextlib.contextmanager
def model_at_hand(
    model: Any, varied: Mapping[str, Any], data: str, fixed: Mapping[str, Any]
) -> Iterator[str]:
    """Give a function that builds a model a name; what has one keeps it.

    Args:
        model: A registered name, a `.keras` file, or a function.
        varied: Lists of values, by hyperparameter.
        data: What the study calls its data.
        fixed: Settings by name, those of the data among them.

    Yields:
        What a study can call it.

    Raises:
        SpecError: It is none of these.
    """
    if isinstance(model, str | Path):
        yield str(model)
        return
    if not callable(model) or hasattr(model, "get_weights"):
        raise SpecError(
            "model: expected a registered name, a .keras file or a function that returns a keras.Model; got "
            f"a {type(model).__name__}. Save a finished model as .keras, or give the function that builds it."
        )
    name = _free_name(getattr(model, "__name__", type(model).__name__), list_models())
    add_model(name, keyword_builder(model))
    try:
        settings = {key: value for key, value in fixed.items() if key in data_settings(data, fixed)}
        vectorized = _vectorized(name, varied, fixed, load_data(data, **settings))
        unregister_model(name)
        add_model(name, keyword_builder(model, vectorized=vectorized))
        yield name
    finally:
        unregister_model(name)


def _free_name(wanted: str, taken: Collection[str]) -> str:
    wanted = re.sub(r"[^\w-]", "_", wanted).strip("_") or "given"
    number, name = 1, wanted
    while name in taken:
        number += 1
        name = f"{wanted}_{number}"
    return name


def _vectorized(
    name: str, varied: Mapping[str, Any], fixed: Mapping[str, Any], data: Dataset
) -> list[str]:
    """The varied arguments of a registered function that change numbers in its model and no layer.

    They are found by building: two dropout rates give models of one structure, two widths do not.
    """
    import_tensorflow()
    from dlsuite.training.checks import structure_of

    known = model_entry(name).hyperparameters
    own = {key: value for key, value in fixed.items() if key in known}
    found = []
    for key in sorted(varied.keys() & known.keys()):
        try:
            values = TypeAdapter(Values).validate_python(varied[key])
        except ValidationError:  # The study, which is made next, says what is wrong.
            continue
        if not all(isinstance(value, int | float) for value in values):
            continue
        structures = {
            structure_of(create_model_for(name, data, **{**own, key: value})) for value in values
        }
        if len(structures) == 1 and not any(isinstance(value, bool) for value in values):
            found.append(key)
    return found
