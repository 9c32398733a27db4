import numpy as np
import pytest

from dlsuite.report import factor_data, factor_figure, plot_factor

RATES = {"learning_rate": [0.001, 0.1, 10.0]}


def data_of(frames, factor=None):
    return factor_data(frames.all, factor or frames.factors[0])


def means_line(ax):
    return [line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 2]


def test_means_are_the_summarys_and_points_the_trials_own(make_frames):
    frames = make_frames(RATES)
    data = data_of(frames)
    summary = frames.summary
    expected = summary[summary["measure"].isin(["test_accuracy", "test_rmse", "gap_loss_last"])]
    assert sorted(data.means["mean"]) == sorted(expected["mean"])
    points = data.points[data.points["measure"] == "test_accuracy"]
    assert points["value"].tolist() == frames.trials["test_accuracy"].dropna().tolist()


def test_values_over_two_decades_stand_on_a_logarithmic_axis(make_frames):
    ax = plot_factor(data_of(make_frames(RATES)), "mlp/toy", "test_accuracy")
    assert ax.get_xscale() == "log"
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.001", "0.1", "10"]


def test_close_values_stand_on_a_linear_axis(make_frames):
    ax = plot_factor(data_of(make_frames({"dropout": [0.0, 0.2, 0.4]})), "mlp/toy", "test_accuracy")
    assert ax.get_xscale() == "linear"
    np.testing.assert_allclose(means_line(ax)[0].get_xdata(), [0.0, 0.2, 0.4])


def test_zero_beside_decades_stands_one_step_apart(make_frames):
    frames = make_frames({"weight_decay": [0.0, 1e-4, 1e-2, 1.0]})
    ax = plot_factor(data_of(frames), "mlp/toy", "test_accuracy")
    assert means_line(ax)[0].get_xdata().tolist() == [0, 1, 2, 3]


def test_names_are_not_connected(make_frames):
    frames = make_frames({"optimizer": ["sgd", "adam", "rmsprop"]})
    ax = plot_factor(data_of(frames), "mlp/toy", "test_accuracy")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["sgd", "adam", "rmsprop"]
    assert means_line(ax) == []


def test_labels_say_what_is_measured_in_which_unit(make_frames):
    data = data_of(make_frames(RATES))
    rmse = plot_factor(data, "lstm/waves", "test_rmse")
    gap = plot_factor(data, "lstm/waves", "gap_loss_last", about={"task_type": "regression"})
    assert rmse.get_xlabel() == "learning rate"
    assert rmse.get_ylabel() == "test RMSE\n(target's unit)"
    assert gap.get_ylabel() == "validation \N{MINUS SIGN} train loss\nat the last epoch (MSE)"


def test_the_share_of_diverged_trials_is_written_above(make_frames):
    frames = make_frames(RATES, diverge=lambda v, seed: v["learning_rate"] == 10 or seed == 0)
    ax = plot_factor(data_of(frames), "mlp/toy", "test_accuracy")
    assert [text.get_text() for text in ax.texts if "/" in text.get_text()] == [
        "\N{MULTIPLICATION SIGN} 1/3",
        "\N{MULTIPLICATION SIGN} 1/3",
        "\N{MULTIPLICATION SIGN} 3/3",
    ]


def test_guessing_is_marked_for_the_metric_and_zero_for_the_gap(make_frames):
    data = data_of(make_frames(RATES, explode=lambda values: values["learning_rate"] == 10))
    metric = plot_factor(data, "mlp/toy", "test_accuracy")
    gap = plot_factor(data, "mlp/toy", "gap_loss_last")
    assert [line.get_ydata()[0] for line in metric.lines if line.get_linestyle() == ":"] == [0.5]
    assert not [line for line in gap.lines if line.get_linestyle() == ":"]
    low, high = gap.get_ylim()
    assert low < 0 < high


def test_guessing_far_off_is_written_and_leaves_the_panel_to_the_trials(make_frames):
    ax = plot_factor(data_of(make_frames(RATES)), "mlp/toy", "test_accuracy")
    assert [text.get_text() for text in ax.texts] == ["guessing 0.5 \N{DOWNWARDS ARROW}"]
    assert ax.get_ylim()[0] > 0.7


def test_neighbors_outside_the_panel_are_not_joined_along_its_edge(make_frames):
    rates = {"learning_rate": [0.001, 0.1, 10.0, 100.0]}
    frames = make_frames(rates, explode=lambda values: values["learning_rate"] >= 10)
    ax = plot_factor(data_of(frames), "mlp/toy", "gap_loss_last")
    [line] = [
        line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) > 4
    ]
    assert np.isnan(line.get_ydata()).tolist() == [False, False, False, True, False]


def test_a_combination_that_diverged_throughout_has_a_cross_of_its_color(make_frames):
    frames = make_frames(RATES, diverge=lambda values, seed: values["learning_rate"] == 10)
    ax = plot_factor(data_of(frames), "mlp/toy", "test_accuracy")
    [cross] = [line for line in ax.lines if line.get_marker() == "x"]
    assert cross.get_xdata()[0] == 10


def test_of_many_combinations_nine_are_shown_and_that_is_said(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5], "units": list(range(1, 21))}, tasks=["mlp/toy"])
    data = data_of(frames, "dropout")
    assert (data.means["series"].nunique(), data.left_out) == (9, 11)
    texts = [t.get_text() for t in factor_figure(data, frames.tasks).legends[-1].get_texts()]
    assert "9 of 20 combinations of the other factors" in texts


def test_an_exploding_mean_is_marked_and_does_not_flatten_the_rest(make_frames):
    frames = make_frames(RATES, explode=lambda values: values["learning_rate"] == 10)
    for task, measure, top in (("mlp/toy", "gap_loss_last", 1), ("lstm/waves", "test_rmse", 90)):
        ax = plot_factor(data_of(frames), task, measure)
        assert ax.get_ylim()[1] < top
        [mark] = [line for line in ax.lines if line.get_marker() == "^"]
        assert mark.get_xdata()[0] == 10


def test_a_second_factor_has_a_line_a_value(make_frames):
    frames = make_frames({"dropout": [0.0, 0.2, 0.4], "batch_norm": [False, True]})
    figure = factor_figure(data_of(frames, "dropout"), frames.tasks)
    assert all(len(means_line(ax)) == 2 for ax in figure.axes[:1])
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["batch norm:", "false", "true"]


def test_combinations_seen_with_one_value_only_are_left_out(make_frames):
    frames = make_frames({"dropout": [0.0, 0.2, 0.4], "batch_norm": [False, True]})
    around = (frames.trials["dropout"] == 0) | ~frames.trials["batch_norm"]
    frames.trials = frames.trials[around]
    assert set(data_of(frames, "dropout").means["series"]) == {"batch_norm=false"}


@pytest.mark.parametrize(
    "settings",
    [{"seeds": 1}, {"seeds": 2}, {"diverge": lambda v, s: True}, {"tasks": ["lstm/waves"]}],
)
def test_small_studies_are_drawn_without_a_warning(make_frames, settings):
    frames = make_frames(RATES, **settings)
    figure = factor_figure(data_of(frames), frames.tasks)
    figure.draw_without_rendering()
    assert len(figure.axes) == 2 * len(frames.tasks)
    assert all(ax.get_ylabel() for ax in figure.axes)
    assert all(ax.get_xlabel() for ax in figure.axes[-2:])


def test_nothing_overlaps_the_panels(make_frames):
    frames = make_frames(
        {"dropout": [0.0, 0.2], "batch_norm": [False, True]}, diverge=lambda v, seed: seed == 0
    )
    figure = factor_figure(data_of(frames, "dropout"), frames.tasks)
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    boxes = [legend.get_window_extent(renderer) for legend in figure.legends]
    boxes += [ax._left_title.get_window_extent(renderer) for ax in figure.axes]
    assert not any(
        ax.get_window_extent(renderer).overlaps(box) for ax in figure.axes for box in boxes
    )


def test_repeated_index_labels_do_no_harm(make_frames):
    frames = make_frames(RATES)
    frames.trials.index = [0] * len(frames.trials)
    assert len(data_of(frames).points) == 4 * 9


def test_means_moved_aside_stay_inside_their_panel(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5], "batch_norm": [False, True], "units": [8, 64]})
    figure = factor_figure(data_of(frames, "dropout"), frames.tasks)
    for ax in figure.axes:
        low, high = ax.get_xlim()
        drawn = [line.get_xdata() for line in ax.lines if line.get_transform() == ax.transData]
        places = np.concatenate([np.asarray(x, dtype=float) for x in drawn])
        assert len(places) >= 8
        assert low < places.min() and places.max() < high
