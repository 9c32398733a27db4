import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pytest

from dlsuite.errors import DlsuiteError, StoreError
from dlsuite.report import draw_figures

FACTORS = {"dropout": [0.0, 0.5], "batch_norm": [False, True]}
NAMES = ["learning_curves_loss", "learning_curves_metric", "factor_dropout", "factor_batch_norm"]


def contents(paths):
    return {path.name: path.read_bytes() for path in paths}


def test_every_figure_is_written_as_png_and_svg(make_frames, tmp_path):
    paths = draw_figures(make_frames(FACTORS).all, tmp_path / "figures")
    assert [path.name for path in paths] == [f"{n}{s}" for n in NAMES for s in (".png", ".svg")]
    assert sorted((tmp_path / "figures").iterdir()) == sorted(paths)


def test_the_same_frames_give_the_same_bytes_also_from_threads(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0, 0.5]}, tasks=["mlp/toy"])
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(draw_figures, frames.all, tmp_path / n) for n in "ab"]
        first, second = (contents(job.result()) for job in jobs)
    assert first == second
    assert not any(b"Date" in content or b"dc:date" in content for content in first.values())


def test_no_global_style_is_changed(make_frames, tmp_path):
    before = dict(mpl.rcParams)
    draw_figures(make_frames({"dropout": [0.0]}, tasks=["mlp/toy"]).all, tmp_path)
    assert dict(mpl.rcParams) == before


def test_a_study_without_rows_writes_nothing(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0]})
    frames.trials, frames.curves = frames.trials.iloc[:0], frames.curves.iloc[:0]
    assert draw_figures(frames.all, tmp_path) == []


def test_a_study_where_all_diverged_is_drawn(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0, 0.5]}, diverge=lambda values, seed: True)
    assert len(draw_figures(frames.all, tmp_path)) == 6


def test_a_study_without_curves_still_has_its_factors(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0, 0.5]}, tasks=["mlp/toy"])
    frames.curves = frames.curves.iloc[:0]
    names = [path.name for path in draw_figures(frames.all, tmp_path)]
    assert names == ["factor_dropout.png", "factor_dropout.svg"]


def test_a_folder_that_cannot_be_written_is_named(make_frames, tmp_path):
    blocked = tmp_path / "figures"
    blocked.write_text("a file")
    with pytest.raises(StoreError, match=r"figures: expected a folder for figures; "):
        draw_figures(make_frames({"dropout": [0.0]}).all, blocked)


def test_a_missing_column_is_named(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0]})
    frames.curves = frames.curves.drop(columns="epoch")
    with pytest.raises(DlsuiteError, match=r"curves: expected the columns epoch; got task"):
        draw_figures(frames.all, tmp_path)


def test_neither_tensorflow_nor_pyplot_is_imported():
    code = (
        "import sys, dlsuite.analysis, dlsuite.report; "
        "print([m for m in ('tensorflow', 'keras', 'matplotlib.pyplot') if m in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"
