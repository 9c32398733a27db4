"""Seating: whoever comes finds a seat, beside members of the same seed."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.training.seating import portions, seat

SEEDS = st.lists(st.integers(0, 5), min_size=1, max_size=60)
SIZES = st.sampled_from([1, 2, 5, 6, 10, 20, 60])


@given(seeds=SEEDS, size=SIZES)
def test_every_trial_is_in_one_population_that_has_a_seat_for_it(
    seeds: list[int], size: int
) -> None:
    cut = portions(seeds, size)
    assert sorted(place for portion in cut for place in portion) == list(range(len(seeds)))
    assert all(1 <= len(portion) <= size for portion in cut)
    assert len(cut) == -(-len(seeds) // size)
    for portion in cut:
        assert seat([seeds[place] for place in portion], size).seats


@given(seeds=SEEDS, size=SIZES)
def test_members_of_a_block_share_their_seed(seeds: list[int], size: int) -> None:
    own = seeds[:size]
    seating = seat(own, size)
    assert len(seating.members) == size
    assert size % seating.variants == 0
    for start in range(0, size, seating.variants):
        block = seating.members[start : start + seating.variants]
        assert len({own[place] for place in block}) == 1
    assert [seating.members[place] for place in seating.seats] == list(range(len(own)))


def test_a_full_grid_sits_in_blocks_of_its_conditions() -> None:
    grid = [seed for _ in range(4) for seed in range(10)]  # Four conditions, ten seeds each.
    first, second = portions(grid, 20)
    assert Counter(grid[place] for place in first) == dict.fromkeys(range(5), 4)
    assert Counter(grid[place] for place in second) == dict.fromkeys(range(5, 10), 4)
    seating = seat([grid[place] for place in first], 20)
    assert seating.variants == 4
    assert len(set(seating.members)) == 20


@given(conditions=st.sampled_from([1, 2, 4, 5, 10, 20]), seeds=st.integers(1, 12))
def test_all_populations_of_a_grid_sit_in_blocks_of_its_conditions(
    conditions: int, seeds: int
) -> None:
    grid = [seed for _ in range(conditions) for seed in range(seeds)]
    for portion in portions(grid, 20):
        assert seat([grid[place] for place in portion], 20).variants == conditions


def test_too_many_and_none_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 3 members; got 4"):
        seat(range(4), 3)
    with pytest.raises(ValueError, match="expected 1 to 3 members; got 0"):
        seat([], 3)
    assert portions([], 3) == []
