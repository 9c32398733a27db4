from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from dlsuite.errors import DlsuiteError
from dlsuite.report import learning_curve_data, learning_curve_figure, plot_learning_curves

DROPOUT = {"dropout": [0.0, 0.5]}
RATES = {"learning_rate": [0.001, 0.1, 10.0]}


def data_of(frames, quantity="loss"):
    return learning_curve_data(frames.all, quantity=quantity)


def lines(ax, style):
    return [
        line for line in ax.lines if line.get_linestyle() == style and len(line.get_xdata()) > 2
    ]


def test_a_row_is_the_mean_and_range_over_trials(make_frames):
    data = data_of(make_frames(DROPOUT))
    rows = data[(data["condition"] == "dropout=0.0") & (data["split"] == "val")]
    row = rows[(rows["task"] == "mlp/toy") & (rows["epoch"] == 1)].iloc[0]
    assert row["n"] == 3
    assert row["mean"] == pytest.approx(1.1 * 0.51)
    assert (row["low"], row["high"]) == pytest.approx((1.1 * 0.50, 1.1 * 0.52))
    assert row["guess"] == 0.7


def test_the_metric_is_each_tasks_own(make_frames):
    data = data_of(make_frames(DROPOUT), "metric")
    assert dict(data[["task", "metric"]].drop_duplicates().to_numpy()) == {
        "mlp/toy": "accuracy",
        "lstm/waves": "rmse",
    }


def test_curves_without_the_metric_are_refused(make_frames):
    tables = make_frames(DROPOUT).all
    cut = {name: tables[name] for name in ("trials", "curves", "tasks")}
    cut["curves"] = cut["curves"].drop(columns="train_accuracy")
    with pytest.raises(DlsuiteError, match=r"curves: .*train_accuracy"):
        learning_curve_data(replace(tables, frames=cut), quantity="metric")


def test_a_trial_that_diverges_is_counted_where_it_stops(make_frames):
    data = data_of(make_frames(DROPOUT, diverge=lambda values, seed: seed == 0))
    assert set(data.loc[data["n_diverged"] > 0, "epoch"]) == {0}
    assert data.loc[data["epoch"] == 0, "n"].tolist() == [3] * 8
    assert set(data.loc[data["epoch"] > 0, "n"]) == {2}


def test_only_trials_with_the_chosen_tuned_values_are_drawn(make_frames):
    frames = make_frames({"dropout": [0.0], "learning_rate": [0.1, 0.2]}, tasks=["mlp/toy"])
    frames.factors, frames.tuned = ["dropout"], ["learning_rate"]
    for frame in (frames.trials, frames.curves):
        frame["condition"] = "dropout=0.0"
    frames.trials.loc[frames.trials["learning_rate"] == 0.2, "val_accuracy_best"] = 1.0
    frames.curves.loc[frames.curves["learning_rate"] == 0.1, "val_loss"] = 99.0
    data = data_of(frames)
    assert data["n"].max() == 3
    assert data["mean"].max() < 2


def test_each_condition_is_a_dashed_and_a_solid_line_in_its_color(make_frames):
    ax = plot_learning_curves(
        data_of(make_frames(DROPOUT)),
        "mlp/toy",
        factors=["dropout"],
        about={"task_type": "classification"},
    )
    validation, train = lines(ax, "-"), lines(ax, "--")
    assert len(validation) == len(train) == 2
    assert [line.get_color() for line in validation] == [line.get_color() for line in train]
    assert len({line.get_color() for line in validation}) == 2
    assert len(ax.collections) == 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cross-entropy (nats)")
    assert ax.get_title(loc="left") == "mlp/toy"
    assert [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"] == [0.7]


def test_given_axes_are_drawn_on_and_returned(make_frames):
    ax = Figure().subplots()
    assert plot_learning_curves(data_of(make_frames(DROPOUT)), "mlp/toy", ax) is ax


def test_an_exploding_condition_leaves_the_panel_and_is_marked(make_frames):
    frames = make_frames(RATES, explode=lambda values: values["learning_rate"] == 10)
    ax = plot_learning_curves(data_of(frames), "mlp/toy", factors=["learning_rate"])
    assert 1.1 < ax.get_ylim()[1] < 10
    [mark] = [line for line in ax.lines if line.get_marker() == "^"]
    assert mark.get_xdata()[0] == 1


def test_where_all_explode_all_are_shown(make_frames):
    ax = plot_learning_curves(data_of(make_frames(RATES, explode=lambda values: True)), "mlp/toy")
    assert ax.get_ylim()[1] >= 11


def test_diverged_trials_are_crossed(make_frames):
    frames = make_frames(DROPOUT, diverge=lambda values, seed: values["dropout"] == 0.5)
    ax = plot_learning_curves(data_of(frames), "mlp/toy", factors=["dropout"])
    [cross] = [line for line in ax.lines if line.get_marker() == "x"]
    assert (cross.get_xdata()[0], cross.get_ydata()[0]) == (0, pytest.approx(1.1))


@pytest.mark.parametrize("quantity", ["loss", "metric"])
@pytest.mark.parametrize(
    "settings",
    [{"seeds": 1}, {"epochs": 1}, {"diverge": lambda v, s: True}, {"tasks": ["mlp/toy"]}],
)
def test_small_studies_are_drawn_without_a_warning(make_frames, settings, quantity):
    frames = make_frames(RATES, **settings)
    figure = learning_curve_figure(data_of(frames, quantity), frames.tasks, factors=frames.factors)
    figure.draw_without_rendering()
    assert len(figure.axes) == len(frames.tasks)


def test_one_seed_has_no_band(make_frames):
    ax = plot_learning_curves(data_of(make_frames(DROPOUT, seeds=1)), "mlp/toy")
    assert len(ax.collections) == 0


def test_missing_values_leave_a_hole(make_frames):
    frames = make_frames(DROPOUT)
    frames.curves.loc[frames.curves["epoch"] == 2, "val_loss"] = np.nan
    ax = plot_learning_curves(data_of(frames), "mlp/toy")
    assert np.isnan(lines(ax, "-")[0].get_ydata()[2])


def test_the_legends_stand_outside_and_name_values_and_marks(make_frames):
    frames = make_frames(RATES)
    figure = learning_curve_figure(data_of(frames), frames.tasks, factors=frames.factors)
    values, marks = figure.legends
    assert values.get_title().get_text() == "learning rate"
    assert [text.get_text() for text in values.get_texts()] == ["0.001", "0.1", "10"]
    assert "guessing (majority class, last value)" in [t.get_text() for t in marks.get_texts()]
    figure.draw_without_rendering()
    renderer = figure._get_renderer()
    boxes = [legend.get_window_extent(renderer) for legend in figure.legends]
    assert not any(
        ax.get_window_extent(renderer).overlaps(box) for ax in figure.axes for box in boxes
    )


def test_two_crossed_factors_have_a_panel_a_value_and_a_color_a_value(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5], "batch_norm": [False, True]})
    figure = learning_curve_figure(data_of(frames), frames.tasks, factors=frames.factors)
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "batch norm false\nmlp/toy",
        "batch norm true\n",
        "lstm/waves",
        "",
    ]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["0", "0.5"]
    assert all(len(lines(ax, "-")) == 2 for ax in figure.axes)


def test_more_factors_are_varied_one_a_panel_around_the_baseline(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5], "batch_norm": [False, True], "units": [8, 16, 32]})
    baseline = {"dropout": 0.0, "batch_norm": False, "units": 16}
    figure = learning_curve_figure(
        data_of(frames), frames.tasks, factors=frames.factors, baseline=baseline
    )
    keys = [ax.get_legend() for ax in figure.axes[:3]]
    assert [key.get_title().get_text() for key in keys] == ["dropout", "batch norm", "units"]
    assert [len(lines(ax, "-")) for ax in figure.axes] == [2, 2, 3] * 2


def test_names_are_never_read_as_mathematics(make_frames):
    frames = make_frames({"pa$y_x$": ["$a_b$", "_c", "<script>"]}, tasks=["mlp/toy"])
    figure = learning_curve_figure(data_of(frames), frames.tasks, factors=frames.factors)
    texts = figure.legends[0].get_texts()
    assert texts[0].get_text() == r"\$a_b\$"
    assert all(not text._preprocess_math(text.get_text())[1] for text in texts)
    figure.draw_without_rendering()
