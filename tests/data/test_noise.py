import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlsuite.data import load_data

SEEDS = st.integers(0, 2**40)
LEVELS = st.floats(0, 0.99)
quickly = settings(max_examples=25, deadline=None)


@quickly
@given(seed=SEEDS, level=LEVELS, size=st.integers(100, 1079))
def test_the_given_share_of_labels_is_replaced(seed, level, size):
    clean = load_data("digits", split_seed=seed, train_size=size)
    noisy = load_data("digits", split_seed=seed, train_size=size, label_noise=level)
    replaced = (clean.train.y != noisy.train.y).sum()
    # In each block of 20 the share is exact but for one example; the last block may be cut.
    spread = 4.5 * np.sqrt(size / 20) / 2 + 6
    assert abs(replaced - level * size) < spread


def test_the_share_is_exact_in_whole_blocks_at_multiples_of_a_twentieth():
    for seed in range(5):
        clean = load_data("digits", split_seed=seed, train_size=300)
        noisy = load_data("digits", split_seed=seed, train_size=300, label_noise=0.2)
        assert (clean.train.y != noisy.train.y).sum() == 60


@quickly
@given(seed=SEEDS, levels=st.tuples(LEVELS, LEVELS))
def test_a_label_replaced_at_a_low_level_is_replaced_alike_at_a_higher_one(seed, levels):
    clean, low, high = (
        load_data("wine", split_seed=seed, label_noise=level).train.y
        for level in (0.0, *sorted(levels))
    )
    replaced = clean != low
    np.testing.assert_array_equal(low[replaced], high[replaced])


@quickly
@given(seed=SEEDS, level=LEVELS, size=st.integers(3, 106))
def test_an_example_has_the_same_label_in_a_small_training_set_as_in_a_large_one(seed, level, size):
    small = load_data("wine", split_seed=seed, label_noise=level, train_size=size)
    large = load_data("wine", split_seed=seed, label_noise=level)
    np.testing.assert_array_equal(small.train.y, large.train.y[:size])


def test_every_other_class_is_as_likely():
    clean = load_data("languages").train.y
    noisy = load_data("languages", label_noise=0.9).train.y
    replaced = clean != noisy
    shift = (noisy - clean)[replaced] % 18
    counts = np.bincount(shift, minlength=18)[1:]
    expected = replaced.sum() / 17
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)


def test_noise_falls_on_all_classes_alike():
    clean = load_data("digits").train.y
    replaced = clean != load_data("digits", label_noise=0.5).train.y
    shares = [replaced[clean == label].mean() for label in range(10)]
    assert np.abs(np.array(shares) - 0.5).max() < 0.2


@pytest.mark.parametrize("name", ["diabetes", "sunspots"])
def test_regression_targets_get_gaussian_noise_in_proportion_to_their_deviation(name):
    clean = load_data(name).train.y.astype(float)
    half, full = (load_data(name, label_noise=level).train.y - clean for level in (0.25, 0.5))
    assert full.std() == pytest.approx(0.5 * clean.std(), rel=0.2)
    np.testing.assert_allclose(full, 2 * half, atol=1e-3)


def test_noise_is_no_part_of_a_series_inputs():
    clean, noisy = load_data("sunspots"), load_data("sunspots", label_noise=0.5)
    np.testing.assert_array_equal(clean.train.x, noisy.train.x)


def test_the_notes_tell_how_many_labels_were_replaced():
    data = load_data("digits", train_size=100, label_noise=0.1)
    assert "10 of 100 training labels are replaced by another class." in data.notes
    assert "100 of 1079 training examples are used." in data.notes
