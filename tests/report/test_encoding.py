from itertools import product

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from dlsuite.report.encoding import ChangeEncoding, Encoding, encode, thinned
from dlsuite.report.facets import facets
from dlsuite.report.labels import condition_names, plain, shortened, wrapped


def conditions(**factors):
    rows = [dict(zip(factors, values, strict=True)) for values in product(*factors.values())]
    return pd.DataFrame(rows).assign(condition=[f"c{place}" for place in range(len(rows))])


@given(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=30))
def test_any_name_is_drawn_as_it_is_written(name):
    text = Text(text=plain(name))
    shown, is_math = text._preprocess_math(text.get_text())
    assert not is_math
    assert shown.lstrip("\N{ZERO WIDTH SPACE}") == name
    assert not plain(name).startswith("_")


@given(st.text(max_size=60), st.integers(3, 40))
def test_a_shortened_name_keeps_its_ends_and_its_width(name, width):
    short = shortened(name, width)
    assert len(short) <= width
    assert short[0:1] == name[0:1] and short[-1:] == name[-1:]


def test_a_long_condition_takes_two_lines_at_most():
    text = wrapped("dropout=0.5 batch_norm=true learning_rate=0.001 units=[64, 64]", 28)
    assert text.count("\n") == 1
    assert all(len(line) <= 28 for line in text.split("\n"))


@given(st.lists(st.integers(), max_size=40), st.integers(2, 10))
def test_thinning_keeps_the_first_and_the_last_in_order(entries, most):
    kept = thinned(entries, most)
    assert len(kept) == min(len(entries), most)
    assert kept[:1] == entries[:1] and kept[-1:] == entries[-1:]


def test_conditions_are_named_by_what_they_change():
    rows = conditions(dropout=[0.0, 0.5], batch_norm=[False, True])
    names = condition_names(rows, ["dropout", "batch_norm"], {"dropout": 0.0, "batch_norm": False})
    assert list(names.values()) == [
        "baseline",
        "batch_norm=true",
        "dropout=0.5",
        "dropout=0.5 batch_norm=true",
    ]


def test_crossed_factors_differ_in_color_shape_and_opening():
    rows = conditions(dropout=[0.0, 0.2, 0.5], units=[8, 16], batch_norm=[False, True])
    encoding = encode(rows, ["dropout", "units", "batch_norm"], {})
    looks = [encoding.look(row) for row in rows.to_dict("records")]
    told = {(look["color"], look["marker"], look["markerfacecolor"] == "white") for look in looks}
    assert len(told) == len(rows)
    assert encoding.factors[0] == "dropout"


def test_one_change_at_a_time_has_a_color_a_factor():
    rows = conditions(dropout=[0.0, 0.2, 0.5], l2=[0.0, 0.1])
    around = rows[(rows["dropout"] == 0) | (rows["l2"] == 0)]
    encoding = encode(around, ["dropout", "l2"], {"dropout": 0.0, "l2": 0.0})
    assert isinstance(encoding, ChangeEncoding)
    looks = [encoding.look(row) for row in around.to_dict("records")]
    assert len({look["color"] for look in looks}) == 3
    assert len({(look["color"], look["marker"]) for look in looks}) == len(around)


def test_nothing_varied_needs_no_telling():
    encoding = Encoding.of(conditions(dropout=[0.0]), ["dropout"])
    assert encoding.rows == 0
    assert encoding.look({"dropout": 0.0})["marker"] == "o"


def test_a_panel_has_eight_lines_at_most_and_a_figure_four_columns():
    [facet] = facets(conditions(units=list(range(30))), ["units"], {})
    assert len(facet.conditions) == 8
    names = ["a", "b", "c", "d", "e"]
    many = facets(conditions(**{name: [0, 1] for name in names}), names, dict.fromkeys(names, 0))
    assert [facet.factor for facet in many] == names[:4]


def test_a_random_design_shares_a_panel():
    rows = pd.DataFrame(
        {"condition": list("abc"), "x": [0.1, 0.2, 0.3], "y": [3, 1, 2], "z": [7, 8, 9]}
    )
    [facet] = facets(rows, ["x", "y", "z"], {"x": 0.0, "y": 0, "z": 0})
    assert (facet.factor, facet.conditions) == ("", ["a", "b", "c"])
