import pytest

from dlsuite.report.onset_curves import onset_data, onset_figure, onset_figures, plot_onsets


@pytest.fixture
def tables(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5]}, tasks=["mlp/toy"], seeds=4, epochs=10)
    tables = frames.analyzed
    trials = tables["trials"]
    trials["onset_epoch"] = [3.0, 5.0, 5.0, None, None, None, None, 9.0]
    trials.loc[7, "status"] = "diverged"
    return tables


def test_the_share_rises_at_the_onsets_of_completed_trials(tables):
    data = onset_data(tables)
    first = data[data["condition"] == "dropout=0.0"]
    assert first["epoch"].tolist() == [0, 3, 5, 10]
    assert first["share"].tolist() == [0, 0.25, 0.75, 0.75]
    other = data[data["condition"] == "dropout=0.5"]
    assert (other["share"].max(), other["n"].iloc[0], other["n_diverged"].iloc[0]) == (0, 3, 1)


def test_a_step_curve_is_drawn_a_condition(tables):
    ax = plot_onsets(onset_data(tables), "mlp/toy")
    assert [line.get_drawstyle() for line in ax.lines] == ["steps-post"] * 2
    assert (ax.get_xlabel(), ax.get_ylim()) == ("epoch", (0, 1))
    onset_figure(onset_data(tables), tables).draw_without_rendering()


def test_without_any_onset_there_is_no_figure(make_frames):
    assert list(onset_figures(make_frames({"dropout": [0.0, 0.5]}).analyzed)) == []
    assert list(onset_figures(make_frames({"dropout": [0.0]}).all)) == []
