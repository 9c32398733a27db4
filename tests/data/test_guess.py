import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, mean_squared_error

from dlsuite.data import data_entry, list_data, load_data

AT_HAND = [name for name in list_data(task_type="classification") if not data_entry(name).download]


@pytest.mark.parametrize("name", AT_HAND)
@pytest.mark.parametrize("label_noise", [0.0, 0.3])
def test_guessing_a_class_scores_as_scikit_learn_has_it(name, label_noise):
    data = load_data(name, label_noise=label_noise)
    frequencies = np.bincount(data.train.y) / len(data.train)
    assert data.guess.name == "majority class"
    for split_name in ("validation", "test"):
        y, scores = getattr(data, split_name).y, data.guess.scores[split_name]
        assert scores["loss"] == pytest.approx(log_loss(y, np.tile(frequencies, (len(y), 1))))
        majority = np.full(len(y), frequencies.argmax())
        assert scores["accuracy"] == pytest.approx(accuracy_score(y, majority))


def check_values(data, guesses):
    for split_name, guessed in guesses.items():
        y, scores = getattr(data, split_name).y, data.guess.scores[split_name]
        mean_squared = mean_squared_error(y, guessed)
        assert scores["loss"] == pytest.approx(mean_squared / data.target_scale**2, rel=1e-4)
        assert scores["rmse"] == pytest.approx(mean_squared**0.5, rel=1e-4)
        assert scores["mae"] == pytest.approx(mean_absolute_error(y, guessed), rel=1e-4)


def test_guessing_a_value_says_the_training_mean():
    data = load_data("diabetes", train_size=100, label_noise=0.2)
    assert data.guess.name == "mean"
    mean = data.train.y.mean()
    check_values(
        data, {split: np.full(88, mean, dtype=np.float64) for split in ("validation", "test")}
    )


@pytest.mark.parametrize(("name", "settings"), [("sunspots", {}), ("co2", {"difference": False})])
def test_guessing_a_series_says_its_last_value_before_scaling(name, settings):
    data = load_data(name, label_noise=0.2, **settings)
    unscaled = load_data(name, label_noise=0.2, input_scaling="none", **settings)
    assert data.guess.name == "last value"
    check_values(
        data, {split: getattr(unscaled, split).x[:, -1, 0] for split in ("validation", "test")}
    )


def test_the_last_value_of_changes_is_no_change():
    data = load_data("co2")
    assert data.guess.name == "last value"
    check_values(
        data, {split: np.zeros(len(getattr(data, split))) for split in ("validation", "test")}
    )
