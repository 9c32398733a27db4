"""The papers of a builder's docstring, and what listings say of them."""

from hypothesis import given
from hypothesis import strategies as st

from dlsuite.models import list_models, model_entry
from dlsuite.models.papers import Paper, papers_in

words = st.text(alphabet="abcdefghijklmnopqrstuvwxyzäé-", min_size=1, max_size=9)
phrases = st.lists(words, min_size=1, max_size=6).map(" ".join)
authors = st.tuples(phrases, st.sampled_from(["", " et al."])).map("".join)
titles = st.tuples(phrases, st.sampled_from(["", " (almost)", ": a study", ", again"])).map("".join)
papers = st.builds(Paper, authors, st.integers(1900, 2100).map(str), titles)


def docstring(text: str) -> str:
    return f"A model.\n\nArgs:\n    units: How many.\n\nReferences:\n    {text}\n\nExample:\n    None.\n"


@given(st.lists(papers, min_size=1, max_size=4))
def test_what_is_written_is_read(written: list[Paper]) -> None:
    lines = ".\n    ".join(map(str, written)) + "."
    assert papers_in(docstring(lines)) == tuple(written)
    assert papers_in(docstring(lines.replace(".\n   ", "."))) == tuple(written)


def test_a_reference_written_otherwise_is_kept() -> None:
    (paper,) = papers_in(docstring("https://example.org/paper."))
    assert paper.citation == str(paper) == "https://example.org/paper"
    assert papers_in("A model.") == papers_in("") == papers_in("References:\n") == ()


def test_every_shipped_model_says_what_it_is_for_and_where_it_is_from() -> None:
    for name in list_models():
        entry = model_entry(name)
        assert entry.is_shipped
        assert entry.purpose
        assert all(paper.authors and paper.year and paper.title for paper in entry.papers), name
    citations = {name: model_entry(name).papers[0].citation for name in list_models()}
    assert citations["text_cnn"] == "Kim (2014)"
    assert citations["tcn"] == "Bai, Kolter and Koltun (2018)"
    assert citations["bilstm"] == "Schuster and Paliwal (1997)"
    assert len(model_entry("tcn").papers) == 3
