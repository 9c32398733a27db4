"""Simulated studies whose truth is known: do the intervals cover it, and the verdicts find it?

    python -m benchmarks.statistics            # 2,000 studies of each kind, half an hour

Scores are made up; all that follows (pairing, intervals, Holm's correction, the choice of tuned values) is
what a real study goes through.
"""

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from dlsuite.analysis import effects, summarize
from dlsuite.analysis.paired import power

TASKS = pd.DataFrame([{"task": "toy", "metric": "accuracy"}])
OUT = Path(__file__).parent / "results" / "statistics.csv"
SEED_SHARE = 0.7
"""The part of a score's standard deviation that all conditions of a seed have in common."""
PLANTED = 1.2
"""A planted effect, in standard deviations of the paired differences."""


Noise = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from the standard normal distribution."""
    return rng.normal(size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from an exponential distribution, turned and scaled to mean 0 and variance 1.

    Accuracies look like that: most trials near the top, some far below.
    """
    return 1 - rng.exponential(size=shape)


NOISES = {"normal": normal, "skewed": skewed}


def make_trials(
    rng: np.random.Generator,
    noise: Noise,
    *,
    seeds: int,
    shifts: list[float],
    splits: int = 1,
) -> pd.DataFrame:
    """Make up a study's trials; the factor `arm` numbers the conditions, 0 is the baseline.

    Args:
        rng: Draws.
        noise: Standardized noise.
        seeds: How many seeds.
        shifts: Each condition's true score.
        splits: How many data splits, each with a luck of its own.
    """
    shape = (len(shifts), splits, seeds)
    own = np.sqrt(1 - SEED_SHARE**2)
    scores = np.reshape(shifts, (-1, 1, 1)) + own * noise(rng, shape)
    scores += SEED_SHARE * rng.normal(size=(1, 1, seeds))
    if splits > 1:
        # Of the condition's own luck with a split, and of the split's.
        scores += rng.normal(size=(1, splits, 1)) + 0.5 * rng.normal(size=(*shape[:2], 1))
    arms, of_split, of_seed = (index.ravel() for index in np.indices(shape))
    return pd.DataFrame(
        {
            "task": "toy",
            "arm": arms,
            "condition": [f"arm={arm}" for arm in arms],
            "seed": of_seed,
            "split_seed": of_split,
            "status": "completed",
            "val_accuracy_best": scores.ravel(),
            "test_accuracy": scores.ravel(),
        }
    )


def primary_effects(trials: pd.DataFrame, *, tuned: tuple[str, ...] = ()) -> pd.DataFrame:
    """The study's effects in the metric that decides."""
    found = effects(trials, factors=["arm"], tuned=tuned, tasks=TASKS, baseline={"arm": 0})
    return found.loc[found["role"] == "primary"]


def covered(studies: int, noise: Noise, *, seeds: int, splits: int = 1) -> Iterator[float]:
    """Of each study with three conditions, the share of 95 % intervals that hold the true difference."""
    rng = np.random.default_rng([1, seeds, splits])
    shifts = [0.0, 0.0, 0.5, -1.0]
    for _ in range(studies):
        rows = primary_effects(make_trials(rng, noise, seeds=seeds, shifts=shifts, splits=splits))
        true = np.array(shifts[1:])
        yield float(((rows["ci_low"] <= true) & (true <= rows["ci_high"])).mean())


def mean_covered(studies: int, noise: Noise, *, seeds: int) -> Iterator[float]:
    """Of each study of one condition, whether the interval of its mean holds the truth.

    The scores stand far from 0 and 1, so that no interval is cut.
    """
    rng = np.random.default_rng([2, seeds])
    for _ in range(studies):
        trials = make_trials(rng, noise, seeds=seeds, shifts=[0.0])
        trials["test_accuracy"] = 0.5 + trials["test_accuracy"] / 100
        summary = summarize(trials, factors=["arm"], tuned=[], tasks=TASKS)
        row = summary.loc[summary["measure"] == "test_accuracy"].iloc[0]
        yield float(row["ci_low"] <= 0.5 <= row["ci_high"])


def false_claims(studies: int, noise: Noise, *, seeds: int) -> Iterator[float]:
    """Whether a study of four conditions without any effect claims one."""
    rng = np.random.default_rng([3, seeds])
    for _ in range(studies):
        rows = primary_effects(make_trials(rng, noise, seeds=seeds, shifts=[0.0] * 5))
        yield float(rows["verdict"].isin(["better", "worse"]).any())


def found(studies: int, noise: Noise, *, seeds: int) -> Iterator[float]:
    """Whether a study of one condition finds an effect of 1.2 standard deviations of the differences."""
    rng = np.random.default_rng([4, seeds])
    shift = PLANTED * np.sqrt(2 * (1 - SEED_SHARE**2))
    for _ in range(studies):
        rows = primary_effects(make_trials(rng, noise, seeds=seeds, shifts=[0.0, shift]))
        yield float((rows["verdict"] == "better").all())


def tuning_bias(studies: int, noise: Noise, *, seeds: int, likeness: str) -> Iterator[float]:
    """How far the measured effect of a condition lies from the truth where both sides are tuned.

    Three tuned values a side; validation and test scores of a trial are correlated by 0.5.

    Args:
        studies: How many.
        noise: Standardized noise.
        seeds: How many seeds.
        likeness: `alike`, where the three values are equally good on both sides, or `unlike`, where on the
            baseline's side one of them stands out, so that luck has no say there.
    """
    rng = np.random.default_rng([5, seeds, likeness == "alike"])
    truth = {(0, 0): 0.0 if likeness == "alike" else 3.0}
    best = max([0.0, *truth.values()])
    for _ in range(studies):
        parts = []
        for value in range(3):
            trials = make_trials(rng, noise, seeds=seeds, shifts=[truth.get((0, value), 0.0), 0.0])
            luck = rng.normal(size=len(trials))
            shift = trials["arm"].map(lambda arm, v=value: truth.get((arm, v), 0.0))
            shared = trials["test_accuracy"] - shift
            trials["val_accuracy_best"] = shift + 0.5 * shared + np.sqrt(0.75) * luck
            parts.append(trials.assign(rate=value))
        rows = primary_effects(pd.concat(parts, ignore_index=True), tuned=("rate",))
        yield float(rows["difference"].iloc[0]) + best


def simulate(studies: int) -> pd.DataFrame:
    """Run every simulation.

    Args:
        studies: How many studies of each kind.

    Returns:
        A row a simulation: what it asks, the noise, seeds and splits, the mean over studies, its standard
        error, and what should come out, by theory or by what the suite promises.
    """
    rows: list[dict[str, object]] = []

    def add(
        what: str, noise: str, seeds: int, promised: str, values: Iterator[float], splits: int = 1
    ) -> None:
        sample = np.array(list(values))
        error = sample.std(ddof=1) / np.sqrt(sample.size)
        rows.append(
            {
                "question": what,
                "noise": noise,
                "seeds": seeds,
                "splits": splits,
                "studies": sample.size,
                "rate": round(float(sample.mean()), 4),
                "standard_error": round(float(error), 4),
                "promised": promised,
            }
        )

    for noise, draw in NOISES.items():
        for n in (5, 10):
            add(
                "interval of a difference covers",
                noise,
                n,
                "0.93 to 0.97",
                covered(studies, draw, seeds=n),
            )
            add("interval of a mean covers", noise, n, "0.95", mean_covered(studies, draw, seeds=n))
            add(
                "any false claim, no effect",
                noise,
                n,
                "at most 0.05",
                false_claims(studies, draw, seeds=n),
            )
            theory = f"{power(PLANTED, n, alpha=0.05):.3f} by theory"
            add("a planted effect is found", noise, n, theory, found(studies, draw, seeds=n))
            for likeness in ("alike", "unlike"):
                bias = tuning_bias(studies, draw, seeds=n, likeness=likeness)
                add(f"bias by tuning, sides {likeness}", noise, n, "within 0.05 SD", bias)
    for n in (5, 10):
        across = covered(studies, normal, seeds=n, splits=3)
        add("interval of a difference covers", "normal", n, "at least 0.93", across, splits=3)
    return pd.DataFrame(rows)


def main() -> None:
    """Run the simulations, print them and write them to a CSV."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000, help="Studies of each kind.")
    parser.add_argument("--out", type=Path, default=OUT, help="Where to write the figures.")
    given = parser.parse_args()
    found_rates = simulate(given.studies)
    print(found_rates.to_string(index=False))
    found_rates.to_csv(given.out, index=False)


if __name__ == "__main__":
    main()
