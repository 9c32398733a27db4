import warnings

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import LineCollection

from dlsuite.report.pictures.backward import (
    backward_pictures,
    plot_estimates,
    plot_layer_gradients,
    plot_steps,
)
from dlsuite.report.pictures.backward_network import edge_marks, node_marks
from dlsuite.report.style import lay_out


def nodes_table(epochs: tuple[int, ...] = (0, 3)) -> pd.DataFrame:
    rows = []
    for epoch in epochs:
        for place, (layer, kind, units) in enumerate(
            [("input", "input", 4), ("dense_1", "hidden", 15), ("output", "output", 3)]
        ):
            for unit in range(units):
                hidden = kind == "hidden"
                rows.append(
                    {
                        "epoch": epoch,
                        "place": place,
                        "layer": layer,
                        "kind": kind,
                        "unit": unit,
                        "drawn": unit < 12,
                        "contribution": float(unit),
                        "share": unit / sum(range(units)),
                        "activation_gradient": 1.0,
                        "estimated_change": 0.1 * unit if hidden else np.nan,
                        "measured_change": 0.1 * unit + 0.01 if hidden else np.nan,
                    }
                )
    return pd.DataFrame(rows)


def edges_table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "epoch": epoch,
            "source_layer": "dense_1",
            "source": source,
            "target_layer": "output",
            "target": target,
            "weight": 1.0,
            "weight_gradient": (-1.0) ** target * source,
        }
        for epoch in (0, 3)
        for source in range(12)
        for target in range(3)
    )


def steps_table() -> pd.DataFrame:
    sizes = 10.0 ** np.arange(-3, 2)
    return pd.DataFrame(
        {
            "epoch": 0,
            "step_size": sizes,
            "predicted_change": -sizes,
            "actual_change": [-0.001, -0.01, -0.1, -0.5, 3.0],
            "relative_error": [0.0, 0.0, 0.0, 0.5, 1.3],
            "loss": 1.0,
            "gradient_norm": 1.0,
        }
    )


def layers_table(layers: int = 3) -> pd.DataFrame:
    return pd.DataFrame(
        {"epoch": epoch, "layer": f"dense_{place}", "place": place, "gradient_norm": 10.0**-place}
        for epoch in (1, 2)
        for place in range(1, layers + 1)
    )


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return {
        "layer_gradients": layers_table(),
        "nodes": nodes_table(),
        "edges": edges_table(),
        "agreement": pd.DataFrame(
            {"epoch": [0, 3], "layer": "all", "nodes": 15, "spearman": [1.0, 0.5]}
        ),
        "steps": steps_table(),
    }


def test_every_picture_is_drawn_and_can_be_laid_out(tables: dict[str, pd.DataFrame]) -> None:
    figures = backward_pictures(tables, subject="mlp/wine")
    assert set(figures) == {"layer_gradients", "network", "estimates", "steps"}
    for figure in figures.values():
        lay_out(figure)


def test_pictures_without_anything_to_show_are_left_out(tables: dict[str, pd.DataFrame]) -> None:
    assert not backward_pictures(
        {name: table.iloc[:0] for name, table in tables.items()}, subject="mlp/wine"
    )


def test_values_that_are_no_numbers_draw_nothing_and_do_not_fail(
    tables: dict[str, pd.DataFrame],
) -> None:
    nodes = tables["nodes"].assign(share=np.nan, contribution=np.nan)
    steps = tables["steps"].assign(actual_change=np.nan, relative_error=np.nan)
    edges = tables["edges"].assign(weight_gradient=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = backward_pictures(
            tables | {"nodes": nodes, "steps": steps, "edges": edges}, subject="mlp/wine"
        )
        for figure in figures.values():
            lay_out(figure)


def test_layers_have_a_line_each_on_a_logarithmic_axis() -> None:
    ax = plot_layer_gradients(layers_table())
    assert len(ax.lines) == 3
    assert ax.get_yscale() == "log"
    assert [line.get_label() for line in ax.lines] == ["dense_1", "dense_2", "dense_3"]


def test_a_deep_network_names_some_of_its_layers(tables: dict[str, pd.DataFrame]) -> None:
    figure = backward_pictures(tables | {"layer_gradients": layers_table(40)}, subject="deep")[
        "layer_gradients"
    ]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(texts) == 12
    assert texts[0] == "dense_1" and texts[-1] == "dense_40"


def test_estimates_have_a_point_a_hidden_node_and_the_line_of_agreement() -> None:
    nodes = nodes_table((0,))
    ax = plot_estimates(nodes[nodes["kind"].eq("hidden")], colors={"dense_1": "#000000"})
    assert sum(len(points.get_offsets()) for points in ax.collections) == 15
    assert any(line.get_linestyle() == "--" for line in ax.lines)


def test_steps_tell_rises_from_falls_and_where_the_line_is_wrong() -> None:
    ax = plot_steps(steps_table())
    drawn = {line.get_label(): line for line in ax.lines}
    assert len(drawn["actual decrease"].get_xdata()) == 4
    assert list(drawn["actual increase"].get_ydata()) == [3.0]
    assert drawn["off by more than 10 %"].get_xdata()[0] == pytest.approx(1.0)


def test_the_largest_node_of_each_layer_is_drawn_largest() -> None:
    marks = node_marks(nodes_table((0,)))
    assert len(marks) == 4 + 12 + 3
    assert marks.groupby("layer")["size"].max().loc[["input", "output"]].eq(1.0).all()
    assert set(marks.loc[marks["layer"].eq("dense_1"), "units"]) == {15}


def test_edges_are_colored_by_sign() -> None:
    marks = edge_marks(edges_table())
    own = marks[marks["source"].eq(11)]
    assert own["size"].eq(1.0).all()
    assert own.groupby("target")["color"].first().nunique() == 2


def test_the_network_has_its_edges_in_both_panels(tables: dict[str, pd.DataFrame]) -> None:
    figure = backward_pictures(tables, subject="mlp/wine")["network"]
    lines = [c for ax in figure.axes for c in ax.collections if isinstance(c, LineCollection)]
    assert [len(one.get_segments()) for one in lines[:2]] == [36, 36]
