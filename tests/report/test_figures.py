import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import matplotlib as mpl
import pandas as pd
import pytest
from matplotlib.text import Text

from dlsuite.errors import DlsuiteError, StoreError
from dlsuite.report import draw_figures, study_figures

FACTORS = {"dropout": [0.0, 0.5], "batch_norm": [False, True]}
NAMES = [
    "effects",
    "factor_dropout",
    "factor_batch_norm",
    "interactions",
    "heat_map",
    "gap_against_metric",
    "learning_curves_loss",
    "learning_curves_metric",
    "seeds",
    "wrong_winner",
]


def contents(paths):
    return {path.name: path.read_bytes() for path in paths}


def test_every_figure_is_written_as_png_and_svg(make_frames, tmp_path):
    paths = draw_figures(make_frames(FACTORS).analyzed, tmp_path / "figures")
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
    names = {path.stem for path in draw_figures(frames.analyzed, tmp_path)}
    assert names == {"effects", "factor_dropout", *NAMES[6:9]}


def test_a_study_without_curves_still_has_its_factors(make_frames, tmp_path):
    frames = make_frames({"dropout": [0.0, 0.5]}, tasks=["mlp/toy"])
    frames.curves = frames.curves.iloc[:0]
    names = [path.name for path in draw_figures(frames.all, tmp_path)]
    drawn = ("factor_dropout", "gap_against_metric", "seeds")
    assert names == [f"{name}{suffix}" for name in drawn for suffix in (".png", ".svg")]


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


def test_large_studies_have_figures_of_a_readable_size(make_frames):
    factors = {"units": list(range(1, 21)), "dropout": [f"{'long' * 15}$a_{n}$" for n in range(15)]}
    tables = make_frames(factors, tasks=["mlp/toy"], seeds=2, epochs=2).analyzed
    drawn = list(study_figures(tables))
    assert {"effects", "seeds", "heat_map", "interactions"} <= {figure.name for figure in drawn}
    for figure in drawn:
        figure.figure.draw_without_rendering()
        assert figure.figure.get_size_inches().max() <= 14, figure.name
        assert figure.caption.endswith(".")
        texts = figure.figure.findobj(Text)
        assert not any(text._preprocess_math(text.get_text())[1] for text in texts), figure.name


def test_more_than_six_tasks_go_on_in_further_figures(make_frames):
    frames = make_frames({"dropout": [0.0, 0.5]}, tasks=["mlp/toy"], epochs=2)
    for name in ("trials", "curves", "tasks"):
        frame = getattr(frames, name)
        copies = [frame.assign(task=f"mlp/{place}") for place in range(8)]
        setattr(frames, name, pd.concat(copies, ignore_index=True))
    found = {f.name: f for f in study_figures(frames.analyzed)}
    assert len(found["factor_dropout"].figure.axes) == 12
    assert len(found["factor_dropout-2"].figure.axes) == 4
    assert found["effects-2"].title.endswith("(tasks 7 to 8 of 8)")
