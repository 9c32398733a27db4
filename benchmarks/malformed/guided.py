"""Fuzzing led by coverage, of the parsers that are Python: atheris changes what reaches new lines.

atheris is no part of the suite's environment: `pip install --target /tmp/atheris atheris`, and
`PYTHONPATH=/tmp/atheris`. Each parser runs in a process of its own, until its time is over or something
escapes; the input that did it is left in a folder, and is fed again by

    python -m benchmarks.malformed.guided study 0 FILE
"""

import importlib.util
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

SEEDS = Path(__file__).parent.parent.parent / "experiments"
INSTALL = "pip install --target /tmp/atheris atheris, then PYTHONPATH=/tmp/atheris:$PYTHONPATH"
MODULES = {
    "study": ("tomllib", "dlsuite.spec", "dlsuite.study.plan", "dlsuite.study.resolve"),
    "csv": ("csv", "dlsuite.data.files", "dlsuite.data.delimited", "dlsuite.data.frames"),
    "dates": ("dlsuite.data.dates", "dlsuite.data.inputs"),
    "text": ("dlsuite.data.text_lines",),
    "image": ("PIL", "dlsuite.data.image_files"),
}
"""By parser, what is instrumented: it is imported where that is done, and nowhere before."""


def guide(parsers: Sequence[str], seconds: int) -> int:
    """Fuzz parsers one after another.

    Args:
        parsers: Of `MODULES`.
        seconds: How long each.

    Returns:
        1 if something escaped, else 0.
    """
    if importlib.util.find_spec("atheris") is None:
        print(f"--guided needs atheris: {INSTALL}")
        return 2
    escaped = 0
    for parser in parsers:
        folder = Path(tempfile.mkdtemp(prefix=f"guided-{parser}-"))
        child = subprocess.run(
            [
                sys.executable,
                "-m",
                "benchmarks.malformed.guided",
                parser,
                str(seconds),
                str(folder),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        said = child.stderr.splitlines()
        last = [line for line in said if " cov: " in line][-1:] or said[-1:]
        print(f"{parser}: {'; '.join(last)}", flush=True)
        if child.returncode:
            escaped = 1
            print("\n".join(child.stdout.splitlines()[-15:] + said[-25:]))
            print(f"in {folder}")
    return escaped


def _target(parser: str, place: Path) -> Callable[[bytes], None]:
    """Give bytes to a parser; whatever it raises but its own errors is let out."""
    from dlsuite.errors import DlsuiteError

    def file(suffix: str, data: bytes) -> Path:
        path = place / f"input{suffix}"
        path.write_bytes(data)
        return path

    def study(data: bytes) -> None:
        from dlsuite.spec import parse_study, read_study, write_study
        from dlsuite.study.plan import make_plan

        read = read_study(file(".toml", data))
        write_study(read)
        make_plan(parse_study(read.as_dict()))

    def csv(data: bytes) -> None:
        from dlsuite.data.files import read_table

        read_table(file(".csv", data), keep=False)

    def dates(data: bytes) -> None:
        import numpy as np

        from dlsuite.data.dates import find_format

        given, *texts = data.decode("utf-8", "replace").split("\n")
        if texts:
            find_format(np.array(texts, dtype=object), given or None)

    def text(data: bytes) -> None:
        from dlsuite.data.text_lines import lines_of, whole_text

        path = file(".txt", data[1:])
        encoding = ("utf-8", "utf-16", "latin-1", "utf-7")[data[0] % 4] if data else "utf-8"
        list(lines_of(path, source="input", encoding=encoding))
        whole_text(path, source="input", encoding=encoding)

    def image(data: bytes) -> None:
        from dlsuite.data.image_files import BadImage, ImageShape, decode, read_header

        try:
            read_header(data)
            decode(data, ImageShape(4, 4, 3), "stretch")
        except BadImage:
            return

    known = {"study": study, "csv": csv, "dates": dates, "text": text, "image": image}
    feed = known[parser]

    def one(data: bytes) -> None:
        try:
            feed(data)
        except DlsuiteError:
            return

    return one


def _seeds(parser: str, folder: Path) -> Path:
    """Valid inputs to begin from."""
    from random import Random

    from benchmarks.malformed import images, tables

    corpus = folder / "corpus"
    corpus.mkdir()
    rng = Random(0)
    for number in range(30):
        if parser == "image":
            data = images.valid_image(rng)[0]
        elif parser == "csv":
            data = tables.delimited(rng, rows=5)[0]
        elif parser == "dates":
            data = b"\n".join(
                [b"", b"2020-01-31", b"31/01/2020 10:00", b"Jan 5, 2020", b"20200131"][: number % 6]
            )
        else:
            shipped = sorted(SEEDS.glob("*.toml"))
            data = shipped[number % len(shipped)].read_bytes()
        (corpus / str(number)).write_bytes(data)
    return corpus


def main() -> None:
    """In a child: fuzz one parser, until time is over or something escapes; or feed one file."""
    parser, seconds, place = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    if not seconds:
        with tempfile.TemporaryDirectory() as folder:
            _target(parser, Path(folder))(place.read_bytes())
        return
    import warnings

    import atheris

    warnings.simplefilter("ignore")
    with atheris.instrument_imports(include=list(MODULES[parser])):
        for module in MODULES[parser]:
            __import__(module)
    target = _target(parser, place)
    corpus = _seeds(parser, place)
    flags = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=4096", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *flags, f"-artifact_prefix={place}/", str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
