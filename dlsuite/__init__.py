"""Ablation studies of Keras models: learning rates, dropout, batch normalization, and what they do.

Importing this package imports neither Keras nor TensorFlow; what needs them imports them when called.
"""

from typing import TYPE_CHECKING, Any

from dlsuite.errors import DataError, DlsuiteError, SpecError, StoreError, UnknownNameError

if TYPE_CHECKING:
    from dlsuite.data import Dataset, list_data, load_data, register_data
    from dlsuite.explanations import Explanation, explain
    from dlsuite.models import create_model, list_models, register_model
    from dlsuite.spec import (
        DropoutRate,
        Study,
        list_losses,
        list_metrics,
        parse_study,
        read_study,
        register_loss,
        register_metric,
    )
    from dlsuite.study import (
        Certificate,
        History,
        LearningRateRange,
        Results,
        ablate,
        load_plugins,
        load_results,
        lr_range,
        run,
        train,
        verify,
    )

__version__ = "0.1.0"

_HOMES = {
    "Certificate": "dlsuite.study",
    "Dataset": "dlsuite.data",
    "DropoutRate": "dlsuite.spec",
    "Explanation": "dlsuite.explanations",
    "History": "dlsuite.study",
    "LearningRateRange": "dlsuite.study",
    "Results": "dlsuite.study",
    "Study": "dlsuite.spec",
    "ablate": "dlsuite.study",
    "create_model": "dlsuite.models",
    "explain": "dlsuite.explanations",
    "list_data": "dlsuite.data",
    "list_losses": "dlsuite.spec",
    "list_metrics": "dlsuite.spec",
    "list_models": "dlsuite.models",
    "load_data": "dlsuite.data",
    "load_plugins": "dlsuite.study",
    "load_results": "dlsuite.study",
    "lr_range": "dlsuite.study",
    "parse_study": "dlsuite.spec",
    "read_study": "dlsuite.spec",
    "register_data": "dlsuite.data",
    "register_loss": "dlsuite.spec",
    "register_metric": "dlsuite.spec",
    "register_model": "dlsuite.models",
    "run": "dlsuite.study",
    "train": "dlsuite.study",
    "verify": "dlsuite.study",
}

__all__ = [
    "Certificate",
    "DataError",
    "Dataset",
    "DlsuiteError",
    "DropoutRate",
    "Explanation",
    "History",
    "LearningRateRange",
    "Results",
    "SpecError",
    "StoreError",
    "Study",
    "UnknownNameError",
    "ablate",
    "create_model",
    "explain",
    "list_data",
    "list_losses",
    "list_metrics",
    "list_models",
    "load_data",
    "load_plugins",
    "load_results",
    "lr_range",
    "parse_study",
    "read_study",
    "register_data",
    "register_loss",
    "register_metric",
    "register_model",
    "run",
    "train",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that `import dlsuite` costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'dlsuite' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
