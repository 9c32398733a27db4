"""How a data set shows itself in a notebook: what it is, its classes or targets, what guessing scores."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dlsuite.data.dataset import Dataset

_MOST_CLASSES = 12
"""Classes that have a row of their own, at the most."""
_SPLITS = ("train", "validation", "test")


def dataset_html(data: "Dataset") -> str:
    """Write a data set as HTML; whatever its texts hold, they are shown as text.

    Args:
        data: The data set.

    Returns:
        A heading and two small tables: the facts; examples by class, or the range of the targets.
    """
    counts = [len(getattr(data, name)) for name in _SPLITS]
    facts = {
        "task": _task(data),
        "one example": _example(data),
        "examples": ", ".join(f"{n} {name}" for n, name in zip(counts, _SPLITS, strict=True)),
        "guessing scores": _guessing(data),
        "source": data.source,
        "license": data.license,
        "notes": " ".join(data.notes),
    }
    description = f": {escape(data.description)}" if data.description else ""
    head = f"<p><b>{escape(data.name)}</b>{description}</p>"
    targets = _classes(data) if data.task_type == "classification" else _range(data)
    return f"<div>{head}{facts_table(facts)}{targets}</div>"


def facts_table(facts: Mapping[str, str]) -> str:
    """Write names and what they stand for as an HTML table of two columns, without the empty ones."""
    rows = (
        f'<tr><th style="text-align: left">{escape(name)}</th>'
        f'<td style="text-align: left">{escape(value)}</td></tr>'
        for name, value in facts.items()
        if value
    )
    return f"<table>{''.join(rows)}</table>"


def rows_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, names: int = 1) -> str:
    """Write texts as an HTML table with a head.

    Args:
        columns: The head.
        rows: As many cells each.
        names: How many columns on the left hold names; the others are numbers, on the right.
    """
    sides = [*["left"] * names, *["right"] * (len(columns) - names)]

    def line(tag: str, cells: Sequence[str]) -> str:
        written = (
            f'<{tag} style="text-align: {side}">{escape(cell)}</{tag}>'
            for side, cell in zip(sides, cells, strict=True)
        )
        return f"<tr>{''.join(written)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f"<table><thead>{line('th', columns)}</thead><tbody>{body}</tbody></table>"


def _task(data: "Dataset") -> str:
    classes = f" into {data.outputs} classes" if data.task_type == "classification" else ""
    return f"{data.task_type}{classes}, {data.kind}"


def _example(data: "Dataset") -> str:
    axes = {
        "table": ("features",),
        "text": (getattr(data.encoder, "tokens", "tokens"),),
        "series": ("steps", "channels"),
        "image": ("height", "width", "channels"),
    }[data.kind]
    if len(axes) == len(data.input_shape):
        shape = ", ".join(f"{n} {axis}" for n, axis in zip(data.input_shape, axes, strict=True))
    else:
        shape = " x ".join(map(str, data.input_shape))
    known = f", {len(data.vocabulary)} different ones" if data.vocabulary is not None else ""
    return f"{shape}{known}"


def _guessing(data: "Dataset") -> str:
    scores = ", ".join(f"{name} {value:.3g}" for name, value in data.guess.scores["test"].items())
    return f"{scores} on test ({data.guess.name})" if scores else ""


def _classes(data: "Dataset") -> str:
    splits = [
        np.bincount(getattr(data, name).y, minlength=data.outputs).tolist() for name in _SPLITS
    ]
    names = [str(name) for name in data.class_names]
    shown = list(zip(names, *splits, strict=True))
    rows = [(name, *map(str, counts)) for name, *counts in shown[:_MOST_CLASSES]]
    if len(shown) > _MOST_CLASSES:
        others = [str(sum(counts[_MOST_CLASSES:])) for counts in splits]
        rows.append((f"{len(shown) - _MOST_CLASSES} more", *others))
    return rows_table(["class", *_SPLITS], rows)


def _range(data: "Dataset") -> str:
    rows = []
    for name in _SPLITS:
        y = getattr(data, name).y.astype(float)
        told = (y.min(), y.mean(), y.max(), y.std()) if len(y) else (np.nan,) * 4
        rows.append((name, *(f"{value:.4g}" for value in told)))
    return rows_table(["target", "lowest", "mean", "highest", "standard deviation"], rows)
