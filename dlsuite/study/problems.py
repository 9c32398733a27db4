"""What went wrong in a study, in sentences: failed trials, halved populations, parts set aside."""

from dlsuite.store import ResultsFolder
from dlsuite.store.folder import REJECTED
from dlsuite.store.schema import FAILED, PROBLEM
from dlsuite.study.results import Results

_MESSAGES = 3
"""So many different messages are told; all are in `problems.csv`."""


def problem_lines(results: Results) -> list[str]:
    """Say what went wrong; nothing where nothing did.

    Args:
        results: The study's results.
    """
    problems = results.problems
    failed = problems.loc[problems["status"] == FAILED, PROBLEM]
    smaller = int((problems["status"] != FAILED).sum())
    lines = []
    if len(failed):
        messages = list(dict.fromkeys(failed))
        more = len(messages) - _MESSAGES
        told = "; ".join(str(message).rstrip(".") for message in messages[:_MESSAGES])
        told += f"; and {more} more" if more > 0 else ""
        lines.append(
            f"{len(failed)} of {len(results.trials)} trials failed and are in no table but trials.csv and "
            f"problems.csv: {told}. --retry-failed trains them again."
        )
    if smaller:
        lines.append(
            f"{smaller} of {len(results.trials)} trials were trained in smaller populations, as memory ran "
            "out: equal to the others but for rounding. problems.csv lists them."
        )
    if aside := len(ResultsFolder(results.folder).rejected()):
        what = (
            "part that could not be used was" if aside == 1 else "parts that could not be used were"
        )
        lines.append(
            f"{aside} {what} set aside and trained again; {results.folder / REJECTED} tells why."
        )
    return lines
