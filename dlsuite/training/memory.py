"""Memory: whether an error says that it ran out, and when models that nobody uses give theirs back."""

import gc
import threading

import keras
import tensorflow as tf

DRAWS_KEPT = 2**28
"""Bytes of initial weights that are kept for the next population of the same seeds."""
_MUCH = 2**28
"""Bytes of models let go of that are worth a tenth of a second."""
KEPT = DRAWS_KEPT + _MUCH
"""Bytes of weights that a process keeps between populations."""
_SAID = ("out of memory", "oom when", "failed to allocate", "bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's own error, or TensorFlow's.

    Where the system promises more memory than it has and kills who uses it, there is no error to see.
    """
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return True
    text = str(error).lower()
    return isinstance(error, tf.errors.OpError) and any(said in text for said in _SAID)


def weight_bytes(model: keras.Model) -> int:
    """The bytes that a model's weights take."""
    width = 8 if model.variable_dtype == "float64" else 4
    return width * int(model.count_params())


class _Litter:
    """Models that nobody uses any more, and that are still there.

    A Keras model and its layers refer to one another, and Python finds such circles by the number of objects,
    not of bytes: of large models gigabytes would wait.
    """

    def __init__(self) -> None:
        self._bytes = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Models of so many bytes were let go of; frees them once they are much."""
        with self._lock:
            self._bytes += size
            if self._bytes < _MUCH:
                return
            self._bytes = 0
        gc.collect()


litter = _Litter()
