"""Malformed texts: class files, class folders, and columns of tables."""

import os
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind
from benchmarks.malformed.mutations import TEXT, damaged
from benchmarks.malformed.tables import PREPARE, check_data, settings_for

_WORDS = (
    "the",
    "cat",
    "sat",
    "über",
    "日本",
    "e\u0301",
    "🧪",
    "عربى",
    "ไทย",
    "a" * 300,
    "1.5",
    "—",
)
_NAMES: tuple[bytes, ...] = (
    b"pos.txt",
    b"neg.txt",
    b"\xff.txt",
    b" .txt",
    b".txt",
    b"A.TXT",
    b"1.txt",
    b"01.txt",
)


def _sentence(rng: Random) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(rng.randrange(1, 15)))


def _text(rng: Random) -> bytes:
    data = "\n".join(_sentence(rng) for _ in range(rng.choice((3, 12, 40)))).encode()
    if rng.random() < 0.3:
        data = damaged(data, rng, TEXT)
    if rng.random() < 0.02:
        data += rng.choice(
            (b"x" * (2**20 + 1), b"\xc3\xa9" * 2**20, b"\n" * 10**6, "\u0301".encode() * 10**5)
        )
    return data


def _write(place: bytes, data: bytes) -> None:
    os.makedirs(os.path.dirname(place), exist_ok=True)
    Path(os.fsdecode(place)).write_bytes(data)


def _make_text(folder: Path, rng: Random) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "tokens": rng.choice(("characters", "words")),
        "max_tokens": rng.choice((1, 2, 10**9)),
        "length": rng.choice((1, 7, 10**7, 10**12)),
        "encoding": rng.choice(
            ("latin-1", "utf-16", "utf-7", "idna", "punycode", "rot13", "nope", "utf-32")
        ),
    }
    settings = {key: value for key, value in settings.items() if rng.random() < 0.1}
    root = os.fsencode(folder / "texts")
    form = rng.randrange(4)
    if form == 3:
        lines = [f'"{_sentence(rng)}",{"ab"[n % 2]},{n}' for n in range(rng.choice((5, 30, 60)))]
        data = ("text,y,when\n" + "\n".join(lines)).encode()
        if rng.random() < 0.6:
            data = damaged(data, rng, TEXT)
        (folder / "texts.csv").write_bytes(data)
        given = {
            **settings,
            **settings_for(["text", "y", "when"], rng),
            "text_column": "text",
            "target": "y",
        }
        for key in (
            "drop",
            "keep",
            "numeric",
            "categorical",
            "dates",
            "max_categories",
            "input_scaling",
        ):
            given.pop(key, None)
        return {"path": "texts.csv", "settings": given}
    names = [*_NAMES[:2], *rng.sample(_NAMES, rng.choice((0, 0, 1, 2)))]
    for split in (b"train", b"test") if rng.random() < 0.2 else (b"",):
        for name in names:
            if form == 1:
                for number in range(rng.choice((1, 5, 6))):
                    inside = os.path.join(
                        root, split, name.removesuffix(b".txt") or b"a", b"%d.txt" % number
                    )
                    _write(inside, _text(rng))
            else:
                _write(os.path.join(root, split, name), _text(rng))
    return {"path": "texts", "settings": settings}


def feed_text(folder: Path, call: Any) -> None:
    """Load texts as data."""
    from dlsuite import load_data

    check_data(load_data(str(folder / call["path"]), **call["settings"]))


TEXTS = InputKind("text", _make_text, feed_text, PREPARE)
