"""The data set: three splits of arrays, and what a reader, a model and a trainer need to know.

How the arrays came about is left to `dlsuite.data.prepare`; nothing here draws, scales or reads.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from dlsuite.data.gathered import Gathered
from dlsuite.data.html import dataset_html
from dlsuite.data.joined import can_be_joined, join, lie_in, parted
from dlsuite.data.mapped import mapped_file
from dlsuite.data.split import SPLITS, Split
from dlsuite.spec.kinds import Kind, TaskType

if TYPE_CHECKING:
    import pandas as pd

    from dlsuite.data.encoding import TableEncoder
    from dlsuite.data.scaling import ChannelScaler
    from dlsuite.data.series_form import SeriesForm
    from dlsuite.data.texts import TextEncoder

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Guess:
    """What somebody scores who saw the training targets but no inputs, or the last value only.

    Attributes:
        name: The rule: `majority class`, `mean`, `last value`, or `seasonal (12)`, the value one season of so
            many steps before.
        scores: By split (`validation`, `test`) and metric. `loss` is the mean cross-entropy in nats
            of predicting the training class frequencies, or the mean squared error of the
            standardized target; then `accuracy` of the majority class, or `rmse` and `mae` in the
            target's own units.
    """

    name: str
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set, ready for training.

    Attributes:
        name: The name it is registered under.
        kind: `table`, `text`, `series` or `image`.
        task_type: `classification` or `regression`.
        train: The examples to train on.
        validation: The examples to choose by.
        test: The examples to read once, at the end.
        feature_names: Table columns, series channels or the column of texts; empty otherwise.
        class_names: By label; empty for regression.
        vocabulary: For text, the characters or words by token id: id 0 is padding (the empty string), id 1
            any other that the training split does not hold, or too rarely (U+FFFD). None otherwise.
        target_mean: Mean of the targets of the whole training split, before it is cut to `train_size` and
            before noise; 0 for classification.
        target_scale: Their standard deviation, 1 if they are constant; 1 for classification. The trainer
            standardizes targets with these.
        source: Where the data comes from.
        license: Under which terms.
        description: What an example is and what is to be told.
        guess: What guessing scores.
        notes: What was done to the data that a reader should know.
        target: The name of the column that is told, where the data is a table of named columns.
        encoder: What turned the data as it was read into `x`, and does so with new data: fitted on the
            training examples. None where `x` is what was read.
        further_guesses: What other rules score that need no model; of a series the seasonal forecast, where
            there is a season, and the mean.
        form: For series from files, how rows of the file's columns become what a model reads.
        store: The inputs of all splits in one array, which `x` of each is a view of, as `dlsuite.data.joined`
            lays them out; None where they are not.
    """

    name: str
    kind: Kind
    task_type: TaskType
    train: Split
    validation: Split
    test: Split
    feature_names: tuple[str, ...]
    class_names: tuple[str, ...]
    vocabulary: tuple[str, ...] | None
    target_mean: float
    target_scale: float
    source: str
    license: str
    description: str
    guess: Guess
    notes: tuple[str, ...] = ()
    target: str | None = None
    encoder: "TableEncoder | ChannelScaler | TextEncoder | None" = None
    further_guesses: tuple[Guess, ...] = ()
    form: "SeriesForm | None" = None
    store: Array | None = None

    def __post_init__(self) -> None:
        """Let go of a store that some inputs are not in, as where a split was replaced."""
        if self.store is not None and not lie_in(self.store, self._inputs):
            object.__setattr__(self, "store", None)

    def __getstate__(self) -> dict[str, Any]:
        """Give inputs in one piece, where they are, and the fingerprint, so that nobody else computes it."""
        state = {**self.__dict__, "fingerprint": self.fingerprint}
        if self.store is not None:
            state.update((name, state[name].y) for name in SPLITS)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take the same."""
        if state["store"] is not None:
            ys = [state[name] for name in SPLITS]
            xs = parted(state["store"], [len(y) for y in ys])
            state = {**state, **dict(zip(SPLITS, map(Split, xs, ys), strict=True))}
        self.__dict__.update(state)

    @property
    def _inputs(self) -> list[Array | Gathered]:
        return [getattr(self, name).x for name in SPLITS]

    def joined(self) -> "Dataset":
        """The same data set with all inputs in one array, where they are arrays of one type."""
        xs: list[Any] = self._inputs
        if self.store is not None or not can_be_joined(xs):
            return self
        store = join(xs)
        parts = parted(store, [len(x) for x in xs])
        splits: dict[str, Any] = {
            name: Split(x, getattr(self, name).y) for name, x in zip(SPLITS, parts, strict=True)
        }
        return replace(self, store=store, **splits)

    def move_to(self, same: "Dataset") -> None:
        """Let go of the arrays for those of a data set with the same content, which lie elsewhere."""
        for name in (*SPLITS, "store"):
            object.__setattr__(self, name, getattr(same, name))

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return tuple(self.train.x.shape[1:])

    @property
    def outputs(self) -> int:
        """The number of classes, or 1 for regression."""
        return len(self.class_names) if self.task_type == "classification" else 1

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of the content.

        That is: arrays with type and shape, class names, vocabulary, how targets are standardized.
        The name, the notes, the encoder and the machine's byte order do not enter it.
        """
        digest = hashlib.sha256()
        for split_name in SPLITS:
            split: Split = getattr(self, split_name)
            for field, array in (("x", split.x), ("y", split.y)):
                header = [split_name, field, array.dtype.newbyteorder("<").str, list(array.shape)]
                digest.update(json.dumps(header).encode())
                for piece in array.pieces() if isinstance(array, Gathered) else [array]:
                    digest.update(_bytes_of(piece))
        digest.update(json.dumps([self.class_names, self.vocabulary]).encode())
        if self.task_type == "regression":
            digest.update(json.dumps([self.target_mean, self.target_scale]).encode())
        return digest.hexdigest()

    @property
    def nbytes(self) -> int:
        """The memory that the examples take; what is read from a file as it is needed takes none."""
        arrays = [
            array
            for split in (self.train, self.validation, self.test)
            for array in (split.x, split.y)
        ]
        stores = {id(x.store): x.store for x in arrays if isinstance(x, Gathered)}
        held = (store.nbytes for store in stores.values() if mapped_file(store) is None)
        return sum(array.nbytes for array in arrays) + sum(held)

    @classmethod
    def from_frame(
        cls,
        frame: "pd.DataFrame",
        *,
        target: str,
        test: "pd.DataFrame | None" = None,
        name: str = "data",
        **settings: Any,
    ) -> "Dataset":
        """Make a data set of a pandas data frame.

        Args:
            frame: A row an example: numbers, texts, truths and dates.
            target: The column to tell.
            test: Test rows that come by themselves, with the same columns.
            name: What to call it.
            **settings: As for a file: those of `dlsuite.data.load_data` and `table_from_file`.

        Raises:
            SpecError: A setting is unknown, has the wrong type or is out of bounds.
            DataError: A column or the target cannot be used.
        """
        from dlsuite.data.loading import load_frame

        return load_frame(frame, target=target, test=test, name=name, **settings)

    @classmethod
    def from_arrays(
        cls,
        x: Any,
        y: Any,
        *,
        validation: tuple[Any, Any] | None = None,
        test: tuple[Any, Any] | None = None,
        kind: Kind | None = None,
        task_type: TaskType | None = None,
        class_names: Sequence[str] | None = None,
        feature_names: Sequence[str] = (),
        name: str = "data",
        input_scaling: Literal["none", "standard"] = "standard",
        split_seed: int = 0,
        train_size: int | None = None,
        label_noise: float = 0.0,
    ) -> "Dataset":
        """Make a data set of arrays.

        Args:
            x: Inputs: a table `[n, features]`, series `[n, steps, channels]` or images `[n, height, width,
                channels]`.
            y: Targets `[n]`: whole numbers, texts or truths for classes, other numbers for regression; or
                one-hot `[n, classes]`.
            validation: A pair `(x, y)` to validate on; else examples of `x` are held out.
            test: A pair `(x, y)` to test on; else examples of `x` are held out: a fifth for each where both
                are, a quarter where one is.
            kind: `table`, `series` or `image`; found from the shape of `x` if None.
            task_type: `classification` or `regression`; found from `y` if None.
            class_names: By label; the classes themselves if None.
            feature_names: Names of columns or channels; made up if empty.
            name: What to call it.
            input_scaling: `standard` for mean 0 and standard deviation 1 of each channel in training, or
                `none`.
            split_seed: What the split, a smaller training set and noise are drawn from.
            train_size: Number of training examples to use; all if None.
            label_noise: How much noise the training targets get.

        Raises:
            SpecError: An argument is none of its choices, or does not fit the arrays.
            DataError: The arrays do not fit each other, or hold what cannot be trained on.
        """
        from dlsuite.data.arrays import make_arrays
        from dlsuite.data.loading import load_raw

        arrays = make_arrays(
            x,
            y,
            validation=validation,
            test=test,
            kind=kind,
            task_type=task_type,
            class_names=class_names,
            feature_names=feature_names,
        )
        settings = {
            "train_size": train_size,
            "label_noise": label_noise,
            "input_scaling": input_scaling,
            "split_seed": split_seed,
        }
        return load_raw(arrays, name=name, settings=settings)

    @classmethod
    def from_batches(
        cls,
        train: Any,
        *,
        validation: Any = None,
        test: Any = None,
        limit: int | None = None,
        **settings: Any,
    ) -> "Dataset":
        """Make a data set of what yields examples or batches, which are read into memory.

        Args:
            train: A `tf.data.Dataset`, a Keras `PyDataset`, or any iterable or generator of pairs `(x, y)`.
            validation: Another one to validate on; else examples of `train` are held out.
            test: Another one to test on; else examples of `train` are held out.
            limit: The most examples to read of each; what has no end needs it.
            **settings: All others that `from_arrays` takes.

        Raises:
            SpecError: One does not end and there is no limit, or as for `from_arrays`.
            DataError: One yields no pairs, or as for `from_arrays`.
        """
        from dlsuite.data.batches import collect

        x, y = collect(train, limit=limit)
        pairs = {
            part: collect(source, limit=limit, name=part)
            for part, source in (("validation", validation), ("test", test))
            if source is not None
        }
        return cls.from_arrays(
            x, y, validation=pairs.get("validation"), test=pairs.get("test"), **settings
        )

    def __repr__(self) -> str:
        """Say name, kind, task and sizes in a line."""
        shape = "x".join(str(size) for size in self.input_shape)
        task = f"{self.outputs} classes" if self.task_type == "classification" else "regression"
        sizes = f"{len(self.train)}/{len(self.validation)}/{len(self.test)}"
        return f"Dataset({self.name!r}, {self.kind} {shape}, {task}, train/validation/test {sizes})"

    def _repr_html_(self) -> str:
        """Say in a notebook what it is, what is to be told, and what guessing scores."""
        return dataset_html(self)


def _bytes_of(array: Array) -> memoryview:
    """The bytes of an array, not of a copy, with the least of each number first."""
    little_endian = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
    return memoryview(little_endian.reshape(-1).view(np.uint8).data)
