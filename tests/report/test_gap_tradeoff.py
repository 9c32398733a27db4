import pytest

from dlsuite.report.gap_tradeoff import plot_tradeoff, tradeoff_data, tradeoff_figure

DROPOUT = {"dropout": [0.0, 0.2, 0.5]}


def arrows(ax):
    return [text for text in ax.texts if getattr(text, "arrow_patch", None)]


@pytest.fixture
def tables(make_frames):
    frames = make_frames(DROPOUT)
    frames.trials["test_accuracy"] -= 0.1 * frames.trials["dropout"]
    return frames.analyzed


def test_a_point_is_a_condition_with_its_means(tables):
    data = tradeoff_data(tables)
    own = data[data["task"] == "mlp/toy"]
    summary = tables["summary"]
    of = (summary["task"] == "mlp/toy") & (summary["measure"] == "gap_loss_last")
    assert own["gap_mean"].tolist() == summary.loc[of, "mean"].tolist()
    assert own["is_baseline"].tolist() == [True, False, False]
    ax = plot_tradeoff(data, "mlp/toy", about=tables.task("mlp/toy"))
    points = [line for line in ax.lines if line.get_marker() == "o" and line.get_zorder() == 4]
    assert [line.get_ydata()[0] for line in points] == own["mean"].tolist()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("loss gap, last epoch (nats)", "test accuracy")


def test_an_arrow_leads_from_the_baseline_to_every_other_condition(tables):
    ax = plot_tradeoff(tradeoff_data(tables), "mlp/toy", about=tables.task("mlp/toy"))
    assert len(arrows(ax)) == 2
    assert len({arrow.xyann for arrow in arrows(ax)}) == 1


def test_many_conditions_have_no_arrows(make_frames):
    tables = make_frames({"units": list(range(30))}, tasks=["mlp/toy"]).analyzed
    ax = plot_tradeoff(tradeoff_data(tables), "mlp/toy", about=tables.task("mlp/toy"))
    assert arrows(ax) == []


def test_conditions_that_diverged_throughout_are_counted(make_frames):
    tables = make_frames(DROPOUT, diverge=lambda v, s: v["dropout"] == 0.5).analyzed
    ax = plot_tradeoff(tradeoff_data(tables), "mlp/toy", about=tables.task("mlp/toy"))
    assert "1 of 3 conditions diverged throughout" in ax.texts[-1].get_text()


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_small_studies_are_drawn(make_frames, settings):
    tables = make_frames(DROPOUT, **settings).analyzed
    figure = tradeoff_figure(tradeoff_data(tables), tables)
    figure.draw_without_rendering()
    assert len(figure.axes) == 2
