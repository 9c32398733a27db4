from collections.abc import Callable
from typing import Any

from dlsuite.report.page import IndexEntry, index_page

Parse = Callable[[str], Any]


def test_each_study_has_its_question_its_answers_and_a_link(parse: Parse, nasty: str) -> None:
    root = parse(
        index_page(
            [
                IndexEntry(
                    name=nasty,
                    question=f"Why? {nasty}",
                    trials=40,
                    planned=60,
                    diverged=2,
                    findings=["Much was found."],
                    answers=[f"mlp/toy: {nasty}"],
                    link="made up/report.html",
                ),
                IndexEntry(name="dropout", question="", trials=1),
            ]
        )
    )
    first, second = root.all("article")
    shown = " ".join(nasty.split())
    assert first.one("a").attributes["href"] == "made up/report.html"
    assert first.one("h2").text == shown
    assert first.one("li").text == f"mlp/toy: {shown}"
    assert "not finished 40 of 60 trials, 2 diverged" in first.one("p", class_="status").text
    assert first.one("details").one("li").text == "Much was found."
    assert second.one("h2").text == "dropout"
    assert second.all("a") == []
    assert second.one("p", class_="status").text == "1 trial"
    assert len(root.all("script")) == 1


def test_an_empty_folder_has_an_index_too(parse: Parse) -> None:
    assert "No study has results here yet" in parse(index_page([])).one("main").text
