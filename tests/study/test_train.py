"""One model trained on one data set: what comes back, and what becomes of a model that was given."""

from pathlib import Path

import keras
import matplotlib.axes
import numpy as np
import pytest

from dlsuite.data import load_data
from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.models.card import read_card
from dlsuite.study import History, train
from dlsuite.study.run_watcher import RunWatcher


@pytest.fixture(scope="module")
def history() -> History:
    return train("mlp", "wine", units=4, learning_rate=0.01, epochs=6, seed=1)


def small_net(outputs: int = 3) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(4, activation="relu", name="hidden"),
            keras.layers.Dense(outputs, name="output"),
        ],
        name="net",
    )


def test_a_training_gives_curves_scores_and_the_best_epochs_weights(history: History) -> None:
    data = history.data

    assert list(history.curves["epoch"]) == list(range(7))
    assert history.best_epoch == history.curves["val_loss"][1:].idxmin()
    assert history.status == "completed"
    logits = np.asarray(history.model(data.test.x))
    accuracy = float((logits.argmax(axis=1) == data.test.y).mean())
    assert history.scores["test_accuracy"] == pytest.approx(accuracy)
    assert history.settings["learning_rate"] == 0.01
    assert (history.settings["seed"], history.settings["units"]) == (1, 4)
    assert repr(history).startswith("History('mlp/wine: test accuracy ")


def test_the_same_seed_gives_the_same_training_and_a_watcher_sees_it(history: History) -> None:
    class Counting(RunWatcher):
        epochs = 0

        def epoch(self, loss: float, trials: float) -> None:
            self.epochs += 1

    watcher = Counting()
    again = train(
        "mlp", history.data, units=4, learning_rate=0.01, epochs=6, seed=1, watcher=watcher
    )

    assert watcher.epochs == 6
    assert again.curves.equals(history.curves)
    assert dict(again.scores) == dict(history.scores)


def test_a_keras_model_is_trained_in_place_from_weights_of_the_seed(tmp_path: Path) -> None:
    model, other = small_net(), small_net()
    model.set_weights([weight + 9.0 for weight in model.get_weights()])

    first = train(model, "wine", epochs=3, learning_rate=0.01)
    second = train(other, "wine", epochs=3, learning_rate=0.01)

    assert first.model is model
    assert first.name == "net/wine"
    assert first.curves.equals(second.curves)
    for ours, theirs in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    logits = np.asarray(model(first.data.validation.x))
    accuracy = float((logits.argmax(axis=1) == first.data.validation.y).mean())
    assert first.scores["val_accuracy_best"] == pytest.approx(accuracy)


def test_a_model_stays_as_it_was_where_the_training_diverges(tmp_path: Path) -> None:
    model = small_net()
    before = model.get_weights()

    history = train(model, "wine", epochs=2, optimizer="sgd", learning_rate=1e30)

    assert history.status == "diverged"
    assert history.best_epoch is None
    for ours, theirs in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert "diverged" in repr(history)
    assert history.score_rows() == []
    assert history.epoch_rows()
    history.plot()
    with pytest.raises(SpecError, match="net/wine: the training diverged, so there is no trained"):
        history.save(tmp_path / "net.keras")


def test_a_saved_training_predicts_as_it_scored(history: History, tmp_path: Path) -> None:
    history.save(tmp_path / "wine.keras")

    card = read_card(tmp_path / "wine.keras")
    assert card is not None
    assert card.about["scores"]["test_accuracy"] == history.scores["test_accuracy"]
    assert card.class_names == history.data.class_names
    assert card.feature_names == history.data.feature_names
    raw = load_data("wine", input_scaling="none").test
    given = keras.models.load_model(tmp_path / "wine.keras").predict(raw.x, verbose=0)
    accuracy = float((given.argmax(axis=1) == raw.y).mean())
    assert accuracy == pytest.approx(history.scores["test_accuracy"])


def test_curves_are_drawn_with_guessing_and_the_best_epoch(history: History) -> None:
    for score in ("loss", "accuracy"):
        axes = history.plot(score=score)
        assert isinstance(axes, matplotlib.axes.Axes)
        legend = axes.get_legend()
        assert legend is not None
        texts = [text.get_text() for text in legend.get_texts()]
        assert texts == ["validation", "train", "guessing", "best epoch"]
    assert history.plot(axes) is axes
    with pytest.raises(SpecError, match="plot: score: expected one of loss, accuracy; got 'rmse'"):
        history.plot(score="rmse")


def test_curves_are_written_as_a_table_and_as_pictures(history: History, tmp_path: Path) -> None:
    files = history.write(tmp_path / "new", "wine")

    assert [path.name for path in files] == [
        "wine-curves.csv",
        "wine-curves.png",
        "wine-curves.svg",
    ]
    assert all(path.stat().st_size for path in files)


def test_a_long_training_is_shown_in_a_few_lines_with_its_best_epoch(history: History) -> None:
    rows = history.epoch_rows()

    assert len(rows) <= 9
    assert [row["epoch"] for row in rows if row[""]] == [str(history.best_epoch)]
    assert (rows[0]["epoch"], rows[-1]["epoch"]) == ("0", "6")
    assert [row["best epoch"] for row in history.score_rows()] == [
        "loss (lower is better)",
        "accuracy (greater is better)",
    ]


def test_what_cannot_be_trained_is_told() -> None:
    with pytest.raises(
        SpecError, match="train: epochs: expected a whole number, at least 1; got 0"
    ):
        train("mlp", "wine", epochs=0)
    with pytest.raises(UnknownNameError, match="mlpp"):
        train("mlpp", "wine")
    with pytest.raises(SpecError, match="unitz"):
        train("mlp", "wine", unitz=3)
    with pytest.raises(SpecError, match="train: a finished model takes no units"):
        train(small_net(), "wine", units=3)
