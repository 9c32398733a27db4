"""Files of which little becomes very much: how much of what they unpack to is believed."""

from pathlib import Path

MOST_PACKED = 200
"""A table is packed to a tenth of its size; one that says the same in every row, to this part at the most."""


def most_unpacked(path: Path, much: int) -> int:
    """Say how many bytes a file may unpack to.

    Args:
        path: The file, as it is packed.
        much: Bytes below which it does not matter.
    """
    return max(much, MOST_PACKED * path.stat().st_size)
