"""The tutorial runs as it is written, and leaves what it promises."""

import os
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest

from dlsuite.errors import SpecError
from dlsuite.study import find_study, list_studies, load_results
from dlsuite.study.library import shipped_studies

TUTORIAL = Path(__file__).parents[1] / "experiments" / "tutorial.py"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the tutorial's names hold in the end."""
    import matplotlib.pyplot as plt

    with pytest.MonkeyPatch.context() as patched, mpl.rc_context():
        patched.setenv("DLSUITE_TUTORIAL_OUT", str(tmp_path_factory.mktemp("tutorial") / "out"))
        plt.switch_backend("agg")
        yield runpy.run_path(str(TUTORIAL))
        plt.close("all")


def test_it_leaves_figures_an_explanation_and_a_study(ran: dict[str, Any]) -> None:
    out = ran["out"]
    assert str(out) == os.environ["DLSUITE_TUTORIAL_OUT"]
    for name in ("one_training.png", "study.png", "backward/nodes.csv", "backward/network.png"):
        assert (out / name).stat().st_size > 500
    results = load_results(out / "tutorial")
    assert len(results.trials) == 4 * 5 and (results.trials["status"] == "completed").all()
    assert results.page.is_file()


def test_the_network_trained_by_hand_overfits_as_the_text_says(ran: dict[str, Any]) -> None:
    train, validation = ran["train_losses"], ran["validation_losses"]
    assert abs(validation[0] - np.log(3)) < 0.4
    assert train[-1] < 0.5 * min(train[: len(train) // 4])
    best = int(np.argmin(validation))
    assert 0 < best < len(validation) // 2 and validation[-1] > 1.1 * validation[best]


def test_the_study_takes_the_rate_that_the_range_test_suggests(ran: dict[str, Any]) -> None:
    assert ran["rates"].suggestion == ran["study"].fixed["learning_rate"]
    assert set(ran["primary"]["condition"]) == {
        "dropout=0 batch_norm=true",
        "dropout=0.5 batch_norm=false",
        "dropout=0.5 batch_norm=true",
    }
    assert len(ran["together"]) == 1


def test_it_is_a_notebook_of_prose_and_code_in_turn() -> None:
    cells = re.split(r"^# %%", TUTORIAL.read_text(), flags=re.MULTILINE)
    assert cells[0] == ""
    for cell in cells[1:]:
        if cell.startswith(" [markdown]"):
            assert all(line.startswith("#") for line in cell.splitlines()[1:] if line)
        else:
            compile(cell.partition("\n")[2], "cell", "exec")
    prose = [cell for cell in cells if cell.startswith(" [markdown]")]
    assert 8 <= len(prose) <= len(cells) - len(prose)


def test_it_is_shipped_beside_the_studies_but_is_none() -> None:
    assert (shipped_studies() / TUTORIAL.name).is_file()
    assert "tutorial" not in list_studies()
    with pytest.raises(SpecError, match="tutorial: not a TOML file"):
        find_study("tutorial")
