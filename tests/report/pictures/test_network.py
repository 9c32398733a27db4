import pandas as pd
from matplotlib.collections import LineCollection

from dlsuite.report.pictures.network import draw_network

NODES = pd.DataFrame(
    {
        "place": [0, 0, 1],
        "layer": ["a", "a", "b"],
        "unit": [0, 4, 0],
        "units": [5, 5, 1],
        "size": [0.0, 1.0, 0.5],
        "color": "#336699",
        "crossed": [False, True, False],
    }
)
EDGES = pd.DataFrame(
    {
        "source_layer": "a",
        "source": [4, 0, 2],
        "target_layer": "b",
        "target": 0,
        "size": [1.0, 0.1, 0.2],
        "color": ["#ff0000", "#0000ff", "#00ff00"],
    }
)


def test_nodes_stand_in_columns_centered_at_zero() -> None:
    ax = draw_network(NODES, EDGES)
    places = ax.collections[1].get_offsets()
    assert [tuple(place) for place in places] == [(0.0, 0.5), (0.0, -0.5), (1.0, 0.0)]


def test_edges_of_nodes_that_are_not_drawn_are_left_out_and_wide_ones_lie_on_top() -> None:
    lines = draw_network(NODES, EDGES).collections[0]
    assert isinstance(lines, LineCollection)
    assert len(lines.get_segments()) == 2
    assert lines.get_linewidths()[0] < lines.get_linewidths()[1]
    assert tuple(lines.get_segments()[1][0]) == (0.0, -0.5)


def test_crossed_nodes_carry_a_cross() -> None:
    crosses = draw_network(NODES, EDGES).collections[2]
    assert [tuple(place) for place in crosses.get_offsets()] == [(0.0, -0.5)]


def test_columns_are_named_and_say_how_many_nodes_are_left_out() -> None:
    texts = [text.get_text() for text in draw_network(NODES, EDGES).texts]
    assert texts == ["a", "+ 3 more", "b"]


def test_many_columns_have_slanted_names() -> None:
    many = pd.concat([NODES.assign(place=i, layer=f"layer_{i}") for i in range(9)])
    ax = draw_network(many.drop(columns="crossed"), EDGES.iloc[:0])
    assert ax.texts[0].get_rotation() == 40.0


def test_no_nodes_draw_nothing() -> None:
    ax = draw_network(NODES.iloc[:0], EDGES.iloc[:0])
    assert not ax.collections and not ax.texts
