"""Malformed tables: delimited texts, Parquet and Feather, loaded as data and drafted a study of."""

import gzip
import io
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind, importing
from benchmarks.malformed.mutations import BYTES, NUMBERS, TEXT, WORDS, damaged

_CELLS = (
    *(
        "1",
        "2.5",
        "-3",
        "a",
        "b",
        "yes",
        "no",
        "true",
        "false",
        "",
        "?",
        "NA",
        "2020-01-31",
        "31/01/2020",
    ),
    *(
        "1e5",
        "12:30",
        "x y",
        "é",
        "2020-01-31T10:00:00+02:00",
        "1,5",
        "007",
        "1.0",
        "train",
        "test",
    ),
)
_ENCODINGS = (
    *(
        "utf-8",
        "latin-1",
        "utf-16",
        "utf-32",
        "utf-7",
        "cp1252",
        "nope",
        "",
        "rot13",
        "\0",
        "base64",
    ),
    *("hex", "idna", "punycode", "unicode_escape", "undefined", "shift_jis", "zlib", "utf-8-sig"),
    *("raw_unicode_escape", "mbcs", "ascii", "hz", "cp037", "iso2022_jp"),
)
_COLUMNS = (
    lambda rng, row: str(rng.randrange(100)),
    lambda rng, row: f"{rng.gauss(0, 1):.4f}",
    lambda rng, row: rng.choice(("red", "green", "blue", "")),
    lambda rng, row: (
        f"20{rng.randrange(10, 30)}-{rng.randrange(1, 13):02}-{rng.randrange(1, 29):02}"
    ),
    lambda rng, row: rng.choice(("true", "false")),
    lambda rng, row: str(row),
    lambda rng, row: f"name {row}",
    lambda rng, row: rng.choice(_CELLS),
    lambda rng, row: ("train", "test", "validation")[row % 3],
)


def delimited(rng: Random, *, rows: int | None = None) -> tuple[bytes, list[str]]:
    """Write a valid CSV of a few columns; the last one, `y`, is a target.

    Returns:
        The text, and the names of the columns.
    """
    rows = rows or rng.choice((5, 20, 60, 300))
    makers = [rng.choice(_COLUMNS) for _ in range(rng.randrange(1, 6))]
    names = [f"c{place}" for place in range(len(makers))] + ["y"]
    told = rng.choice((lambda row: "abc"[row % 3], lambda row: f"{row * 0.37 % 5:.3f}", str))
    separator = rng.choice((",", ",", ",", ";", "\t", "|"))
    lines = [separator.join(names)]
    for row in range(rows):
        cells = [maker(rng, row) for maker in makers] + [told(row)]
        lines.append(separator.join(f'"{cell}"' if separator in cell else cell for cell in cells))
    return ("\n".join(lines) + "\n").encode(), names


def _hard(rng: Random) -> bytes:
    """A text with a structure that is hard to read."""
    deeds = (
        lambda: b"a,y\n" + b"".join(b"%d,%d\n" % (n, n % 2) * rng.randrange(2) for n in range(50)),
        lambda: (
            ",".join(f"c{n}" for n in range(10**5)).encode() + b"\n" + b"1," * (10**5 - 1) + b"1\n"
        ),
        lambda: b"y," * 10 + b"y\n" + b"1," * 10 + b"1\n",
        lambda: b'a,y\n"' + b"x,1\n" * rng.choice((10, 10**5)),
        lambda: b"a,y\n" + b'""""""""",1\n' * 10,
        lambda: b"a,y\n" + b"x" * rng.choice((140_000, 5 * 10**6)) + b",1\n" + b"b,2\n" * 20,
        lambda: b",\n" * 50,
        lambda: b"y\n" + b"\n".join(rng.choice((b"1", b"2", b"")) for _ in range(100)),
        lambda: b"a,y\r" + b"".join(b"%d,%d\r" % (n, n % 2) for n in range(50)),
        lambda: b"a,y\n" + b"".join(rng.choice(NUMBERS) + b",%d\n" % (n % 2) for n in range(50)),
        lambda: b"a,y\n" + b"".join(b"%d," % n + rng.choice(NUMBERS) + b"\n" for n in range(50)),
        lambda: b"a,y\n" + b"".join(rng.choice(WORDS) + b",%d\n" % (n % 2) for n in range(50)),
        lambda: b"a,y\n" + b"".join(b"%d," % n + rng.choice(WORDS[:12]) + b"\n" for n in range(50)),
        lambda: gzip.compress(b"a,y\n" + b"1,1\n" * 10**6)[: rng.choice((20, 1000, 10**7))],
        lambda: b"a,y\n" + b"".join(b"%de%d,%d\n" % (n, 300 + n, n % 2) for n in range(40)),
        lambda: b"a,y\n" + b"".join(b"1,%de307\n" % (n - 20) for n in range(40)),
        lambda: (
            b"a,y\n" + b"".join(b"%04d-%02d-01,%d\n" % (n * 201, n % 14, n % 2) for n in range(50))
        ),
        lambda: b"\n" * rng.choice((10, 10**6)) + b"a,y\n1,2\n",
    )
    return rng.choice(deeds)()


def cells_changed(data: bytes, rng: Random) -> bytes:
    """Write other values into some cells, and now and then one cell more or less."""
    lines = data.split(b"\n")
    separator = next((sign for sign in (b";", b"\t", b"|") if sign in lines[0]), b",")
    odd = (*(cell.encode() for cell in _CELLS), *NUMBERS, *WORDS)
    column = rng.randrange(8)
    for _ in range(2 ** rng.randrange(6)):
        place = min(rng.randrange(len(lines)), rng.randrange(len(lines)) + 1, len(lines) - 1)
        cells = lines[place].split(separator)
        where = column % len(cells) if rng.random() < 0.7 else rng.randrange(len(cells))
        cells[where] = rng.choice(odd)
        if rng.random() < 0.02:
            cells.append(b"more")
        lines[place] = separator.join(cells)
    return b"\n".join(lines)


def settings_for(names: list[str], rng: Random) -> dict[str, Any]:
    """Settings of a table, some of them wrong, few on the whole."""
    column = rng.choice([*names, "nobody", ""])
    several = rng.sample(names, min(2, len(names)))
    choices: dict[str, Any] = {
        "task_type": rng.choice(("classification", "regression")),
        "split_column": column,
        "group_column": column,
        "time_column": column,
        "drop": several,
        "keep": several,
        "numeric": several,
        "categorical": several,
        "dates": several,
        "date_format": rng.choice(
            ("%d/%m/%Y", "%Y", "", "%", "%Q", "\0", "%j%Z", "ISO8601", "mixed")
        ),
        "missing": ["a", "1"],
        "max_categories": rng.choice((2, 10**9)),
        "separator": rng.choice((",", ";", "\n", '"', "", "ab", "\0", "é", "\r", " ")),
        "encoding": rng.choice(_ENCODINGS),
        "train_size": rng.choice((1, 5, 10**9)),
        "label_noise": 0.1,
        "input_scaling": "none",
    }
    return {key: choices[key] for key in choices if rng.random() < 0.05}


def _make_csv(folder: Path, rng: Random) -> dict[str, Any]:
    data, names = delimited(rng)
    if rng.random() < 0.15:
        data, names = _hard(rng), ["a", "y"]
    if rng.random() < 0.5:
        data = cells_changed(data, rng)
    if rng.random() < 0.4:
        data = damaged(data, rng, TEXT)
    name = rng.choice(("data.csv", "data.csv", "data.tsv", "data.csv.gz", "DATA.CSV"))
    if name.endswith(".gz") and data[:2] != b"\x1f\x8b":
        data = gzip.compress(data)
        data = damaged(data, rng, BYTES) if rng.random() < 0.5 else data
    (folder / name).write_bytes(data)
    target = rng.choices(("y", rng.choice([*names, "nobody"]), None), (10, 3, 1))[0]
    settings = settings_for(names, rng)
    return {"file": name, "target": target, "settings": settings}


def feed_table(folder: Path, call: Any) -> None:
    """Load a table as data, and write a study of it; both are tried."""
    from dlsuite import load_data
    from dlsuite.errors import DlsuiteError
    from dlsuite.study.draft import write_draft

    given = {**call["settings"], **({"target": call["target"]} if call["target"] else {})}
    error = None
    try:
        write_draft(folder / "draft.toml", folder / call["file"], settings=given)
    except DlsuiteError as found:
        error = found
    check_data(load_data(str(folder / call["file"]), **given))
    if error is not None:
        raise error


def check_data(data: Any) -> None:
    """See that a data set is one: finite, of one length, and not empty."""
    import numpy as np

    for split in (data.train, data.validation, data.test):
        x = np.asarray(split.x)
        if len(x) != len(split.y) or not len(x):
            raise AssertionError(f"{len(x)} examples and {len(split.y)} targets")
        if x.dtype.kind == "f" and not np.isfinite(x).all():
            raise AssertionError("an input is not finite")
        if split.y.dtype.kind == "f" and not np.isfinite(split.y).all():
            raise AssertionError("a target is not finite")


def arrow_table(rng: Random) -> Any:
    """An Arrow table of columns of any type, a few of them such as data has none of."""
    import datetime
    import decimal

    import pyarrow as pa

    rows = rng.choice((0, 1, 10, 40, 40, 40, 60, 200))
    when = datetime.datetime(2020, 1, 1)
    makers: list[Any] = [
        lambda: pa.array([rng.gauss(0, 1) for _ in range(rows)]),
        lambda: pa.array([rng.choice((None, 1, 2)) for _ in range(rows)], pa.int64()),
        lambda: pa.array([rng.choice("abc") for _ in range(rows)]),
        lambda: pa.array([rng.choice("abc") for _ in range(rows)]).dictionary_encode(),
        lambda: pa.array([n % 2 == 0 for n in range(rows)]),
        lambda: pa.array([when + datetime.timedelta(days=n) for n in range(rows)]),
        lambda: pa.array([10**16 * n for n in range(rows)], pa.timestamp("us")),
        lambda: pa.array([3 * 10**9 * n for n in range(rows)], pa.timestamp("s")),
        lambda: pa.array([2**62 - n for n in range(rows)], pa.timestamp("s", "UTC")),
        lambda: pa.array([n * 10**4 for n in range(rows)], pa.date32()),
        lambda: pa.array([n for n in range(rows)], pa.time32("s")),
        lambda: pa.array([n * 10**13 for n in range(rows)], pa.duration("us")),
        lambda: pa.array([None] * rows, pa.null()),
        lambda: pa.array([decimal.Decimal(n) for n in range(rows)], pa.decimal128(38, 3)),
        lambda: pa.array([[n] for n in range(rows)]),
        lambda: pa.array([{"a": n} for n in range(rows)]),
        lambda: pa.array([b"\xff%d" % n for n in range(rows)]),
        lambda: pa.array([b"\xff%d" % (n % 3) for n in range(rows)]).dictionary_encode(),
        lambda: pa.array([n % 3 for n in range(rows)]).dictionary_encode(),
        lambda: pa.array([[n % 3] for n in range(rows)]),
        lambda: pa.array([rng.choice((None, n % 3)) for n in range(rows)]).dictionary_encode(),
        lambda: pa.array(
            [float("inf") if n == 3 else n * 1e305 for n in range(rows)], pa.float64()
        ),
        lambda: pa.array([n for n in range(rows)], pa.float32()).cast(pa.float16()),
        lambda: pa.array([2**64 - 1 - n for n in range(rows)], pa.uint64()),
        lambda: pa.array([rng.choice("abc") for _ in range(rows)], pa.large_string()),
        lambda: pa.array([rng.choice("abc") for _ in range(rows)], pa.string_view()),
        lambda: pa.array(['{"a": 1}' for _ in range(rows)], pa.json_()),
        lambda: pa.array([n % 2 for n in range(rows)], pa.bool8()),
        lambda: pa.array([b"%016d" % n for n in range(rows)], pa.uuid()),
        lambda: pa.array([pa.MonthDayNano([n, 2, 3]) for n in range(rows)]),
    ]
    chosen = [
        rng.choice(makers[:7] if rng.random() < 0.8 else makers)()
        for _ in range(rng.randrange(1, 5))
    ]
    told = rng.choice((makers[2], makers[0], makers[4], rng.choice(makers)))()
    names = [f"c{place}" for place in range(len(chosen))] + ["y"]
    if rng.random() < 0.05:
        names[0] = rng.choice(("y", "", "\0", "a" * 10**5, " y "))
    return pa.table([*chosen, told], names=names)


def _little_for_much(rng: Random) -> Any:
    """An Arrow table that packs to almost nothing."""
    import pyarrow as pa

    rows = rng.choice((10**4, 10**6, 3 * 10**6))
    same = pa.array([rng.choice((0, 1.5, True))]).take(pa.nulls(rows, pa.int32()).fill_null(0))
    text = pa.array(["x" * rng.choice((10, 10**4, 10**6))])
    texts = pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()).fill_null(0), text)
    columns = {f"c{place}": same for place in range(rng.choice((1, 10, 100)))}
    return pa.table({**columns, "text": texts, "y": same})


def _make_binary(folder: Path, rng: Random, suffix: str) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import feather, parquet

    packed = rng.random() < 0.01
    table = _little_for_much(rng) if packed else arrow_table(rng)
    held = io.BytesIO()
    try:
        if suffix == "parquet":
            packing = rng.choice(("snappy", "zstd", "none", "gzip"))
            parquet.write_table(table, held, compression=packing, store_schema=rng.random() < 0.5)
        else:
            packing = "zstd" if packed else rng.choice(("lz4", "uncompressed", "zstd"))
            feather.write_feather(table, held, compression=packing)
        data = held.getvalue()
    except (pa.ArrowException, ValueError):  # There is no such type in such files.
        data = b"PAR1" + rng.randbytes(100) + b"PAR1"
    if rng.random() < 0.5:
        data = damaged(data, rng, BYTES)
    name = f"data.{suffix}"
    (folder / name).write_bytes(data)
    names = [str(name) for name in table.column_names]
    target = rng.choices(("y", rng.choice([*names, "nobody"]), None), (10, 3, 1))[0]
    settings = settings_for(names, rng) if rng.random() < 0.3 else {}
    return {"file": name, "target": target, "settings": settings}


PREPARE = importing(
    *("pandas", "pyarrow.csv", "pyarrow.feather", "pyarrow.parquet", "sklearn.model_selection"),
    *("sklearn.impute", "sklearn.preprocessing", "dlsuite.data.path_kinds", "dlsuite.study.draft"),
)
"""Imports what reads tables."""

CSV = InputKind("csv", _make_csv, feed_table, PREPARE)
PARQUET = InputKind("parquet", lambda f, rng: _make_binary(f, rng, "parquet"), feed_table, PREPARE)
FEATHER = InputKind("feather", lambda f, rng: _make_binary(f, rng, "feather"), feed_table, PREPARE)
