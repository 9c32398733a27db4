import numpy as np
import pytest

from dlsuite.analysis.wording import p_text
from dlsuite.report.effects_forest import effects_data, effects_figure, plot_effects

DROPOUT = {"dropout": [0.0, 0.2, 0.5]}


@pytest.fixture
def noisy(make_frames):
    """A study whose differences are neither 0 nor all alike."""
    frames = make_frames(DROPOUT, seeds=6)
    rng = np.random.default_rng(0)
    for column in ("test_accuracy", "test_rmse", "gap_loss_last"):
        frames.trials[column] += rng.normal(0, 0.01, len(frames.trials))
    frames.trials.loc[frames.trials["dropout"] == 0.5, "test_accuracy"] -= 0.3
    return frames.analyzed


def test_every_number_is_found_in_the_effects(noisy):
    figure = effects_figure(effects_data(noisy), noisy)
    effects = noisy["effects"]
    for index, (task, metric) in enumerate((("mlp/toy", "accuracy"), ("lstm/waves", "rmse"))):
        for ax, measure in zip(
            figure.axes[2 * index :], (f"test_{metric}", "gap_loss_last"), strict=False
        ):
            own = effects[(effects["task"] == task) & (effects["measure"] == measure)]
            points = [line for line in ax.lines if len(line.get_xdata()) == 1]
            bars = [
                line for line in ax.lines if len(line.get_xdata()) == 2 and line.get_zorder() == 3
            ]
            assert [line.get_xdata()[0] for line in points] == own["difference"].tolist()
            assert [list(bar.get_xdata()) for bar in bars] == own[
                ["ci_low", "ci_high"]
            ].to_numpy().tolist()
            p = own["p_adjusted"].fillna(own["p"])
            told = [f"{p_text(v)}, n {n}" for v, n in zip(p, own["n_pairs"], strict=True)]
            assert [text.get_text() for text in ax.texts] == told


def test_a_clear_loss_looks_worse_and_an_unclear_one_open(noisy):
    ax = plot_effects(effects_data(noisy), "mlp/toy", measure="test_accuracy")
    unclear, worse = [line for line in ax.lines if len(line.get_xdata()) == 1]
    assert unclear.get_markerfacecolor() == "white"
    assert worse.get_marker() == "s"
    assert ax.get_xlabel() == "difference in test accuracy"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["dropout=0.2", "dropout=0.5"]


def test_a_condition_that_diverged_throughout_is_hatched_and_named(make_frames):
    frames = make_frames(DROPOUT, diverge=lambda values, seed: values["dropout"] == 0.5)
    tables = frames.analyzed
    ax = plot_effects(effects_data(tables), "mlp/toy", measure="test_accuracy")
    assert "all diverged" in [text.get_text() for text in ax.texts]
    assert [patch.get_hatch() for patch in ax.patches] == ["////"]
    [cross] = [line for line in ax.lines if line.get_marker() == "x"]
    assert cross.get_ydata()[0] == 1


def test_an_exploding_difference_stands_at_the_edge(make_frames):
    frames = make_frames(DROPOUT, explode=lambda values: values["dropout"] == 0.5)
    tables = frames.analyzed
    ax = plot_effects(
        effects_data(tables), "mlp/toy", measure="gap_loss_last", about=tables.task("mlp/toy")
    )
    [mark] = [line for line in ax.lines if line.get_marker() == ">"]
    assert mark.get_xdata()[0] == ax.get_xlim()[1] < 10
    assert ax.get_xlabel() == "difference in loss gap (nats)"


def test_of_many_conditions_the_largest_are_drawn_and_that_is_said(make_frames):
    frames = make_frames({"units": list(range(60))}, tasks=["mlp/toy"], seeds=2)
    frames.trials["test_accuracy"] -= 0.001 * frames.trials["units"]
    data = effects_data(frames.analyzed)
    ax = plot_effects(data, "mlp/toy", measure="test_accuracy")
    assert ax.get_title(loc="left") == "mlp/toy: largest 40 of 59"
    assert ax.get_yticklabels()[0].get_text() == "units=20"


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_studies_without_intervals_are_drawn(make_frames, settings):
    tables = make_frames(DROPOUT, **settings).analyzed
    effects_figure(effects_data(tables), tables).draw_without_rendering()


def test_one_condition_has_nothing_to_compare(make_frames):
    assert effects_data(make_frames({"dropout": [0.0]}).analyzed).rows.empty
