import pytest

from dlsuite.report.seed_spread import plot_seed_spread, seed_data, seed_spread_figure

DROPOUT = {"dropout": [0.0, 0.2, 0.5]}


def test_every_completed_trial_is_a_dot_in_its_conditions_row(make_frames):
    tables = make_frames(DROPOUT, diverge=lambda v, s: v["dropout"] == 0.5 and s == 0).analyzed
    data = seed_data(tables)
    ax = plot_seed_spread(data, "mlp/toy", about=tables.task("mlp/toy"))
    [dots] = [line for line in ax.lines if line.get_marker() == "o"]
    assert sorted(dots.get_ydata()) == [0, 0, 0, 1, 1, 1, 2, 2]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names == ["dropout=0", "dropout=0.2", "dropout=0.5"]
    assert ax.texts[-1].get_text().endswith("\N{MULTIPLICATION SIGN} 1/3")
    assert ax.get_xlabel() == "test accuracy"


def test_the_spread_is_the_summarys_and_its_ratio_the_effects(make_frames):
    tables = make_frames(DROPOUT).analyzed
    rows = seed_data(tables).rows
    of = tables["summary"]["measure"].isin(["test_accuracy", "test_rmse"])
    assert rows["sd"].tolist() == tables["summary"].loc[of, "sd"].tolist()
    primary = tables["effects"][tables["effects"]["role"] == "primary"]
    assert rows["sd_ratio"].dropna().tolist() == primary["sd_ratio"].dropna().tolist()


def test_a_seed_is_joined_across_few_conditions_only(make_frames):
    few = make_frames(DROPOUT, seeds=4).analyzed
    many = make_frames({"units": list(range(12))}, seeds=4).analyzed
    lines = []
    for tables in (few, many):
        ax = plot_seed_spread(seed_data(tables), "mlp/toy", about=tables.task("mlp/toy"))
        lines.append([line for line in ax.lines if line.get_zorder() == 1])
    assert (len(lines[0]), len(lines[1])) == (4, 0)


def test_of_many_conditions_the_baseline_and_the_first_are_drawn(make_frames):
    frames = make_frames({"units": list(range(100))}, tasks=["mlp/toy"], seeds=2)
    tables = frames.analyzed
    ax = plot_seed_spread(seed_data(tables), "mlp/toy", about=tables.task("mlp/toy"))
    assert ax.get_title(loc="left") == "mlp/toy: 48 of 100 conditions"


@pytest.mark.parametrize("settings", [{"seeds": 1}, {"diverge": lambda v, s: True}])
def test_small_studies_are_drawn(make_frames, settings):
    tables = make_frames(DROPOUT, **settings).analyzed
    seed_spread_figure(seed_data(tables), tables).draw_without_rendering()
