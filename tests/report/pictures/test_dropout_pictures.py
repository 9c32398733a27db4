import warnings

import numpy as np
import pandas as pd
import pytest

from dlsuite.report.pictures.dropout import dropout_pictures, plot_curves, plot_reliance
from dlsuite.report.pictures.dropout_correlation import like_beside_like, matrix_of, plot_sizes
from dlsuite.report.pictures.dropout_draws import draw_marks, edge_marks
from dlsuite.report.style import lay_out

NETWORK = pd.DataFrame(
    {
        "place": [0, 1, 2],
        "layer": ["input", "dropout_1", "output"],
        "kind": ["input", "hidden", "output"],
        "units": [3, 20, 2],
        "linked": [False, True, True],
    }
)


def draws_table(share: float = 1.0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "step": step,
            "epoch": 1,
            "example": 7,
            "layer": "dropout_1",
            "rate": 0.5,
            "unit": unit,
            "kept": share * (unit % 2),
        }
        for step in (1, 2)
        for unit in range(20)
    )


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    sides = ("without", "with")
    units = pd.DataFrame(
        {"side": side, "layer": "activation_1", "unit": unit, "loss_change": 0.1 * unit - 0.05}
        for side in sides
        for unit in range(4)
    )
    correlations = pd.DataFrame(
        {"side": side, "layer": "activation_1", "unit": i, "other": j, "correlation": 0.1 * (i - j)}
        for side in sides
        for i in range(4)
        for j in range(i + 1, 4)
    )
    curves = pd.DataFrame(
        {"side": side, "epoch": epoch, "train_loss": 1 / (1 + epoch), "val_loss": 1.0}
        for side in sides
        for epoch in range(3)
    )
    return {
        "draws": draws_table(),
        "network": NETWORK,
        "units": units,
        "correlations": correlations,
        "curves": curves,
    }


def test_every_picture_is_drawn_and_can_be_laid_out(tables: dict[str, pd.DataFrame]) -> None:
    figures = dropout_pictures(tables, subject="mlp/wine")
    assert set(figures) == {"draws", "reliance", "correlation", "curves"}
    for figure in figures.values():
        lay_out(figure)


def test_pictures_without_anything_to_show_are_left_out(tables: dict[str, pd.DataFrame]) -> None:
    empty = {name: table.iloc[:0] for name, table in tables.items()}
    assert not dropout_pictures(empty, subject="mlp/wine")


def test_units_that_are_constant_or_explode_are_left_out(tables: dict[str, pd.DataFrame]) -> None:
    units, correlations = tables["units"], tables["correlations"].copy()
    correlations.loc[correlations["side"].eq("with"), "correlation"] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figures = dropout_pictures(
            tables | {"units": units.assign(loss_change=np.nan), "correlations": correlations},
            subject="mlp/wine",
        )
        lay_out(figures["correlation"])
    assert "reliance" not in figures


def test_dropped_units_are_crossed_and_their_edges_faded() -> None:
    nodes = draw_marks(draws_table()[lambda t: t["step"].eq(1)], NETWORK)
    assert len(nodes) == 3 + 12 + 2
    assert nodes["crossed"].sum() == 6
    edges = edge_marks(nodes, NETWORK)
    assert len(edges) == 3 * 12 + 12 * 2
    assert (edges["size"] > 0).sum() == 3 * 6 + 6 * 2


def test_units_kept_in_part_are_paler_and_not_crossed() -> None:
    nodes = draw_marks(draws_table(0.5)[lambda t: t["step"].eq(1)], NETWORK)
    partly = nodes[nodes["kept"].eq(0.5)]
    assert not partly["crossed"].any()
    whole = draw_marks(draws_table()[lambda t: t["step"].eq(1)], NETWORK)
    assert partly["color"].iloc[0] != whole.loc[partly.index[0], "color"]


def test_units_are_sorted_by_how_much_they_are_needed(tables: dict[str, pd.DataFrame]) -> None:
    ax = plot_reliance(tables["units"])
    changes = next(line for line in ax.lines if line.get_label() == "with dropout").get_ydata()
    np.testing.assert_allclose(changes, [0.25, 0.15, 0.05, -0.05])


def test_curves_tell_sides_by_color_and_splits_by_dashes(tables: dict[str, pd.DataFrame]) -> None:
    lines = plot_curves(tables["curves"]).lines
    assert len(lines) == 4
    assert len({line.get_color() for line in lines}) == 2
    assert [line.is_dashed() for line in lines] == [True, False, True, False]


def test_shares_of_pairs_reach_one(tables: dict[str, pd.DataFrame]) -> None:
    ax = plot_sizes(tables["correlations"], {"without": "#000000", "with": "#0000ff"})
    assert [line.get_ydata()[-1] for line in ax.lines] == [1.0, 1.0]


def test_matrices_are_symmetric_and_know_constant_units(tables: dict[str, pd.DataFrame]) -> None:
    pairs = tables["correlations"][lambda t: t["side"].eq("with")].copy()
    pairs.loc[pairs["unit"].eq(0), "correlation"] = np.nan
    matrix = matrix_of(pairs)
    assert np.isnan(matrix[0]).all()
    np.testing.assert_allclose(matrix[1:, 1:], matrix[1:, 1:].T)
    order = like_beside_like(matrix)
    assert sorted(order) == [0, 1, 2, 3] and order[-1] == 0


def test_units_that_are_alike_stand_together() -> None:
    group = np.array([0, 1, 0, 1, 0, 1])
    order = like_beside_like((group[:, None] == group).astype(float))
    assert len(set(group[order][:3])) == 1
