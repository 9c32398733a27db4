"""The shipped studies, and how a name on the command line becomes a file."""

from pathlib import Path

from dlsuite.errors import SpecError, closest


def shipped_studies() -> Path:
    """The folder of the shipped studies: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "experiments"
    return installed if installed.is_dir() else package.parent / "experiments"


def list_studies() -> list[str]:
    """The names of the shipped studies, sorted."""
    return sorted(path.stem for path in shipped_studies().glob("*.toml"))


def find_study(name: str) -> Path:
    """Find a study's file.

    Args:
        name: A TOML file, a results folder (which holds its study as `study.toml`) or the name of a
            shipped study.

    Raises:
        SpecError: It is none of these; the message lists the closest names.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        return path
    if (path / "study.toml").is_file():
        return path / "study.toml"
    shipped = shipped_studies() / f"{name}.toml"
    if path.name == name and shipped.is_file():
        return shipped
    raise SpecError(
        f"{name}: not a TOML file, a results folder or a shipped study. "
        f"{closest(name, list_studies())}"
    )
