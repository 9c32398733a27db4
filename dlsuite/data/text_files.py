"""Texts from folders and tables: the settings they take, and what becomes of them."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from dlsuite.data.columns import check_column
from dlsuite.data.dataset import Array
from dlsuite.data.files import is_table_path, read_table
from dlsuite.data.inputs import is_text
from dlsuite.data.parts import FEWEST_OF_A_CLASS
from dlsuite.data.raw import Phrases, Tokens
from dlsuite.data.recent import Recent
from dlsuite.data.rows import FREE, TRAIN, SplitRules
from dlsuite.data.table_files import Names, file_state
from dlsuite.data.targets import imbalance_note, target_type
from dlsuite.data.text_folders import TextFile, TextFolder, find_texts
from dlsuite.data.text_lines import MOST_BYTES, check_encoding, lines_of, whole_text
from dlsuite.data.text_tables import texts_of_table
from dlsuite.data.texts import make_phrases
from dlsuite.errors import DataError, SpecError
from dlsuite.spec import Count
from dlsuite.spec.kinds import TaskType

_OF_TABLES = (
    *(
        "text_column",
        "target",
        "task_type",
        "test_path",
        "split_column",
        "group_column",
        "time_column",
    ),
    *("date_format", "missing", "separator"),
)
"""Settings that a folder does not take."""

TextLength = Annotated[int, Field(ge=1, le=2**16)]
"""How many tokens of a text a model reads."""

_texts: Recent[Phrases] = Recent(lambda phrases: sum(map(len, phrases.texts)))


def text_from_path(
    path: str | Path,
    *,
    text_column: str | None = None,
    target: str | None = None,
    tokens: Tokens | None = None,
    max_tokens: Count = 10_000,
    length: TextLength | None = None,
    task_type: TaskType | None = None,
    test_path: str | None = None,
    split_column: str | None = None,
    group_column: str | None = None,
    time_column: str | None = None,
    date_format: str | None = None,
    missing: Names = (),
    separator: str | None = None,
    encoding: str | None = None,
) -> Phrases:
    """Read texts; again only if a file has changed.

    Args:
        path: A folder with a `.txt` file for each class, a text in each line, or a folder for each class, a
            text in each file; `train`, `test` and `validation` may stand above them. Or a table: CSV, TSV,
            Parquet or Feather.
        text_column: Of a table, the column of the texts.
        target: Of a table, the column to tell.
        tokens: What texts are read by: `characters` or `words`; if absent, words where half of the texts have
            8 or more.
        max_tokens: How many different tokens a model knows: those most frequent in training.
        length: How many tokens of a text a model reads; if absent, as many as 95 % of the training texts
            have, 200 at most.
        task_type: Of a table, `classification` or `regression`; found out from the target if absent.
        test_path: Of a table, a file with the test rows.
        split_column: Of a table, the column that says to which split a row belongs: `train`, `validation` or
            `test`.
        group_column: Of a table, the column whose equal values stay in one split, as an author's texts do.
        time_column: Of a table, the column by which rows are split in order, the latest for the test.
        date_format: Of a table, how dates in `time_column` are written, as in `"%d/%m/%Y"`.
        missing: Of a table, texts that stand for a missing value, beside `""`, `?`, `NA` and the like.
        separator: Of a table, what stands between two values; found from the first line if absent.
        encoding: How characters are written; UTF-8 if absent.

    Raises:
        SpecError: A setting is missing, names a column that is not there, or does not go with the path.
        DataError: A file cannot be read, or the texts cannot be used.
    """
    given = {name: value for name, value in locals().items() if name != "path"}
    given["missing"] = tuple(missing)
    key = (text_state(path, given), *given.values())
    return _texts.get(key, lambda: _made(str(path), given))


def need_text(path: str, settings: Mapping[str, Any]) -> None:
    """Ask for the column of texts and the target of a table, with the columns that there are.

    Raises:
        SpecError: The settings lack one, or the path is neither a folder nor a table.
    """
    if Path(path).expanduser().is_dir():
        return
    if not is_table_path(path):
        raise SpecError(
            f"{path}: expected a folder of .txt files, or a table with a column of texts (text_column)."
        )
    lacking = [name for name in ("text_column", "target") if settings.get(name) is None]
    if lacking:
        frame = read_table(
            path, separator=settings.get("separator"), encoding=settings.get("encoding")
        )
        columns = [str(name) for name in frame.columns]
        texts = [name for name in columns if is_text(frame[name])] or columns
        likely = {"text_column": max(texts, key=lambda name: _mean_length(frame[name]))}
        likely["target"] = next(
            (name for name in reversed(columns) if name != likely["text_column"]), columns[-1]
        )
        more = ", ..." if len(columns) > 12 else ""
        wanted = {"text_column": "holds the texts", "target": "is to be told"}
        asked = " and ".join(
            f'which column {wanted[n]}, as in {n} = "{likely[n]}"' for n in lacking
        )
        raise SpecError(f"{path}: say {asked}; the columns are {', '.join(columns[:12])}{more}.")


def text_task_type(path: str, settings: Mapping[str, Any]) -> TaskType:
    """Say whether classes or numbers are to be told; of a folder, classes."""
    if Path(path).expanduser().is_dir():
        return "classification"
    if settings["task_type"] is not None:
        given: TaskType = settings["task_type"]
        return given
    frame = read_table(path, separator=settings["separator"], encoding=settings["encoding"])
    check_column(settings["target"], list(frame.columns), setting="target", source=path)
    return target_type(frame[settings["target"]], missing=settings["missing"])


def text_state(path: str | Path, settings: Mapping[str, Any]) -> Hashable:
    """What tells the texts from what they were before a file changed, came or went."""
    place = Path(path).expanduser()
    if place.is_dir():
        return (str(place.resolve()), str(path), find_texts(str(path)).state)
    return (file_state(path), file_state(settings.get("test_path")))


def _made(path: str, given: Mapping[str, Any]) -> Phrases:
    how = {name: given[name] for name in ("tokens", "max_tokens", "length")}
    if Path(path).expanduser().is_dir():
        for name in _OF_TABLES:
            if given[name] not in (None, ()):
                raise SpecError(
                    f"{path}: {name} is for tables, and this is a folder, whose files and folders name the "
                    "classes; leave it out."
                )
        encoding = given["encoding"] or "utf-8"
        check_encoding(path, encoding)
        return _texts_of_folder(path, encoding, how)
    need_text(path, given)
    read = {name: given[name] for name in ("separator", "encoding")}
    paths = [path] if given["test_path"] is None else [path, given["test_path"]]
    rows = ("text_column", "target", "task_type", "split_column", "group_column", "time_column")
    return texts_of_table(
        tuple(read_table(each, **read) for each in paths),
        tuple(paths),
        date_format=given["date_format"],
        missing=given["missing"],
        how=how,
        **{name: given[name] for name in rows},
    )


def _texts_of_folder(path: str, encoding: str, how: Mapping[str, Any]) -> Phrases:
    folder = find_texts(path)
    texts: list[str] = []
    counts: list[int] = []
    empty = cut = 0
    for file in folder.files:
        found, left_out, shortened = _read(file, folder.whole, encoding)
        texts += found
        counts.append(len(found))
        empty += left_out
        cut += shortened
    labels = np.repeat([file.label for file in folder.files], counts)
    splits = np.repeat([file.split for file in folder.files], counts)
    _check_classes(path, folder, labels, splits)
    notes = folder.notes
    what = "files" if folder.whole else "lines"
    if empty:
        notes += (f"{empty} {what} are empty and left out.",)
    if cut:
        notes += (f"Of {cut} files longer than {MOST_BYTES} bytes, so much is read.",)
    return make_phrases(
        texts,
        labels,
        folder.class_names,
        rules=SplitRules(given=splits) if folder.given else SplitRules(),
        notes=(*notes, *imbalance_note(labels, folder.class_names, rows="texts")),
        **how,
    )


def _read(file: TextFile, whole: bool, encoding: str) -> tuple[list[str], int, bool]:
    """Read a file's texts; say how many are empty, and whether one is not read to its end."""
    if whole:
        text, cut = whole_text(file.path, source=file.source, encoding=encoding)
        return ([text], 0, cut) if text else ([], 1, False)
    lines = list(lines_of(file.path, source=file.source, encoding=encoding))
    texts = [line for line in lines if line]
    return texts, len(lines) - len(texts), False


def _check_classes(path: str, folder: TextFolder, labels: Array, splits: Array) -> None:
    """Refuse one class only, or a class of too few texts to be in every split that is drawn."""
    names = folder.class_names
    if len(names) < 2:
        raise DataError(
            f"{path}: expected 2 classes or more, a file or folder each; there is one, {names[0]!r}."
        )
    drawn = FREE in splits
    given = labels[(splits == FREE) | (splits == TRAIN)] if folder.given else labels
    counts = np.bincount(given, minlength=len(names))
    least = FEWEST_OF_A_CLASS if not folder.given else 2 if drawn else 1
    rarest = int(np.argmin(counts))
    if counts[rarest] < least:
        more = int((counts < least).sum()) - 1
        others = f", and {more} more have too few" if more else ""
        place = " in training" if folder.given else ""
        raise DataError(
            f"{path}: expected at least {least} texts of each class{place}; {names[rarest]!r} has "
            f"{counts[rarest]}{others}. Add some, or take the class out of the folder."
        )


def _mean_length(column: Any) -> float:
    return float(column.astype(object).dropna().astype(str).str.len().mean())
