"""How often the tables of a study are written while it runs."""

import pytest

from dlsuite.study import upkeep
from dlsuite.study.upkeep import Upkeep


class Clock:
    """A study that finishes a trial in some seconds, and whose tables take some to write.

    Args:
        monkeypatch: Replaces the clock.
        trial: Seconds that a trial takes.
        whole: Seconds that writing takes, however many trials are shown.
        row: Seconds that it takes for each trial.
    """

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, trial: float, whole: float, row: float
    ) -> None:
        self.now = self.writing = 0.0
        self.written: list[float] = []
        self._trial, self._whole, self._row = trial, whole, row
        self._finished = 0
        monkeypatch.setattr(upkeep, "monotonic", lambda: self.now)

    def run(self, trials: int, *, conditions: int) -> None:
        kept = Upkeep(conditions)
        for self._finished in range(1, trials + 1):
            self.now += self._trial
            kept.keep(self._write, self._finished)

    def _write(self) -> None:
        self.written.append(self.now)
        took = self._whole + self._row * self._finished
        self.now += took
        self.writing += took


def test_a_small_study_shows_what_it_has_every_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch, trial=1.0, whole=0.1, row=0.0001)
    clock.run(60, conditions=3)
    assert clock.written == pytest.approx([10, 20, 30, 40, 50, 60], abs=1)


@pytest.mark.parametrize("trial", [0.0005, 0.005, 0.05, 1.0])
@pytest.mark.parametrize(("whole", "row"), [(0.5, 0.0001), (2.0, 0.0015), (2.0, 0.0)])
def test_writing_takes_at_most_a_twentieth_of_the_time(
    monkeypatch: pytest.MonkeyPatch, trial: float, whole: float, row: float
) -> None:
    clock = Clock(monkeypatch, trial=trial, whole=whole, row=row)
    clock.run(20_000, conditions=100)
    assert clock.writing <= clock.now / 20
    if trial >= 0.05:
        assert len(clock.written) > 2


def test_a_writing_that_takes_longer_than_was_guessed_is_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock(monkeypatch, trial=1.0, whole=20.0, row=0.0)
    clock.run(5000, conditions=1)
    assert len(clock.written) > 2
    assert clock.writing <= clock.now / 20
