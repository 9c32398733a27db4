"""Tables in, tables out: what the trials of a study say. No TensorFlow."""

from dlsuite.analysis.analyze import TABLES as TABLES
from dlsuite.analysis.analyze import analyze as analyze
from dlsuite.analysis.analyze import with_overfitting as with_overfitting
from dlsuite.analysis.comparison import compare_studies as compare_studies
from dlsuite.analysis.effects import effects as effects
from dlsuite.analysis.findings import findings as findings
from dlsuite.analysis.intervals import MeanInterval as MeanInterval
from dlsuite.analysis.intervals import mean_interval as mean_interval
from dlsuite.analysis.planning import seeds_needed as seeds_needed
from dlsuite.analysis.selection import count_tuned as count_tuned
from dlsuite.analysis.selection import select_tuned as select_tuned
from dlsuite.analysis.summary import summarize as summarize
