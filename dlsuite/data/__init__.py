"""Data sets, split and scaled. Importing it imports neither TensorFlow nor what reads them."""

from dlsuite.data import classics, images, series, tables, text
from dlsuite.data.arrays import make_arrays
from dlsuite.data.catalog import (
    DataEntry,
    add_data,
    data_entry,
    data_settings,
    list_data,
    register_data,
    settings_of,
    unregister_data,
)
from dlsuite.data.characters import CharacterEncoder
from dlsuite.data.columns import ColumnDescription
from dlsuite.data.dataset import Dataset, Guess
from dlsuite.data.encoding import (
    CategoryEncoding,
    ColumnEncoding,
    DateEncoding,
    NumberEncoding,
    TableEncoder,
)
from dlsuite.data.files import TABLE_SUFFIXES, is_table_path, read_table
from dlsuite.data.gathered import Gathered
from dlsuite.data.inputs import InputColumn, raw_columns
from dlsuite.data.loading import load_data
from dlsuite.data.path_kinds import settings_of_paths
from dlsuite.data.raw import Arrays, Examples, Phrases, Raw, Table, TimeSeries
from dlsuite.data.recent import Recent
from dlsuite.data.rows import SplitRules
from dlsuite.data.scaling import ChannelScaler
from dlsuite.data.split import Split
from dlsuite.data.table import describe_columns
from dlsuite.data.words import WordEncoder
from dlsuite.spec.kinds import KINDS, TASK_TYPES, Kind, TaskType

__all__ = [
    "KINDS",
    "TABLE_SUFFIXES",
    "TASK_TYPES",
    "Arrays",
    "CategoryEncoding",
    "ChannelScaler",
    "CharacterEncoder",
    "ColumnDescription",
    "ColumnEncoding",
    "DataEntry",
    "Dataset",
    "DateEncoding",
    "Examples",
    "Gathered",
    "Guess",
    "InputColumn",
    "Kind",
    "NumberEncoding",
    "Phrases",
    "Raw",
    "Recent",
    "Split",
    "SplitRules",
    "Table",
    "TableEncoder",
    "TaskType",
    "TimeSeries",
    "WordEncoder",
    "add_data",
    "classics",
    "data_entry",
    "data_settings",
    "describe_columns",
    "images",
    "is_table_path",
    "list_data",
    "load_data",
    "make_arrays",
    "raw_columns",
    "read_table",
    "register_data",
    "series",
    "settings_of",
    "settings_of_paths",
    "tables",
    "text",
    "unregister_data",
]
