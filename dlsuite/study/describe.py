"""What a plan, the registries and a study's results are, as rows and lines to be printed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlsuite.data import Dataset
from dlsuite.spec import display
from dlsuite.spec.values import thaw
from dlsuite.study.certificate import Certificate
from dlsuite.study.guessing import guess_scores
from dlsuite.study.plan import Plan
from dlsuite.study.plugins import check_plugin_models
from dlsuite.study.populations import into_populations
from dlsuite.study.resolve import PlannedTask
from dlsuite.study.setups import load
from dlsuite.study.sizes import PopulationSize, estimate_size
from dlsuite.study.space import estimate_space, size_text, space_at
from dlsuite.study.training_time import estimate_training, training_line
from dlsuite.study.trial import Trial, condition_label


def describe_plan(plan: Plan, *, out: Path = Path("results")) -> dict[str, Any]:
    """Say what a study would train. Data are loaded and models built, so that their sizes are known.

    Args:
        plan: The plan.
        out: The folder in which the study's own is or will be.

    Returns:
        Plain values, ready for JSON.
    """
    check_plugin_models()
    study = plan.study
    first: dict[str, Trial] = {}
    for trial in plan.trials:
        first.setdefault(trial.task, trial)
    sizes = [estimate_size(group[0]) for group in plan.groups]
    groups = [_group_row(plan, *pair) for pair in zip(plan.groups, sizes, strict=True)]
    tasks = []
    for task in plan.tasks:
        data = load(first[task.label])
        tasks.append(
            {
                "task": task.label,
                "model": task.model.name,
                "data": task.data.title,
                "kind": data.kind,
                "train": len(data.train),
                "validation": len(data.validation),
                "test": len(data.test),
                "metric": task.metric,
                "guess": _guess(data, task),
                "notes": list(data.notes),
                "groups": [group for group in groups if group["task"] == task.label],
            }
        )
    from dlsuite.training.devices import device_names

    return {
        "study": study.name,
        "question": study.question,
        "design": study.design,
        "factors": {key: thaw(values) for key, values in study.factors.items()},
        "tune": {key: thaw(values) for key, values in study.tune.items()},
        "fixed": thaw(study.fixed),
        "baseline": thaw(study.full_baseline),
        "conditions": len(plan.conditions),
        "seeds": len(study.seeds),
        "split_seeds": len(study.split_seeds),
        "epochs": study.epochs,
        "trials": len(plan.trials),
        "populations": sum(group["populations"] for group in groups),
        "training": estimate_training(plan, sizes),
        "devices": device_names(),
        "space": _space(plan, sizes, out / study.name),
        "tasks": tasks,
    }


def _space(plan: Plan, sizes: Sequence[PopulationSize], folder: Path) -> dict[str, Any]:
    """What the results take on the disk, by estimate, in bytes, and what is there."""
    space = estimate_space(plan, sizes)
    free, taken = space_at(folder)
    return {
        "folder": str(folder),
        **space._asdict(),
        "total": space.total,
        "taken": taken,
        "free": free,
        "fits": free is None or space.total - taken <= free,
    }


def _guess(data: Dataset, task: PlannedTask) -> str:
    """How one guesses, and what it scores on test where that is known."""
    known = dict(data.guess.scores.get("test", {})) | {
        column.removeprefix("guess_test_"): score
        for column, score in guess_scores(data, task.asked).items()
    }
    score = f": {known[task.metric]:.3g}" if task.metric in known else ""
    return f"{data.guess.name}{score}"


def plan_lines(description: Mapping[str, Any]) -> list[str]:
    """Write a plan's description as lines of text."""
    lines = [f"{description['study']}: {description['question']}".rstrip(": "), ""]
    for place, verb in (("factors", "varied"), ("tune", "tuned ")):
        for key, values in description[place].items():
            lines.append(f"{verb}  {key} = {display(values)}")
    for key, value in description["fixed"].items():
        lines.append(f"fixed   {key} = {display(value)}")
    tuned = 1
    for values in description["tune"].values():
        tuned *= len(values)
    counts = [
        (len(description["tasks"]), "task"),
        (description["conditions"], "condition"),
        (tuned, "tuned value"),
        (description["split_seeds"], "split"),
        (description["seeds"], "seed"),
    ]
    product = " x ".join(
        f"{number} {noun}{'' if number == 1 else 's'}"
        for number, noun in counts
        if number > 1 or noun in ("task", "condition", "seed")
    )
    lines += [
        "",
        f"baseline  {condition_label(description['baseline'])}",
        f"design    {description['design']}",
        f"trials    {description['trials']} = {product}, {description['epochs']} epochs each, "
        f"in {_populations(description['populations'])}",
        "",
    ]
    for task in description["tasks"]:
        lines.append(
            f"{task['task']}: {task['kind']}, {task['train']} train, {task['validation']} validation, "
            f"{task['test']} test; {task['metric']} decides (guessing the {task['guess']})"
        )
        lines += [f"  {note}" for note in task["notes"]]
        lines += [_group_line(group) for group in task["groups"]]
    return [
        *lines,
        "",
        training_line(description["training"]),
        *_space_lines(description["space"]),
    ]


def _space_lines(space: Mapping[str, Any]) -> list[str]:
    free = "" if space["free"] is None else f"; {size_text(space['free'])} are free there"
    of = {
        "parts": space["parts"] + space["weights"],
        "tables": space["tables"],
        "figures and page": space["figures"],
        "models": space["models"],
    }
    listed = ", ".join(f"{name} {size_text(size)}" for name, size in of.items())
    line = (
        f"The results take about {size_text(space['total'])} in {space['folder']} ({listed}){free}."
    )
    if space["fits"]:
        return [line]
    return [
        line,
        "They will not fit: make room, or give another place with --out. What is finished stays if the disk "
        "fills up, and the same command goes on from there.",
    ]


def _group_row(plan: Plan, group: Sequence[Trial], size: PopulationSize) -> dict[str, Any]:
    """A structural group: trials that share a compiled graph."""
    first = group[0]
    own = {
        key: value
        for key, value in {**first.factors, **first.tuned}.items()
        if len({repr(trial.factors.get(key, trial.tuned.get(key))) for trial in group}) == 1
    }
    if len(plan.study.split_seeds) > 1:
        own["split_seed"] = first.split_seed
    return {
        "task": first.task,
        "structure": thaw(own),
        "trials": len(group),
        "populations": len(into_populations(group, size.members)),
        "members": size.members,
        "parameters": size.parameters,
        "megabytes": size.bytes / 2**20,
        "apart": list(size.apart),
    }


def _populations(number: int) -> str:
    return "1 population" if number == 1 else f"{number} populations"


def _group_line(group: Mapping[str, Any]) -> str:
    of = f"{condition_label(group['structure'])}: " if group["structure"] else ""
    return (
        f"  {of}{group['trials']} trials in {_populations(group['populations'])} of {group['members']}, "
        f"{group['parameters']} weights each, about {group['megabytes']:.0f} MB"
        + (f"; member by member: {', '.join(group['apart'])}" if group["apart"] else "")
    )


def certificate_rows(certificate: Certificate) -> list[dict[str, Any]]:
    """A row a precision and member: what it was trained with, and its largest differences."""
    rows = []
    for row in certificate.differences:
        used = dict(certificate.settings[row.member])
        seed = used.pop("seed")
        rows.append(
            {
                "precision": row.precision,
                "member": row.member,
                "seed": seed,
                "settings": condition_label(used),
                "steps": row.steps,
                "loss": f"{row.loss:.1e}",
                "weights": f"{row.weights:.1e}",
                "predictions": f"{row.predictions:.1e}",
                "loss moved by": f"{row.moved:.2g}",
            }
        )
    return rows


def certificate_verdict(certificate: Certificate) -> str:
    """What a certificate says, in a sentence."""
    found = (
        f"the largest difference of a loss in float64 is {certificate.largest:.1e}, "
        f"{'within' if certificate.holds else 'above'} the tolerance of {certificate.tolerance:.0e}"
    )
    if certificate.holds:
        return f"Fusing changes nothing: {found}."
    return f"A member is not what the plain model is alone: {found}."
