"""Data sets, split and scaled. Importing it imports neither TensorFlow nor what reads them."""

from dlsuite.data import images, series, tables, text
from dlsuite.data.catalog import (
    DataEntry,
    data_entry,
    data_settings,
    list_data,
    load_data,
    register_data,
    unregister_data,
)
from dlsuite.data.dataset import KINDS, TASK_TYPES, Dataset, Guess, Kind, Split, TaskType
from dlsuite.data.raw import Examples, Phrases, Raw, TimeSeries

__all__ = [
    "KINDS",
    "TASK_TYPES",
    "DataEntry",
    "Dataset",
    "Examples",
    "Guess",
    "Kind",
    "Phrases",
    "Raw",
    "Split",
    "TaskType",
    "TimeSeries",
    "data_entry",
    "data_settings",
    "images",
    "list_data",
    "load_data",
    "register_data",
    "series",
    "tables",
    "text",
    "unregister_data",
]
