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
from dlsuite.data.characters import CharacterEncoder
from dlsuite.data.dataset import KINDS, TASK_TYPES, Dataset, Guess, Kind, Split, TaskType
from dlsuite.data.encoding import (
    CategoryEncoding,
    ColumnEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoder,
)
from dlsuite.data.inputs import InputColumn, raw_columns
from dlsuite.data.raw import Examples, Phrases, Raw, TimeSeries
from dlsuite.data.scaling import ChannelScaler

__all__ = [
    "KINDS",
    "TASK_TYPES",
    "CategoryEncoding",
    "ChannelScaler",
    "CharacterEncoder",
    "ColumnEncoding",
    "DataEntry",
    "Dataset",
    "DateEncoding",
    "Examples",
    "Guess",
    "InputColumn",
    "Kind",
    "NumberEncoding",
    "Phrases",
    "Raw",
    "Split",
    "TableEncoder",
    "TaskType",
    "TimeSeries",
    "data_entry",
    "data_settings",
    "images",
    "list_data",
    "load_data",
    "raw_columns",
    "register_data",
    "series",
    "tables",
    "text",
    "unregister_data",
]
