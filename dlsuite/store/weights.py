"""Weights of trained models in one file: plain NumPy arrays, and the same bytes for the same weights."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Weights = list[np.ndarray[Any, Any]]
"""A model's weights, in the order of `model.weights`."""


def weights_file(weights: Mapping[str, Weights]) -> bytes:
    """Write the weights of trials as `<key>/<index>`, not compressed: they look like noise to a compressor.

    Args:
        weights: By the trials' keys.

    Returns:
        What a file `.npz` holds.
    """
    arrays = {
        f"{key}/{index}": array for key, own in weights.items() for index, array in enumerate(own)
    }
    file = io.BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def read_weights(path: Path, key: str) -> Weights:
    """Read the weights of one trial.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no such file.
        KeyError: It does not hold the trial.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            count = sum(name.startswith(f"{key}/") for name in arrays.files)
            if not count:
                raise KeyError(key)
            return [arrays[f"{key}/{index}"] for index in range(count)]
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
