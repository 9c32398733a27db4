"""Malformed studies: TOML files, and settings that replace theirs."""

import re
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.malformed.kinds import InputKind
from benchmarks.malformed.mutations import TEXT, damaged

_SHIPPED = Path(__file__).parent.parent.parent / "experiments"
_PEOPLE = "age,sex,income\n" + "".join(f"{20 + n % 50},{'mf'[n % 2]},{n % 3}\n" for n in range(60))
_OWN = """\
name = "own"
question = "How much dropout narrows the gap?"
seeds = 3
split_seeds = [0, 1]
epochs = 40
metric = "accuracy"
metrics = ["f1", "auc"]
design = "full"
plugins = []

[[tasks]]
model = { name = "cnn", filters = [16, 32] }
data = { name = "digits", train_size = 300 }

[[tasks]]
name = "people"
model = "mlp"
data = { path = "people.csv", target = "income" }
fixed = { batch_size = 16 }

[factors]
dropout = [0.0, 0.2, 0.4]
batch_norm = [true, false]
weight_decay = { from = 1e-4, to = 1e-1, steps = 3, scale = "log" }

[tune]
learning_rate = [0.001, 0.003]

[fixed]
optimizer = "adam"

[baseline]
dropout = 0.0
"""
VALUES = (
    *(
        "1e400",
        "nan",
        "inf",
        "-inf",
        "-0.0",
        "0",
        "-1",
        "1",
        "9223372036854775807",
        "1e308",
        "5e-324",
    ),
    *("9223372036854775808", "-9223372036854775809", "1" + "0" * 50, "9" * 5000, "0xffff", "1e15"),
    *("true", "false", '""', '" "', '"\\u0000"', '"a\\nb"', '"‮"', '"💥"', '"."', '".."', '"/"'),
    *("1979-05-27T07:32:00Z", "1979-05-27", "07:32:00", "'''\n'''", '"' + "a" * 100_000 + '"'),
    *("[]", "{}", "[[]]", "[{}]", "[1, 'a']", "[1, 1.0]", "[true, 1]", "[0.1, 0.1]", "[nan, nan]"),
    *("[[1], [2, 3]]", "[[[1]]]", "[" * 90 + "]" * 90, "[" * 5000 + "]" * 5000, "[1970-01-01]"),
    *("{ from = 1, to = 2, steps = 3 }", "{ from = 0, to = 1e308, steps = 1000 }", "100000"),
    *(
        "{ from = 1e-300, to = 1e300, steps = 1000, scale = 'log' }",
        "{ from = nan, to = 1, steps = 2 }",
    ),
    *("{ from = -1, to = 1, steps = 10, scale = 'log' }", "{ steps = 3 }", "{ name = 'cnn' }"),
    *(
        "{ path = 'people.csv' }",
        "{ path = '' }",
        "{ path = '/dev/zero' }",
        "{ path = '\\u0000.csv' }",
    ),
    *("{ path = 'people.csv', target = 'nobody' }", "{ path = 'people.csv', target = 3 }", "'cnn'"),
    *("{ path = 'model.keras' }", "'random'", "'one-at-a-time'", "['people.csv']", "'people.csv'"),
    *("{ path = 'people.csv', target = 'age', drop = ['age'] }", "['a', 'b']", "'adam'", "'sgd'"),
    *("[" + ", ".join(map(str, range(3000))) + "]", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "'mse'"),
)
"""Values as TOML writes them, most of them wrong wherever they stand."""
_KEYS = (
    *(
        "dropout",
        "learning_rate",
        "batch_size",
        "units",
        "optimizer",
        "momentum",
        "train_size",
        "seed",
    ),
    *("label_noise", "input_scaling", "epochs", "seeds", "metric", "loss", "class_weight", "model"),
    *(
        "clip_norm",
        "weight_decay",
        "schedule",
        "task",
        "tasks",
        "condition",
        '""',
        '"a.b"',
        '"\\u0000"',
    ),
    *("test_loss", "trials", "design", "name", "plugins", "split_seed", "target", "window", "kind"),
)
_TABLES = ("factors", "tune", "fixed", "baseline", "[tasks]", "tasks.data", "tasks.model", "a.b.c")


def _line_changed(text: str, rng: Random) -> str:
    """Give a key another value, write a line of another key, or a header, or leave a line out."""
    lines = text.splitlines()
    place = rng.randrange(len(lines) + 1)
    deed = rng.choice((0, 1, 2, 0, 1, 2, 3, 3, 4, 5, 6))
    settable = [at for at, line in enumerate(lines) if re.match(r"[\w\"]+ *= ", line)]
    if deed <= 2 and settable:
        place = rng.choice(settable)
        lines[place] = f"{lines[place].partition('=')[0]}= {rng.choice(VALUES)}"
    elif deed == 3:
        values = rng.choice(VALUES)
        lines.insert(
            place, f"{rng.choice(_KEYS)} = {values if rng.random() < 0.5 else f'[{values}]'}"
        )
    elif deed == 4:
        lines.insert(place, f"[{rng.choice(_TABLES)}]")
    elif deed == 5:
        lines.append("[factors]" if rng.random() < 0.1 else "")
        for number in range(rng.choice((1, 10, 500))):
            lines.append(f"key{number} = {rng.choice(VALUES)}")
    elif lines:
        del lines[min(place, len(lines) - 1)]
    return "\n".join(lines) + "\n"


def _valid(rng: Random) -> str:
    shipped = sorted(_SHIPPED.glob("*.toml"))
    if not shipped or rng.random() < 0.7:
        return _OWN
    return rng.choice(shipped).read_text(encoding="utf-8")


def _make_study(folder: Path, rng: Random) -> None:
    (folder / "people.csv").write_text(_PEOPLE, encoding="utf-8")
    text = _valid(rng)
    if rng.random() < 0.75:
        for _ in range(rng.choice((1, 1, 2, 3))):
            text = _line_changed(text, rng)
        data = text.encode("utf-8", "surrogatepass")
    else:
        data = damaged(text.encode(), rng, TEXT)
    (folder / "study.toml").write_bytes(data)


def feed_study(folder: Path, _: Any) -> None:
    """Read a study, plan it, and see that it is the same once it is written and read again."""
    from dlsuite.spec import read_study, write_study
    from dlsuite.study import make_plan

    study = read_study(folder / "study.toml")
    again = folder / "again.toml"
    again.write_text(write_study(study, folder=folder), encoding="utf-8")
    read = read_study(again)
    if read != study:
        raise AssertionError(f"written and read, it is another: {study!r:.1000} {read!r:.1000}")
    make_plan(study)


def _make_override(folder: Path, rng: Random) -> dict[str, list[str]]:
    (folder / "people.csv").write_text(_PEOPLE, encoding="utf-8")
    (folder / "study.toml").write_text(_OWN, encoding="utf-8")
    places = (
        *("factors.dropout", "fixed.optimizer", "tasks.0.model", "tasks.1.data", "seeds", "name"),
        *(
            "tasks.9.data",
            "tasks.0.data.train_size",
            "tasks.-1",
            "tasks.٣",
            "tasks",
            "",
            ".",
            "a..b",
        ),
        *(
            "factors",
            "tasks.0.model.filters.0",
            "baseline.dropout",
            "design",
            "epochs.x",
            "plugins.0",
        ),
        *(".".join(["a"] * 3000), "tasks.0.name.x", "tune.learning_rate", "metrics", '"a b".c'),
    )

    def one() -> str:
        text = f"{rng.choice(places)}={rng.choice(VALUES)}"
        if rng.random() < 0.3:
            text = damaged(text.encode(), rng, TEXT).decode("utf-8", "surrogateescape")
        return text

    return {"set": [one() for _ in range(rng.randrange(4))], "vary": [one() for _ in range(2)]}


def feed_override(folder: Path, call: Any) -> None:
    """Read a study with settings that replace its own, and the lists of an ablation."""
    from dlsuite.errors import DlsuiteError
    from dlsuite.spec import Study, read_lists, read_overrides, read_study
    from dlsuite.study import make_plan

    errors: list[DlsuiteError] = []

    def tried(step: Any) -> None:
        try:
            step()
        except DlsuiteError as error:
            errors.append(error)

    def ablated() -> None:
        task = {"model": "mlp", "data": "wine"}
        make_plan(Study(name="a", tasks=[task], factors=read_lists(call["vary"])))

    tried(lambda: make_plan(read_study(folder / "study.toml", overrides=call["set"])))
    tried(lambda: read_overrides(call["set"]))
    tried(ablated)
    if errors:
        raise errors[0]


def _prepare() -> None:
    from dlsuite.spec import parse_study
    from dlsuite.study import make_plan

    task = {"model": "mlp", "data": "wine"}
    make_plan(parse_study({"name": "a", "tasks": [task], "factors": {"dropout": [0.0, 0.1]}}))
    import tomlkit  # noqa: F401


STUDY = InputKind("study", _make_study, feed_study, _prepare)
OVERRIDE = InputKind("override", _make_override, feed_override, _prepare)
