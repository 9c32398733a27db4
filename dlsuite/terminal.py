"""What the command line shows: progress while a study runs, tables, and errors."""

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
from dlsuite.study.run import RunWatcher

out = Console(highlight=False, soft_wrap=True)
"""Answers."""
err = Console(stderr=True, highlight=False, soft_wrap=True)
"""Progress and errors."""


_shown: list[Progress] = []
"""The bars that are shown; only the last one is, as a terminal shows one at a time."""


class ProgressBar(RunWatcher):
    """Shows trials done, trials per second, time left and the last loss, if somebody looks.

    Where the output is no terminal it says nothing but what a reader should know.

    Args:
        name: The study's name.
    """

    def __init__(self, name: str) -> None:
        self._progress = Progress(
            TextColumn(name),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("trials  {task.fields[speed]}  {task.fields[left]}  {task.fields[loss]}"),
            console=err,
            transient=True,
            disable=not err.is_terminal,
        )
        self._began = time.monotonic()
        self._before = 0
        self._task = self._progress.add_task("", total=None, speed="", left="", loss="")

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
        self._progress.update(self._task, total=total, completed=finished)

    def epoch(self, loss: float, trials: float) -> None:
        """Count the trials that an epoch was worth, and say how long the rest takes at this pace.

        Less than nothing, where a worker was lost.
        """
        self._progress.update(self._task, advance=trials, loss=f"loss {loss:.4g}")
        shown = self._progress.tasks[0]
        seconds = time.monotonic() - self._began
        speed = (shown.completed - self._before) / max(seconds, 1e-9)
        if speed <= 0:  # What was counted is lost, and trained again.
            self._progress.update(self._task, speed="", left="")
            return
        left = ((shown.total or 0) - shown.completed) / speed
        self._progress.update(self._task, speed=f"{speed:.1f}/s", left=f"{_duration(left)} left")

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
