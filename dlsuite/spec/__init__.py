"""What a study is: typed and immutable, read from TOML, with overrides, written back, as JSON schema."""

from dlsuite.spec.hyperparameters import (
    Count,
    DropoutRate,
    Hyperparameter,
    Later,
    Penalty,
    Positive,
    Rate,
    Sizes,
    Vectorized,
    WeightPenalty,
    display,
    hyperparameters_of,
    validate_settings,
)
from dlsuite.spec.losses import list_losses, register_loss
from dlsuite.spec.metrics import list_metrics, register_metric
from dlsuite.spec.overrides import read_lists, read_overrides
from dlsuite.spec.paths import as_path, found_path, is_path, relative_path
from dlsuite.spec.reading import parse_study, read_study, study_schema, write_study
from dlsuite.spec.study import Study
from dlsuite.spec.tasks import Named, Task
from dlsuite.spec.values import Range, Value

__all__ = [
    "Count",
    "DropoutRate",
    "Hyperparameter",
    "Later",
    "Named",
    "Penalty",
    "Positive",
    "Range",
    "Rate",
    "Sizes",
    "Study",
    "Task",
    "Value",
    "Vectorized",
    "WeightPenalty",
    "as_path",
    "display",
    "found_path",
    "hyperparameters_of",
    "is_path",
    "list_losses",
    "list_metrics",
    "parse_study",
    "read_lists",
    "read_overrides",
    "read_study",
    "register_loss",
    "register_metric",
    "relative_path",
    "study_schema",
    "validate_settings",
    "write_study",
]
