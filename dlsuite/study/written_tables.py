"""Tables of texts, written as Markdown or LaTeX."""

from collections.abc import Callable, Mapping, Sequence

_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_LATEX |= {letter: f"\\{letter}" for letter in "&%$#_{}"}
_LATEX |= {"±": r"$\pm$", "†": r"$\dagger$", "<": r"$<$", ">": r"$>$"}
# Behind a line's end a bracket would be read as the space to leave.
_LATEX["["] = "{[}"


def as_markdown(rows: Sequence[Mapping[str, str]], *, bold: Sequence[bool], column: str) -> str:
    """Write a table in Markdown, as GitHub reads it.

    Args:
        rows: Texts by column, the same columns in each.
        bold: For each row, whether its cell in `column` is in bold.
        column: The column that has bold cells.
    """
    heads, *lines = _cells(rows, _markdown, "**{}**", bold, column)
    if not lines:
        return ""
    return "".join(f"| {' | '.join(line)} |\n" for line in (heads, ["---"] * len(heads), *lines))


def as_latex(rows: Sequence[Mapping[str, str]], *, bold: Sequence[bool], column: str) -> str:
    """Write a table in LaTeX, with the rules of the package booktabs.

    Args:
        rows: Texts by column, the same columns in each.
        bold: For each row, whether its cell in `column` is in bold.
        column: The column that has bold cells.
    """
    heads, *lines = _cells(rows, _latex, r"\textbf{{{}}}", bold, column)
    if not lines:
        return ""
    head, *body = [" & ".join(line) + r" \\" for line in (heads, *lines)]
    begin, end = rf"\begin{{tabular}}{{{'l' * len(heads)}}}", r"\end{tabular}"
    rules = [begin, r"\toprule", head, r"\midrule", *body, r"\bottomrule", end]
    return "\n".join(rules) + "\n"


def _cells(
    rows: Sequence[Mapping[str, str]],
    escape: Callable[[str], str],
    in_bold: str,
    bold: Sequence[bool],
    column: str,
) -> list[list[str]]:
    """The heads and every line's cells, escaped, the bold ones in their form."""
    heads = [escape(name) for name in rows[0]] if rows else []
    lines = [
        [
            in_bold.format(escape(cell)) if on and name == column else escape(cell)
            for name, cell in row.items()
        ]
        for row, on in zip(rows, bold, strict=True)
    ]
    return [heads, *lines]


def _markdown(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "\\|*_`<[" else letter for letter in text)


def _latex(text: str) -> str:
    return "".join(_LATEX.get(letter, letter) for letter in text)
