"""Where the suite keeps what it can make again: the folder `dlsuite` in the user's cache folder."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """The folder; it may not be there yet. `XDG_CACHE_HOME` names another place than `~/.cache`."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "dlsuite"
