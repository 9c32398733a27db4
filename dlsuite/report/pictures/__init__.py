"""Pictures of training, drawn from tables. No TensorFlow."""

from dlsuite.report.pictures.catalog import draw_pictures as draw_pictures
