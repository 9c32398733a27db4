"""What a peer hands back: raw seconds. Nothing is averaged here but in `per_step`."""

from dataclasses import dataclass, field
from statistics import median
from typing import Any

from benchmarks.cases import BATCH, Case


@dataclass(kw_only=True)
class Measured:
    """Seconds of a peer's trainings.

    Attributes:
        parameters: Trainable parameters of one of its models.
        together: How many models a step trains.
        train: For each training, the seconds of each epoch's steps; the first compiles.
        whole: The same with the evaluation that follows the steps; empty if the peer evaluates nothing.
        trainings: Seconds of each training from building the model on.
        models: How many models these trainings gave.
    """

    parameters: int
    together: int = 1
    train: list[list[float]] = field(default_factory=list)
    whole: list[list[float]] = field(default_factory=list)
    trainings: list[float] = field(default_factory=list)

    @property
    def models(self) -> int:
        """How many models were trained."""
        return self.together * len(self.trainings)

    def row(self, case: Case) -> dict[str, Any]:
        """Reduce to what the tables show, without what only the parent process can see.

        Raises:
            AssertionError: The models are of another size than the case's.
        """
        assert self.parameters == case.parameters, (
            f"{case.name}: expected {case.parameters} trainable parameters; got {self.parameters}."
        )
        step_us = _per_step(self.train, case.steps * self.together)
        later = self.trainings[1:] or self.trainings
        return {
            "case": case.name,
            "models": self.models,
            "members": case.members,
            "epochs": len(self.train[0]),
            "steps": case.steps,
            "batch": BATCH,
            "parameters": self.parameters,
            "step_us": step_us,
            "epoch_us": _per_step(self.whole, case.steps * self.together) if self.whole else None,
            "compile_s": max(0.0, self.train[0][0] - step_us * case.steps * self.together / 1e6),
            "next_model_s": 0.0 if self.models >= case.members else median(later),
            "gflops": case.step_flops / step_us / 1e3,
        }


def _per_step(epochs: list[list[float]], steps: int) -> float:
    """Microseconds per step and model: the median over all epochs but each training's first."""
    return median(seconds for training in epochs for seconds in training[1:]) / steps * 1e6
