"""Tables in, tables out: what the trials of a study say. No TensorFlow."""

from dlsuite.analysis.findings import findings as findings
from dlsuite.analysis.intervals import MeanInterval as MeanInterval
from dlsuite.analysis.intervals import mean_interval as mean_interval
from dlsuite.analysis.selection import select_tuned as select_tuned
from dlsuite.analysis.summary import summarize as summarize
