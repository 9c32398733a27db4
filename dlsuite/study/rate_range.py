"""What a learning-rate range test found: its table, which rate to take, and in which words to say so."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from dlsuite.analysis.learning_rates import RATE
from dlsuite.errors import StoreError


@dataclass(frozen=True, eq=False)
class LearningRateRange:
    """What a learning-rate range test found.

    Attributes:
        table: A row a rate, rising: `learning_rate`; `class`, as `dlsuite.analysis.learning_rates` gives it;
            `loss`, the median over the completed seeds of the validation loss at the end, in nats or
            standardized squared error; `progress`, `rise_share` and `oscillation`, its evidence; `n` and
            `n_diverged`, seeds that completed and that diverged.
        suggestion: The rate to take; None where no rate trains. It is one of those that were tried.
        usable: The lowest and the highest of the neighboring rates that it was chosen from: they come
            about as far as the best without overshooting. None where there is no suggestion.
        epochs: How many epochs each rate was trained.
        steps: How many steps that were.
        seeds: How many seeds each rate was trained with.
        start: The median validation loss before any step.
    """

    table: pd.DataFrame
    suggestion: float | None
    usable: tuple[float, float] | None
    epochs: int
    steps: int
    seeds: int
    start: float

    @property
    def decades(self) -> float:
        """How wide the usable range is, each rate as wide as a step of the grid; 0 where there is none."""
        if self.usable is None:
            return 0.0
        rates = self.table[RATE]
        step = math.log10(rates.iloc[-1] / rates.iloc[0]) / (len(rates) - 1)
        return math.log10(self.usable[1] / self.usable[0]) + step

    def answer(self) -> dict[str, Any]:
        """Everything as plain values, ready for JSON; what is no number is None."""
        rows = self.table.astype(object).where(self.table.notna(), None).to_dict("records")
        return {
            "suggestion": self.suggestion,
            "usable": list(self.usable) if self.usable else None,
            "decades": self.decades,
            "sentence": self.sentence(),
            "epochs": self.epochs,
            "steps": self.steps,
            "seeds": self.seeds,
            "rates": rows,
        }

    def write(self, path: Path) -> None:
        """Write the table as CSV.

        Raises:
            StoreError: The file cannot be written.
        """
        try:
            self.table.to_csv(path, index=False)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written ({error.strerror or error}); choose another file."
            ) from error

    def rows(self) -> list[dict[str, str]]:
        """The table as a terminal shows it, the suggestion marked; who diverged, if any did."""
        some = bool(self.table["n_diverged"].any())
        return [
            {
                "learning rate": rate_text(row[RATE]),
                "class": row["class"],
                "loss after": "-" if math.isnan(row["loss"]) else f"{row['loss']:.4g}",
                **({"diverged": f"{row['n_diverged']} of {self.seeds}"} if some else {}),
                "": "<- suggested" if row[RATE] == self.suggestion else "",
            }
            for row in self.table.to_dict("records")
        ]

    def sentence(self) -> str:
        """Say which rate to take, on what grounds, and where else to look if need be."""
        rates = self.table[RATE]
        lowest, highest = float(rates.iloc[0]), float(rates.iloc[-1])
        tried = f"from {rate_text(lowest)} to {rate_text(highest)}"
        if self.suggestion is None or self.usable is None:
            if (self.table["class"] == "diverges").all():
                below = rate_text(lowest / 1000)
                return f"No rate {tried} trains; the lowest diverges too: begin lower, with --from {below}."
            return (
                f"No rate {tried} lowers the validation loss by as much as 1 % in {self.steps} steps: train "
                f"for longer, with --epochs {4 * self.epochs}, or see whether the model can learn the data."
            )
        row = self.table.loc[rates == self.suggestion].iloc[0]
        low, high = self.usable
        seeds = "one seed" if self.seeds == 1 else f"median of {self.seeds} seeds"
        width = f"{self.decades:.2g}"
        said = (
            f"Suggested learning rate {rate_text(self.suggestion)}: it takes the validation loss from "
            f"{self.start:.3g} to {row['loss']:.3g} in {self.steps} steps ({seeds}); usable from "
            f"{rate_text(low)} to {rate_text(high)} ({width} decade{'' if width == '1' else 's'})."
        )
        if high == highest:
            said += f" The highest rate tried is still good: look higher, with --to {rate_text(100 * high)}."
        if low == lowest:
            said += f" The lowest rate tried is already good: look lower, with --from {rate_text(low / 100)}."
        return said

    def _repr_html_(self) -> str:
        """What to take and what was tried, as a notebook shows it."""
        from dlsuite.study.html import rate_range_html  # It needs this class.

        return rate_range_html(self)


def rate_text(rate: float) -> str:
    """Write a rate so that it can be typed: `0.0022`, `1e-5`."""
    mantissa, _, exponent = f"{rate:g}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa
