"""A task of a study: a model together with a data set, each by its registered name or from a file."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_serializer,
    model_validator,
)

from dlsuite.spec.paths import as_path, is_path
from dlsuite.spec.values import Value, freeze

Setting = Annotated[Value, BeforeValidator(freeze)]
Settings = dict[str, Setting]


class Frozen(BaseModel):
    """What a study's parts have in common: immutable, without unknown keys, of exact types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Named(BaseModel):
    """A registered model or data set, or one from a file, with settings of its own.

    Written as its name, or as `{ name = "cnn", filters = [16, 32] }`; a file as
    `{ path = "people.csv", target = "income" }`, or as its path alone.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    name: str = Field(min_length=1, description="The registered name, or the path of a file.")
    __pydantic_extra__: dict[str, Setting]

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, raw: object) -> object:
        if isinstance(raw, Mapping) and "path" in raw:
            if "name" in raw:
                raise ValueError("expected a 'name' (registered) or a 'path' (a file), not both")
            rest = {key: value for key, value in raw.items() if key != "path"}
            return {
                "name": as_path(raw["path"]) if isinstance(raw["path"], str) else raw["path"],
                **rest,
            }
        return {"name": raw} if isinstance(raw, str) else raw

    @property
    def is_file(self) -> bool:
        """Whether it is a file: a registered name has no dot and no slash."""
        return is_path(self.name)

    @property
    def label(self) -> str:
        """What it is called: the registered name, or the file's without its suffixes."""
        return Path(self.name).name.partition(".")[0] or self.name if self.is_file else self.name

    @property
    def settings(self) -> dict[str, Value]:
        """Its own settings, without the name."""
        return dict(self.__pydantic_extra__)

    def with_paths(self, change: Callable[[str], str]) -> Self:
        """The same, with a change made to every path: its own, and settings that end in `path`."""
        changed = {
            key: change(value) if key.endswith("path") and isinstance(value, str) else value
            for key, value in self.settings.items()
        }
        name = as_path(change(self.name)) if self.is_file else self.name
        return type(self).model_validate({"name": name, **changed})

    @model_serializer
    def _as_written(self) -> str | dict[str, Any]:
        if not self.settings:
            return self.name
        return {"path" if self.is_file else "name": self.name, **self.settings}


class Task(Frozen):
    """A model together with a data set."""

    model: Named = Field(description="A registered model, with settings of its own if need be.")
    data: Named = Field(description="A registered data set, with settings of its own if need be.")
    name: str | None = Field(
        default=None, min_length=1, description="What to call it; `model/data` if absent."
    )
    fixed: Settings = Field(
        default={}, description="Settings of this task, which go before the study's `[fixed]`."
    )

    @property
    def label(self) -> str:
        """What the task is called in tables and figures."""
        return self.name or f"{self.model.label}/{self.data.label}"
