"""`part.json`: what a part consists of, so that damage is noticed before its rows are used.

It names the part's trials and seals its files with their checksums. It holds no times and no versions, so
that the same part has the same manifest.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "part.json"
"""The manifest's name in a part."""

_FORMAT = 1
_BLOCK = 2**20


class DamagedError(ValueError):
    """A part is not what its manifest says; the message tells what is wrong, without naming the part."""


@dataclass(frozen=True)
class Manifest:
    """What a part consists of.

    Attributes:
        trials: The epochs that each of its trials was trained, by the trial's key.
        files: The SHA-256 and the size in bytes of each of its files, by name.
        weighed: The keys of the trials whose weights it keeps.
    """

    trials: Mapping[str, int]
    files: Mapping[str, tuple[str, int]]
    weighed: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        files: Mapping[str, bytes],
        trials: Mapping[str, int],
        *,
        weighed: Iterable[str] = (),
    ) -> "Manifest":
        """Seal files.

        Args:
            files: What each of them holds, by name.
            trials: As `Manifest` has them.
            weighed: As `Manifest` has them.
        """
        sealed = {
            name: (hashlib.sha256(content).hexdigest(), len(content))
            for name, content in sorted(files.items())
        }
        return cls(trials, sealed, tuple(weighed))

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a part.

        Raises:
            DamagedError: There is none, or it is not as `text` writes it.
            OSError: It cannot be read.
        """
        try:
            written = (folder / MANIFEST).read_bytes()
        except FileNotFoundError as error:
            raise DamagedError(
                f"{MANIFEST} is missing: it was written before parts had one, or is no part"
            ) from error
        try:
            content = json.loads(written)
            if content["format"] != _FORMAT:
                raise DamagedError(
                    f"{MANIFEST} is of format {content['format']!r}, expected {_FORMAT}: another version "
                    "of dlsuite has written it"
                )
            files = {name: (own["sha256"], own["bytes"]) for name, own in content["files"].items()}
            manifest = cls(content["trials"], files, content["weights"])
            whole = manifest.text().encode() == written
        except DamagedError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise DamagedError(f"{MANIFEST} is cut short or changed") from error
        if not whole:
            raise DamagedError(f"{MANIFEST} is not as it was written")
        return manifest

    def text(self) -> str:
        """Write it as JSON."""
        content = {
            "format": _FORMAT,
            "trials": dict(self.trials),
            "weights": list(self.weighed),
            "files": {
                name: {"sha256": own[0], "bytes": own[1]} for name, own in self.files.items()
            },
        }
        return json.dumps(content, indent=1) + "\n"

    def verified(self, path: Path) -> bytes:
        """Read one of the part's files, and see that it is as it was written.

        Raises:
            DamagedError: It is not, or it is missing.
            OSError: It cannot be read.
        """
        self._sealed(path.name)
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise DamagedError(f"{path.name} is missing") from error
        self._compare(path.name, len(content), hashlib.sha256(content).hexdigest())
        return content

    def verify(self, path: Path) -> None:
        """See that a file too large to hold in memory is as it was written.

        Raises:
            DamagedError: It is not.
            OSError: It cannot be read.
        """
        self.verify_size(path)
        self._compare(path.name, self._sealed(path.name)[1], _checksum(path))

    def verify_size(self, path: Path) -> None:
        """See that a file has the size that it was written with, without reading it.

        Raises:
            DamagedError: It has another.
            OSError: It cannot be looked at.
        """
        self._compare(path.name, path.stat().st_size, self._sealed(path.name)[0])

    def _sealed(self, name: str) -> tuple[str, int]:
        if name not in self.files:
            raise DamagedError(f"{name} is not listed in {MANIFEST}")
        return self.files[name]

    def _compare(self, name: str, size: int, checksum: str) -> None:
        sealed, whole = self._sealed(name)
        if size < whole:
            raise DamagedError(f"{name} is cut short: {size} of {whole} bytes")
        if size > whole:
            raise DamagedError(f"{name} has {size} bytes, {size - whole} more than were written")
        if checksum != sealed:
            raise DamagedError(
                f"{name} is not as it was written: its checksum differs from that in {MANIFEST}"
            )


def _checksum(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()
