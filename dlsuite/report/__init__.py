"""Figures of a study, drawn from its tables. No TensorFlow."""

from dlsuite.report.factor_data import FactorData as FactorData
from dlsuite.report.factor_data import factor_data as factor_data
from dlsuite.report.factor_plots import factor_figure as factor_figure
from dlsuite.report.factor_plots import plot_factor as plot_factor
from dlsuite.report.figures import draw_figures as draw_figures
from dlsuite.report.figures import study_figures as study_figures
from dlsuite.report.learning_curve_data import learning_curve_data as learning_curve_data
from dlsuite.report.learning_curves import learning_curve_figure as learning_curve_figure
from dlsuite.report.learning_curves import plot_learning_curves as plot_learning_curves
from dlsuite.report.plots import plot as plot
from dlsuite.report.plots import plot_names as plot_names
from dlsuite.report.study_figure import StudyFigure as StudyFigure
from dlsuite.report.study_tables import StudyTables as StudyTables
