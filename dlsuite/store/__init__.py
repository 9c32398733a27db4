"""The result tables' columns, and the folder that holds them."""

from dlsuite.store.folder import Part, ResultsFolder, read_csv, to_csv
from dlsuite.store.schema import (
    SCORES,
    curve_columns,
    identity_columns,
    layer_columns,
    trial_columns,
)
from dlsuite.store.weights import Weights

__all__ = [
    "SCORES",
    "Part",
    "ResultsFolder",
    "Weights",
    "curve_columns",
    "identity_columns",
    "layer_columns",
    "read_csv",
    "to_csv",
    "trial_columns",
]
