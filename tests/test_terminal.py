"""What the terminal shows while a study runs."""

import math

import pytest
from rich.console import Console

from dlsuite import terminal


@pytest.fixture
def bar(monkeypatch: pytest.MonkeyPatch) -> terminal.ProgressBar:
    """A bar that is shown once it is entered, as if the output were a terminal."""
    monkeypatch.setattr(terminal, "err", Console(stderr=True, force_terminal=True, width=120))
    return terminal.ProgressBar("study")


def test_progress_that_is_lost_with_a_worker_counts_backwards(
    bar: terminal.ProgressBar, capsys: pytest.CaptureFixture[str]
) -> None:
    with bar:
        bar.begin(4, 0)
        bar.epoch(0.5, 1.5)
        bar.epoch(0.5, -1.5)
        bar.say("a worker is lost")
        bar.epoch(0.25, 2)
    said = capsys.readouterr().err
    assert "a worker is lost" in said
    assert "2/4" in said
    assert "loss 0.25" in said


def test_each_worker_has_a_line_while_it_is_at_something(
    bar: terminal.ProgressBar, capsys: pytest.CaptureFixture[str]
) -> None:
    with bar:
        bar.begin(8, 0)
        bar.worker(0, "cnn/digits batch_norm=true, 4 trials", 0.0, math.nan)
        bar.worker(1, "mlp/[wine], 4 trials", 0.5, 0.25)
        bar.epoch(0.25, 2)
        bar.worker(0, "", 0.0, math.nan)
        assert [line.visible for line in bar._progress.tasks] == [True, False, True]
    said = capsys.readouterr().err
    assert "worker 1" in said
    assert "mlp/[wine], 4 trials  loss 0.25" in said
