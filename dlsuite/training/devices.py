"""The devices that populations train on: GPUs where TensorFlow sees any, else the CPU.

Nothing else knows of them. What cannot be tried without a GPU is `found_gpus`; tests let it give logical
devices of the CPU instead. TensorFlow takes a GPU's memory as it is needed: see `dlsuite.quiet`.

What is the same on both: the draws, since the random generator is made of plain operations and the initial
weights are drawn on the CPU; the population forms, which are plain operations as well. They were chosen by
measurements on CPUs (patches and a product instead of a convolution, windows side by side instead of pooling,
a product with one-hot vectors instead of a scatter, gates apart); nobody has measured them on a GPU.

What is not: the last bits. On a GPU they may differ from run to run too, since XLA tries out there which
kernel is the fastest, and adds up in any order. The environment variable `TF_DETERMINISTIC_OPS=1` stops that,
and with it models whose pooling windows overlap, for whose gradient XLA then has no code. float32 is computed
in float32: TensorFlow's own choice would round what it multiplies to 10 bits (TensorFloat-32).
"""

import contextlib
import functools
import os
import subprocess
import threading
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

import tensorflow as tf

_UNKNOWN_MEMORY = 4 * 2**30
"""What a GPU is taken to have whose memory cannot be asked for."""


class Gpu(NamedTuple):
    """A GPU, or what a test takes for one.

    Attributes:
        name: As TensorFlow calls it, as in `GPU:0`.
        model: What it is, for people.
        memory: Its bytes.
    """

    name: str
    model: str
    memory: int


def found_gpus() -> list[Gpu]:
    """Ask for the GPUs that TensorFlow sees. All that cannot be tried without one is here."""
    seen = tf.config.list_physical_devices("GPU")
    if not seen:
        return []
    tf.config.experimental.enable_tensor_float_32_execution(False)
    memory = smallest_memory()
    models = [
        tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in seen
    ]
    return [Gpu(f"GPU:{number}", str(model), memory) for number, model in enumerate(models)]


@functools.cache
def gpus() -> tuple[Gpu, ...]:
    """The GPUs; asked for once."""
    return tuple(found_gpus())


def gpu_memory() -> int | None:
    """The bytes of the smallest GPU; None where populations train on the CPU.

    The size of populations depends on it. So in a worker it is what the run's own process has, by whose size
    the populations were cut.
    """
    return _said[0] if _said else min((gpu.memory for gpu in gpus()), default=None)


def say_gpu_memory(memory: int | None) -> None:
    """Say what `gpu_memory` of the run's own process is."""
    _said[:] = [memory]


def gpu_ids() -> list[str]:
    """The GPUs as `CUDA_VISIBLE_DEVICES` names them: by what the user says there, or by number."""
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    named = map(str, range(len(gpus()))) if said is None else said.split(",")
    # CUDA stops at the first that there is not.
    return [name.strip() for name in named][: len(gpus())]


def device_names() -> list[str]:
    """What populations train on, for people."""
    return [f"{gpu.model}, {gpu.memory / 2**30:.0f} GB" for gpu in gpus()] or ["CPU"]


@contextlib.contextmanager
def placed() -> Iterator[None]:
    """Place what is made and computed meanwhile on a GPU that has nothing else to do; wait for one.

    Where there are no GPUs nothing changes: any number of populations share the CPU.
    """
    if not gpus():
        yield
        return
    with _change:
        _change.wait_for(lambda: len(_taken) < len(gpus()))
        name = next(gpu.name for gpu in gpus() if gpu.name not in _taken)
        _taken.add(name)
    before = _here.set(name)
    try:
        with tf.device(name):
            yield
    finally:
        _here.reset(before)
        with _change:
            _taken.remove(name)
            _change.notify()


def here() -> str:
    """The name of the GPU that `placed` has found for this thread; empty where it has not."""
    return _here.get()


@contextlib.contextmanager
def on_host() -> Iterator[None]:
    """Compute on the CPU meanwhile, so that what is drawn is the same wherever it is used."""
    with tf.device("CPU:0") if gpus() else contextlib.nullcontext():
        yield


def smallest_memory() -> int:
    """The bytes of the smallest GPU, as NVIDIA's own tool tells; TensorFlow tells only what it has taken."""
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=True
        ).stdout
        return min(int(megabytes) for megabytes in told.split()) * 2**20
    except (OSError, ValueError, subprocess.SubprocessError):
        return _UNKNOWN_MEMORY


_said: list[int | None] = []
_here: ContextVar[str] = ContextVar("here", default="")
_change = threading.Condition()
_taken: set[str] = set()
