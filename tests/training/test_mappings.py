from pathlib import Path

import pytest

from dlsuite.errors import DlsuiteError
from dlsuite.training import mappings


@pytest.fixture
def bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system that bounds a process to so many mappings, one of which has 2,000."""
    monkeypatch.setattr(mappings, "_MOST", tmp_path / "most")
    monkeypatch.setattr(mappings, "_OWN", tmp_path / "maps")
    (tmp_path / "maps").write_text("7f00-7f01 r-xp\n" * 2000)
    return tmp_path / "most"


def test_a_process_with_room_left_may_compile(bound: Path) -> None:
    bound.write_text("65530\n")
    mappings.check_room()


def test_a_process_about_to_run_out_says_what_to_do(bound: Path) -> None:
    bound.write_text("5000\n")
    with pytest.raises(DlsuiteError, match=r"run the same command again.*max_map_count=20000"):
        mappings.check_room()


def test_where_no_bound_is_told_there_is_none(bound: Path) -> None:
    mappings.check_room()
