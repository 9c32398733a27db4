"""What all topics have in common: tables that are documented, pictures drawn from them, sentences."""

import re
from pathlib import Path

import pandas as pd
import pytest

from dlsuite.errors import DataError, SpecError, UnknownNameError
from dlsuite.explanations import TOPICS, Explanation, explain
from dlsuite.report.pictures import draw_pictures

DOCUMENTED = (Path(__file__).parents[2] / "results" / "EXPLANATIONS.md").read_text(encoding="utf-8")

SCORES = ("loss", "accuracy", "rmse", "mae")


@pytest.fixture(scope="module", params=sorted(TOPICS))
def explanation(request: pytest.FixtureRequest) -> Explanation:
    settings = {"units": [6, 4], "train_size": 60}
    return explain(request.param, "mlp", "wine", settings=settings, epochs=2)


def documented_columns(topic: str, table: str) -> set[str]:
    section = re.split(r"^## ", DOCUMENTED, flags=re.MULTILINE)
    (own,) = [part for part in section if part.startswith(f"{topic}:")]
    (about,) = [p for p in re.split(r"^### ", own, flags=re.MULTILINE) if p.startswith(table)]
    heads = [row.split("|")[1] for row in about.splitlines() if row.startswith("| `")]
    names = {name for head in heads for name in re.findall(r"`([^`]+)`", head)}
    return {name.replace("<score>", score) for name in names for score in SCORES}


def test_every_column_is_documented(explanation: Explanation) -> None:
    for name, table in explanation.tables.items():
        assert set(table.columns) <= documented_columns(explanation.topic, f"{name}.csv"), name


def test_pictures_can_be_drawn_again_from_the_written_tables(
    explanation: Explanation, tmp_path: Path
) -> None:
    written = explanation.write(tmp_path)

    assert {path.suffix for path in written} == {".csv", ".png", ".svg"}
    tables = {path.stem: pd.read_csv(path) for path in tmp_path.glob("*.csv")}
    assert set(tables) == set(explanation.tables)
    again = draw_pictures(explanation.topic, tables, subject="mlp/wine")
    assert list(again) == list(explanation.figures)
    for name, figure in again.items():
        panels = [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes]
        before = explanation.figures[name].axes
        assert panels == [axes.get_title(loc="left") or axes.get_title() for axes in before]


def test_it_says_something_and_shows_itself(explanation: Explanation) -> None:
    assert 3 <= len(explanation.sentences) <= 8
    html = explanation._repr_html_()
    assert html.count("<svg") == len(explanation.figures)
    assert f"{explanation.topic}: mlp/wine" in html


def test_what_cannot_be_explained_is_told_in_a_line() -> None:
    with pytest.raises(UnknownNameError, match=r"no topic 'fordward'\. Did you mean 'forward'"):
        explain("fordward", "mlp", "wine")
    with pytest.raises(SpecError, match="epochs: expected a whole number, at least 1; got 0"):
        explain("forward", "mlp", "wine", epochs=0)
    with pytest.raises(UnknownNameError, match="wien"):
        explain("forward", "mlp", "wien")
    with pytest.raises((SpecError, DataError), match="depht"):
        explain("forward", "mlp", "wine", settings={"depht": 2})


@pytest.mark.parametrize(
    "setting", [{"loss": "focal"}, {"class_weight": "balanced"}, {"precision": "mixed_bfloat16"}]
)
def test_what_is_not_the_default_loss_is_not_explained(setting: dict[str, str]) -> None:
    (name,) = setting
    with pytest.raises(SpecError, match=f"explain: {name}: what is drawn is of the task's default"):
        explain("backward", "mlp", "wine", settings=setting)
