import dataclasses

import numpy as np
import pytest

from dlsuite.data import data_entry, list_data, load_data
from dlsuite.data.html import facts_table, rows_table

AT_HAND = [name for name in list_data() if not data_entry(name).download]
SCRIPT = "<script>alert('x')</script>"


@pytest.mark.parametrize("name", AT_HAND)
def test_every_data_set_shows_itself_in_little_html(name):
    data = load_data(name)
    shown = data._repr_html_()
    for text in (name, data.kind, data.task_type, f"{len(data.train)} train", data.guess.name):
        assert text in shown
    assert shown.count("<tr>") < 25 and len(shown) < 8000


def test_classes_are_counted_by_split():
    shown = load_data("wine")._repr_html_()
    wine = load_data("wine")
    for label, name in enumerate(wine.class_names):
        counts = [int((s.y == label).sum()) for s in (wine.train, wine.validation, wine.test)]
        cells = "".join(f'<td style="text-align: right">{n}</td>' for n in counts)
        assert f'<td style="text-align: left">{name}</td>{cells}' in shown


def test_many_classes_share_the_last_row():
    wine = load_data("wine")
    names = (*wine.class_names, *(f"none {i}" for i in range(20)))
    shown = dataclasses.replace(wine, class_names=names)._repr_html_()
    assert "into 23 classes" in shown and "11 more" in shown and "none 12" not in shown


def test_targets_are_told_by_their_range_in_their_own_unit():
    data = load_data("diabetes")
    shown = data._repr_html_()
    assert f"{data.train.y.min():.4g}" in shown and f"{data.train.y.max():.4g}" in shown
    assert f"{data.train.y.astype(float).mean():.4g}" in shown
    assert f"rmse {data.guess.scores['test']['rmse']:.3g}" in shown


def test_texts_of_a_data_set_are_shown_as_text():
    wine = load_data("wine")
    changes = dict.fromkeys(("name", "source", "license", "description"), SCRIPT)
    named = (SCRIPT, *wine.class_names[1:])
    shown = dataclasses.replace(wine, **changes, notes=(SCRIPT,), class_names=named)._repr_html_()
    assert "<script" not in shown
    assert shown.count("&lt;script&gt;") == 6


def test_notes_stand_there_only_where_there_are_some():
    wine = load_data("wine")
    noisy = load_data("wine", label_noise=0.2)
    assert ("notes</th>" in wine._repr_html_()) == bool(wine.notes)
    assert noisy.notes and noisy.notes[0] in noisy._repr_html_()


def test_an_empty_fact_has_no_row_and_columns_have_a_head():
    assert facts_table({"a": "", "b": "1"}).count("<tr>") == 1
    table = rows_table(["name", "n"], [("x", "1"), ("y", "2")])
    assert table.count("<tr>") == 3 and "<thead>" in table
    assert rows_table(["name"], []).count("<tr>") == 1


def test_a_shape_of_another_rank_is_told_too():
    wine = load_data("wine")
    wide = dataclasses.replace(
        wine, train=dataclasses.replace(wine.train, x=np.zeros([len(wine.train), 2, 3, 4]))
    )
    assert "2 x 3 x 4" in wide._repr_html_()
