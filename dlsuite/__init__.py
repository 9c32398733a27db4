"""Ablation studies of Keras models: learning rates, dropout, batch normalization, and what they do.

Importing this package imports neither Keras nor TensorFlow; what needs them imports them when called.
"""

from typing import TYPE_CHECKING, Any

from dlsuite.errors import DataError, DlsuiteError, SpecError, StoreError, UnknownNameError

if TYPE_CHECKING:
    from dlsuite.data import Dataset, list_data, load_data, register_data
    from dlsuite.explanations import Explanation, explain
    from dlsuite.models import create_model, list_models, register_model
    from dlsuite.spec import DropoutRate, Study, parse_study, read_study
    from dlsuite.study import (
        Certificate,
        LearningRateRange,
        Results,
        ablate,
        load_plugins,
        load_results,
        lr_range,
        run,
        verify,
    )

__version__ = "0.1.0"

_HOMES = {
    "Dataset": "dlsuite.data",
    "Certificate": "dlsuite.study",
    "DropoutRate": "dlsuite.spec",
    "Explanation": "dlsuite.explanations",
    "LearningRateRange": "dlsuite.study",
    "Results": "dlsuite.study",
    "Study": "dlsuite.spec",
    "ablate": "dlsuite.study",
    "create_model": "dlsuite.models",
    "explain": "dlsuite.explanations",
    "list_data": "dlsuite.data",
    "list_models": "dlsuite.models",
    "load_data": "dlsuite.data",
    "load_plugins": "dlsuite.study",
    "load_results": "dlsuite.study",
    "lr_range": "dlsuite.study",
    "parse_study": "dlsuite.spec",
    "read_study": "dlsuite.spec",
    "register_data": "dlsuite.data",
    "register_model": "dlsuite.models",
    "run": "dlsuite.study",
    "verify": "dlsuite.study",
}

__all__ = [
    "Certificate",
    "DataError",
    "Dataset",
    "DlsuiteError",
    "DropoutRate",
    "Explanation",
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
    "list_models",
    "load_data",
    "load_plugins",
    "load_results",
    "lr_range",
    "parse_study",
    "read_study",
    "register_data",
    "register_model",
    "run",
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
