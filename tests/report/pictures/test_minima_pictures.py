"""The pictures of minima, from made-up tables."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from dlsuite.report.pictures.minima import minima_pictures
from dlsuite.report.pictures.minima_distances import plot_pairs
from dlsuite.report.pictures.minima_ends import plot_seeds
from dlsuite.report.pictures.minima_lines import plot_barriers, plot_lines

SEEDS = 3
PAIRS = list(combinations(range(SEEDS), 2))


def tables(*, aligned: bool = True, task_type: str = "classification") -> dict[str, pd.DataFrame]:
    t = np.linspace(0, 1, 5)
    stages = (False, True) if aligned else (False,)
    lines = pd.concat(
        [
            pd.DataFrame(
                {
                    "seed_a": a,
                    "seed_b": b,
                    "aligned": flag,
                    "t": t,
                    "train_loss": 0.1 + t * (1 - t) * (1 if flag else 4),
                    "val_loss": 0.2 + t * (1 - t) * (1 if flag else 4),
                }
            )
            for flag in stages
            for a, b in PAIRS
        ],
        ignore_index=True,
    )
    barriers = pd.DataFrame(
        [
            {
                "seed_a": a,
                "seed_b": b,
                "aligned": f,
                "train_barrier": 1.0 - f / 2,
                "val_barrier": 1.0,
            }
            for f in stages
            for a, b in PAIRS
        ]
    )
    pairs = pd.DataFrame(PAIRS, columns=["seed_a", "seed_b"])
    pairs["distance"] = [4.0, 5.0, 6.0]
    pairs["aligned_distance"] = [3.0, 3.5, 4.0] if aligned else np.nan
    pairs["disagreement" if task_type == "classification" else "prediction_distance"] = 0.125
    ends = pd.DataFrame(
        {
            "seed": range(SEEDS),
            "status": ["completed", "completed", "diverged"],
            "train_loss_start": [1.0, 1.1, 1.2],
            "train_loss": [0.1, 0.2, np.nan],
            "val_loss": [0.2, 0.3, np.nan],
            "gradient_norm_start": [1.0, 1.0, 1.0],
            "gradient_norm": [0.01, 0.02, np.nan],
        }
    )
    about = pd.DataFrame({"task_type": [task_type]})
    return {"about": about, "ends": ends, "pairs": pairs, "lines": lines, "barriers": barriers}


def test_each_question_has_a_picture() -> None:
    drawn = minima_pictures(tables(), subject="mlp/wine")
    assert list(drawn) == ["lines", "ends", "distances"]
    assert all("mlp/wine" in str(figure.get_suptitle()) for figure in drawn.values())


@pytest.mark.parametrize("missing", ["lines", "ends", "pairs"])
def test_picture_without_its_table_is_left_out(missing: str) -> None:
    given = tables()
    given[missing] = given[missing].iloc[:0]
    name = {"pairs": "distances"}.get(missing, missing)
    assert name not in minima_pictures(given, subject="s")


def test_lines_stand_before_and_after_alignment_for_both_splits() -> None:
    figure = minima_pictures(tables(), subject="s")["lines"]
    assert len(figure.axes) == 6
    assert [ax.get_title() for ax in figure.axes[:3]] == [
        "as they are",
        "units aligned",
        "barriers",
    ]
    assert figure.axes[0].get_ylabel() == "training loss (nats)"
    assert figure.axes[3].get_ylabel() == "validation loss (nats)"
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_without_alignment_there_is_one_column_of_lines() -> None:
    drawn = minima_pictures(tables(aligned=False, task_type="regression"), subject="s")
    assert len(drawn["lines"].axes) == 4
    assert drawn["lines"].axes[0].get_ylabel() == "training loss (MSE)"
    titles = [ax.get_title().replace("\n", " ") for ax in drawn["distances"].axes]
    assert titles == [
        "distance of weights, as they are",
        "RMS distance of validation predictions (target's units)",
    ]


def test_a_pair_is_a_thin_line_and_the_mean_a_bold_one() -> None:
    lines = tables()["lines"]
    ax = plot_lines(lines[~lines["aligned"]], "train", color="black")
    widths = [line.get_linewidth() for line in ax.lines]
    assert len(widths) == len(PAIRS) + 1 and widths[-1] > 2 * widths[0]
    np.testing.assert_allclose(ax.lines[-1].get_ydata().max(), 1.1)


def test_barriers_have_a_point_a_pair_and_a_mean() -> None:
    ax = plot_barriers(tables()["barriers"], "train")
    points = [line for line in ax.lines if line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in points] == [len(PAIRS)] * 2
    means = [line.get_ydata()[0] for line in ax.lines if line.get_marker() == "_"]
    assert means == [1.0, 0.5]


def test_exploded_lines_and_barriers_are_drawn_without_a_warning() -> None:
    given = tables()
    given["lines"].loc[2, ["train_loss", "val_loss"]] = [np.inf, np.nan]
    given["barriers"].loc[0, ["train_barrier", "val_barrier"]] = np.inf
    figure = minima_pictures(given, subject="s")["lines"]
    marks = [line for line in figure.axes[0].lines if line.get_marker() == "^"]
    assert [len(line.get_xdata()) for line in marks] == [1]


def test_diverged_seed_has_a_cross() -> None:
    figure = minima_pictures(tables(), subject="s")["ends"]
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[2]]
    assert "diverged" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_seeds_are_joined_from_before_to_after() -> None:
    measures = {"train_loss_start": ("o", "gray", "before"), "train_loss": ("o", "blue", "after")}
    ax = plot_seeds(tables()["ends"], measures)
    assert len(ax.texts) == 2  # An arrow for each seed that ended.
    assert ax.get_yscale() == "log"
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]


def test_seeds_of_which_nothing_is_known_are_drawn() -> None:
    ends = tables()["ends"].assign(train_loss=np.nan, train_loss_start=0.0)
    measures = {"train_loss_start": ("o", "gray", "before"), "train_loss": ("o", "blue", "after")}
    assert not plot_seeds(ends, measures).texts


def test_every_pair_has_its_number_once() -> None:
    ax = plot_pairs(tables()["pairs"], "distance")
    assert sorted(text.get_text() for text in ax.texts) == ["4", "5", "6"]
    assert len(ax.images[0].get_array()) == SEEDS - 1


def test_pairs_that_agree_in_all_are_drawn() -> None:
    pairs = tables()["pairs"].assign(disagreement=0.0)
    ax = plot_pairs(pairs, "disagreement", form="{:.1%}")
    assert {text.get_text() for text in ax.texts} == {"0.0%"}


def test_two_seeds_make_one_pair() -> None:
    given = {name: table[:1] if name == "pairs" else table for name, table in tables().items()}
    assert minima_pictures(given, subject="s")["distances"].axes
