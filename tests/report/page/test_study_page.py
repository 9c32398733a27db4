import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from dlsuite.report import StudyTables
from dlsuite.report.page import PageFigure, study_page
from dlsuite.report.page.numbers import format_number

Make = Callable[..., StudyTables]
Parse = Callable[[str], Any]
PLAIN: dict[str, Any] = {"figures": [], "findings": [], "environment": None, "specification": None}


@pytest.fixture(scope="module")
def root(page: str, parse: Parse) -> Any:
    return parse(page)


def numbers_in(tables: StudyTables, *names: str) -> set[float]:
    found: set[float] = set()
    for name in names:
        columns = tables[name].select_dtypes("number").to_numpy(dtype=float).ravel()
        found |= set(columns[np.isfinite(columns)].tolist())
    return found


def test_parts_come_in_order(root: Any) -> None:
    [main] = root.all("main")
    sections = [child.attributes["id"] for child in main.children if not isinstance(child, str)]
    assert sections == [
        "answers",
        "findings",
        "figures",
        "curves",
        "tables",
        "checklist",
        "reproduce",
    ]
    assert "not finished 120 of 200 trials" in root.one("p", class_="status").text
    assert "8 diverged" in root.one("p", class_="status").text


def test_every_number_of_tables_and_cards_is_in_a_csv(root: Any, tables: StudyTables) -> None:
    parts = [
        (root.one("table", id="scores"), ("summary",)),
        (root.one("table", id="effects"), ("effects",)),
        *((card, ("summary", "effects", "trials")) for card in root.all("article", class_="card")),
    ]
    for part, sources in parts:
        known = numbers_in(tables, *sources)
        shown = [(e.attributes["data-value"], e.text) for e in part if "data-value" in e.attributes]
        assert len(shown) > 5
        for raw, text in shown:
            if raw == "":
                assert text == "\u2013"
                continue
            value = float(raw)
            assert value in known
            texts = {
                format_number(value, metric, signed=signed)
                for metric in ("", "accuracy")
                for signed in (False, True)
            }
            assert text in texts | {f"{value:.0f}"}


def test_text_of_cards_and_tables_has_no_other_number(root: Any, tables: StudyTables) -> None:
    """What is not a number of a CSV is a word, a name or a setting."""
    for row in root.one("table", id="scores").all("tr"):
        for cell in row.all("td"):
            digits = re.search(r"\d", cell.text)
            tagged = any("data-value" in e.attributes for e in cell)
            assert not digits or tagged or cell.text in ("0.01", "0.1")


def test_names_are_text_and_never_elements(root: Any, page: str, nasty: str) -> None:
    assert page.count("window.broken = 1</script>") == 0
    assert len(root.all("script")) == 5
    assert [e for e in root if "onerror" in e.attributes] == []
    shown = " ".join(nasty.split())
    assert shown in root.one("h1").text
    assert shown in root.one("p", class_="question").text
    assert shown in root.one("pre", id="specification").text
    assert shown in root.one("table", id="scores").text
    assert shown in root.one("figcaption").text
    assert shown in root.one("img").attributes["alt"]


def test_the_page_loads_nothing_and_runs_its_own_programs_alone(root: Any, page: str) -> None:
    policy = next(m for m in root.all("meta") if "http-equiv" in m.attributes).attributes["content"]
    assert "default-src 'none'" in policy
    assert policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.split("script-src")[1]
    for element in root:
        source = element.attributes.get("src", "data:")
        assert source == "" or source.startswith("data:")
        target = element.attributes.get("href", "")
        assert not re.match(r"[a-z]+:(?!,$)", target), target


def test_links_lead_to_files_beside_the_page(root: Any) -> None:
    links = {a.attributes["href"] for a in root.all("a")}
    assert {"summary.csv", "effects.csv", "trials.csv", "curves.csv", "checklist.csv"} <= links
    assert {"figures/curves.png", "figures/curves.svg"} <= links
    anchors = {link[1:] for link in links if link.startswith("#")}
    assert anchors <= {e.attributes.get("id") for e in root}


def test_ids_are_unique_and_headings_step_down(root: Any) -> None:
    ids = [e.attributes["id"] for e in root if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    levels = [int(e.tag[1]) for e in root if re.fullmatch(r"h[1-6]", e.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_every_control_has_a_name(root: Any) -> None:
    labelled = {e for label in root.all("label") for e in label if e.tag in ("input", "select")}
    assert {e for e in root if e.tag in ("input", "select")} == labelled
    assert all(image.attributes["alt"] is not None for image in root.all("img"))
    assert all(b.text or b.attributes.get("aria-label") for b in root.all("button"))


def test_the_same_tables_give_the_same_bytes(page: str, tables: StudyTables) -> None:
    once = study_page(tables, **PLAIN)
    assert study_page(tables, **PLAIN) == once


def test_diverged_trials_are_listed(root: Any, tables: StudyTables) -> None:
    rows = root.one("section", id="diverged").one("tbody").all("tr")
    assert len(rows) == int((tables["trials"]["status"] == "diverged").sum())


def test_the_baseline_is_marked(root: Any) -> None:
    marked = root.one("table", id="scores").all("tr", class_="baseline")
    assert [row.one("th").text for row in marked] == ["dropout=0.0 kind=plain baseline"] * 2


def test_findings_stand_under_their_task(root: Any, nasty: str) -> None:
    section = root.one("section", id="findings")
    assert section.one("h3").text == "mlp/toy"
    assert section.one("li").text == f"dropout: better {' '.join(nasty.split())}."
    assert section.one("p", class_="note").text.startswith("Means over trials")


def test_a_page_that_leaves_something_out_says_so(make_tables: Make, parse: Parse) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, epochs=50)
    text = parse(study_page(tables, **PLAIN, most_values=1000)).one("section", id="curves").text
    assert "single trials have one epoch in 6 and the last" in text
    complete = parse(study_page(tables, **PLAIN)).one("section", id="curves").text
    assert "To keep this page small" not in complete


def test_a_study_without_results_still_has_a_page(make_tables: Make, parse: Parse) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]})
    empty = replace(tables, frames={"tasks": tables["tasks"]})
    root = parse(study_page(empty, **PLAIN, planned=10))
    assert "No trial is done yet" in root.one("section", id="answers").text
    assert "0 of 10 trials" in root.one("p", class_="status").text


def test_a_study_under_way_has_no_tables_yet_but_curves(make_tables: Make, parse: Parse) -> None:
    root = parse(study_page(make_tables({"dropout": [0.0, 0.5]}, analyzed=False), **PLAIN))
    assert root.all("table", id="scores") == []
    assert root.all("div", id="explorer")


def test_a_page_of_many_trials_stays_small(make_tables: Make) -> None:
    tables = make_tables({"dropout": [0.0, 0.5]}, seeds=250, epochs=60, analyzed=False)
    figures = [PageFigure("a", "A", "B.", (), b"<svg/>")]
    text = study_page(tables, **{**PLAIN, "figures": figures}, most_values=50_000)
    assert len(text) < 3_000_000
