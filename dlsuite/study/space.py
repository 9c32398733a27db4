"""How much room a study's results take on the disk, by estimate, and how much there is."""

import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from dlsuite.spec import display
from dlsuite.spec.values import thaw
from dlsuite.study.plan import Plan
from dlsuite.study.populations import into_populations
from dlsuite.study.sizes import PopulationSize
from dlsuite.study.trained_models import MOST_SAVED
from dlsuite.study.trial import Trial

# Bytes, measured on studies of 1 to 4 tasks, 4 to 2000 trials and all kinds of data. For six such, 3 to 180
# MB, the estimate of the whole was -1 to +10 % off; +2 % at the most from 7 MB on.
_TRIAL_ROW, _CURVE_ROW, _LAYER_ROW = 280, 66, 37
"""A row beside what names its trial."""
_KEY = 17
_PART, _PART_OF_TRIAL = 1900, 26
"""The headers and the manifest of a part, and what the manifest says of a trial."""
_ARRAY = 250
"""What the archive of weights adds to each of them."""
_ANALYSIS = 9_000
"""The other tables, for a condition of a task."""
_DRAWN, _DRAWN_OF_TASK, _DRAWN_OF_CONDITION = 2_400_000, 400_000, 70_000
"""Figures and the page: of any study, for a task, for a condition of a task."""
_MODEL = 50_000
"""A saved model beside its weights."""


class Space(NamedTuple):
    """What a study's results take, in bytes.

    Attributes:
        parts: What is kept of each trial, without weights.
        weights: The weights of the best seeds.
        tables: The merged tables.
        figures: The figures and the page.
        models: The saved models.
    """

    parts: int
    weights: int
    tables: int
    figures: int
    models: int

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self)


def estimate_space(plan: Plan, sizes: Sequence[PopulationSize]) -> Space:
    """Estimate what the results of a whole study take.

    Args:
        plan: The plan.
        sizes: The size of the populations of each of the plan's groups.
    """
    rows = plan.study.epochs + 1
    parts = weights = tables = 0
    heaviest: dict[tuple[str, str], int] = {}
    for group, size in zip(plan.groups, sizes, strict=True):
        of_trial = _TRIAL_ROW + rows * (_CURVE_ROW + size.layers * _LAYER_ROW)
        named = 1 + rows * (1 + size.layers)
        model = 4 * size.parameters
        for trial in group:
            parts += of_trial + named * _KEY + _PART_OF_TRIAL
            tables += of_trial + named * _name_length(trial) + _KEY
            pair = (trial.task, trial.condition)
            heaviest[pair] = max(model, heaviest.get(pair, 0))
        for population in into_populations(group, size.members):
            parts += _PART
            kept = {(trial.condition, json.dumps(thaw(trial.tuned))) for trial in population}
            weights += len(kept) * (model + size.arrays * _ARRAY)
    tasks = {task for task, _ in heaviest}
    saved: Iterable[int] = heaviest.values()
    if len(heaviest) > MOST_SAVED:
        saved = [max(own for (task, _), own in heaviest.items() if task == one) for one in tasks]
    return Space(
        parts=parts,
        weights=weights,
        tables=tables + len(heaviest) * _ANALYSIS,
        figures=_DRAWN + len(tasks) * _DRAWN_OF_TASK + len(heaviest) * _DRAWN_OF_CONDITION,
        models=sum(_MODEL + own for own in saved),
    )


def space_at(folder: Path) -> tuple[int | None, int]:
    """How much is free where a study's folder is or will be, and how much it has taken there already.

    Returns:
        Bytes that are free, None where it cannot be known; and bytes that are taken.
    """
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free: int | None = shutil.disk_usage(place).free
    except OSError:
        free = None
    taken = 0
    for path in folder.rglob("*"):
        try:
            taken += path.stat().st_size if path.is_file() else 0
        except OSError:  # It is gone, or may not be looked at.
            continue
    return free, taken


def size_text(size: float) -> str:
    """Write a number of bytes for people: `820 kB`, `14 MB`, `1.2 GB`."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.2g} {unit}" if size < 9.95 and unit != "bytes" else f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.2g} TB"


def _name_length(trial: Trial) -> int:
    """How long that is which names a trial in each row of the merged tables, commas included."""
    values = {**trial.factors, **trial.tuned}
    named = [trial.task, trial.condition, str(trial.seed), str(trial.split_seed)]
    settings = [display(value) for value in values.values()]
    return sum(len(text) + 1 for text in (*named, *settings))
