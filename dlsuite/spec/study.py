"""What a study is: the question, the tasks, and what is varied, tuned and held fixed.

Everything here is immutable and typed. Whether a model takes a setting is not decided here but in
`dlsuite.study.plan`, which knows the registries.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator

from dlsuite.errors import SpecError
from dlsuite.spec.hyperparameters import display
from dlsuite.spec.tasks import Frozen, Settings, Task
from dlsuite.spec.values import Range, Value, Values, freeze, same, thaw
from dlsuite.spec.wording import first_line

RESERVED = frozenset(
    {"task", "condition", "seed", "split_seed", "status", "selected", "epoch", "epochs", "layer"}
    | {"measure", "trial", "parameters"}
)
"""Column names that a hyperparameter cannot have, because the result tables use them."""


MOST_SEEDS = 100_000
"""The most seeds that a study can count off."""


def _name_is_a_folder_name(name: str) -> str:
    if (
        not name
        or not all(letter.isalnum() or letter in "_-." for letter in name)
        or name[0] in "._-"
    ):
        raise ValueError(
            "name: expected letters, digits, '_', '-' and '.', beginning with a letter or digit, since it "
            f"becomes a folder in results/; got {name!r}"
        )
    return name


def _seeds(raw: object) -> object:
    """Let `seeds = 5` stand for 0, 1, 2, 3, 4."""
    raw = freeze(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        if not 1 <= raw <= MOST_SEEDS:
            raise ValueError(f"expected 1 to {MOST_SEEDS} seeds, or a list of them")
        return tuple(range(raw))
    return raw


def _no_duplicates(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) != len(seeds):
        raise ValueError("a seed stands there twice")
    return seeds


Seed = Annotated[int, Field(ge=0, lt=2**31)]
Seeds = Annotated[
    tuple[Seed, ...],
    BeforeValidator(_seeds, json_schema_input_type=int | list[int]),
    Field(min_length=1),
    AfterValidator(_no_duplicates),
]
Lists = dict[str, Values]


class Study(Frozen):
    """A question about hyperparameters, and everything that is needed to answer it."""

    name: str = Field(description="The folder in results/.")
    question: str = Field(default="", description="What the study asks, in a sentence.")
    tasks: tuple[Task, ...] = Field(min_length=1, strict=False, description="What is trained.")
    plugins: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(),
        strict=False,
        description="Python files that register models, data sets, metrics or losses.",
    )
    seeds: Seeds = Field(
        default=tuple(range(10)), description="How many seeds, counted from 0, or a list of them."
    )
    split_seeds: Seeds = Field(
        default=(0,), description="Seeds of the split into train, validation and test."
    )
    epochs: int = Field(default=40, ge=1, le=100_000, description="Passes over the training data.")
    metric: str | None = Field(
        default=None, description="The one that decides; chosen by the task type if absent."
    )
    metrics: tuple[str, ...] = Field(
        default=(), strict=False, description="Further metrics to report, for the tasks they fit."
    )
    factors: Lists = Field(min_length=1, description="What is asked about: a list or range each.")
    tune: Lists = Field(default={}, description="Nuisance ones, chosen anew for every condition.")
    fixed: Settings = Field(default={}, description="All that is held the same.")
    baseline: Settings = Field(
        default={}, description="What conditions are compared with; the first values if absent."
    )
    design: Literal["full", "one-at-a-time", "random"] = Field(
        default="full", description="Which combinations of the factors' values are conditions."
    )
    trials: int | None = Field(
        default=None, ge=1, description="How many conditions a random design draws."
    )

    def __init__(self, **settings: Any) -> None:
        """Check the settings.

        Raises:
            SpecError: They make no study; the message names the key, what was expected and what came.
        """
        try:
            super().__init__(**settings)
        except ValidationError as error:
            ranges = [field.alias or name for name, field in Range.model_fields.items()]
            known = {
                "": list(Study.model_fields),
                "tasks": list(Task.model_fields),
                "range": ranges,
            }
            raise SpecError(first_line(error, known=known)) from error

    @model_validator(mode="before")
    @classmethod
    def _name_comes_first(cls, raw: object) -> object:
        if isinstance(raw, Mapping) and isinstance(raw.get("name"), str):
            _name_is_a_folder_name(raw["name"])
        return raw

    @model_validator(mode="after")
    def _keys_stand_in_one_place(self) -> Self:
        places: dict[str, Mapping[str, object]] = {
            "factors": self.factors,
            "tune": self.tune,
            "fixed": self.fixed,
        }
        names = list(places)
        for index, first in enumerate(names):
            for second in names[index + 1 :]:
                for key in places[first]:
                    if key in places[second]:
                        raise ValueError(f"{key!r} stands in [{first}] and in [{second}]; keep one")
        for number, task in enumerate(self.tasks):
            own: dict[str, Mapping[str, object]] = {
                "fixed": task.fixed,
                "model": task.model.settings,
                "data": task.data.settings,
            }
            for key in task.fixed:
                for place in ("model", "data"):
                    if key in own[place]:
                        raise ValueError(
                            f"{key!r} stands in tasks.{number}.fixed and in tasks.{number}.{place} "
                            f"({task.label}); keep one"
                        )
            for place, settings in own.items():
                for key in settings:
                    for varied in ("factors", "tune"):
                        if key in places[varied]:
                            raise ValueError(
                                f"{key!r} stands in [{varied}] and in tasks.{number}.{place} "
                                f"({task.label}); keep one"
                            )
        for place, keys in {**places, "baseline": self.baseline}.items():
            for key in keys:
                if key in RESERVED:
                    plural = (
                        f"; list several as '{key}s'"
                        if f"{key}s" in type(self).model_fields
                        else ""
                    )
                    raise ValueError(f"{key!r} in [{place}] is a column of the results{plural}")
        return self

    @model_validator(mode="after")
    def _baseline_is_a_condition(self) -> Self:
        for key, value in self.baseline.items():
            if key not in self.factors:
                raise ValueError(
                    f"baseline.{key} is not a factor; the factors are " + ", ".join(self.factors)
                )
            if not any(same(value, known) for known in self.factors[key]):
                raise ValueError(
                    f"baseline.{key} = {display(value)} is not among factors.{key} = "
                    f"{display(self.factors[key])}"
                )
        return self

    @model_validator(mode="after")
    def _random_design_has_a_size(self) -> Self:
        if self.design == "random" and self.trials is None:
            raise ValueError("design = 'random' needs 'trials', the number of conditions to draw")
        if self.design != "random" and self.trials is not None:
            raise ValueError(f"'trials' goes with design = 'random'; the design is {self.design!r}")
        return self

    @model_validator(mode="after")
    def _tasks_have_names_of_their_own(self) -> Self:
        labels = [task.label for task in self.tasks]
        for label in labels:
            if labels.count(label) > 1:
                raise ValueError(f"two tasks are called {label!r}; give one a name of its own")
        return self

    @property
    def full_baseline(self) -> dict[str, Value]:
        """The baseline with every factor: the first value where the study names none."""
        return {
            key: next(value for value in values if same(value, self.baseline.get(key, values[0])))
            for key, values in self.factors.items()
        }

    def with_paths(self, change: Callable[[str], str]) -> "Study":
        """The same study, with a change made to every path of a file that it names.

        Args:
            change: From a path as it is written to another one.
        """
        tasks = tuple(
            task.model_copy(
                update={
                    "model": task.model.with_paths(change),
                    "data": task.data.with_paths(change),
                }
            )
            for task in self.tasks
        )
        plugins = tuple(change(path) for path in self.plugins)
        return self.model_copy(update={"tasks": tasks, "plugins": plugins})

    def as_dict(self) -> dict[str, Any]:
        """The study as plain lists and dicts, ready for TOML or JSON, without what is not set."""
        plain = thaw(self.model_dump(exclude_none=True))
        assert isinstance(plain, dict)
        plain["tasks"] = [_without_empty(task) for task in plain["tasks"]]
        return _without_empty(plain)


def _without_empty(settings: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if value not in ({}, "", [])}
