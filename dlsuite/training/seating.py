"""Who sits where in a population: members of one seed side by side, in blocks of one size.

Members of a seed see the same batches and draw the same numbers, so these are gathered and drawn once for a
block and handed to all of its seats. Nothing here needs TensorFlow.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple


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
    """Seat members in blocks that hold a seed's members, or in the largest in which all find a seat.

    Args:
        seeds: The seed of each member, 1 to `size` of them.
        size: How many seats there are.

    Raises:
        ValueError: There are no members, or more than seats.
    """
    if not 1 <= len(seeds) <= size:
        raise ValueError(f"seeds: expected 1 to {size} members; got {len(seeds)}.")
    fitting = [v for v in _divisors(size) if len(_blocks(seeds, v)) <= size // v]
    variants = _best(fitting, seeds)
    members: list[int] = []
    seats = [0] * len(seeds)
    for block in _blocks(seeds, variants):
        for offset, place in enumerate(block):
            seats[place] = len(members) + offset
        members += block + block[-1:] * (variants - len(block))
    members += members[-variants:] * ((size - len(members)) // variants)
    return Seating(variants, tuple(members), tuple(seats))


def portions(seeds: Sequence[Hashable], size: int) -> list[list[int]]:
    """Cut trials into populations: as few as possible, members of a seed together where they can be.

    Args:
        seeds: The seed of each trial.
        size: How many seats a population has.

    Returns:
        The places of each population's trials in the list.
    """
    if not seeds:
        return []
    cuts = {v: _chunks(_blocks(seeds, v), size // v) for v in _divisors(size)}
    fewest = min(map(len, cuts.values()))
    variants = _best([v for v, cut in cuts.items() if len(cut) == fewest], seeds)
    return [[place for block in blocks for place in block] for blocks in cuts[variants]]


def _best(variants: Sequence[int], seeds: Sequence[Hashable]) -> int:
    """Of sizes of a block, the smallest that holds every seed's members; if none does, the largest.

    So populations of a grid whose conditions divide the seats come to blocks of one size, full or not, and
    share a compiled graph.
    """
    most = max(Counter(seeds).values())
    return min((v for v in variants if v >= most), default=max(variants))


def _chunks(items: list[Any], length: int) -> list[list[Any]]:
    return [items[start : start + length] for start in range(0, len(items), length)]


def _blocks(seeds: Sequence[Hashable], variants: int) -> list[list[int]]:
    """The places of each seed's members, at most `variants` in a block."""
    of_seed: dict[Hashable, list[int]] = {}
    for place, seed in enumerate(seeds):
        of_seed.setdefault(seed, []).append(place)
    return [block for places in of_seed.values() for block in _chunks(places, variants)]


def _divisors(size: int) -> list[int]:
    """All divisors, the largest first."""
    return [number for number in range(size, 0, -1) if size % number == 0]
