"""Malformed `.keras` files: archives, configurations, weights and cards, as models and to predict with."""

import functools
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind
from benchmarks.malformed.mutations import BYTES, TEXT, damaged

_ROWS = "a,b,y\n" + "".join(f"{n % 7},{n % 3}.5,{'xy'[n % 2]}\n" for n in range(40))
_WRITE = """
import sys
from pathlib import Path
import keras
import dlsuite
from dlsuite.study import train
folder = Path(sys.argv[1])
keras.Sequential([keras.Input((2,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.1),
                  keras.layers.Dense(2)]).save(folder / "plain.keras")
data = dlsuite.load_data(str(folder / "rows.csv"), target="y")
dlsuite.train("mlp", data, epochs=1).save(folder / "carded.keras")
"""
_VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 10**6, 10**9, 10**12, 2**63, 10**400, float("nan"), "", "x", [], {}),
    *("Dense", "Lambda", "keras", "builtins", "os", "system", "eval", "__lambda__", "function"),
    *(
        [None, 2],
        [None, 10**9],
        [None],
        [[None, 2]],
        {"class_name": "Dense", "config": {}},
        "float16",
        "int8",
    ),
    *(
        {"class_name": "__lambda__", "config": {"value": "4wEAAA=="}},
        {"class_name": "__numpy__"},
        "\0",
        "a/b",
    ),
)


@functools.cache
def _valid() -> dict[str, dict[str, bytes]]:
    """The members of a file that Keras writes, and of one that the suite does; made by another process."""
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "rows.csv").write_text(_ROWS, encoding="utf-8")
        given = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
        subprocess.run(
            [sys.executable, "-c", _WRITE, place], check=True, env=given, capture_output=True
        )
        found = {}
        for path in sorted(Path(place).glob("*.keras")):
            with zipfile.ZipFile(path) as archive:
                found[path.name] = {name: archive.read(name) for name in archive.namelist()}
        return found


def _changed(value: Any, rng: Random) -> Any:
    """Change one thing somewhere in what JSON holds."""
    if isinstance(value, dict) and value and rng.random() < 0.93:
        key = rng.choice(sorted(value))
        if rng.random() < 0.1:
            return {other: value[other] for other in value if other != key}
        return {**value, key: _changed(value[key], rng)}
    if isinstance(value, list) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        if rng.random() < 0.15:
            return (
                value[:place]
                + value[place : place + 1] * rng.choice((0, 2, 3))
                + value[place + 1 :]
            )
        return [*value[:place], _changed(value[place], rng), *value[place + 1 :]]
    if rng.random() < 0.02:
        return functools.reduce(lambda held, _: [held], range(900), value)
    return rng.choice(_VALUES)


def _make_keras(folder: Path, rng: Random) -> dict[str, Any]:
    (folder / "rows.csv").write_text(_ROWS, encoding="utf-8")
    members = dict(_valid()[rng.choice(sorted(_valid()))])
    deed = rng.random()
    name = rng.choice(
        [name for name in ("config.json", "config.json", "dlsuite.json") if name in members]
    )
    if deed < 0.5:
        told = json.loads(members[name])
        for _ in range(rng.choice((1, 1, 2, 4))):
            told = _changed(told, rng)
        members[name] = json.dumps(told).encode()
    elif deed < 0.6:
        members[name] = damaged(members[name], rng, TEXT)
    elif deed < 0.8:
        members["model.weights.h5"] = damaged(members["model.weights.h5"], rng, BYTES)
    elif deed < 0.85:
        del members[rng.choice(sorted(members))]
    elif deed < 0.88:
        members[rng.choice(("config.json", "dlsuite.json", "model.weights.h5", "../x"))] = bytes(
            2 * 10**8
        )
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    data = held.getvalue()
    if deed >= 0.88:
        data = damaged(data, rng, BYTES)
    (folder / "model.keras").write_bytes(data)
    return {}


def feed_keras(folder: Path, call: Any) -> None:
    """Give a file to a study as its model, and predict with it: a valid file is good for one of them."""
    from dlsuite import create_model
    from dlsuite.errors import DlsuiteError
    from dlsuite.study.predictions import predict_file

    path = folder / "model.keras"
    steps = (
        lambda: create_model(str(path), input_shape=(2,), outputs=2),
        lambda: predict_file(path, folder / "rows.csv"),
    )
    errors = []
    for step in steps:
        try:
            step()
        except DlsuiteError as error:
            errors.append(error)
    if len(errors) == len(steps):
        raise errors[0]


def _prepare() -> None:
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    _valid()
    from dlsuite.quiet import import_tensorflow

    import_tensorflow()
    import keras  # noqa: F401

    import dlsuite.study.predictions  # noqa: F401


# TensorFlow's own threads and arenas take address space when the first model is built.
KERAS = InputKind("keras", _make_keras, feed_keras, _prepare, gib=2.0)
