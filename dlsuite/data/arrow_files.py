"""Tables in Arrow's own formats, Parquet and Feather.

What they hold is looked at before it is read: a few bytes can stand for millions of rows.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlsuite.data.frames import as_frame, check_kinds, check_names, is_text
from dlsuite.data.packed import MOST_PACKED, most_unpacked
from dlsuite.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

ARROW_SUFFIXES = (".parquet", ".feather")
"""How their names end."""
_MUCH = 2**30
"""Bytes of columns below which it does not matter what they were packed in."""
_FEATHER_1 = b"FEA1"
"""How the first version of Feather begins, which packs nothing."""


def read_arrow(path: Path) -> "pd.DataFrame":
    """Read a Parquet or a Feather file; see `dlsuite.data.files.read_table`.

    Raises:
        DataError: It is none, or has no rows, columns of lists, or unpacked very many times its size.
    """
    import pyarrow as pa

    parquet = path.name.lower().endswith(".parquet")
    try:
        table = _parquet(path) if parquet else _feather(path)
        # Arrow trusts a file's offsets and codes, and a damaged one would end the process.
        table.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        line = str(error).partition("\n")[0].rstrip(".")
        kind = "Parquet" if parquet else "Feather"
        raise DataError(f"{path}: cannot be read as a {kind} file: {line}.") from error
    if not table.num_rows:
        raise DataError(f"{path}: has columns but no rows.")
    names = _names(path, table.schema)
    return as_frame(pa.table([_stored(column) for column in table.columns], names=names), names)


def _parquet(path: Path) -> Any:
    """Its texts are categories, as they are in the file: a long one is held once, not in every row."""
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        schema, rows = file.schema_arrow, file.metadata.num_rows
    _names(path, schema)
    _check_size(path, rows * sum(_width(_stored_kind(kind)) for kind in schema.types))
    texts = [field.name for field in schema if is_text(field.type)]
    with parquet.ParquetFile(path, read_dictionary=texts) as file:
        return file.read()


def _feather(path: Path) -> Any:
    import pyarrow as pa
    from pyarrow import feather

    with path.open("rb") as start:
        if start.read(len(_FEATHER_1)) == _FEATHER_1:
            return feather.read_table(path)
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        _names(path, reader.schema)
        batches, size = [], 0
        for place in range(reader.num_record_batches):
            batches.append(reader.get_batch(place))
            size += sum(_held(column) for column in batches[-1].columns)
            _check_size(path, size)
        return pa.Table.from_batches(batches, reader.schema)


def _names(path: Path, schema: Any) -> list[str]:
    """The names of the columns, once all are known to be of use.

    Raises:
        DataError: Two are the same, or a column holds no plain values.
    """
    names = [str(name).strip() for name in schema.names]
    check_names(path, names)
    check_kinds(path, names, [_stored_kind(kind) for kind in schema.types])
    return names


def _stored_kind(kind: Any) -> Any:
    """The plain type that one with a meaning of its own, such as JSON, is written as."""
    import pyarrow as pa

    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _stored(column: Any) -> Any:
    """A column of plain values."""
    import pyarrow as pa

    kind = _stored_kind(column.type)
    if kind == column.type:
        return column
    return pa.chunked_array([chunk.storage for chunk in column.chunks], kind)


def _width(kind: Any) -> float:
    """Bytes that a value takes; of a text, those of its category."""
    import pyarrow as pa

    if is_text(kind) or pa.types.is_dictionary(kind):
        return 4.0
    return 0.0 if pa.types.is_null(kind) else float(kind.bit_width) / 8.0


def _held(column: Any) -> int:
    """Bytes that a column of a batch takes; its categories, which batches share, left out."""
    import pyarrow as pa

    indices = column.indices if isinstance(column, pa.DictionaryArray) else column
    return int(indices.nbytes)


def _check_size(path: Path, size: float) -> None:
    """Refuse very much that comes out of little.

    Raises:
        DataError: It does.
    """
    if size > most_unpacked(path, _MUCH):
        raise DataError(
            f"{path}: unpacked, it is more than {MOST_PACKED} times as large, {int(size) >> 20:,} MiB and "
            "more. If that is right, write its numbers in a smaller type, such as int8, or leave out rows."
        )
