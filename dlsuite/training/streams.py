"""Random streams: every draw is a stateless function of (seed, stream, path, step).

A stream is what is drawn for (`initial weights`, `dropout`, `augmentation`, `batches`, `lesions`), a path
names the layer.
Nothing is counted along the way, so taking one layer out or drawing more for another moves no other draw,
and two trials with the same seed draw the same numbers wherever they have the same layers: their difference
is that of their settings (common random numbers).
"""

import hashlib

import numpy as np
import numpy.typing as npt


def stream_key(seed: int, stream: str, path: str = "") -> npt.NDArray[np.int32]:
    """The key of a stream.

    Args:
        seed: The trial's seed, 0 or more.
        stream: What is drawn for.
        path: The layer's path, or a part of it.

    Returns:
        Two numbers, `[2]`, that seed a counter-based generator: the first 64 bits of a BLAKE2 hash.
    """
    text = "\x00".join([str(seed), stream, path]).encode()
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return np.frombuffer(digest, dtype="<i4").astype(np.int32)


def initializer_seed(seed: int, path: str) -> int:
    """The seed of the Keras initializer that draws the weights at a path, from 0 to 2**31 - 1."""
    return int(stream_key(seed, "initial weights", path)[0]) & 0x7FFFFFFF


def batch_order(seed: int, epoch: int, examples: int) -> npt.NDArray[np.int32]:
    """The order in which an epoch goes through the training examples.

    Args:
        seed: The trial's seed.
        epoch: The epoch, from 1.
        examples: How many training examples there are.

    Returns:
        A permutation of `0 ... examples - 1`, `[examples]`. It depends on nothing else, so a trial that
        goes on later sees the batches that it would have seen at once.
    """
    key = stream_key(seed, "batches").view(np.uint32)
    generator = np.random.Generator(np.random.Philox(key=[int(key[0]) << 32 | int(key[1]), epoch]))
    return generator.permutation(examples).astype(np.int32)
