"""What an explanation comes to: tables, pictures drawn from them, and a few sentences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from dlsuite.report.notebook import as_svg
from dlsuite.report.pictures import draw_pictures
from dlsuite.report.style import save_figure
from dlsuite.store import ResultsFolder, to_csv


@dataclass(frozen=True, eq=False)
class Explanation:
    """One topic, explained by a real training.

    Attributes:
        topic: What is explained: `forward`, `backward`, `descent`, `minima` or `dropout`.
        subject: The model and the data set, `mlp/wine`.
        tables: The numbers behind the pictures, by name; see `results/README.md`.
        sentences: What they say.
    """

    topic: str
    subject: str
    tables: Mapping[str, pd.DataFrame] = field(repr=False)
    sentences: Sequence[str] = field(repr=False)

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The pictures by name, matplotlib figures drawn from the tables alone."""
        return draw_pictures(self.topic, self.tables, subject=self.subject)

    def write(self, folder: str | Path) -> list[Path]:
        """Write each table as CSV and each picture as PNG and SVG.

        Args:
            folder: Where to write; made if it is missing.

        Returns:
            The files written.

        Raises:
            StoreError: The folder cannot be written.
        """
        path = Path(folder)
        files = {f"{name}.csv": to_csv(table) for name, table in self.tables.items()}
        ResultsFolder(path).write(files)
        written = [path / name for name in files]
        for name, figure in self.figures.items():
            written += save_figure(figure, path, name)
        return written

    def _repr_html_(self) -> str:
        """The sentences, and the pictures, as a notebook shows them."""
        said = "".join(f"<p>{escape(sentence)}</p>" for sentence in self.sentences)
        drawn = "".join(f"<div>{as_svg(figure)}</div>" for figure in self.figures.values())
        return f"<h3>{escape(f'{self.topic}: {self.subject}')}</h3>{said}{drawn}"
