"""Where the spread of a task's scores comes from: the condition, the data split, the seed, or chance."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dlsuite.analysis.task_trials import primary_measure, task_trials

VARIANCE = ("task", "measure", "component", "n", "variance", "sd", "share")
"""The columns of the variance components, in order."""


def variance_components(
    trials: pd.DataFrame,
    *,
    factors: Sequence[str],
    tuned: Sequence[str],
    tasks: pd.DataFrame,
) -> pd.DataFrame:
    r"""Split the variance of each task's metric on test.

    Conditions, splits and seeds are crossed. The components are estimated from the mean squares of the
    analysis of variance: of a source with $l$ levels among $N$ trials, $(MS - MS_{rest}) \, l / N$, at
    least 0 (Searle, Casella and McCulloch, 1992, "Variance components"). Of conditions, which are chosen
    and not drawn, it is the variance of their true means. Conditions without a completed trial are left
    out, then seeds in which any condition lacks one, so that the table stays whole.

    Args:
        trials: A row a trial.
        factors: Names of the factor columns.
        tuned: Names of the tuned columns.
        tasks: A row a task, with `task` and `metric`.

    Returns:
        A row a task and component: `condition`, `split` (where the study varies it), `seed`, and `rest`,
        what is left: how differently seeds and splits take to conditions. `n` trials; `variance` and `sd`
        in the measure's unit; `share` of the sum.

    Raises:
        DlsuiteError: A column or a task is missing.
    """
    rows: list[dict[str, object]] = []
    for about, of_task in task_trials(trials, factors=factors, tuned=tuned, tasks=tasks):
        measure = primary_measure(about)
        of_task = of_task.assign(value=measure.values(of_task))
        measured = of_task.groupby("condition", sort=False)["value"].transform("count") > 0
        grid = _whole(of_task.loc[measured.to_numpy()])
        components = _components(grid)
        total = sum(components.values())
        rows += [
            {
                "task": about["task"],
                "measure": measure.column,
                "component": component,
                "n": grid.size,
                "variance": variance,
                "sd": variance**0.5,
                "share": variance / total if total > 0 else float("nan"),
            }
            for component, variance in components.items()
        ]
    return pd.DataFrame(rows, columns=list(VARIANCE))


def _whole(trials: pd.DataFrame) -> np.ndarray:
    """The values as `[conditions, splits, seeds]`: of the seeds that have all of them."""
    table = trials.pivot(index="seed", columns=["condition", "split_seed"], values="value")
    table = table.sort_index(axis=0).sort_index(axis=1).dropna()
    conditions, splits = trials["condition"].nunique(), trials["split_seed"].nunique()
    if table.shape[1] != conditions * splits or table.empty:
        return np.zeros((conditions, splits, 0))
    return table.to_numpy().T.reshape(conditions, splits, -1)


def _components(grid: np.ndarray) -> dict[str, float]:
    axes = {"condition": 0, "split": 1, "seed": 2}
    varied = {name: axis for name, axis in axes.items() if grid.shape[axis] > 1}
    if grid.size < 2 or "seed" not in varied:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        deviations = grid - grid.mean()
        squares, freedom = {}, {}
        for name, axis in varied.items():
            means = deviations.mean(axis=tuple(other for other in range(3) if other != axis))
            freedom[name] = means.size - 1
            squares[name] = float((means**2).sum()) * grid.size / means.size
        left = grid.size - 1 - sum(freedom.values())
        rest = (
            max(float((deviations**2).sum()) - sum(squares.values()), 0.0) / left if left else 0.0
        )
        components = {
            name: max((squares[name] / freedom[name] - rest) * (freedom[name] + 1) / grid.size, 0.0)
            for name in varied
        }
    return components | ({"rest": rest} if left else {})
