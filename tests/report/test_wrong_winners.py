import numpy as np
import pytest

from dlsuite.report.wrong_winners import (
    plot_wrong_winners,
    wrong_winner_data,
    wrong_winner_figure,
    wrong_winner_figures,
)


@pytest.fixture
def tables(make_frames):
    frames = make_frames({"units": list(range(14))}, tasks=["mlp/toy"], seeds=5)
    frames.trials["test_accuracy"] += np.random.default_rng(0).normal(0, 0.1, len(frames.trials))
    return frames.analyzed


def test_a_line_is_a_condition_and_the_worst_are_drawn(tables):
    data = wrong_winner_data(tables)
    ax = plot_wrong_winners(data, "mlp/toy")
    lines = [line for line in ax.lines if len(line.get_xdata()) == 5]
    assert len(lines) == 10
    table = tables["wrong_winner"].set_index(["condition", "n"])["wrong"]
    drawn = data.set_index(["condition", "n"])["wrong"]
    assert drawn.equals(table.loc[drawn.index])
    assert ax.get_title(loc="left") == "mlp/toy: worst 10 of 13"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("seeds", "share that names\nthe wrong winner")


def test_half_is_marked_as_a_coins_toss(tables):
    figure = wrong_winner_figure(wrong_winner_data(tables), tables)
    figure.draw_without_rendering()
    assert any(
        line.get_ydata()[0] == 0.5 for line in figure.axes[0].lines if line.get_linestyle() == ":"
    )


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_without_two_pairs_there_is_no_figure(make_frames, settings):
    assert (
        list(wrong_winner_figures(make_frames({"dropout": [0.0, 0.5]}, **settings).analyzed)) == []
    )
