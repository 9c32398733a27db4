"""Whether an error says that memory ran out."""

import tensorflow as tf

_SAID = ("out of memory", "oom when", "failed to allocate", "bad_alloc")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's own error, or TensorFlow's.

    Where the system promises more memory than it has and kills who uses it, there is no error to see.
    """
    if isinstance(error, MemoryError | tf.errors.ResourceExhaustedError):
        return True
    text = str(error).lower()
    return isinstance(error, tf.errors.OpError) and any(said in text for said in _SAID)
