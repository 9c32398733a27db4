"""Archives and cards that are damaged end in one line that names the file."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dlsuite.errors import SpecError
from dlsuite.models.card import CARD, ModelCard, read_card

WHOLE = json.loads(
    ModelCard(kind="table", task_type="classification", class_names=("a", "b")).to_json()
)
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.lists(st.integers(), max_size=2)
)


def saved(path: Path, card: Any) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr(CARD, json.dumps(card))
    return path


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(sorted(WHOLE)), value=values)
def test_any_card_is_read_or_named(key: str, value: object, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.keras", {**WHOLE, key: value})

    try:
        assert isinstance(read_card(path), ModelCard)
    except SpecError as error:
        assert str(path) in str(error)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), byte=st.integers(0, 255))
def test_any_archive_is_read_or_named(place: int, byte: int, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.keras", WHOLE)
    data = bytearray(path.read_bytes())
    data[place % len(data)] = byte
    path.write_bytes(data)

    try:
        read_card(path)
    except SpecError as error:
        assert str(path) in str(error)


def test_a_path_that_the_system_cannot_look_up_is_named() -> None:
    with pytest.raises(SpecError, match=r"cannot be looked up"):
        read_card("a" * 5000 + ".keras")
