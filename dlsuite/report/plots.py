"""Single panels by name: what a figure shows of one task, drawn where it is wanted."""

from collections.abc import Callable

from matplotlib.axes import Axes

from dlsuite.analysis.learning_rates import RATE
from dlsuite.analysis.measures import GAP
from dlsuite.errors import DlsuiteError, UnknownNameError, closest
from dlsuite.report.effects_forest import effects_data, plot_effects
from dlsuite.report.encoding import encode
from dlsuite.report.factor_data import factor_data
from dlsuite.report.factor_plots import plot_factor
from dlsuite.report.gap_tradeoff import plot_tradeoff, tradeoff_data
from dlsuite.report.heat_maps import heat_maps, plot_heat_map
from dlsuite.report.interaction_plots import factor_pairs, plot_interaction
from dlsuite.report.learning_curve_data import learning_curve_data
from dlsuite.report.learning_curves import plot_learning_curves
from dlsuite.report.learning_rate_plots import learning_rate_data, plot_learning_rates
from dlsuite.report.onset_curves import onset_data, plot_onsets
from dlsuite.report.seed_spread import plot_seed_spread, seed_data
from dlsuite.report.study_tables import StudyTables
from dlsuite.report.wrong_winners import plot_wrong_winners, wrong_winner_data

_Draw = Callable[[StudyTables, str, Axes | None], Axes]


def plot(
    tables: StudyTables, name: str, *, task: str | None = None, ax: Axes | None = None
) -> Axes:
    """Draw one panel of a study.

    Args:
        tables: The study's tables.
        name: One of `plot_names(tables)`, such as `effects`.
        task: Which task; the study's first if None.
        ax: Where to draw; a new figure's if None.

    Returns:
        The axes.

    Raises:
        UnknownNameError: There is no such plot or task; the message lists the closest ones.
        DlsuiteError: The study has no trials, or a table lacks a column.

    Example:
        >>> plot(results.tables, "factor_dropout", task="cnn/digits").figure.savefig("dropout.png")
    """
    plots = _plots(tables)
    if name not in plots:
        raise UnknownNameError(f"Unknown plot {name!r}. {closest(name, plots)}")
    if not tables.tasks:
        raise DlsuiteError(f"{tables.name}: expected trials to plot; there are none.")
    chosen = tables.tasks[0] if task is None else task
    if chosen not in tables.tasks:
        raise UnknownNameError(f"Unknown task {chosen!r}. {closest(chosen, tables.tasks)}")
    return plots[name](tables, chosen, ax)


def plot_names(tables: StudyTables) -> list[str]:
    """List the plots that a study has, sorted.

    Args:
        tables: The study's tables.
    """
    return sorted(_plots(tables))


def _plots(tables: StudyTables) -> dict[str, _Draw]:
    plots = dict(_PLOTS)
    if RATE not in (*tables.factors, *tables.tuned):
        del plots["learning_rates"]
    for factor in tables.factors:
        plots[f"factor_{factor}"] = _factor(factor, gap=False)
        plots[f"gap_{factor}"] = _factor(factor, gap=True)
    for place, pair in enumerate(factor_pairs(tables)):
        plots[f"interaction_{pair.along}_{pair.lines}"] = _interaction(place)
    for heat_map in heat_maps(tables):
        plots[f"heat_map_{heat_map.rows}_{heat_map.columns}"] = _heat_map(
            heat_map.rows, heat_map.columns
        )
    return plots


def _learning_curves(quantity: str) -> _Draw:
    def draw(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
        data = learning_curve_data(tables, quantity=quantity)
        about = tables.task(task)
        return plot_learning_curves(data, task, ax, factors=tables.factors, about=about)

    return draw


def _factor(factor: str, *, gap: bool) -> _Draw:
    def draw(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
        about = tables.task(task)
        measure = GAP if gap else f"test_{about['metric']}"
        return plot_factor(factor_data(tables, factor), task, measure, ax, about=about)

    return draw


def _effects(*, gap: bool) -> _Draw:
    def draw(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
        about = tables.task(task)
        measure = GAP if gap else f"test_{about['metric']}"
        return plot_effects(effects_data(tables), task, ax, measure=measure, about=about)

    return draw


def _interaction(place: int) -> _Draw:
    def draw(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
        return plot_interaction(factor_pairs(tables)[place], task, ax, about=tables.task(task))

    return draw


def _heat_map(rows: str, columns: str) -> _Draw:
    def draw(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
        maps = heat_maps(tables)
        own = [m for m in maps if (m.task, m.rows, m.columns) == (task, rows, columns)]
        if not own:
            raise DlsuiteError(
                f"{task}: expected {rows} and {columns} to be crossed; they are not."
            )
        return plot_heat_map(own[0], ax, about=tables.task(task))

    return draw


def _learning_rates(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
    data = learning_rate_data(tables)
    if data.empty:
        raise DlsuiteError(f"{task}: expected two learning rates or more; the study has tried one.")
    others = [name for name in (*tables.factors, *tables.tuned) if name != RATE]
    encoding = encode(data, others, {})
    return plot_learning_rates(data, task, ax, about=tables.task(task), encoding=encoding)


def _tradeoff(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
    data = tradeoff_data(tables)
    encoding = encode(data, tables.factors, tables.baseline)
    return plot_tradeoff(data, task, ax, about=tables.task(task), encoding=encoding)


def _seeds(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
    return plot_seed_spread(seed_data(tables), task, ax, about=tables.task(task))


def _onset(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
    return plot_onsets(onset_data(tables), task, ax)


def _wrong_winner(tables: StudyTables, task: str, ax: Axes | None) -> Axes:
    encoding = encode(tables.conditions, tables.factors, tables.baseline)
    return plot_wrong_winners(wrong_winner_data(tables), task, ax, encoding=encoding)


_PLOTS: dict[str, _Draw] = {
    "learning_curves_loss": _learning_curves("loss"),
    "learning_curves_metric": _learning_curves("metric"),
    "effects": _effects(gap=False),
    "effects_gap": _effects(gap=True),
    "learning_rates": _learning_rates,
    "gap_against_metric": _tradeoff,
    "seeds": _seeds,
    "onset": _onset,
    "wrong_winner": _wrong_winner,
}
