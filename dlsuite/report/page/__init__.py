"""The pages of a study and over studies, from tables and figures. No TensorFlow."""

from dlsuite.report.page.cards import short_answers as short_answers
from dlsuite.report.page.images import PageFigure as PageFigure
from dlsuite.report.page.images import page_figure as page_figure
from dlsuite.report.page.index_page import IndexEntry as IndexEntry
from dlsuite.report.page.index_page import index_page as index_page
from dlsuite.report.page.study_page import study_page as study_page
