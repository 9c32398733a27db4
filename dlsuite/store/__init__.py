"""The result tables' columns, and the folder that holds them."""

from dlsuite.store.folder import ResultsFolder
from dlsuite.store.part import Part
from dlsuite.store.schema import (
    SCORES,
    curve_columns,
    identity_columns,
    layer_columns,
    trial_columns,
)
from dlsuite.store.tables import read_csv, to_csv
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
