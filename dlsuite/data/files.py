"""Tables from files: CSV, TSV, Parquet and Feather, as a data frame.

Reading finds out how a file is written and refuses what cannot be read without guessing. What a column
means is left to `dlsuite.data.columns`. Nothing in a file is ever executed.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from dlsuite.data.arrow_files import ARROW_SUFFIXES, read_arrow
from dlsuite.data.delimited import read_text
from dlsuite.data.recent import Recent
from dlsuite.errors import DataError, SpecError, closest
from dlsuite.spec import found_path

if TYPE_CHECKING:
    import pandas as pd

TEXT_SUFFIXES = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
"""How the names of delimited texts end."""
TABLE_SUFFIXES = (*TEXT_SUFFIXES, *ARROW_SUFFIXES)
"""How the names of files end that can be read as a table."""


def frame_bytes(frame: "pd.DataFrame") -> int:
    """Count the bytes that a frame takes."""
    return int(frame.memory_usage(deep=True).sum())


_frames: Recent["pd.DataFrame"] = Recent(frame_bytes)


def is_table_path(name: str) -> bool:
    """Whether a name is that of a file which can be read as a table, by its suffix."""
    return name.lower().endswith(TABLE_SUFFIXES)


def read_table(
    path: str | Path,
    *,
    separator: str | None = None,
    encoding: str | None = None,
    keep: bool = True,
) -> "pd.DataFrame":
    """Read a file as a table; once in a process as long as the file does not change.

    Args:
        path: A file with one of `TABLE_SUFFIXES`. The first line of a text names the columns.
        separator: What stands between two values of a text; found from the first line if None.
        encoding: How a text's characters are written; UTF-8 if None.
        keep: Whether to keep it for whoever reads the file next.

    Returns:
        A column for each of the file's, in its order: numbers, truths, dates, or categories where the
        values are texts. Where it is known, the index is the line in the file and is named `line`. Others may
        be given the same frame: do not change it.

    Raises:
        SpecError: The separator or the encoding is none, or the file's name has another suffix.
        DataError: There is no such file, or it cannot be read as a table without guessing.
    """
    path = found_path(path)
    if not is_table_path(path.name):
        raise SpecError(
            f"{path}: expected a file that ends in {', '.join(TABLE_SUFFIXES)}; got {path.name!r}."
        )
    _check_file(path)
    written = path.name.lower().endswith(TEXT_SUFFIXES)
    if not written and (separator or encoding):
        raise SpecError(f"{path}: separator and encoding are for texts (CSV, TSV); leave them out.")
    status = path.stat()
    key = (path.resolve(), status.st_size, status.st_mtime_ns, separator, encoding)

    def read() -> "pd.DataFrame":
        return read_text(path, separator, encoding or "utf-8") if written else read_arrow(path)

    return _frames.get(key, read) if keep else read()


def _check_file(path: Path) -> None:
    if path.is_dir():
        inside = sorted(file.name for file in path.iterdir() if is_table_path(file.name))
        raise DataError(
            f"{path}: expected a file; it is a folder. "
            + (f"In it: {', '.join(inside[:5])}." if inside else "No table is in it.")
        )
    if not path.exists():
        folder = path.parent
        if not folder.is_dir():
            raise DataError(f"{path}: there is no such file, nor a folder {str(folder)!r}.")
        tables = [file.name for file in folder.iterdir() if is_table_path(file.name)]
        raise DataError(f"{path}: there is no such file. {closest(path.name, tables)}")
    if not path.stat().st_size:
        raise DataError(f"{path}: the file is empty.")
