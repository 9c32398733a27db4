"""The pictures of the forward pass, drawn from tables made by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlsuite.report.pictures import draw_pictures
from dlsuite.report.pictures.forward import plot_depth, plot_quantiles, plot_share
from dlsuite.report.pictures.forward_ridges import plot_ridges

VARIANTS = ("batch_norm=false", "batch_norm=true")


def make_tables(
    variants: tuple[str, ...] = VARIANTS, *, hidden: int = 2, epochs: int = 4, value: float = 0.1
) -> dict[str, pd.DataFrame]:
    names = ["input", *(f"activation_{n + 1}" for n in range(hidden)), "output"]
    layers, quantiles, histograms = [], [], []
    for variant in variants:
        for epoch in range(epochs):
            for position, name in enumerate(names):
                inner = name.startswith("activation")
                row: dict[str, Any] = {"variant": variant, "epoch": epoch, "layer": name}
                about = {
                    "position": position,
                    "role": "hidden" if inner else name,
                    "activation": "relu" if inner else "",
                    "units": 3,
                    "pre_mean": 0.0 if inner else np.nan,
                    "pre_sd": 1.0 + epoch if inner else np.nan,
                    "mean": 0.0,
                    "sd": 0.5,
                    "zero_share": 0.5 if inner else np.nan,
                    "dead_share": value if inner else np.nan,
                    "saturated_share": np.nan,
                }
                layers.append(row | about)
                for quantity in ("pre-activation", "activation") if inner else ():
                    spread = {"q05": -2.0, "q25": -1.0, "q50": 0.0, "q75": 1.0, "q95": 2.0}
                    quantiles.append(row | {"quantity": quantity} | spread)
                    histograms += [
                        row
                        | {"quantity": quantity, "bin_low": low, "bin_high": low + 1, "share": 0.25}
                        for low in (-2.0, -1.0, 0.0, 1.0)
                    ]
    tables = {"layers": layers, "activations": quantiles, "histograms": histograms}
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def test_every_layer_has_a_row_and_every_variant_a_column() -> None:
    figures = draw_pictures("forward", make_tables(), subject="mlp/wine")
    assert list(figures) == ["distributions", "quantiles", "depth", "units"]
    assert len(figures["distributions"].axes) == len(figures["quantiles"].axes) == 4
    for figure in figures.values():
        assert "mlp/wine" in figure.get_suptitle()
    first, second = figures["quantiles"].axes[:2]
    assert first.get_title().startswith("without batch norm\nactivation_1")
    assert second.get_title().startswith("with batch norm")
    assert first.get_ylim() == second.get_ylim()


def test_at_most_four_layers_are_shown_the_first_and_the_last_among_them() -> None:
    figures = draw_pictures("forward", make_tables(hidden=9), subject="mlp/wine")
    titles = [ax.get_title() for ax in figures["distributions"].axes]
    assert len(titles) == 8
    assert "activation_1" in titles[0] and "activation_9" in titles[-1]
    assert len(figures["depth"].axes[0].get_xticks()) == 10


def test_a_model_as_it_is_has_one_column() -> None:
    figures = draw_pictures("forward", make_tables(("as it is",)), subject="own/wine")
    assert len(figures["distributions"].axes) == 2
    assert figures["distributions"].axes[0].get_title().startswith("as it is")


def test_ridges_stand_on_a_line_an_epoch_the_first_on_top() -> None:
    rows = make_tables()["histograms"].query(
        "variant == 'batch_norm=true' and layer == 'activation_1' and quantity == 'pre-activation'"
    )
    ax = plot_ridges(rows, color="#123456", cut_below_zero=True)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3", "2", "1", "0"]
    colors = {patch.get_facecolor()[:3] for patch in ax.patches if patch.get_fill()}
    assert len(colors) == 3  # The ground, what is cut, and what is handed on.
    assert len(ax.lines) == 4


def test_bands_hold_the_median() -> None:
    rows = make_tables()["activations"].query(
        "variant == 'batch_norm=true' and layer == 'activation_1' and quantity == 'activation'"
    )
    ax = plot_quantiles(rows)
    assert len(ax.collections) == 2
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.0] * 4)


def test_depth_goes_from_the_input_to_the_output() -> None:
    ax = plot_depth(make_tables()["layers"], 2)
    assert len(ax.lines) == 2
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 1, 2, 3])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0.5, 3.0, 3.0, 0.5])


def test_a_share_has_a_line_a_variant() -> None:
    layers = make_tables()["layers"].query("layer == 'activation_1'")
    ax = plot_share(layers, "dead_share")
    assert len(ax.lines) == 2
    assert ax.yaxis.get_major_formatter()(0.1) == "10%"


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_training_that_ended_at_once_is_drawn(epochs: int) -> None:
    figures = draw_pictures("forward", make_tables(epochs=epochs), subject="mlp/wine")
    assert len(figures["depth"].axes) == epochs
    for figure in figures.values():
        figure.canvas.draw()


def test_what_is_no_number_is_left_out() -> None:
    tables = make_tables()
    layers = tables["layers"]
    layers[["pre_sd", "sd", "dead_share", "zero_share"]] = np.nan
    tables["activations"][["q05", "q25", "q50", "q75", "q95"]] = np.nan
    tables["histograms"]["share"] = 0.0
    figures = draw_pictures("forward", tables, subject="mlp/wine")
    assert "units" not in figures
    for figure in figures.values():
        figure.canvas.draw()


def test_tables_without_hidden_layers_give_no_empty_figures() -> None:
    tables = make_tables(hidden=0)
    tables["activations"] = pd.DataFrame(columns=["layer", "quantity", "variant", "epoch"])
    tables["histograms"] = pd.DataFrame(columns=["layer", "quantity", "variant", "epoch"])
    assert list(draw_pictures("forward", tables, subject="linear/wine")) == ["depth"]
