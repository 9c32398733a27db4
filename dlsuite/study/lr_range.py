"""The learning-rate range test: many rates trained side by side for a moment, and which of them to take.

Smith (2017, "Cyclical learning rates for training neural networks") raises the rate step by step in one
training, so that each rate begins where the last one ended. Here each rate is a training of its own, a
member of a population: all from the same initial weights, on the same batches, with the same dropout draws.
"""

import itertools
import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from dlsuite.analysis.learning_rates import RATE, learning_rates
from dlsuite.data import Dataset, Split
from dlsuite.errors import SpecError
from dlsuite.quiet import import_tensorflow
from dlsuite.study.interrupts import first_done
from dlsuite.study.rate_range import LearningRateRange
from dlsuite.study.run_watcher import RunWatcher
from dlsuite.study.shared_watcher import SharedWatcher
from dlsuite.study.subject import subject_data, subject_model, subject_name, take_training
from dlsuite.training.lanes import lanes
from dlsuite.training.settings import TrainingSettings

_STEPS = 128
"""Steps to train at least. With half as many a recurrent network has not left its first plateau, and only
rates that are too high for a whole training look fast; twice as many widen the range, mostly downwards."""
_STEPS_OF_EPOCH = 32
"""Steps in an epoch at the most, unless the data is too small: losses are looked at once an epoch."""
_EXAMPLES = 256, 1024
"""Examples to train on, and to validate on, to which data is not cut however small a batch is."""

_EVIDENCE = ("progress", "rise_share", "oscillation")


def lr_range(
    model: Any,
    data: str | Dataset,
    *,
    settings: Mapping[str, Any] | None = None,
    lowest: float = 1e-5,
    highest: float = 10.0,
    steps: int = 19,
    epochs: int | None = None,
    seeds: int = 3,
    watcher: RunWatcher | None = None,
) -> LearningRateRange:
    """Find out which learning rates train a model, and suggest one.

    Every rate is trained for a moment with every seed, and judged by `dlsuite.analysis.learning_rates`
    on the medians over the seeds. Usable are the rates around the best that come at least 90 % as far as it
    does and do not overshoot. The suggestion lies a third of the way up from the lowest to the highest of
    them, on a logarithmic scale, at the next rate below that was tried. The middle would be too high: a short
    training flatters high rates, which begin to overshoot and to overfit only in a long one, and rejects low
    ones, which in a long one get there. The rate with the lowest loss is no better guide: within the range
    the losses are alike, and which is the lowest is noise.

    Args:
        model: A registered model's name, a `.keras` file, or a functional or sequential `keras.Model`, which
            is not changed: the seeds draw weights anew.
        data: A registered data set, or a loaded one. Of more training examples than make 32 batches every
            so many are used, unless `settings` says `train_size`.
        settings: Hyperparameters of the model, the training and the data, by name.
        lowest: The lowest rate.
        highest: The highest rate.
        steps: How many rates, each the same factor above the last but for rounding.
        epochs: Epochs to train; as many as make 128 steps, and at least 3, if absent.
        seeds: How many seeds, from 0.
        watcher: Told how it goes.

    Returns:
        The rates with their classes, the suggestion and the usable range.

    Raises:
        UnknownNameError: There is no such model or data set.
        SpecError: A setting is unknown or out of bounds, the rates are no range, the learning rate is set or
            scheduled, or the model cannot be trained by the suite.
        DataError: The data set does not hold what was asked of it.

    Example:
        >>> dlsuite.lr_range("mlp", "breast_cancer").suggestion
        0.0022
    """
    rates = rates_between(lowest, highest, steps)
    for name, count in (("seeds", seeds), ("epochs", epochs)):
        if count is not None and count < 1:
            raise SpecError(f"lr-range: {name}: expected a whole number, at least 1; got {count}.")
    given = dict(settings or {})
    training = take_training(given)
    chosen = _settings(training, rates)
    whole = "train_size" in given
    dataset = subject_data(data, given)
    if not whole:
        dataset = _cut(dataset, _STEPS_OF_EPOCH * chosen[0].batch_size)
    import_tensorflow()
    from dlsuite.training.trainer import TrialSetup, steps_per_epoch

    plain = subject_model(model, dataset, given, asker="lr-range")
    setups = [TrialSetup(plain, one, seed) for seed in range(seeds) for one in chosen]
    of_epoch = steps_per_epoch(setups[0], dataset)
    epochs = epochs or max(3, math.ceil(_STEPS / of_epoch))
    results = _train(setups, dataset, epochs, watcher or RunWatcher())
    name = subject_name(model, plain, dataset)
    trials, curves = _tables(setups, results, name)
    judged = learning_rates(
        trials,
        curves,
        pd.DataFrame({"task": [name], "metric": ["loss"]}),
        factors=[RATE],
        tuned=[],
    )
    ends = curves.loc[curves["epoch"] == epochs].merge(
        trials.loc[trials["status"] == "completed"], on=["task", RATE, "seed", "split_seed"]
    )
    loss = judged[RATE].map(ends.groupby(RATE)["val_loss"].median())
    table = judged[[RATE, "class"]].assign(loss=loss)
    table = table.join(judged[[*_EVIDENCE, "n", "n_diverged"]])
    block = _block(judged)
    return LearningRateRange(
        table=table,
        suggestion=block[(len(block) - 1) // 3] if block else None,
        usable=(block[0], block[-1]) if block else None,
        epochs=epochs,
        steps=epochs * of_epoch,
        seeds=seeds,
        start=float(curves.loc[curves["epoch"] == 0, "val_loss"].median()),
    )


def rates_between(lowest: float, highest: float, steps: int) -> list[float]:
    """Spread rates evenly over a logarithmic scale, rounded to as few digits as keep them apart.

    Raises:
        SpecError: They are no range of at least two rates.
    """
    finite = math.isfinite(lowest) and math.isfinite(highest)
    if not (finite and 0 < lowest < highest):
        raise SpecError(
            f"lr-range: expected rates from a number above 0 to a larger one, as in --from 1e-5 --to 10; "
            f"got {lowest:g} and {highest:g}."
        )
    if not 2 <= steps <= 1000:
        raise SpecError(f"lr-range: steps: expected 2 to 1000 rates; got {steps}.")
    between = np.geomspace(lowest, highest, steps)[1:-1]
    for digits in range(2, 18):
        rounded = [float(f"{rate:.{digits}g}") for rate in between]
        rates = [float(lowest), *rounded, float(highest)]
        if all(low < high for low, high in itertools.pairwise(rates)):
            return rates
    raise SpecError(f"lr-range: steps: there are no {steps} numbers from {lowest} to {highest}.")


def _settings(given: Mapping[str, Any], rates: list[float]) -> list[TrainingSettings]:
    """How each rate is trained."""
    if RATE in given:
        raise SpecError(
            "lr-range: learning_rate: it is what the test varies; say where to look with --from and --to "
            "(in Python lowest and highest)."
        )
    chosen = [TrainingSettings(**{**given, RATE: rate}) for rate in rates]
    if chosen[0].depends_on_length:
        found = ", ".join(key for key in ("schedule", "warmup") if key in given)
        raise SpecError(
            f"lr-range: {found}: expected a constant rate, since one that changes on the way is not the one "
            "that is tried; leave it out here, and use the suggestion as the rate to begin with."
        )
    return chosen


def _cut(data: Dataset, examples: int) -> Dataset:
    """Use every so many of a large data set's examples, in their order; scales and vocabulary stay."""

    def part(split: Split, most: int) -> Split:
        kept = np.linspace(0, len(split) - 1, min(most, len(split))).round().astype(int)
        return Split(split.x[kept], split.y[kept])

    train, held_out = (max(examples, least) for least in _EXAMPLES)
    return replace(
        data,
        train=part(data.train, train),
        validation=part(data.validation, held_out),
        test=part(data.test, held_out),
    )


def _train(setups: list[Any], data: Dataset, epochs: int, watcher: RunWatcher) -> list[Any]:
    """Train all setups, a few populations at once; the trainer would train them one after another."""
    from dlsuite.training.seating import portions
    from dlsuite.training.sizes import population_size
    from dlsuite.training.trainer import Trainer

    trainer = Trainer()
    trainer.check(setups[0], data)
    size = population_size(setups[0].model, setups[0].settings.batch_size)
    cut = portions([setup.seed for setup in setups], size)
    watcher.begin(len(setups), 0)
    shared = SharedWatcher(watcher)
    results: dict[int, Any] = {}
    with ThreadPoolExecutor(lanes()) as threads:
        running = {
            threads.submit(
                trainer.train, [setups[i] for i in portion], data, epochs=epochs, watcher=shared
            ): portion
            for portion in cut
        }
        try:
            while running:
                for ended in first_done(running):
                    results.update(zip(running.pop(ended), ended.result(), strict=True))
        finally:  # An error, or an interrupt.
            shared.stop()
            threads.shutdown(cancel_futures=True)
    return [results[index] for index in range(len(setups))]


def _tables(setups: list[Any], results: list[Any], task: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Trials and curves, as a study would have them."""
    trials, curves = [], []
    for setup, result in zip(setups, results, strict=True):
        identity = {
            "task": task,
            RATE: setup.settings.learning_rate,
            "seed": setup.seed,
            "split_seed": 0,
        }
        trials.append({**identity, "status": result.status})
        curves += [
            {**identity, **{key: row[key] for key in ("epoch", "train_loss", "val_loss")}}
            for row in result.curves
        ]
    columns = ["task", RATE, "seed", "split_seed", "epoch", "train_loss", "val_loss"]
    return pd.DataFrame(trials), pd.DataFrame(curves, columns=columns)


def _block(judged: pd.DataFrame) -> list[float]:
    """The neighboring rates to choose from: around the best of those that arrive and do not overshoot.

    Where all that arrive overshoot, these.
    """
    arrives = judged["usable"].to_numpy(dtype=bool)
    calm = arrives & (judged["class"] != "overshoots").to_numpy()
    chosen = calm if calm.any() else arrives
    if not chosen.any():
        return []
    best = int(np.argmax(np.where(chosen, judged["progress"], -1.0)))
    first = last = best
    while first > 0 and chosen[first - 1]:
        first -= 1
    while last + 1 < len(chosen) and chosen[last + 1]:
        last += 1
    return [float(rate) for rate in judged[RATE].iloc[first : last + 1]]
