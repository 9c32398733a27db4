"""What the command line shows: progress while a study runs, tables, and errors."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from dlsuite.progress import Advance
from dlsuite.study.run_watcher import RunWatcher

out = Console(highlight=False, soft_wrap=True)
"""Answers."""
err = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and errors."""

_ROUNDING = 1e-6
"""Epochs are parts of a trial, whose sum may be a little less than it."""

_shown: list[Progress] = []
"""The bars that are shown; only the last one is, as a terminal shows one at a time."""


class ProgressBar(RunWatcher):
    """Shows trials done, trials per second, time left and the last loss; and what each worker is at.

    Where the output is no terminal, nobody looks: then it says nothing but what a reader should know.

    Args:
        name: The study's name.
    """

    def __init__(self, name: str) -> None:
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[said]}", markup=False),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._began = time.monotonic()
        self._before = 0
        self._task = self._progress.add_task(name, total=None, said="")
        self._workers: dict[int, TaskID] = {}

    def __enter__(self) -> "ProgressBar":
        self._progress.start()
        _shown.append(self._progress)
        return self

    def __exit__(self, *error: object) -> None:
        _shown.remove(self._progress)
        self._progress.stop()

    def begin(self, total: int, finished: int) -> None:
        """Show how much there is to do."""
        self._began = time.monotonic()
        self._before = finished
        said = f"{finished}/{total} trials"
        self._progress.update(self._task, total=total, completed=finished, said=said)

    def epoch(self, loss: float, trials: float) -> None:
        """Count the trials that an epoch was worth, and say how long the rest takes at this pace.

        Less than nothing, where a worker was lost.
        """
        self._progress.advance(self._task, trials)
        shown = self._progress.tasks[0]
        total = shown.total or 0
        said = [f"{int(shown.completed + _ROUNDING)}/{int(total)} trials"]
        speed = (shown.completed - self._before) / max(time.monotonic() - self._began, 1e-9)
        if speed > 0:  # Else what was counted is lost, and trained again.
            said += [f"{speed:.1f}/s", f"{_duration((total - shown.completed) / speed)} left"]
        self._progress.update(self._task, said="  ".join([*said, f"loss {loss:.4g}"]))

    def worker(self, number: int, at: str, share: float, loss: float) -> None:
        """Show in a line what a worker is at."""
        if number not in self._workers:
            self._workers[number] = self._progress.add_task(f"  worker {number}", total=1, said="")
        said = at if math.isnan(loss) else f"{at}  loss {loss:.4g}"
        line = self._workers[number]
        self._progress.update(line, completed=share, said=said, visible=bool(at))

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        err.print(line, markup=False)


@contextmanager
def work_bar(what: str, total: int) -> Iterator[Advance]:
    """Show how far some work is that goes before training, if somebody looks; see `dlsuite.progress`."""
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    task: TaskID = bar.add_task(what, total=total)
    for shown in _shown[-1:]:
        shown.stop()
    _shown.append(bar)
    try:
        with bar:
            yield lambda done: bar.advance(task, done)
    finally:
        _shown.remove(bar)
        for shown in _shown[-1:]:
            shown.start()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; in a narrow terminal long cells are wrapped."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    # A pipe has no width; a table in it should not be wrapped to that of a terminal.
    width = None if out.is_terminal else 200
    Console(highlight=False, markup=False, width=width).print(table)


def print_rows(rows: Sequence[Mapping[str, object]]) -> None:
    """Print rows with the same columns as a table; nothing if there are none."""
    if rows:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are."""
    for line in lines:
        out.print(line, markup=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
