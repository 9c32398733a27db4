"""The report: medians over the rounds as CSV and Markdown, and a figure of the step's time."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from benchmarks.cases import CASES
from benchmarks.peers import PEERS
from benchmarks.study import FIRST
from dlsuite.report.style import GRAY, OKABE_ITO, axes_grid, figure_style, save_figure

_HEADINGS = {
    "step_us": "µs a step and model",
    "ratio": "over dlsuite",
    "epoch_us": "with evaluation, µs",
    "compile_s": "compile, s",
    "all_members_s": "all members, s",
    "process_s": "process, s",
    "models": "models in it",
    "peak_mb": "peak MB",
    "gflops": "GFLOPS",
    "matmul_share": "of matmul rate",
}


def write_report(folder: Path) -> list[Path]:
    """Write `peers.csv`, `report.md`, `peers.png` and `peers.svg` from what the runs left.

    Args:
        folder: Where `runs.csv` and `machine.json` are, and `study.csv` if a study was run.

    Returns:
        The files written.
    """
    lines = ["# Benchmarks", ""]
    written = []
    if (folder / "runs.csv").exists():
        machine = json.loads((folder / "machine.json").read_text())
        medians = median_table(pd.read_csv(folder / "runs.csv"), machine["matmul_gflops"])
        medians.to_csv(folder / "peers.csv", index=False, float_format="%.4g", lineterminator="\n")
        lines += _machine_lines(machine) + _peer_lines(medians)
        written += [folder / "peers.csv", *draw_steps(medians, folder)]
    if (folder / "study.csv").exists():
        lines += _study_lines(pd.read_csv(folder / "study.csv"))
    (folder / "report.md").write_text("\n".join(lines).rstrip() + "\n")
    return [folder / "report.md", *written]


def median_table(runs: pd.DataFrame, matmul_gflops: float) -> pd.DataFrame:
    """Take medians over the rounds.

    Args:
        runs: The rows of `runs.csv`.
        matmul_gflops: The machine's rate.

    Returns:
        A row for each case and peer, in the order in which they are defined; `rounds` is how many there
        were, `ratio` is `step_us` over the suite's, `matmul_share` is `gflops` over the rate.
    """
    groups = runs.groupby(["case", "peer"], sort=False)
    table = groups.median(numeric_only=True).drop(columns="round").reset_index()
    table["rounds"] = groups["round"].nunique().to_numpy()
    whole = ["members", "models", "epochs", "steps", "batch", "parameters"]
    table[whole] = table[whole].astype(int)
    suite = table[table["peer"] == "suite"].set_index("case")["step_us"]
    table["ratio"] = table["step_us"] / table["case"].map(suite)
    table["matmul_share"] = table["gflops"] / matmul_gflops
    order = {name: place for place, name in enumerate([*CASES, *PEERS])}
    return table.sort_values(["case", "peer"], key=lambda names: names.map(order), kind="stable")


def draw_steps(medians: pd.DataFrame, folder: Path) -> list[Path]:
    """Draw a panel of bars for each case.

    Args:
        medians: As `median_table` gives it.
        folder: Where `peers.png` and `peers.svg` are written.
    """
    cases = [name for name in CASES if (medians["case"] == name).any()]
    peers = [name for name in PEERS if (medians["peer"] == name).any()]
    steps = medians.pivot(index="peer", columns="case", values="step_us").loc[peers, cases]
    limits = _decades(steps.min().min(), steps.max().max())
    with figure_style():
        figure, panels = axes_grid(len(cases), columns=2, panel_height=1.9)
        for place, (name, ax) in enumerate(zip(cases, panels, strict=True)):
            _bars(steps[name], ax, labeled=place % 2 == 0)
            ax.set_xlim(limits)
            ax.set_title(CASES[name].title, loc="left")
    return save_figure(figure, folder, "peers")


def _bars(steps: pd.Series, ax: Axes, *, labeled: bool) -> None:
    """Draw a bar for each peer; one without a figure keeps its place."""
    colors = [OKABE_ITO[0] if name == "suite" else GRAY for name in steps.index]
    places = range(len(steps))
    bars = ax.barh(places, steps, color=colors, height=0.65)
    labels = ["" if pd.isna(value) else _digits(value) for value in steps]
    ax.bar_label(bars, labels, padding=2, fontsize=7)
    ax.set_xscale("log")
    ax.invert_yaxis()
    ax.set_yticks(places, [PEERS[name].title for name in steps.index] if labeled else [])
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("microseconds per step and model")


def _decades(least: float, most: float) -> tuple[float, float]:
    """Powers of ten around values, with room for a label after the longest bar."""
    return 10.0 ** math.floor(math.log10(least)), 10.0 ** (math.log10(most) + 1)


def _machine_lines(machine: dict[str, Any]) -> list[str]:
    versions = ", ".join(f"{k} {v or 'not installed'}" for k, v in machine["versions"].items())
    return [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB, "
        f"{machine['system']}; Python {machine['python']}; {versions}. Measured rate of float32 "
        f"1024x1024 matrix products: {machine['matmul_gflops']:.0f} GFLOPS. Load before the first "
        f"round: {machine['load']}.",
        "",
    ]


def _peer_lines(medians: pd.DataFrame) -> list[str]:
    lines = []
    for name, rows in medians.groupby("case", sort=False):
        rounds = rows["rounds"].min()
        lines += [f"## {CASES[str(name)].title}", "", f"Medians; rounds: {rounds}.", ""]
        lines.append("| | " + " | ".join(_HEADINGS.values()) + " |")
        lines.append("|---" + "|---:" * len(_HEADINGS) + "|")
        for row in rows.to_dict("records"):
            cells = [_cell(column, row[column]) for column in _HEADINGS]
            lines.append(f"| {PEERS[row['peer']].title} | " + " | ".join(cells) + " |")
        lines.append("")
    return lines


def _study_lines(runs: pd.DataFrame) -> list[str]:
    seconds = runs.groupby("program", sort=False)["seconds"].median()
    trials, epochs = runs["trials"].iloc[0], runs["epochs"].iloc[0]
    lines = [
        "## A whole study",
        "",
        f"{trials} trials of {epochs} epochs, process start to exit.",
        "",
    ]
    lines += ["| | seconds | over dlsuite |", "|---|---:|---:|"]
    lines += [
        f"| {name} | {_digits(value)} | {_digits(value / seconds[FIRST])} |"
        for name, value in seconds.items()
    ]
    return [*lines, ""]


def _cell(column: str, value: float) -> str:
    if pd.isna(value):
        return ""
    return f"{_digits(100 * value)}%" if column == "matmul_share" else _digits(value)


def _digits(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{float(f'{value:.3g}'):,.15g}"
