import pytest

from dlsuite.report.learning_rate_plots import (
    learning_rate_data,
    learning_rate_figure,
    plot_learning_rates,
)

RATES = {"learning_rate": [0.001, 0.1, 10.0]}


def test_a_line_is_a_setting_of_the_rest_over_logarithmic_rates(make_frames):
    tables = make_frames({**RATES, "batch_norm": [False, True]}).analyzed
    data = learning_rate_data(tables)
    ax = plot_learning_rates(data, "mlp/toy", about=tables.task("mlp/toy"))
    lines = [
        line for line in ax.lines if len(line.get_xdata()) == 3 and line.get_linestyle() == "-"
    ]
    assert len(lines) == 2
    assert ax.get_xscale() == "log"
    assert ax.get_xlabel() == "learning rate"
    assert ax.get_ylabel() == "lowest validation\ncross-entropy (nats)"


def test_the_mean_and_the_class_are_the_tables(make_frames):
    tables = make_frames(RATES).analyzed
    data = learning_rate_data(tables)
    trials = tables["trials"]
    own = data[data["task"] == "mlp/toy"]
    expected = trials[trials["task"] == "mlp/toy"].groupby("learning_rate")["val_loss_best"].mean()
    assert own["mean"].tolist() == pytest.approx(expected.tolist())
    classes = tables["learning_rates"]
    assert own["class"].tolist() == classes.loc[classes["task"] == "mlp/toy", "class"].tolist()


def test_divergence_has_a_panel_beneath_on_the_same_axis(make_frames):
    tables = make_frames(RATES, diverge=lambda v, s: v["learning_rate"] == 10).analyzed
    figure = learning_rate_figure(learning_rate_data(tables), tables)
    figure.draw_without_rendering()
    above, below = figure.axes[:2]
    assert below.lines[0].get_ydata().tolist() == [0, 0, 1]
    assert above.get_xlim() == below.get_xlim()
    assert (above.get_xlabel(), below.get_xlabel()) == ("", "learning rate")
    assert "diverges" in [text.get_text() for text in figure.legends[-1].get_texts()]


def test_without_divergence_there_is_no_panel_beneath(make_frames):
    tables = make_frames(RATES).analyzed
    assert len(learning_rate_figure(learning_rate_data(tables), tables).axes) == 2


@pytest.mark.parametrize("factors", [{"dropout": [0.0, 0.5]}, {"learning_rate": [0.1]}])
def test_without_two_rates_there_is_no_figure(make_frames, factors):
    assert learning_rate_data(make_frames(factors).analyzed).empty


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_small_studies_are_drawn(make_frames, settings):
    tables = make_frames(RATES, **settings).analyzed
    learning_rate_figure(learning_rate_data(tables), tables).draw_without_rendering()
