"""Who sits where in a population: members of one seed side by side, in blocks of one size.

Members of a seed see the same batches and draw the same numbers, so these are gathered and drawn once for a
block and handed to all of its seats. Nothing here needs TensorFlow.
"""

from collections.abc import Hashable, Sequence
from typing import NamedTuple


class Seating(NamedTuple):
    """A population's seats.

    Attributes:
        variants: Seats in a block; all seats of a block have the same seed. It divides the number of seats.
        members: Which member each seat holds, by its place in the list. The empty seats hold copies.
        seats: The seat of each member.
    """

    variants: int
    members: tuple[int, ...]
    seats: tuple[int, ...]


def seat(seeds: Sequence[Hashable], size: int) -> Seating:
    """Seat members in the largest blocks in which all of them find a seat.

    Args:
        seeds: The seed of each member, 1 to `size` of them.
        size: How many seats there are.

    Raises:
        ValueError: There are no members, or more than seats.
    """
    if not 1 <= len(seeds) <= size:
        raise ValueError(f"seeds: expected 1 to {size} members; got {len(seeds)}.")
    variants = next(v for v in _divisors(size) if len(_blocks(seeds, v)) <= size // v)
    members: list[int] = []
    seats = [0] * len(seeds)
    for block in _blocks(seeds, variants):
        for offset, place in enumerate(block):
            seats[place] = len(members) + offset
        members += block + block[-1:] * (variants - len(block))
    members += members[-variants:] * ((size - len(members)) // variants)
    return Seating(variants, tuple(members), tuple(seats))


def portions(seeds: Sequence[Hashable], size: int) -> list[list[int]]:
    """Cut trials into populations: as few as possible, and in the largest blocks.

    Args:
        seeds: The seed of each trial.
        size: How many seats a population has.

    Returns:
        The places of each population's trials in the list.
    """
    best: list[list[list[int]]] = []
    for variants in _divisors(size):
        blocks = _blocks(seeds, variants)
        per_population = size // variants
        cut = [
            blocks[start : start + per_population]
            for start in range(0, len(blocks), per_population)
        ]
        if not best or len(cut) < len(best):
            best = cut
    return [[place for block in blocks for place in block] for blocks in best]


def _blocks(seeds: Sequence[Hashable], variants: int) -> list[list[int]]:
    """The places of each seed's members, at most `variants` in a block."""
    of_seed: dict[Hashable, list[int]] = {}
    for place, seed in enumerate(seeds):
        of_seed.setdefault(seed, []).append(place)
    return [
        places[start : start + variants]
        for places in of_seed.values()
        for start in range(0, len(places), variants)
    ]


def _divisors(size: int) -> list[int]:
    """All divisors, the largest first."""
    return [number for number in range(size, 0, -1) if size % number == 0]
