"""The persistent compilation cache: graphs that XLA compiled before need not be compiled again.

TensorFlow reads and writes entries in one folder, named when it is imported, and fails on an entry that it
cannot read. So every process has a folder of its own. At the start the entries of the store that are whole
are linked into it; whenever a population has ended, what is new goes into the store, each entry under its
checksum, and what others have put there is linked. A damaged entry is left out and removed, and its graph
compiled again; two processes never meet.

Entries hold machine code: the store is kept apart by the versions and by what the processor can do.
"""

import atexit
import contextlib
import hashlib
import os
import platform
import re
import shutil
import tempfile
import threading
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from dlsuite.cache import cache_folder

CACHE_VARIABLE = "DLSUITE_COMPILATION_CACHE"
"""The environment variable that names another folder, or switches the cache off by `off`."""

_FLAG = "--tf_xla_persistent_cache_directory"
_PREFIX = "process-"
_MOST_BYTES = 512 * 2**20


def keep_compiled() -> None:
    """Let TensorFlow, before it is imported, find what was compiled earlier, and keep what it compiles.

    Nothing happens where the user has set the flag, or the folder cannot be written: then graphs are
    compiled anew.
    """
    chosen = os.environ.get(CACHE_VARIABLE, "")
    # A parent's private folder is not ours: it goes when the parent ends.
    inherited = rf"{_FLAG}=\S*/{_PREFIX}\S*"
    flags = re.sub(inherited, "", os.environ.get("TF_XLA_FLAGS", "")).strip()
    if chosen.lower() == "off" or _FLAG in flags:
        return
    store = (Path(chosen) if chosen else _default_folder()) / _machine()
    try:
        store.mkdir(parents=True, exist_ok=True)
        # Beside the store, so that entries can be linked; TensorFlow cuts its flags at spaces.
        _sweep(store.parent)
        own = Path(tempfile.mkdtemp(prefix=f"{_own_prefix()}{os.getpid()}-", dir=store.parent))
    except OSError:
        return
    if " " in str(own):
        own.rmdir()
        return
    _lend(store, own)
    os.environ["TF_XLA_FLAGS"] = f"{flags} {_FLAG}={own}".strip()
    global _folders
    _folders = _Folders(store, own, os.getpid())
    atexit.register(_give_back, _folders)


class _Folders(NamedTuple):
    """The store, this process's own folder, and whose that is."""

    store: Path
    own: Path
    owner: int


_folders: _Folders | None = None
_lock = threading.Lock()


def share_compiled() -> None:
    """Put what this process has compiled into the store, and take what others have, as far as possible."""
    if _folders is not None and _folders.owner == os.getpid():
        with _lock, contextlib.suppress(OSError):
            _put(_folders.store, _folders.own)
            _lend(_folders.store, _folders.own)


def give_compiled_back() -> None:
    """Put what is new into the store, and remove the process's folder: for an end that skips `atexit`."""
    if _folders is not None:
        _give_back(_folders)


def _give_back(folders: _Folders) -> None:
    if folders.owner == os.getpid():  # A forked child must leave its parent's folder alone.
        with _lock:
            _put(folders.store, folders.own)
            shutil.rmtree(folders.own, ignore_errors=True)


def _lend(store: Path, own: Path) -> None:
    """Link the entries of the store that are whole; remove the others, and the oldest beyond the bound."""
    entries = sorted(store.glob("*.pb"), key=_age)
    kept = 0
    for entry in entries:
        try:
            name, _, checksum = entry.stem.rpartition(".")
            kept += entry.stat().st_size
            known = own / f"{name}.pb"
            if kept > _MOST_BYTES or not (known.exists() or checksum == _checksum(entry)):
                entry.unlink()
            elif not known.exists():
                os.link(entry, known)
        except OSError:  # Another process removed it, or links are not to be had here.
            continue


def _put(store: Path, own: Path) -> None:
    """Link what is new into the store."""
    known = {entry.stem.rpartition(".")[0] for entry in store.glob("*.pb")}
    for entry in own.glob("*.pb"):
        if entry.stem not in known:
            with contextlib.suppress(OSError):
                os.link(entry, store / f"{entry.stem}.{_checksum(entry)}.pb")


def _own_prefix() -> str:
    """What the folders of this machine's processes are called, up to the process: a disk may be shared."""
    return f"{_PREFIX}{re.sub(r'[^A-Za-z0-9.]', '.', platform.node())}-"


def _sweep(folder: Path) -> None:
    """Remove the folders of this machine's processes that were killed."""
    for left in folder.glob(f"{_own_prefix()}*"):
        process = left.name.removeprefix(_own_prefix()).partition("-")[0]
        if process.isdecimal() and not _is_alive(int(process)):
            shutil.rmtree(left, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # Somebody else's.
        return True
    return True


def _age(entry: Path) -> float:
    """Seconds since the epoch, negative: the youngest first."""
    try:
        return -entry.stat().st_mtime
    except OSError:
        return 0.0


def _checksum(entry: Path) -> str:
    return hashlib.sha256(entry.read_bytes()).hexdigest()[:16]


def _default_folder() -> Path:
    return cache_folder() / "compiled"


def _machine() -> str:
    """What compiled code depends on: 16 hexadecimal digits."""
    flags = os.environ.get("XLA_FLAGS", "")
    parts = [version("tensorflow"), version("keras"), platform.machine(), _processor(), flags]
    parts += _gpus()
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:16]


def _gpus() -> list[str]:
    """The models of the machine's GPUs, as NVIDIA's driver tells them: code is compiled for one of them."""
    try:
        told = [path.read_text() for path in Path("/proc/driver/nvidia/gpus").glob("*/information")]
    except OSError:
        return []
    return sorted({line for text in told for line in text.splitlines() if "Model" in line})


def _processor() -> str:
    """The processor's name and what it can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    described = ("model name", "flags", "Features")
    return "\n".join(sorted({line for line in lines if line.startswith(described)}))
