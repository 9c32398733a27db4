"""Findings, sorted by task: the sentences as they are, with what they are about set apart."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A finding: what it is about, such as `dropout (at l2=0)`, and what was found."""

    about: str
    said: str


@dataclass(frozen=True)
class FindingGroup:
    """The findings of a task; those of several tasks, or of none, have an empty label."""

    task: str
    findings: Sequence[Finding]


def group_findings(
    findings: Sequence[str], tasks: Sequence[str]
) -> tuple[list[str], list[FindingGroup]]:
    """Sort findings by the task that they begin with.

    Args:
        findings: As `dlsuite.analysis.findings` gives them.
        tasks: The tasks' labels.

    Returns:
        The sentences that begin with no task, which say how to read the others; and the others by task.
    """
    general: list[str] = []
    by_task: dict[str, list[Finding]] = {}
    # Of two labels that begin alike the longer one is meant.
    longest = sorted(tasks, key=len, reverse=True)
    for finding in findings:
        task = next((t for t in longest if finding.startswith((f"{t}, ", f"{t}: "))), None)
        if task is not None:
            rest = finding[len(task) :]
            about, _, said = (
                rest[2:].partition(": ") if rest.startswith(", ") else ("", "", rest[2:])
            )
            by_task.setdefault(task, []).append(
                Finding(about, said) if said else Finding("", about)
            )
        elif any(finding.startswith(f"{t} against ") for t in longest):
            about, _, said = finding.partition(": ")
            by_task.setdefault("", []).append(Finding(about, said))
        else:
            general.append(finding)
    ordered = [task for task in (*tasks, "") if task in by_task]
    return general, [FindingGroup(task, by_task[task]) for task in ordered]
