import pytest
from matplotlib.figure import Figure

from dlsuite.errors import DlsuiteError, UnknownNameError
from dlsuite.report import plot, plot_names

FACTORS = {"dropout": [0.0, 0.5], "batch_norm": [False, True], "learning_rate": [0.01, 0.1, 1.0]}


@pytest.fixture(scope="module")
def tables(make_frames):
    return make_frames(FACTORS).analyzed


def test_every_plot_draws_each_task_on_given_axes(tables):
    names = plot_names(tables)
    assert {"effects", "effects_gap", "factor_dropout", "gap_dropout"} <= set(names)
    assert {"interaction_learning_rate_dropout", "heat_map_dropout_learning_rate"} <= set(names)
    for name in names:
        for task in tables.tasks:
            ax = Figure().subplots()
            assert plot(tables, name, task=task, ax=ax) is ax
            ax.figure.draw_without_rendering()
            assert ax.get_xlabel(), name


def test_rates_are_a_plot_of_studies_that_vary_them(make_frames):
    tables = make_frames({"dropout": [0.0, 0.5]}).analyzed
    assert "learning_rates" not in plot_names(tables)
    with pytest.raises(UnknownNameError, match=r"^Unknown plot 'learning_rates'"):
        plot(tables, "learning_rates")
    one = make_frames({"dropout": [0.0, 0.5], "learning_rate": [0.1]}).analyzed
    with pytest.raises(DlsuiteError, match=r"expected two learning rates or more"):
        plot(one, "learning_rates")


def test_the_first_task_is_drawn_unless_one_is_named(tables):
    assert plot(tables, "effects").get_title(loc="left") == "mlp/toy"


def test_an_unknown_plot_or_task_is_answered_with_the_close_ones(tables):
    with pytest.raises(UnknownNameError, match=r"^Unknown plot 'efects'\. Did you mean 'effects'"):
        plot(tables, "efects")
    with pytest.raises(UnknownNameError, match=r"^Unknown task 'mlp/toi'\. Did you mean 'mlp/toy'"):
        plot(tables, "effects", task="mlp/toi")


def test_a_study_without_trials_cannot_be_plotted(make_frames):
    frames = make_frames({"dropout": [0.0]})
    frames.trials = frames.trials.iloc[:0]
    with pytest.raises(DlsuiteError, match=r"^made_up: expected trials to plot; there are none\.$"):
        plot(frames.all, "effects")
