"""What a saved model says of the rows of a file, and how right it is where the file tells."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dlsuite.data.files import read_table
from dlsuite.data.folders import TEXT_SUFFIXES
from dlsuite.data.inputs import MISSING, InputColumn, category_texts, is_text, raw_columns
from dlsuite.data.text_lines import lines_of
from dlsuite.data.text_tables import column_texts
from dlsuite.errors import DataError, SpecError, StoreError
from dlsuite.models.card import ModelCard, read_card
from dlsuite.quiet import import_tensorflow
from dlsuite.spec.metrics import BUILT_IN
from dlsuite.study.series_predictions import PREDICTED, read_series

if TYPE_CHECKING:
    import pandas as pd

_Array = np.ndarray[Any, Any]


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a saved model says of the rows of a file.

    Attributes:
        table: A row for each of the file's, of a series for each of its windows, at the window's last row, or
            for each of several series: where it stands there, `line` or `row`; `predicted`, the class
            with the highest probability or the value in the target's unit; then for each class `p(<class>)`.
            Of a model without a card, whose outputs have no known meaning: `output 1`, `output 2`, ...
        scores: Where the file has the target, how good the predictions are: `loss` (mean cross-entropy, in
            nats) and `accuracy`, or `rmse` and `mae` in the target's unit, and the further metrics that
            the suite has for the type of task. Empty otherwise.
        notes: What a reader should know.
    """

    table: "pd.DataFrame"
    scores: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def write(self, path: Path) -> None:
        """Write the table as CSV; its folder is made if it is missing.

        Raises:
            StoreError: The file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.table.to_csv(path, index=False, lineterminator="\n")
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written ({error.strerror or error}); choose another file."
            ) from error


def predict_file(model: str | Path, file: str | Path) -> Predictions:
    """Let a saved model predict every row of a file, or of a series what comes after each window of it.

    Columns are taken by name, in whatever order the file has them; others are left alone. A `.keras` file
    that the suite did not save takes the file's columns in their order, all of them numbers.

    Args:
        model: A `.keras` file.
        file: A table with the raw columns, as `dlsuite.data.files.read_table` reads it; for a model of texts
            also a `.txt` file with a text in each line, UTF-8, of which empty lines are left out; for a
            model of images, an image or a folder of them.

    Raises:
        SpecError: The model cannot be read, or takes what is no row of a table.
        DataError: The file cannot be read, lacks a column, or holds a value that does not fit its column.
    """
    card = read_card(model)
    if card is not None and card.kind == "image":
        from dlsuite.study.image_predictions import predict_images

        return predict_images(card, model, file)
    frame = _read(card, file)
    series = None
    if card is not None and card.series is not None:
        series = read_series(card, card.series, frame, model=str(model), source=str(file))
    elif card is not None:
        inputs = _inputs(card, frame, model=str(model), source=str(file))
    import_tensorflow()
    from dlsuite.models.saved import read_model

    network = read_model(Path(model))
    if card is not None and series is not None:
        outputs = series.predict(lambda windows: _outputs(network, windows, card, str(model)))
        _check_finite(outputs, series.table, source=str(file))
        table = series.with_answers(outputs)
        if series.labels is not None and card.target in series.labels:
            scored = scores_of(card, series.labels, outputs, source=str(file))
            return Predictions(table, *scored)
        return Predictions(table, *series.scores(outputs))
    table = _places(frame)
    if card is None:
        given = _in_order(network, frame, model=str(model), source=str(file))
        outputs = _outputs(network, given, None, str(model))
        for index, values in enumerate(outputs.T, start=1):
            table[f"output {index}"] = values
        note = f"{model} has no card: it was given the file's columns in their order, and says no more."
        return Predictions(table, notes=(note,))
    outputs = _outputs(network, inputs, card, str(model))
    _check_finite(outputs, table, source=str(file))
    if card.task_type == "classification":
        table[PREDICTED] = [card.class_names[place] for place in outputs.argmax(axis=1)]
        for name, values in zip(card.class_names, outputs.T, strict=True):
            table[f"p({name})"] = values
    else:
        table[PREDICTED] = outputs[:, 0]
    card = replace(card, target=_target_of(card, frame))
    if card.target is None:
        return Predictions(table)
    return Predictions(table, *scores_of(card, frame, outputs, source=str(file)))


def _outputs(network: Any, inputs: Any, card: ModelCard | None, model: str) -> _Array:
    """What a model says, `[n, outputs]`.

    Raises:
        SpecError: It does not take the inputs, or has not the outputs, of which its card speaks.
    """
    from dlsuite.models.portable import predict

    try:
        outputs = predict(network, inputs)
    except Exception as error:  # Keras and TensorFlow raise whatever comes of a layer's call.
        reason = " ".join(str(error).split())[:200]
        raise SpecError(f"{model}: the model does not take such inputs: {reason}") from error
    wanted = None if card is None else len(card.class_names) or 1
    if outputs.ndim != 2 or outputs.dtype.kind != "f" or wanted not in (None, outputs.shape[1]):
        raise SpecError(
            f"{model}: expected {wanted or 'any number of'} outputs for each row; got an array of shape "
            f"{outputs.shape} and type {outputs.dtype}. Save the model again."
        )
    return outputs


def _read(card: ModelCard | None, file: str | Path) -> "pd.DataFrame":
    """The file's rows; of a text file, the lines that are not empty."""
    if card is None or not _takes_texts(card) or not str(file).lower().endswith(TEXT_SUFFIXES):
        return read_table(file)
    import pandas as pd

    path = Path(file).expanduser()
    if not path.is_file():
        raise DataError(f"{file}: there is no such file.")
    lines = {
        number: line
        for number, line in enumerate(lines_of(path, source=str(file)), start=1)
        if line
    }
    if not lines:
        raise DataError(f"{file}: expected a text in each line; the file holds none.")
    index = pd.Index(lines, name="line")
    return pd.DataFrame({_column_of(card): pd.Series(lines, index=index, dtype=object)})


def _takes_texts(card: ModelCard) -> bool:
    return card.kind == "text" and not card.input_shape


def _column_of(card: ModelCard) -> str:
    """What the column of texts is called; a model that was trained on a folder does not care."""
    return card.feature_names[0] if card.feature_names else "text"


def _places(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Where each row stands in its file."""
    import pandas as pd

    if frame.index.name == "line":
        return pd.DataFrame({"line": frame.index.to_numpy()})
    return pd.DataFrame({"row": np.arange(1, len(frame) + 1)})


def _check_finite(outputs: _Array, table: "pd.DataFrame", *, source: str) -> None:
    """Refuse rows that no answer comes of: once they are scaled, their numbers are beyond float32."""
    lost = ~np.isfinite(outputs).all(axis=1)
    if lost.any():
        place = table.iloc[int(np.argmax(lost))]
        raise DataError(
            f"{source}, {place.index[0]} {place.iloc[0]}: its numbers are too far from those that the model "
            "was trained on; no prediction comes of them."
        )


def _inputs(card: ModelCard, frame: "pd.DataFrame", *, model: str, source: str) -> Any:
    """What a model with a card takes, out of a file's columns."""
    if card.input_columns:
        values = raw_columns(frame, card.input_columns, source=source, missing=card.missing)
        return dict(zip(card.input_names, values.values(), strict=True))
    if _takes_texts(card):
        return _texts(frame, card, source=source)
    if card.kind != "table":
        raise SpecError(
            f"{model}: takes {card.kind} examples of shape {card.input_shape}, and a row of a file is none; "
            "load it with keras.models.load_model and call it with an array."
        )
    if not card.feature_names:
        names = [str(name) for name in frame.columns if name != card.target]
        return _numbers(frame, names, width=card.input_shape[0], model=model, source=source)
    width = len(card.feature_names)
    return _numbers(frame, list(card.feature_names), width=width, model=model, source=source)


def _in_order(network: Any, frame: "pd.DataFrame", *, model: str, source: str) -> _Array:
    """What a model without a card takes: all columns, in the file's order."""
    shapes = [tuple(given.shape) for given in network.inputs]
    if len(shapes) != 1 or len(shapes[0]) != 2 or shapes[0][1] is None:
        raise SpecError(
            f"{model}: expected a model that the suite saved, or one that takes one array [rows, columns]; "
            f"this one takes {', '.join(map(str, shapes))}."
        )
    names = [str(name) for name in frame.columns]
    return _numbers(frame, names, width=shapes[0][1], model=model, source=source)


def _numbers(
    frame: "pd.DataFrame", names: list[str], *, width: int, model: str, source: str
) -> _Array:
    """Columns of numbers side by side, float64 `[n, columns]`; none may be missing."""
    if len(names) != width:
        raise DataError(
            f"{source}: expected {width} columns of numbers, as {model} takes; there are {len(names)}."
        )
    columns = [InputColumn(name, "number") for name in names]
    values = raw_columns(frame, columns, source=source)
    for name, column in values.items():
        if np.isnan(column).any():
            place = _places(frame).iloc[int(np.argmax(np.isnan(column)))]
            raise DataError(
                f"{source}, column {name!r}, {place.index[0]} {place.iloc[0]}: expected a number; the value "
                "is missing, and the model was trained without missing values."
            )
    return np.stack([values[name] for name in names], axis=1)


def _target_of(card: ModelCard, frame: "pd.DataFrame") -> str | None:
    """The column that tells what is predicted; None without.

    Of texts whose classes were files or folders, it is the one that holds nothing but names of classes.
    """
    if card.target is not None or not _takes_texts(card):
        return card.target if card.target in frame.columns else None
    classes = {*card.class_names, MISSING}
    told = [name for name in frame.columns if classes >= set(category_texts(frame[name]))]
    return str(told[0]) if len(told) == 1 else None


def _texts(frame: "pd.DataFrame", card: ModelCard, *, source: str) -> _Array:
    """The column of texts: of the name that it had in training, or the one beside the target."""
    if _column_of(card) in frame.columns:
        return column_texts(frame[_column_of(card)], source=source, missing=card.missing)
    target = _target_of(card, frame)
    names = [name for name in frame.columns if name != target and is_text(frame[name])]
    if len(names) != 1:
        raise DataError(
            f"{source}: expected one column of texts; there are {len(names)}"
            + (f": {', '.join(map(str, names))}." if names else ".")
        )
    return np.asarray(frame[names[0]].astype(object).fillna(MISSING).to_numpy())


def scores_of(
    card: ModelCard, frame: "pd.DataFrame", outputs: _Array, *, source: str
) -> tuple[dict[str, float], tuple[str, ...]]:
    """How right predictions are, over the rows that tell the target."""
    assert card.target is not None
    notes: list[str] = []
    if card.task_type == "classification":
        labels = category_texts(frame[card.target], missing=card.missing)
        told = labels != MISSING
        places = {name: place for place, name in enumerate(card.class_names)}
        strange = sorted(set(labels[told]) - set(places))
        if strange:
            raise DataError(
                f"{source}, column {card.target!r}: expected classes that the model was trained on, "
                f"{', '.join(map(repr, card.class_names))}; got {strange[0]!r}. Leave such rows or the "
                "column out of the file."
            )
        truth = np.array([places[label] for label in labels[told]], dtype=int)
        hit = outputs[told, truth].astype(np.float64)
        found = {
            "loss": -np.log(np.maximum(hit, np.finfo(np.float32).tiny)),
            "accuracy": outputs[told].argmax(axis=1) == truth,
        }
        scores = {name: float(values.mean()) for name, values in found.items() if len(truth)}
        truths, predicted = truth, outputs[told]
    else:
        column = InputColumn(card.target, "number")
        values = raw_columns(frame, [column], source=source, missing=card.missing)[card.target]
        told = ~np.isnan(values)
        error = outputs[told, 0].astype(np.float64) - values[told]
        scores = {}
        if len(error):
            scores = {"rmse": float(np.sqrt(np.mean(error**2))), "mae": float(abs(error).mean())}
        truths, predicted = values[told], outputs[told, 0]
    for metric in BUILT_IN if scores else ():
        if metric.function is not None and metric.fits(card.task_type):
            score = metric.measure(truths, predicted)
            scores |= {} if np.isnan(score) else {metric.name: score}
    if not told.all():
        notes.append(
            f"{int((~told).sum())} of {len(told)} rows do not tell {card.target!r} and are not scored."
        )
    return scores, tuple(notes)
