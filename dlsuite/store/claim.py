"""The claim to a study's folder: one run at a time, on one machine or on several that share a disk.

A claim is a file `claim-<n>.json` that says which process made it. Whoever wants the folder looks at the
highest number n; it may make the claim n + 1 if n was given back or its process is dead, and else leaves.
A file is made whole and only if there is none of its name (a hard link; where there are none, exclusive
creation). Having made it, it lists the folder again: where there is a higher claim it takes its own one
away and begins anew, else it holds the folder and removes the lower ones. Giving back writes `free` over
`held` in place, which takes no space on the disk.

Why two never hold it: the highest claim is never removed, so the highest number only grows. Let p hold
it, and let the claim next above p be made by another, r. It looked before that and found a highest
number, which is p: not a lower one, since r is one more and above p, and not a higher one, since r is the
first above. If it looked after p was made, it found p alive, and left. If it looked before, it saw an
earlier file of that number, which has been removed since, so that there was a higher one; then p found
that in its own second look, and does not hold. The second look comes after a change of one's own to the
folder, for which network file systems list it anew. (A run that has written nothing takes its claim 1 and
its folder away: all who judged a claim 1 dead or free saw another that is there still, or a higher one.)

Whether a process is dead is certain where its process id can be asked for. Elsewhere it counts as dead
when it has not touched its claim for three minutes, by the clock of the disk. A holder that was suspended
for longer finds out when it writes next, by `check`.
"""

import contextlib
import errno
import json
import os
import re
import secrets
import threading
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from dlsuite.atomic import temporary_path
from dlsuite.errors import ClaimedError, StoreError
from dlsuite.store.process import Process, uptime

TOUCHED_EVERY = 15.0
"""Seconds after which a holder touches its claim."""
DEAD_AFTER = 180.0
"""Seconds without a touch after which a process that cannot be asked for counts as dead."""

_NAME = re.compile(r"claim-([1-9]\d{0,17})\.json")
_HELD, _FREE = b'{"state": "held"', b'{"state": "free"'
_NO_LINKS = (errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EMLINK, errno.EINVAL)
_TRIES = 100
_own: set[str] = set()
"""The tokens of the claims that this process holds. One that could not be given back is not among them."""


class _Claimed(NamedTuple):
    """What a claim's file says; no process where it cannot be read, or is being written."""

    free: bool
    token: str
    process: Process | None
    since: str


class Claim:
    """The claim to a folder, for a `with` block.

    Args:
        folder: The folder; made if it is missing, with those above it, and removed again if nothing was
            written.

    Raises:
        ClaimedError: On entering: another run holds it. Nothing in the folder is changed, unless it takes
            the disk's clock to tell whether that one is alive.
        StoreError: On entering: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._token = secrets.token_hex(8)
        self._process = Process.here()
        self._number = 0
        self._stop = threading.Event()
        self._missing = [above for above in (folder, *folder.parents) if not above.exists()]

    def __enter__(self) -> "Claim":
        """Take the folder."""
        _own.add(self._token)
        verb = ""
        try:
            for _ in range(_TRIES):
                verb = "made"
                self._folder.mkdir(parents=True, exist_ok=True)
                verb = "written"
                if self._take():
                    break
            else:
                raise ClaimedError(
                    f"{self._folder}: too many runs are starting here at once; try again in a moment."
                )
        except BaseException as error:
            _own.discard(self._token)
            if not isinstance(error, OSError):
                raise
            raise StoreError(
                f"{self._folder}: cannot be {verb} ({error.strerror or error}). Give another place with "
                "--out."
            ) from error
        threading.Thread(target=self._keep, name="claim", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give it back, or leave it alone where it is another's by now."""
        self._stop.set()
        # A child can come out of the block that its parent is in.
        if os.getpid() != self._process.pid:
            return
        with contextlib.suppress(OSError):
            if self._reason_lost() is None:
                if self._number == 1 and os.listdir(self._folder) == [self._path(1).name]:
                    self._path(1).unlink()
                    for made in self._missing or [self._folder]:
                        made.rmdir()
                else:
                    _give_back(self._path(self._number))
        _own.discard(self._token)

    def check(self) -> None:
        """See that the folder is still held.

        Raises:
            StoreError: It is not: it was removed, or another run has taken it.
        """
        try:
            lost = self._reason_lost()
        except OSError as error:
            lost = f"it cannot be looked at any more ({error.strerror or error})"
        if lost is not None:
            raise StoreError(
                f"{self._folder}: {lost}. Nothing more is written there; what was trained since is lost. "
                "Give the same command again to go on."
            )

    def _take(self) -> bool:
        """Try to make the highest claim; False where something has changed meanwhile."""
        try:
            highest = max(_numbers(self._folder), default=0)
            if highest:
                self._refuse_if_alive(self._path(highest))
            if not self._make(self._path(highest + 1)):
                return False
            numbers = _numbers(self._folder)
        except (
            FileNotFoundError
        ):  # A higher claim has come, or the folder has gone with its only claim.
            return False
        if max(numbers, default=0) != highest + 1:
            self._path(highest + 1).unlink(missing_ok=True)
            return False
        self._number = highest + 1
        for number in numbers:
            if number < self._number:
                with contextlib.suppress(
                    OSError
                ):  # On some disks nobody removes another user's files.
                    self._path(number).unlink()
        return True

    def _refuse_if_alive(self, path: Path) -> None:
        claimed = _read(path)
        if claimed.free:
            return
        process = claimed.process
        alive = None if process is None else process.is_alive()
        if alive and process is not None and process.pid == os.getpid():
            alive = claimed.token in _own
        if alive is None:
            alive = self._was_touched(path, process)
        if alive:
            raise ClaimedError(_refusal(self._folder, path, claimed))

    def _was_touched(self, path: Path, process: Process | None) -> bool:
        """Whether a claim was touched lately, by the clock of the disk that it is on."""
        probe = temporary_path(self._folder / "clock")
        try:
            probe.touch()
            age = probe.stat().st_mtime - path.stat().st_mtime
        finally:
            probe.unlink(missing_ok=True)
        limit = DEAD_AFTER
        if process is not None and process.is_of_an_earlier_boot():
            # What that machine's last system touched is older than the present one; what is younger
            # belongs to another machine of the same name.
            limit = min(limit, uptime())
        return age < limit

    def _make(self, path: Path) -> bool:
        """Make a claim; False where there is one of that number."""
        # Like this, so that it can be given back in place.
        about = {
            "token": self._token,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            **self._process._asdict(),
        }
        content = _HELD + b", " + json.dumps(about)[1:].encode() + b"\n"
        temporary = temporary_path(path)
        try:
            _write_new(temporary, content)
            try:
                os.link(temporary, path)
            except FileExistsError:
                # Over a network an answer can get lost, and the second try finds what the first has made.
                return self._is_own(path)
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                try:
                    _write_new(path, content)
                except FileExistsError:
                    return False
            return True
        finally:
            temporary.unlink(missing_ok=True)

    def _keep(self) -> None:
        """Touch the claim as long as it is held."""
        while not self._stop.wait(TOUCHED_EVERY):
            path = self._path(self._number)
            with contextlib.suppress(OSError):
                if self._is_own(path):
                    os.utime(path)

    def _reason_lost(self) -> str | None:
        try:
            numbers = _numbers(self._folder)
        except FileNotFoundError:
            return "the folder was removed while the study ran"
        highest = max(numbers, default=0)
        if highest > self._number:
            taken = "another run has taken over while this one was held up"
            with contextlib.suppress(OSError):
                return f"{taken} ({_who(_read(self._path(highest)))})"
            return taken
        if highest == self._number and self._is_own(self._path(self._number)):
            return None
        return "its claim was removed while the study ran, or the folder put in another's place"

    def _is_own(self, path: Path) -> bool:
        try:
            return _read(path).token == self._token
        except FileNotFoundError:
            return False

    def _path(self, number: int) -> Path:
        return self._folder / f"claim-{number}.json"


def _numbers(folder: Path) -> list[int]:
    matches = (_NAME.fullmatch(name) for name in os.listdir(folder))
    return [int(match[1]) for match in matches if match]


def _read(path: Path) -> _Claimed:
    """Read a claim.

    Raises:
        OSError: It cannot be read; it is gone, most often.
    """
    written = path.read_bytes()
    try:
        content = json.loads(written)
        return _Claimed(
            free=written.startswith(_FREE),
            token=str(content["token"]),
            process=Process.told(content),
            since=str(content["since"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return _Claimed(free=False, token="", process=None, since="")


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there; nothing stays where it cannot be written whole."""
    with path.open("xb", buffering=0) as file:
        try:
            file.write(content)
            os.fsync(file.fileno())
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _give_back(path: Path) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(_FREE)


def _who(claimed: _Claimed) -> str:
    if claimed.process is None:
        return "it does not say by whom"
    process = claimed.process
    return f"process {process.pid} on {process.host}, since {claimed.since}: {process.command}"


def _refusal(folder: Path, path: Path, claimed: _Claimed) -> str:
    return (
        f"{folder}: another run is at work here ({_who(claimed)}). Wait until it ends, or stop it; then give "
        f"the same command again, which trains what is missing. Another place is given by --out. Where that "
        f"process is surely gone, delete {path.name}."
    )
