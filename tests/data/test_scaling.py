import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import Examples, load_data


@pytest.mark.parametrize(
    ("name", "train_size"),
    [("wine", None), ("diabetes", 50), ("digits", 100), ("sunspots", 60), ("co2", None)],
)
def test_each_column_or_channel_has_mean_0_and_deviation_1_in_training(name, train_size):
    x = load_data(name, train_size=train_size).train.x.astype(float)
    columns = x.reshape(-1, x.shape[-1])
    np.testing.assert_allclose(columns.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(columns.std(axis=0), 1, atol=1e-5)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**40), size=st.integers(3, 106))
def test_the_statistics_come_from_the_training_examples_used(seed, size):
    raw = load_data("wine", split_seed=seed, train_size=size, input_scaling="none")
    scaled = load_data("wine", split_seed=seed, train_size=size)
    mean, deviation = raw.train.x.mean(axis=0), raw.train.x.std(axis=0)
    deviation = np.where(deviation < 1e-6, 1, deviation)
    for split in ("train", "validation", "test"):
        expected = (getattr(raw, split).x - mean) / deviation
        np.testing.assert_allclose(getattr(scaled, split).x, expected, rtol=1e-2, atol=1e-2)


def test_none_leaves_the_values_as_they_are():
    data = load_data("digits", input_scaling="none")
    assert (data.train.x.min(), data.train.x.max()) == (0, 16)


def test_a_constant_column_becomes_zero(small_data):
    x = np.column_stack([np.full(50, 7.0), np.arange(50)])
    table = Examples(x=x, y=np.arange(50.0), feature_names=("same", "rising"))
    with small_data(table, task_type="regression") as name:
        data = load_data(name)
    assert (data.train.x[:, 0] == 0).all() and (data.test.x[:, 0] == 0).all()


def test_constant_targets_have_scale_1(small_data):
    table = Examples(x=np.arange(50.0)[:, None], y=np.full(50, 3.0), feature_names=("a",))
    with small_data(table, task_type="regression") as name:
        data = load_data(name)
    assert (data.target_mean, data.target_scale) == (3.0, 1.0)


def test_color_channels_are_scaled_one_by_one(small_data):
    draws = np.random.default_rng(0)
    x = draws.normal([0, 5, 100], [1, 2, 30], size=(50, 4, 4, 3))
    images = Examples(x=x, y=np.arange(50) % 2, class_names=("a", "b"))
    with small_data(images, kind="image", task_type="classification") as name:
        scaled = load_data(name).train.x
    np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=(0, 1, 2)), 1, atol=1e-5)


@pytest.mark.parametrize("label_noise", [0.0, 0.4])
@pytest.mark.parametrize("train_size", [None, 80])
def test_targets_have_one_unit_whatever_is_done_to_the_training_ones(label_noise, train_size):
    data = load_data("diabetes", train_size=train_size, label_noise=label_noise)
    whole = load_data("diabetes").train.y.astype(float)
    assert data.target_mean == pytest.approx(whole.mean())
    assert data.target_scale == pytest.approx(whole.std())


def test_classification_has_no_target_scale():
    data = load_data("wine", label_noise=0.2)
    assert (data.target_mean, data.target_scale) == (0.0, 1.0)
