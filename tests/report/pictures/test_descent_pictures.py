"""The pictures of descent, from made-up tables."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlsuite.report.pictures.descent import descent_pictures
from dlsuite.report.pictures.descent_paths import plot_by_epoch, plot_path_plane
from dlsuite.report.pictures.descent_surface import loss_grid, loss_levels, plot_surface_map
from dlsuite.report.pictures.descent_valley import plot_reached

EPOCHS = 4


def grid(first: str, second: str, *, reach: float = 2.0) -> pd.DataFrame:
    steps = np.linspace(-reach, reach, 9)
    x, y = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
    return pd.DataFrame({first: x, second: y, "loss": 0.01 + x**2 + 2 * y**2})


def paths(*, far: float = 30.0) -> pd.DataFrame:
    epochs = np.arange(EPOCHS + 1)
    parts = []
    for role, rate, end in (("low", 1e-4, -1.4), ("good", 1e-3, 0.0), ("high", 0.1, far)):
        line = np.linspace(-1.5, end, EPOCHS + 1)
        parts.append(
            pd.DataFrame(
                {
                    "role": role,
                    "learning_rate": rate,
                    "epoch": epochs,
                    "train_loss": np.exp(-epochs * rate * 100),
                    "gradient_norm": 1.0 / (1 + epochs),
                    "step_length": np.where(epochs > 0, rate, np.nan),
                    "component_1": line,
                    "component_2": line / 2,
                    "off_plane": 2.0,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def tables(task_type: str = "classification") -> dict[str, pd.DataFrame]:
    x = np.linspace(-2, 2, 9)
    points = {"kind": ["absolute minimum", "maximum", "relative minimum"], "x": [-1.0, 0, 1]}
    ends = ["absolute minimum", "relative minimum"]
    return {
        "about": pd.DataFrame(
            {"task_type": [task_type], "variance_share_1": [0.9], "variance_share_2": [0.05]}
        ),
        "surface": grid("a", "b", reach=1.0),
        "path_plane": grid("component_1", "component_2"),
        "paths": paths(),
        "one_variable": pd.DataFrame(
            [
                {
                    "start": s,
                    "learning_rate": r,
                    "step": n,
                    "x": s / (n + 1),
                    "f": 1.0,
                    "reached": e,
                }
                for s, e in zip((-1.5, 1.5), ends, strict=True)
                for r in (0.1, 0.5, 9.0)
                for n in range(3)
            ]
        ),
        "one_variable_curve": pd.DataFrame({"x": x, "f": x**2}),
        "one_variable_points": pd.DataFrame({**points, "f": [0.0, 1, 0.5]}),
    }


def panels(figure: Figure) -> list[Axes]:
    return [ax for ax in figure.axes if ax.get_label() != "<colorbar>"]


def test_each_question_has_a_picture() -> None:
    drawn = descent_pictures(tables(), subject="mlp/wine")
    assert list(drawn) == ["surface", "paths", "one_variable"]
    assert "mlp/wine" in str(drawn["surface"].get_suptitle())


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ("surface", ["paths", "one_variable"]),
        ("paths", ["surface", "one_variable"]),
        ("one_variable", ["surface", "paths"]),
    ],
)
def test_picture_without_its_table_is_left_out(missing: str, left: list[str]) -> None:
    given = tables()
    given[missing] = given[missing].iloc[:0]
    assert list(descent_pictures(given, subject="s")) == left
    del given[missing]
    assert list(descent_pictures(given, subject="s")) == left


def test_surface_stands_beside_its_map_with_the_losss_unit() -> None:
    figure = descent_pictures(tables("regression"), subject="s")["surface"]
    assert [ax.name for ax in panels(figure)] == ["3d", "rectilinear"]
    (bar,) = [ax for ax in figure.axes if ax.get_label() == "<colorbar>"]
    assert bar.get_ylabel() == "training loss (MSE, standardized target)"


def test_axes_of_the_plane_tell_their_shares_of_variance() -> None:
    plane, *by_epoch = panels(descent_pictures(tables(), subject="s")["paths"])
    assert plane.get_xlabel() == "principal component 1 (90.0% of the variance)"
    assert plane.get_ylabel() == "principal component 2 (5.0% of the variance)"
    assert [ax.get_ylabel().replace("\n", " ") for ax in by_epoch] == [
        "training loss (nats)",
        "length of the gradient",
        "distance moved in the epoch",
    ]


def test_path_that_leaves_the_map_is_marked_at_its_edge() -> None:
    given = tables()
    inside = plot_path_plane(given["path_plane"], paths(far=1.0), given["about"])
    leaving = plot_path_plane(given["path_plane"], paths(far=30.0), given["about"])
    assert len(leaving.lines) == len(inside.lines) + 1
    (mark,) = [line for line in leaving.lines if isinstance(line.get_marker(), tuple)]
    x, y = mark.get_xdata()[0], mark.get_ydata()[0]
    assert 1.8 < x < 2.0 and -2 < y < 2
    assert mark.get_marker() == (3, 0, -90.0)


def test_legend_tells_the_rates_and_the_mark() -> None:
    figure = descent_pictures(tables(), subject="s")["paths"]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == [
        "low: 0.0001",
        "good: 0.001",
        "high: 0.1 (up to 2 off the plane)",
        "leaves the map here",
    ]


def test_every_rate_has_a_line_by_epoch() -> None:
    ax = plot_by_epoch(paths(), "train_loss")
    assert [len(line.get_xdata()) for line in ax.lines] == [EPOCHS + 1] * 3
    assert ax.get_yscale() == "log"


def test_zero_and_exploded_measures_are_drawn_without_a_warning() -> None:
    given = paths()
    given.loc[0, "train_loss"] = 0.0
    given.loc[1, "train_loss"] = np.inf
    plot_by_epoch(given, "train_loss")


def test_levels_are_equally_far_apart_on_a_logarithmic_scale() -> None:
    levels = loss_levels(np.array([[0.01, 1.0], [10.0, np.nan]]))
    assert levels[0] == pytest.approx(0.01) and levels[-1] == pytest.approx(10.0)
    np.testing.assert_allclose(np.diff(np.log(levels)), np.log(levels[1] / levels[0]))


@pytest.mark.parametrize("losses", [[0.0, 0.0], [1.0, 1.0], [np.nan, np.inf], [1e-30, 1e30]])
def test_levels_rise_whatever_the_losses(losses: list[float]) -> None:
    levels = loss_levels(np.array([losses]))
    assert np.isfinite(levels).all() and (np.diff(levels) > 0).all()


def test_grid_has_the_first_direction_along_x() -> None:
    x, y, losses = loss_grid(grid("a", "b"), ("a", "b"))
    assert losses[y.tolist().index(2.0), x.tolist().index(0.0)] == pytest.approx(8.01)


@pytest.mark.parametrize("loss", [0.0, 1.0, np.nan, np.inf])
def test_flat_or_exploded_surface_is_drawn(loss: float) -> None:
    surface = grid("a", "b").assign(loss=loss)
    given = tables() | {"surface": surface}
    assert descent_pictures(given, subject="s")["surface"]
    assert plot_surface_map(surface, given["about"]).get_xlabel()


def test_strip_has_a_bar_a_start() -> None:
    given = tables()["one_variable"]
    ax = plot_reached(given[given["learning_rate"] == 0.1])
    assert len(ax.patches) == 2
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()


def test_each_rate_of_one_variable_has_a_curve_and_a_strip() -> None:
    figure = descent_pictures(tables(), subject="s")["one_variable"]
    assert len(panels(figure)) == 6
    assert [ax.get_title() for ax in panels(figure)[::2]] == [
        f"learning rate {rate}" for rate in ("0.1", "0.5", "9")
    ]
