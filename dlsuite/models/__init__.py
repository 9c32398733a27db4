"""The registry of Keras models. Importing it imports neither Keras nor TensorFlow."""

from dlsuite.models import ann, cnn, rnn, tabular_resnet, tcn, text_cnn
from dlsuite.models.catalog import (
    add_model,
    create_model,
    create_model_for,
    list_models,
    model_entry,
    register_model,
    unregister_model,
)
from dlsuite.models.entry import ModelEntry
from dlsuite.models.plain import keyword_builder

__all__ = [
    "ModelEntry",
    "add_model",
    "ann",
    "cnn",
    "create_model",
    "create_model_for",
    "keyword_builder",
    "list_models",
    "model_entry",
    "register_model",
    "rnn",
    "tabular_resnet",
    "tcn",
    "text_cnn",
    "unregister_model",
]
