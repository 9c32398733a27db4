"""An ablation without a file: a model, data and what to vary, given as they are."""

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlsuite.spec import Study, is_path
from dlsuite.study.at_hand import data_at_hand, model_at_hand
from dlsuite.study.budget import Budget
from dlsuite.study.executors import Executor
from dlsuite.study.plugins import load_plugins
from dlsuite.study.results import Results
from dlsuite.study.run import run
from dlsuite.study.run_watcher import RunWatcher


def ablate(
    model: str | Path | Callable[..., Any],
    x: Any,
    y: Any = None,
    *,
    vary: Mapping[str, Any],
    tune: Mapping[str, Any] | None = None,
    fixed: Mapping[str, Any] | None = None,
    baseline: Mapping[str, Any] | None = None,
    target: str | None = None,
    validation: tuple[Any, Any] | None = None,
    test: tuple[Any, Any] | None = None,
    seeds: int | Sequence[int] = 10,
    epochs: int = 40,
    metric: str | None = None,
    name: str | None = None,
    question: str = "",
    plugins: Sequence[str | Path] = (),
    out: str | Path = "results",
    executor: Executor | None = None,
    watcher: RunWatcher | None = None,
    report: bool = True,
    retry_failed: bool = False,
    budget: Budget | None = None,
    **settings: Any,
) -> Results:
    """Vary hyperparameters of a model on data, and measure what they do.

    Every combination of the values is trained for every seed, as a study written down would be; the study is
    `study.toml` in its folder of results.

    Args:
        model: A registered model's name, a `.keras` file, or a function that returns a `keras.Model`. The
            function needs to know nothing of the suite: its arguments are its hyperparameters, a softmax or
            sigmoid at its end is taken off, how it is compiled is not looked at.
        x: The inputs: an array, a pandas data frame, a `Dataset`, a registered data set's name, or a file.
        y: The targets, if `x` is an array or a frame without them.
        vary: The values to compare, by hyperparameter: of the model, of training or of the data.
        tune: Nuisance hyperparameters, chosen anew for every condition on validation.
        fixed: Everything else that should not be at its default, such as `{"batch_size": 128}`.
        baseline: What conditions are compared with; the first values if absent.
        target: The column to predict, of a file or a frame.
        validation: Inputs and targets to choose by; a fifth of `x` if absent.
        test: Inputs and targets to read once, at the end; a fifth of `x` if absent.
        seeds: How many seeds, or which.
        epochs: Passes over the training data.
        metric: The score that decides.
        name: The folder in `out`; made of the model's and the data's names if absent.
        question: What is asked, in a sentence.
        plugins: Python files that register models, data sets, metrics or losses.
        out: The folder in which the study's own stands.
        executor: Trains the populations; if absent, this process or worker processes, as `AutoExecutor`
            chooses.
        watcher: Told how it goes.
        report: Whether to draw figures and write the page.
        retry_failed: Whether to train trials again that failed in an earlier call.
        budget: How much may be trained in this call; all that is missing if absent.
        **settings: Whatever else a study takes, such as `split_seeds`, `design` or `metrics`.

    Returns:
        The results. What was finished in an earlier call is not trained again, as long as model and data
        are the same.

    Raises:
        SpecError: What is given makes no study.
        DataError: The data cannot be used.

    Example:
        >>> def build(dropout=0.0):
        ...     return keras.Sequential([keras.Input((30,)), keras.layers.Dense(64, "relu"),
        ...                              keras.layers.Dropout(dropout), keras.layers.Dense(2)])
        >>> results = dlsuite.ablate(build, x, y, vary={"dropout": [0.0, 0.25, 0.5]})
        >>> results.effects
    """
    load_plugins(plugins)
    varied = {**vary, **(tune or {})}
    settings_known = {**(fixed or {}), **({"target": target} if target is not None else {})}
    with (
        data_at_hand(x, y, target=target, validation=validation, test=test) as data_name,
        model_at_hand(model, varied, data_name, settings_known) as model_name,
    ):
        data: dict[str, Any] = {"path" if is_path(data_name) else "name": data_name}
        if is_path(data_name) and target is not None:
            data["target"] = target
        study = Study(
            name=name or _folder_name(model_name, data_name),
            question=question,
            tasks=[{"model": model_name, "data": data}],
            plugins=[str(path) for path in plugins],
            factors=vary,
            tune=tune or {},
            fixed=fixed or {},
            baseline=baseline or {},
            seeds=seeds,
            epochs=epochs,
            metric=metric,
            **settings,
        )
        return run(
            study,
            out=out,
            executor=executor,
            watcher=watcher,
            report=report,
            retry_failed=retry_failed,
            budget=budget,
        )


def _folder_name(model: str, data: str) -> str:
    stems = (Path(name).name.partition(".")[0] if is_path(name) else name for name in (model, data))
    name = re.sub(r"[^\w.-]", "_", "-".join(stems))
    return name if name[:1].isalnum() else f"ablation{name}"
