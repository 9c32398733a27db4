"""Malformed series: tables to forecast, tables of many series, and folders of tables."""

import datetime
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind
from benchmarks.malformed.mutations import TEXT, damaged
from benchmarks.malformed.tables import PREPARE, cells_changed, check_data

_STARTS = (
    "2020-01-31",
    "1969-12-31",
    "0001-01-01",
    "9999-01-01",
    "1582-10-01",
    "2262-04-01",
    "1677-09-21",
)
_STEPS = (
    ("days", 1),
    ("days", 7),
    ("hours", 1),
    ("minutes", 15),
    ("seconds", 1),
    ("microseconds", 1),
    ("days", 31),
)


def _times(rng: Random, rows: int) -> list[str]:
    if rng.random() < 0.2:
        step = rng.choice((1, 0.1, 10**6, 10**15, 1e300, 0))
        return [str(n * step) for n in range(rows)]
    unit, size = rng.choice(_STEPS)
    now = datetime.datetime.fromisoformat(rng.choices(_STARTS, (8, 1, 1, 1, 1, 1, 1))[0])
    times = []
    for _ in range(rows):
        times.append(now.isoformat(sep=rng.choice(" T")) if unit != "days" else f"{now:%Y-%m-%d}")
        try:
            now += datetime.timedelta(
                **{unit: size * (1 if rng.random() < 0.995 else rng.choice((0, 2, 50)))}
            )
        except OverflowError:
            break
    if rng.random() < 0.05:
        times[rng.randrange(len(times))] = rng.choice(
            ("9999-12-31", "0001-01-01", "2500-01-01", "", "24:00")
        )
    return times


def _table(rng: Random) -> bytes:
    rows = rng.choice((4, 30, 80, 80, 200))
    lines = ["when,id,temp,kind,y"]
    for n, time in enumerate(_times(rng, rows)):
        lines.append(
            f"{time},{n // 10},{rng.gauss(20, 5):.2f},{'ab'[n // 10 % 2]},{n * 0.5 + rng.random():.3f}"
        )
    data = ("\n".join(lines) + "\n").encode()
    if rng.random() < 0.5:
        data = cells_changed(data, rng)
    return damaged(data, rng, TEXT) if rng.random() < 0.25 else data


def _make_series(folder: Path, rng: Random) -> dict[str, Any]:
    big = rng.choice((0, -1, 10**5, 10**9, 10**12, 2**63))
    choices: dict[str, Any] = {
        "window": rng.choice((1, 5, 24, big)),
        "horizon": rng.choice((1, 3, big)),
        "stride": rng.choice((1, 7, big)),
        "season": rng.choice((1, 12, big)),
        "difference": True,
        "time_column": rng.choice(("when", "id", "temp", "nobody")),
        "drop": ["kind"],
        "missing": ["0"],
        "date_format": rng.choice(("%Y-%m-%d", "%", "%Q", "")),
        "encoding": rng.choice(("utf-16", "latin-1")),
        "train_size": rng.choice((1, 10, 10**9)),
        "length": rng.choice((1, 5, 10**9)),
        "fill": rng.choice(("previous", "none", "nope")),
    }
    settings = {key: value for key, value in choices.items() if rng.random() < 0.07}
    form = rng.randrange(4)
    if form == 3:
        for number in range(rng.choice((1, 6, 12))):
            place = folder / "many" / rng.choice("ab") if rng.random() < 0.98 else folder / "many"
            place.mkdir(parents=True, exist_ok=True)
            (place / f"{number}.csv").write_bytes(_table(rng))
        return {"path": "many", "settings": settings}
    (folder / "series.csv").write_bytes(_table(rng))
    if form == 2:
        settings |= {
            "id_column": rng.choice(("id", "id", "kind", "nobody")),
            "target": rng.choice(("kind", "y")),
        }
    else:
        settings = {
            "window": rng.choice((3, 8)),
            "target": rng.choices(("y", "temp", "kind", "x"), (8, 1, 1, 1))[0],
        } | settings
    return {"path": "series.csv", "settings": settings}


def feed_series(folder: Path, call: Any) -> None:
    """Load series as data."""
    from dlsuite import load_data

    check_data(load_data(str(folder / call["path"]), **call["settings"]))


SERIES = InputKind("series", _make_series, feed_series, PREPARE)
