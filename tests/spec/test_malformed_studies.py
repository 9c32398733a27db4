"""Any text, and any value in a study, ends in a study or in one line that says what is wrong."""

import tomllib
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.errors import DlsuiteError, SpecError
from dlsuite.spec import parse_study, read_lists, read_overrides, read_study, write_study
from dlsuite.study import make_plan

relaxed = settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
scalars = (
    st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_subnormal=False)
    | st.text(max_size=8)
    | st.dates()
    | st.datetimes()
    | st.sampled_from(["cnn", "wine", "dropout", "adam", "accuracy", "random", "a.csv", "\0", "‮"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "path", "from", "to", "steps", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
keys = st.sampled_from(
    [
        *(
            "name",
            "seeds",
            "epochs",
            "metric",
            "factors",
            "tune",
            "fixed",
            "baseline",
            "design",
            "trials",
        ),
        *(
            "factors.dropout",
            "tune.learning_rate",
            "fixed.batch_size",
            "tasks.0.model",
            "tasks.0.data",
        ),
        *("tasks.0.fixed", "split_seeds", "plugins", "metrics", "question", "tasks", "fixed.units"),
    ]
)
VALID = {
    "name": "small",
    "tasks": [{"model": "mlp", "data": "wine"}],
    "factors": {"dropout": [0.0, 0.2]},
    "tune": {"learning_rate": [0.01]},
    "seeds": 2,
}


def changed(changes: dict) -> dict:
    """The valid study with other values at some places."""
    study = {**VALID, "tasks": [dict(VALID["tasks"][0])], "factors": dict(VALID["factors"])}
    for key, value in changes.items():
        *path, last = key.split(".")
        place = study
        for step in path:
            place = place[0] if isinstance(place, list) else place.setdefault(step, {})
            if not isinstance(place, dict | list):
                break
        if isinstance(place, list):
            place = place[0] if place else {}
        if isinstance(place, dict):
            place[last] = value
    return study


@relaxed
@given(changes=st.dictionaries(keys, values, min_size=1, max_size=2))
def test_any_value_anywhere_makes_a_plan_or_one_line(changes: dict) -> None:
    try:
        study = parse_study(changed(changes))
        again = parse_study(tomllib.loads(write_study(study)))
        assert again == study
        assert make_plan(study).trials
    except DlsuiteError as error:
        assert str(error)


@relaxed
@given(data=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_study_or_one_line_that_names_the_file(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_bytes(data)

    try:
        read_study(path)
    except SpecError as error:
        assert str(path) in str(error)


@relaxed
@given(texts=st.lists(st.text(max_size=30) | st.from_regex(r"[a-z.0]{1,12}=.{0,20}"), max_size=3))
def test_any_override_is_a_setting_or_one_line(texts: list[str]) -> None:
    for read in (read_overrides, read_lists, lambda given: parse_study(VALID, overrides=given)):
        try:
            read(texts)
        except DlsuiteError as error:
            assert str(error)
