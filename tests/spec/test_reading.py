"""From TOML, a mapping and overrides to a study, and back."""

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.errors import SpecError
from dlsuite.spec import (
    Study,
    parse_study,
    read_lists,
    read_study,
    study_schema,
    write_study,
)

MINIMAL: dict[str, Any] = {
    "name": "dropout",
    "tasks": [{"model": "cnn", "data": "digits"}],
    "factors": {"dropout": [0.0, 0.5]},
}

FULL = """
name = "dropout"
question = "How much?"
seeds = [3, 1]
split_seeds = 2
epochs = 7
metric = "accuracy"
design = "random"
trials = 5

[[tasks]]
model = { name = "cnn", filters = [16, 32] }
data = { name = "digits", train_size = 300 }
name = "small"
fixed = { batch_size = 8 }

[[tasks]]
model = "mlp"
data = "wine"

[factors]
dropout = [0.0, 0.2]
units = [[16], [32, 16]]
learning_rate = { from = 1e-4, to = 1e-1, steps = 4, scale = "log" }

[tune]
weight_decay = [0.0, 0.01]

[fixed]
optimizer = "adam"
batch_norm = true

[baseline]
dropout = 0.2
"""


def with_keys(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(MINIMAL) | changes


def read(tmp_path: Path, text: str | bytes, overrides: Any = ()) -> Study:
    path = tmp_path / "study.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_study(path, overrides=overrides)


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    study = read(tmp_path, FULL)
    assert study.seeds == (3, 1)
    assert study.split_seeds == (0, 1)
    assert study.factors["learning_rate"] == (0.0001, 0.001, 0.01, 0.1)
    assert study.factors["units"] == ((16,), (32, 16))
    assert [task.label for task in study.tasks] == ["small", "mlp/wine"]
    assert study.tasks[0].model.settings == {"filters": (16, 32)}
    assert study.tasks[0].fixed == {"batch_size": 8}
    assert study.full_baseline == {"dropout": 0.2, "units": (16,), "learning_rate": 0.0001}


def test_what_is_absent_has_its_default() -> None:
    study = parse_study(MINIMAL)
    assert study.seeds == tuple(range(10))
    assert (study.split_seeds, study.epochs, study.metric, study.design) == ((0,), 40, None, "full")
    assert study.full_baseline == {"dropout": 0.0}


def test_a_written_study_reads_back_as_itself(tmp_path: Path) -> None:
    study = read(tmp_path, FULL)
    assert read(tmp_path, write_study(study)) == study


def test_parsing_leaves_the_mapping_alone() -> None:
    raw = copy.deepcopy(MINIMAL)
    parse_study(raw, overrides=["tasks.0.model.units=3", "fixed.l2=0.1", "factors.dropout.0=0.1"])
    assert raw == MINIMAL


def test_a_study_is_immutable() -> None:
    study = parse_study(MINIMAL)
    with pytest.raises(ValueError, match="frozen"):
        study.epochs = 3  # type: ignore[misc]


def test_the_baseline_takes_the_factors_own_spelling() -> None:
    study = parse_study(with_keys(baseline={"dropout": 0}))
    assert repr(study.full_baseline["dropout"]) == "0.0"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochz": 3}, "unknown key 'epochz'. Did you mean 'epochs'?"),
        ({"int": 3}, "unknown key 'int'. "),
        ({"a[b": 3}, "unknown key 'a[b'. "),
        (
            {"tasks": [{"model": "cnn", "dta": "x"}]},
            "unknown key 'tasks.0.dta'. Did you mean 'data'?",
        ),
        ({"tasks": [{"model": "cnn"}]}, "'tasks.0.data' is missing."),
        ({"tasks": ["cnn"]}, 'tasks.0: expected a table of settings; got "cnn".'),
        ({"tasks": []}, "tasks: expected at least one entry; got []."),
        (
            {"tasks": [{"model": 3, "data": "x"}]},
            "tasks.0.model: expected a table of settings; got 3",
        ),
        ({"tasks": [{"model": {"units": 3}, "data": "x"}]}, "'tasks.0.model.name' is missing."),
        ({"tasks": MINIMAL["tasks"] * 2}, "two tasks are called 'cnn/digits'; give one a name"),
        ({"factors": {}}, "factors: expected at least one entry; got {}."),
        ({"factors": {"dropout": []}}, "factors.dropout: expected at least one entry; got []."),
        ({"factors": {"dropout": 0.5}}, "factors.dropout: expected a list; got 0.5."),
        (
            {"factors": {"dropout": [0, 0.0]}},
            "factors.dropout: a value stands there twice; got [0, 0]",
        ),
        (
            {"factors": {"int": [{"a": 1}]}},
            'factors.int.0: expected true, false, a number, a text or a list of these; got {"a": 1}.',
        ),
        (
            {"factors": {"dropout": {"from": 0, "to": 1, "step": 3}}},
            "unknown key 'factors.dropout.step'. Did you mean 'steps'",
        ),
        (
            {"factors": {"dropout": {"from": 0, "to": "x", "steps": 3}}},
            'factors.dropout.to: expected a number; got "x".',
        ),
        (
            {"factors": {"dropout": {"from": 0, "to": 1, "steps": 3, "scale": "log"}}},
            "factors.dropout: a range with scale = 'log' needs 'from' and 'to' above 0; got {",
        ),
        (
            {"factors": {"dropout": {"from": -1.7e308, "to": 1.7e308, "steps": 3}}},
            "factors.dropout: a range's ends are too far apart to be counted with; got {",
        ),
        ({"fixed": {"dropout": 0.5}}, "'dropout' stands in [factors] and in [fixed]; keep one."),
        ({"tune": {"dropout": [0.5]}}, "'dropout' stands in [factors] and in [tune]; keep one."),
        (
            {"tasks": [{"model": {"name": "cnn", "dropout": 0.5}, "data": "digits"}]},
            "'dropout' stands in [factors] and in tasks.0.model (cnn/digits); keep one.",
        ),
        (
            {"tasks": [{"model": "cnn", "data": "digits", "fixed": {"dropout": 0.5}}]},
            "'dropout' stands in [factors] and in tasks.0.fixed (cnn/digits); keep one.",
        ),
        ({"factors": {"seed": [1, 2]}}, "'seed' in [factors] is a column of the results; "),
        (
            {"baseline": {"dropout": 0.3}},
            "baseline.dropout = 0.3 is not among factors.dropout = [0, 0.5].",
        ),
        ({"baseline": {"drop": 0}}, "baseline.drop is not a factor; the factors are dropout."),
        ({"baseline": {"dropout": False}}, "baseline.dropout = false is not among factors.dropout"),
        (
            {"design": "random"},
            "design = 'random' needs 'trials', the number of conditions to draw.",
        ),
        ({"trials": 3}, "'trials' goes with design = 'random'; the design is 'full'."),
        (
            {"design": "half"},
            "design: expected 'full', 'one-at-a-time' or 'random'; got \"half\"",
        ),
        ({"seeds": 0}, "seeds: expected 1 to 100000 seeds, or a list of them; got 0."),
        ({"seeds": []}, "seeds: expected at least one entry; got []."),
        ({"seeds": [1, 1]}, "seeds: a seed stands there twice; got [1, 1]."),
        ({"seeds": [0.5]}, "seeds.0: expected a whole number; got 0.5."),
        ({"seeds": True}, "seeds: expected a list; got true."),
        ({"epochs": 0}, "epochs: expected a number, at least 1; got 0."),
        ({"epochs": "3"}, 'epochs: expected a whole number; got "3".'),
        ({"fixed": {"l2": float("nan")}}, "fixed.l2: expected "),
        ({"fixed": {"l2": 10**5000}}, "fixed.l2: expected "),
        ({"fixed": 3}, "fixed: expected a table of settings; got 3."),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:40],
)
def test_what_is_wrong_is_named_in_one_line(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_study(with_keys(**changes), source="here.toml")
    assert str(caught.value).startswith(f"here.toml: {message}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["name", "tasks", "factors"])
def test_a_missing_key_is_named(key: str) -> None:
    raw = with_keys()
    del raw[key]
    with pytest.raises(SpecError, match=f"^study: '{key}' is missing.$"):
        parse_study(raw)


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "-x", "a b", "c:\\d", "/root"])
def test_a_name_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_study(with_keys(name=name))
    assert str(caught.value).startswith("study: name: expected letters, digits, '_', '-' and '.', ")
    assert str(caught.value).endswith(f"; got {name!r}.")


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(SpecError) as caught:
        parse_study(with_keys(epochs="x" * 10_000))
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not valid TOML: "),
        ("a = 1\na = 2", "not valid TOML: "),
        (b"\xff\xfe", "not a text in UTF-8 (byte 0)."),
        ("seeds = " + "9" * 5000, "not valid TOML: "),
        ("a = " + "[" * 5000, "not valid TOML: "),
    ],
    ids=["unfinished", "twice", "not UTF-8", "long number", "deep"],
)
def test_a_file_that_is_no_toml_is_refused_by_its_name(
    text: str | bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(f"{tmp_path / 'study.toml'}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_refused_by_its_name(tmp_path: Path) -> None:
    missing = tmp_path / "none.toml"
    with pytest.raises(SpecError, match=r"none\.toml: cannot be read \(No such file"):
        read_study(missing)
    with pytest.raises(SpecError, match=r"cannot be read \(Is a directory\)"):
        read_study(tmp_path)
    with pytest.raises(SpecError, match=r"cannot be read \(embedded null byte\)"):
        read_study(Path("a\0b"))


@pytest.mark.parametrize(
    ("override", "key", "expected"),
    [
        ("seeds=3", "seeds", [0, 1, 2]),
        ("factors.dropout=[0.1, 0.2]", "factors", {"dropout": [0.1, 0.2]}),
        ("factors.dropout.1=0.7", "factors", {"dropout": [0.0, 0.7]}),
        ("fixed.optimizer=sgd", "fixed", {"optimizer": "sgd"}),
        ('fixed.optimizer="sgd"', "fixed", {"optimizer": "sgd"}),
        (" fixed.batch_norm = true ", "fixed", {"batch_norm": True}),
        ("question=a = b", "question", "a = b"),
        (
            "tasks.0.model.filters=[3]",
            "tasks",
            [{"model": {"name": "cnn", "filters": [3]}, "data": "digits"}],
        ),
        ("tasks.0.model=mlp", "tasks", [{"model": "mlp", "data": "digits"}]),
    ],
)
def test_an_override_replaces_what_the_file_says(override: str, key: str, expected: Any) -> None:
    assert parse_study(MINIMAL, overrides=[override]).as_dict()[key] == expected


def test_later_overrides_win() -> None:
    study = parse_study(MINIMAL, overrides=["epochs=3", "epochs=4"])
    assert study.epochs == 4


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("seeds", "--set seeds: expected key=value, as in factors.dropout=[0,0.5]."),
        ("=3", "--set =3: expected key=value"),
        ("a..b=1", "--set a..b=1: expected key=value"),
        ("tasks.1.model=x", "--set tasks.1: expected a number from 0 to 0; got '1'."),
        ("tasks.x=1", "--set tasks.x: expected a number from 0 to 0; got 'x'."),
        ("name.x=1", "--set name.x: there is nothing below a str."),
        ("factrs.dropout=[1]", "study: unknown key 'factrs'. Did you mean 'factors'"),
        ("fixed.x={a=1}", "study: fixed.x: expected true, false, a number, a text or a list"),
    ],
)
def test_a_bad_override_is_named(override: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_study(MINIMAL, overrides=[override])
    assert str(caught.value).startswith(message)


# From here on: whatever comes in, a study or a SpecError comes out.

plain_keys = st.text(max_size=6) | st.sampled_from(["int", "str", "a[b", "name", "from", "a.b", ""])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.dates()
    | st.binary(max_size=3)
    | st.just(10**400)
)
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_keys, inner, max_size=3),
    max_leaves=6,
)
ranges = st.fixed_dictionaries(
    {"from": scalars, "to": scalars, "steps": scalars | st.integers(2, 5)},
    optional={"scale": st.sampled_from(["linear", "log", "cubic"])},
)
studies = st.fixed_dictionaries(
    {"name": st.sampled_from(["dropout", "a/b"]), "tasks": st.just(MINIMAL["tasks"]) | anything},
    optional={
        "factors": st.dictionaries(plain_keys, st.lists(scalars) | ranges | anything, max_size=2),
        **dict.fromkeys(Study.model_fields.keys() - {"name", "tasks", "factors"}, anything),
        "unknown": anything,
        "int": anything,
    },
)


@given(raw=studies | st.dictionaries(plain_keys, anything, max_size=3))
def test_any_mapping_is_a_study_or_a_spec_error(raw: dict[str, Any]) -> None:
    try:
        study = parse_study(raw)
    except SpecError as error:
        assert str(error).startswith("study: ")
        return
    assert isinstance(study, Study)


@given(
    path=st.lists(
        st.sampled_from(
            ["tasks", "0", "1", "model", "factors", "dropout", "name", "fixed", "seeds"]
        )
        | st.text(max_size=4),
        max_size=4,
    ),
    text=st.text(max_size=12)
    | st.sampled_from(["[0, 1]", "{a=1}", "9" * 5000, "[" * 3000, "1\nb = 2", "1979-01-01"]),
)
def test_any_override_gives_a_study_or_a_spec_error(path: list[str], text: str) -> None:
    try:
        study = parse_study(MINIMAL, overrides=[".".join(path) + "=" + text])
    except SpecError as error:
        assert str(error).startswith(("study: ", "--set "))
        return
    assert isinstance(study, Study)


# TOML is UTF-8, which has no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
names = texts.filter(lambda key: key not in ("name", "path"))
values = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e300, 1e300) | texts
lists = st.lists(values, min_size=1, max_size=1).map(list)
good_studies = st.builds(
    lambda fixed, factors, tune, seeds, own, label, question: {
        "name": "x",
        "question": question,
        "seeds": seeds,
        "tasks": [{"model": {"name": "mlp"} | own, "data": "wine", "fixed": fixed}]
        + ([{"model": "cnn", "data": "digits", "name": label}] if label else []),
        "factors": {"f" + key: value for key, value in factors.items()},
        "tune": {"t" + key: value for key, value in tune.items()},
        "fixed": {"x" + key: value for key, value in fixed.items()},
    },
    fixed=st.dictionaries(names, values | st.lists(values, max_size=3), max_size=2),
    factors=st.dictionaries(names, lists, min_size=1, max_size=3),
    tune=st.dictionaries(names, lists, max_size=2),
    seeds=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4, unique=True),
    own=st.dictionaries(names, values, max_size=2),
    label=texts,
    question=texts,
)


@settings(max_examples=200)
@given(raw=good_studies)
def test_every_study_survives_the_round_trip_through_toml(
    raw: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    try:
        study = parse_study(raw)
    except SpecError as error:
        # Keys are made up, so one may stand in two places; nothing else may be wrong.
        assert "keep one" in str(error)
        return
    path = tmp_path_factory.getbasetemp() / "round_trip.toml"
    path.write_bytes(write_study(study).encode())
    back = read_study(path)
    assert back == study
    assert repr(back) == repr(study)


def test_the_schema_describes_what_a_study_may_hold() -> None:
    schema = study_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert set(schema["properties"]) == set(Study.model_fields)
    assert set(schema["required"]) == {"name", "tasks", "factors"}
    assert schema["additionalProperties"] is False


def test_a_study_made_from_python_is_checked_alike() -> None:
    settings = {"name": "s", "tasks": [{"model": "mlp", "data": "wine"}]}

    study = Study(**settings, factors={"dropout": np.linspace(0, 0.5, 3)}, seeds=np.int64(2))

    assert study.factors == {"dropout": (0.0, 0.25, 0.5)}
    assert study.seeds == (0, 1)
    with pytest.raises(SpecError, match=r"^unknown key 'factor'\. Did you mean 'factors'\?$"):
        Study(**settings, factor={})


def test_more_seeds_than_anybody_trains_are_refused_at_once() -> None:
    with pytest.raises(
        SpecError, match="expected 1 to 100000 seeds, or a list of them; got 10000000"
    ):
        Study(
            name="s",
            tasks=[{"model": "mlp", "data": "wine"}],
            factors={"dropout": [0.1]},
            seeds=10**12,
        )


FILES = """
name = "own"
plugins = ["plugins/mine.py"]

[factors]
dropout = [0.0, 0.5]

[[tasks]]
model = "saved/net.keras"
data = { path = "data/people.csv", target = "income", test_path = "data/later.csv" }

[[tasks]]
model = "mlp"
data = { path = "/elsewhere/rows.v2.parquet", target = "y" }
"""


def test_paths_are_relative_to_the_study_and_stay_so_when_it_is_written(tmp_path: Path) -> None:
    study = read(tmp_path, FILES)
    first, second = study.tasks
    assert study.plugins == (str(tmp_path / "plugins" / "mine.py"),)
    assert (first.model.name, first.label) == (str(tmp_path / "saved/net.keras"), "net/people")
    assert first.data.settings["test_path"] == str(tmp_path / "data/later.csv")
    assert (second.data.name, second.label) == ("/elsewhere/rows.v2.parquet", "mlp/rows")
    folder = tmp_path / "results" / "own"
    folder.mkdir(parents=True)
    (folder / "study.toml").write_text(write_study(study, folder=folder))
    assert 'path = "../../data/people.csv"' in (folder / "study.toml").read_text()
    assert read_study(folder / "study.toml") == study


def test_a_path_can_be_set_and_goes_with_no_name() -> None:
    tasks = [{"model": "cnn", "data": {"path": "a.csv", "name": "digits"}}]
    with pytest.raises(SpecError, match=r"expected a 'name' .* or a 'path' .*, not both"):
        parse_study(with_keys(tasks=tasks))
    study = parse_study(MINIMAL, overrides=["tasks.0.data=a.csv", "tasks.0.data.target=y"])
    assert study.as_dict()["tasks"][0]["data"] == {"path": "a.csv", "target": "y"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dropout=0,0.2", {"dropout": [0, 0.2]}),
        ("dropout=[0, 0.2]", {"dropout": [0, 0.2]}),
        ("dropout=0.2", {"dropout": [0.2]}),
        ("batch_norm=true,false", {"batch_norm": [True, False]}),
        ("optimizer=sgd,adam", {"optimizer": ["sgd", "adam"]}),
        ("units=[64],[32,16]", {"units": [[64], [32, 16]]}),
        ("units=[[64],[32,16]]", {"units": [[64], [32, 16]]}),
        (
            "rate={from=1e-3,to=1e-1,steps=3}",
            {"rate": {"from": 1e-3, "to": 1e-1, "steps": 3}},
        ),
    ],
)
def test_lists_are_written_shortly(text: str, expected: Any) -> None:
    assert read_lists([text]) == expected


@pytest.mark.parametrize("text", ["dropout", "=1", "dropout=", ""])
def test_a_list_without_key_or_value_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"expected key=value,value, as in dropout=0,0\.2,0\.5"):
        read_lists([text])
