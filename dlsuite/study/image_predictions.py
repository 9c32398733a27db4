"""What a saved model says of images: one, or all in a folder."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from dlsuite.data.class_folders import class_name
from dlsuite.data.files import is_table_path
from dlsuite.data.folder_walk import SPLITS, existing_folder, files_below
from dlsuite.data.folders import IMAGE_SUFFIXES
from dlsuite.data.image_files import ImageShape
from dlsuite.data.image_reading import ImageFile, decoded, path_of
from dlsuite.data.row_file import Array
from dlsuite.data.rows import TRAIN
from dlsuite.errors import DataError, SpecError
from dlsuite.models.card import ModelCard
from dlsuite.quiet import import_tensorflow
from dlsuite.study.predictions import Predictions, scores_of
from dlsuite.study.series_predictions import PREDICTED

_TOGETHER = 512
"""Images that are predicted at once."""
_NAMED = 3
_CLASS = "class folder"


def predict_images(card: ModelCard, model: str | Path, path: str | Path) -> Predictions:
    """Let a saved model predict images, read as those that it was trained on.

    Args:
        card: The model's.
        model: Its `.keras` file.
        path: An image, or a folder of which all images are predicted, however deep they are. Where they are
            in folders called by the model's classes, with or without those of splits above, they are scored.

    Returns:
        A row for each image: `file`, then as for a table.

    Raises:
        SpecError: The model takes no images of gray or of red, green and blue, or what is given is a table.
        DataError: There are no images, or none can be decoded.
    """
    if len(card.input_shape) != 3 or card.input_shape[2] not in (1, 3):
        raise SpecError(
            f"{model}: takes arrays of shape {card.input_shape}, and an image file holds 1 or 3 channels; "
            "load it with keras.models.load_model and call it with an array."
        )
    if is_table_path(str(path)):
        raise SpecError(
            f"{model}: takes image examples of shape {card.input_shape}, and a row of a file is none; give "
            "an image or a folder of them."
        )
    names, files = _files(path)
    outputs, bad = _outputs(card, model, files)
    if len(bad) == len(files):
        first = f"{names[0]!r} {bad[0]}"
        more = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        raise DataError(f"{path}: there is no image that can be decoded: {first}{more}.")
    kept = [name for place, name in enumerate(names) if place not in bad]
    notes = _notes(names, bad)
    import pandas as pd

    table = pd.DataFrame({"file": kept})
    if card.task_type != "classification":
        table[PREDICTED] = outputs[:, 0]
        return Predictions(table, notes=notes)
    table[PREDICTED] = [card.class_names[place] for place in outputs.argmax(axis=1)]
    for name, values in zip(card.class_names, outputs.T, strict=True):
        table[f"p({name})"] = values
    truths = [_truth(name, card.class_names) for name in kept]
    if not any(truths):
        return Predictions(table, notes=notes)
    told = pd.DataFrame({_CLASS: pd.Series(truths, dtype=object)})
    scored = replace(card, target=_CLASS, missing=())
    scores, further = scores_of(scored, told, outputs, source=str(path))
    return Predictions(table, scores, (*notes, *further))


def _files(path: str | Path) -> tuple[list[str], list[ImageFile]]:
    """What images are called, and their files."""
    place = Path(path).expanduser()
    if not place.is_file():
        what = "images"
        found = files_below(path, suffixes=IMAGE_SUFFIXES, what=what)
        if not found:
            raise DataError(
                f"{path}: expected images ({', '.join(IMAGE_SUFFIXES)}); there are none."
            )
        folder = existing_folder(path, what=what)
        names = [file.name for file in found]
        return names, [ImageFile(path_of(folder, file.name), file.size) for file in found]
    if not place.name.lower().endswith(IMAGE_SUFFIXES):
        raise DataError(
            f"{path}: expected a folder of images, or an image, a file that ends in "
            f"{', '.join(IMAGE_SUFFIXES)}."
        )
    return [place.name], [ImageFile(str(place), place.stat().st_size)]


def _outputs(
    card: ModelCard, model: str | Path, files: Sequence[ImageFile]
) -> tuple[Array, dict[int, str]]:
    """Predict what can be decoded; and the places of what cannot, with reasons."""
    import_tensorflow()
    from dlsuite.models.portable import predict
    from dlsuite.models.saved import read_model

    network = read_model(Path(model))
    fit = card.about.get("data_settings", {}).get("fit", "stretch")
    bad: dict[int, str] = {}
    waiting: list[Array] = []
    outputs: list[Array] = []

    def flush() -> None:
        images = np.concatenate(waiting)
        waiting.clear()
        if len(images):
            outputs.append(predict(network, images.astype(network.inputs[0].dtype)))

    place = 0
    with closing(decoded(files, ImageShape(*card.input_shape), fit)) as batches:
        for images, told in batches:
            bad |= {place + at: why for at, why in enumerate(told) if isinstance(why, str)}
            place += len(told)
            waiting.append(images)
            if sum(map(len, waiting)) >= _TOGETHER:
                flush()
    if waiting:
        flush()
    return np.concatenate(outputs) if outputs else np.empty((0, 1)), bad


def _truth(name: str, class_names: Sequence[str]) -> str | None:
    """The class that a file's folder tells; None if it tells none."""
    folders = [class_name(part) for part in name.split("/")[:-1]]
    if len(folders) > 1 and folders[0].lower() in SPLITS and folders[0] not in class_names:
        folders = folders[1:]
    return folders[0] if folders and folders[0] in class_names else None


def _notes(names: Sequence[str], bad: Mapping[int, str]) -> tuple[str, ...]:
    """Say what was left out, and what may have been trained on."""
    notes: tuple[str, ...] = ()
    if bad:
        files = "; ".join(f"{names[place]!r} {why}" for place, why in list(bad.items())[:_NAMED])
        more = f"; and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        notes = (
            f"{len(bad)} of {len(names)} files cannot be decoded and are left out: {files}{more}.",
        )
    splits = {SPLITS.get(name.partition("/")[0].lower()) for name in names}
    if TRAIN in splits and len(splits) > 1:
        notes += ("Images of training are among them; predict the test's folder for what is new.",)
    return notes
