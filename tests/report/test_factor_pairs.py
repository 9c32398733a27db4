import numpy as np
import pytest

from dlsuite.analysis.wording import difference_text
from dlsuite.report.heat_maps import heat_map_figure, heat_maps, plot_heat_map
from dlsuite.report.interaction_plots import factor_pairs, interaction_figure, plot_interaction

FACTORS = {"dropout": [0.0, 0.2, 0.5], "batch_norm": [False, True]}


@pytest.fixture
def tables(make_frames):
    frames = make_frames(FACTORS, seeds=5)
    both = frames.trials["batch_norm"] & (frames.trials["dropout"] == 0.5)
    frames.trials.loc[both, "test_accuracy"] -= 0.2 + 0.01 * frames.trials["seed"]
    return frames.analyzed


def test_the_factor_with_fewer_values_has_the_lines(tables):
    [pair] = factor_pairs(tables)
    assert (pair.along, pair.lines) == ("dropout", "batch_norm")
    ax = plot_interaction(pair, "mlp/toy", about=tables.task("mlp/toy"))
    assert [len(line.get_xdata()) for line in ax.lines if line.get_linestyle() == "-"] == [3, 3]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["false", "true"]
    assert ax.get_xlabel() == "dropout"


def test_the_clearest_interaction_is_written_as_the_table_has_it(tables):
    [pair] = factor_pairs(tables)
    ax = plot_interaction(pair, "mlp/toy", about=tables.task("mlp/toy"))
    table = tables["interactions"]
    row = table[
        (table["task"] == "mlp/toy")
        & (table["value_a"] == "0.5")
        & (table["measure"] == "test_accuracy")
    ].iloc[0]
    told = difference_text(row["interaction"], row["ci_low"], row["ci_high"], "accuracy")
    assert ax.get_title(loc="left") == (
        f"mlp/toy\ninteraction 0.5 \N{MULTIPLICATION SIGN} true: {told}"
    )


def test_a_single_factor_has_no_pairs(make_frames):
    tables = make_frames({"dropout": [0.0, 0.5]}).analyzed
    assert factor_pairs(tables) == []
    assert heat_maps(tables) == []


def test_cells_hold_the_means_and_the_baseline_a_frame(tables):
    heat_map = next(m for m in heat_maps(tables) if m.task == "mlp/toy")
    summary = tables["summary"]
    of = (summary["task"] == "mlp/toy") & (summary["measure"] == "test_accuracy")
    assert sorted(heat_map.mean.ravel()) == sorted(summary.loc[of, "mean"])
    assert heat_map.mean.shape == (2, 3)
    assert heat_map.baseline == (0, 0)
    ax = plot_heat_map(heat_map, about=tables.task("mlp/toy"))
    assert [text.get_text() for text in ax.texts] == [f"{mean:.3f}" for mean in heat_map.mean.flat]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["false", "true"]
    assert ax.get_title(loc="left") == "mlp/toy: test accuracy"


def test_divergence_is_counted_in_its_cell_and_hatched_where_nothing_is_left(make_frames):
    def diverge(values, seed):
        return values["batch_norm"] and (values["dropout"] == 0.5 or seed == 0)

    tables = make_frames(FACTORS, diverge=diverge).analyzed
    ax = plot_heat_map(heat_maps(tables)[0], about=tables.task("mlp/toy"))
    texts = [text.get_text() for text in ax.texts]
    assert texts[-1] == "\N{MULTIPLICATION SIGN} 3/3"
    assert texts[-2].endswith("\n\N{MULTIPLICATION SIGN} 1/3")
    assert [patch.get_hatch() for patch in ax.patches] == ["////", None]


def test_large_maps_leave_out_the_numbers(make_frames):
    tables = make_frames(
        {"units": list(range(20)), "dropout": list(np.linspace(0, 0.9, 10))}, tasks=["mlp/toy"]
    ).analyzed
    ax = plot_heat_map(heat_maps(tables)[0], about=tables.task("mlp/toy"))
    assert not any(text.get_text() for text in ax.texts)
    assert len(ax.get_xticks()) <= 8


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_small_studies_are_drawn(make_frames, settings):
    tables = make_frames(FACTORS, **settings).analyzed
    pairs = factor_pairs(tables)
    if pairs:
        interaction_figure(pairs, tables).draw_without_rendering()
    heat_map_figure(heat_maps(tables), tables).draw_without_rendering()
