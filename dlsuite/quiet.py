"""Import TensorFlow without its start-up remarks, and let it keep what it compiles."""

import os
import sys
import tempfile

from dlsuite.compiled import keep_compiled


def import_tensorflow() -> None:
    """Import TensorFlow, and keep what it says on the way to itself unless the import fails.

    TensorFlow writes remarks about drivers and instruction sets to the terminal before its own log level
    counts (tensorflow/tensorflow issue 100442). Whoever has set `TF_CPP_MIN_LOG_LEVEL` sees them all.
    """
    # It would take all memory of all GPUs; worker processes may share one.
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    if "tensorflow" in sys.modules:
        return
    keep_compiled()
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        import tensorflow

        return
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with tempfile.TemporaryFile() as remarks:
        sys.stderr.flush()
        terminal = os.dup(2)
        os.dup2(remarks.fileno(), 2)
        try:
            import tensorflow  # noqa: F401
        except BaseException:
            remarks.seek(0)
            os.write(terminal, remarks.read())
            raise
        finally:
            os.dup2(terminal, 2)
            os.close(terminal)
