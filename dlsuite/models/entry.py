"""What the registry knows of a model: its builder, what can be set, what it is for, where it is from."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlsuite.errors import SpecError
from dlsuite.models.adapt import with_logits
from dlsuite.models.building import build_apart, check_built, failure
from dlsuite.models.papers import Paper, papers_in
from dlsuite.models.saved import content_version
from dlsuite.source import source_version
from dlsuite.spec import Hyperparameter, hyperparameters_of

if TYPE_CHECKING:
    import keras

FROM_DATA = ("input_shape", "outputs", "vocabulary")
"""The arguments of a builder that the data set gives; all others are hyperparameters."""

_SAMPLES: dict[str, tuple[tuple[int, ...], int | None]] = {
    "table": ((4,), None),
    "text": ((12,), 20),
    "series": ((16, 2), None),
    "image": ((32, 32, 3), None),
}
"""For each kind of data, the shape and vocabulary for which a builder is tried."""


@dataclass(frozen=True)
class ModelEntry:
    """A registered model.

    Attributes:
        name: Its name.
        kinds: The kinds of data it takes.
        builder: The function that builds it.
        purpose: What it is for, in a phrase; may be empty.
        path: The `.keras` file that it was saved in, if it comes from one.
    """

    name: str
    kinds: tuple[str, ...]
    builder: Callable[..., Any]
    purpose: str = ""
    path: Path | None = None

    @cached_property
    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """What a study can set, by name."""
        return hyperparameters_of(self.builder, skip=FROM_DATA)

    @property
    def is_shipped(self) -> bool:
        """Whether it is one of the suite's own."""
        module = getattr(self.builder, "__module__", None) or ""
        return self.path is None and module.startswith("dlsuite.")

    @cached_property
    def version(self) -> str:
        """What tells this builder from another of its name.

        For one of the suite's own it is empty, since their changes are counted by hand; for a user's it is
        a hash of its source, for a saved one of the file.
        """
        if self.path is not None:
            return content_version(self.path)
        return "" if self.is_shipped else source_version(self.builder)

    @property
    def summary(self) -> str:
        """The first line of the builder's docstring; empty if it has none."""
        return (inspect.getdoc(self.builder) or "").partition("\n")[0]

    @property
    def papers(self) -> tuple[Paper, ...]:
        """The papers that the builder's docstring names under `References:`, the model's own first."""
        return papers_in(inspect.getdoc(self.builder) or "")

    def build(
        self,
        *,
        input_shape: tuple[int, ...],
        outputs: int,
        vocabulary: int | None,
        settings: Mapping[str, Any],
    ) -> "keras.Model":
        """Build it for data of a shape.

        Args:
            input_shape: The shape of one example.
            outputs: Number of logits or values.
            vocabulary: For text, the number of different token ids.
            settings: A value for every hyperparameter.

        Raises:
            SpecError: The builder raises, or gives something other than what was asked for.
        """
        try:
            model = self._call(input_shape, outputs, vocabulary, settings)
        except SpecError:
            raise
        except Exception as error:
            raise self._failure(error, input_shape) from error
        return self._checked(model, input_shape, outputs)

    def try_build(self) -> None:
        """Build it for a small sample of each of its kinds, so that a mistake shows before a study runs.

        A sample may be too small for a model: it may say so by a `SpecError` or a `ValueError`. A model with
        a hyperparameter without default is not tried.

        Raises:
            SpecError: The builder raises anything else, or gives something other than what was asked for.
        """
        settings = {name: taken.default for name, taken in self.hyperparameters.items()}
        if any(default is inspect.Parameter.empty for default in settings.values()):
            return
        for kind in self.kinds:
            shape, vocabulary = _SAMPLES[kind]
            try:
                model = self._call(shape, 3, vocabulary, settings)
            except (SpecError, ValueError):
                continue
            except Exception as error:
                raise self._failure(error, shape) from error
            self._checked(model, shape, 3)

    def _call(
        self,
        input_shape: tuple[int, ...],
        outputs: int,
        vocabulary: int | None,
        settings: Mapping[str, Any],
    ) -> Any:
        given: dict[str, Any] = {"input_shape": input_shape, "outputs": outputs}
        if "vocabulary" in inspect.signature(self.builder).parameters:
            given["vocabulary"] = vocabulary
        if self.is_shipped:
            return build_apart(functools.partial(self.builder, **given, **settings))
        # Within the same thread, so that what is added has the same name each time.
        return build_apart(lambda: with_logits(self.builder(**given, **settings), outputs=outputs))

    def _checked(self, model: Any, input_shape: tuple[int, ...], outputs: int) -> "keras.Model":
        return check_built(
            model,
            name=self.name,
            builder=self.builder,
            input_shape=input_shape,
            outputs=outputs,
            path=self.path,
        )

    def _failure(self, error: Exception, input_shape: tuple[int, ...]) -> SpecError:
        return failure(error, name=self.name, builder=self.builder, input_shape=input_shape)
