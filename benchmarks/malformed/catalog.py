"""All kinds of malformed inputs, by name."""

from benchmarks.malformed.images import IMAGE
from benchmarks.malformed.keras_files import KERAS
from benchmarks.malformed.kinds import InputKind
from benchmarks.malformed.results import RESULTS
from benchmarks.malformed.series import SERIES
from benchmarks.malformed.studies import OVERRIDE, STUDY
from benchmarks.malformed.tables import CSV, FEATHER, PARQUET
from benchmarks.malformed.texts import TEXTS

_ALL = (STUDY, OVERRIDE, CSV, PARQUET, FEATHER, IMAGE, TEXTS, SERIES, RESULTS, KERAS)

KINDS: dict[str, InputKind] = {kind.name: kind for kind in _ALL}
"""The kinds, in the order in which they are run."""
