"""A made-up study whose names would break a careless page, and a browser to look at it with."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from html.parser import HTMLParser
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dlsuite.analysis import analyze
from dlsuite.report import StudyTables
from dlsuite.report.page import PageFigure, study_page

NASTY = (
    "\"><script>window.broken = 1</script><img src=x onerror='window.broken = 2'> </script> $1 ü"
)
"""A name that must be shown as it is."""
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4" cx="4" cy="4"/></svg>'
VOID = {"meta", "link", "img", "input", "br", "wbr"}


class Element:
    """An element of a page, with what is in it."""

    def __init__(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []

    def __iter__(self) -> Iterator["Element"]:
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, tag: str = "", **attributes: str) -> list["Element"]:
        """Elements below with a tag and attributes; `class_` is one of the classes."""
        wanted_class = attributes.pop("class_", None)
        return [
            element
            for element in self
            if (not tag or element.tag == tag)
            and all(element.attributes.get(key) == value for key, value in attributes.items())
            and (not wanted_class or wanted_class in element.attributes.get("class", "").split())
        ]

    def one(self, tag: str = "", **attributes: str) -> "Element":
        found = self.all(tag, **attributes)
        assert found, (tag, attributes)
        return found[0]

    @property
    def text(self) -> str:
        parts = [child if isinstance(child, str) else child.text for child in self.children]
        return " ".join("".join(parts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read_html(text: str) -> Element:
    reader = _Reader()
    reader.feed(text)
    reader.close()
    assert len(reader.open) == 1, [element.tag for element in reader.open]
    return reader.root


def build_tables(
    factors: Mapping[str, Sequence[Any]],
    *,
    tasks: Sequence[str] = ("mlp/toy", "lstm/waves"),
    tuned: Mapping[str, Sequence[float]] | None = None,
    seeds: int = 5,
    epochs: int = 12,
    gains: Sequence[float] = (),
    diverge: Callable[[int, int], bool] = lambda condition, seed: False,
    name: str = "made_up",
    question: str = "Does it help?",
    analyzed: bool = True,
) -> StudyTables:
    """A study in which condition k is better by `gains[k]`, and overfits less the larger k is.

    Args:
        factors: Values by name; the first of each is the baseline's.
        tasks: Labels; those with `waves` are of RMSE, the others of accuracy.
        tuned: Values of tuned hyperparameters; the first is the best.
        seeds: How many.
        epochs: How many.
        gains: By how much the score of each condition is better; 0 where none is given.
        diverge: Whether a condition's trial diverges in its third epoch.
        name: The study's name.
        question: Its question.
        analyzed: Whether the tables of the analysis are there.
    """
    tuned = tuned or {}
    random = np.random.default_rng(0)
    noise = random.normal(scale=0.004, size=seeds)
    trials, curves = [], []
    for task, (place, values), (rank, extra), seed in product(
        tasks,
        enumerate(product(*factors.values())),
        enumerate(product(*tuned.values())),
        range(seeds),
    ):
        setting = dict(zip(factors, values, strict=True)) | dict(zip(tuned, extra, strict=True))
        condition = " ".join(f"{key}={setting[key]}" for key in factors)
        base = {"task": task, "condition": condition, **setting, "seed": seed, "split_seed": 0}
        diverged = diverge(place, seed)
        epoch = np.arange(3 if diverged else epochs + 1)
        own = random.normal(scale=0.002)
        gain = gains[place] if place < len(gains) else 0.0
        train = 0.7 * np.exp(-epoch / 4) + 0.01 + noise[seed]
        val = train + epoch * 0.02 / (1 + place) + 0.05 * rank
        metric = "rmse" if "waves" in task else "accuracy"
        score = {
            "accuracy": lambda loss, gain=gain, own=own: 0.9 - loss / 2 + gain + own,
            "rmse": lambda loss, gain=gain, own=own: 20 * loss + 20 - 100 * gain + own,
        }[metric]
        curves.append(
            pd.DataFrame(
                {
                    **base,
                    "epoch": epoch,
                    "train_loss": train,
                    "val_loss": val,
                    f"train_{metric}": score(train),
                    f"val_{metric}": score(val),
                    "gradient_norm": np.where(epoch == 0, np.nan, 1 / (1 + epoch)),
                    "step_loss_spread": np.where(epoch == 0, np.nan, 0.01),
                }
            )
        )
        best = int(val.argmin())
        done = np.nan if diverged else 1.0
        trials.append(
            {
                **base,
                "status": "diverged" if diverged else "completed",
                "diverged_epoch": 3.0 if diverged else np.nan,
                "epochs": epochs,
                "best_epoch": done * max(best, 1),
                "train_loss_best": done * train[best],
                "train_loss_last": done * train[-1],
                "val_loss_best": done * val[best],
                "val_loss_last": done * val[-1],
                "gap_loss_last": done * (val - train)[-1],
                f"train_{metric}_best": done * score(train)[best],
                f"val_{metric}_best": done * score(val)[best],
                f"val_{metric}_last": done * score(val)[-1],
                "test_loss": done * val[best],
                f"test_{metric}": done * score(val)[best],
                "parameters": 100 + place,
                "overfits": None if diverged else bool(place == 0),
                "onset_epoch": 8.0 if place == 0 and not diverged else np.nan,
                "epochs_to_90": done * 5,
            }
        )
    about = pd.DataFrame([_about(task) for task in tasks])
    frames = {"trials": pd.DataFrame(trials), "curves": pd.concat(curves, ignore_index=True)}
    baseline = {key: values[0] for key, values in factors.items()}
    if analyzed:
        frames |= analyze(
            frames["trials"],
            frames["curves"],
            about,
            factors=list(factors),
            tuned=list(tuned),
            baseline=baseline,
        )
    return StudyTables(
        name=name,
        frames={**frames, "tasks": about},
        factors=tuple(factors),
        tuned=tuple(tuned),
        baseline=baseline,
        question=question,
    )


def _about(task: str) -> dict[str, Any]:
    of_waves = "waves" in task
    guess = {"rmse": 30.0} if of_waves else {"accuracy": 0.5}
    return {
        "task": task,
        "task_type": "regression" if of_waves else "classification",
        "metric": "rmse" if of_waves else "accuracy",
        "guess": "last value" if of_waves else "majority class",
        "guess_val_loss": 0.7,
        "guess_test_loss": 0.7,
        **{f"guess_val_{key}": value for key, value in guess.items()},
        **{f"guess_test_{key}": value for key, value in guess.items()},
        "n_train": 100,
        "n_validation": 50,
        "n_test": 51,
        "license": f"CC BY 4.0 {NASTY}",
        "fingerprint": "ab" * 32,
    }


def nasty_figure() -> PageFigure:
    return PageFigure("curves", f"Curves {NASTY}", "Read them.", ("curves",), SVG)


@pytest.fixture(scope="session")
def make_tables() -> Callable[..., StudyTables]:
    return build_tables


@pytest.fixture(scope="session")
def parse() -> Callable[[str], Element]:
    return read_html


@pytest.fixture(scope="session")
def nasty() -> str:
    return NASTY


@pytest.fixture(scope="session")
def tables() -> StudyTables:
    """Two tasks, two factors, tuned learning rates, diverged trials, and names to stumble over."""
    return build_tables(
        {"dropout": [0.0, 0.2, 0.5], "kind": ["plain", NASTY]},
        tasks=("mlp/toy", f"lstm/waves {NASTY}"),
        tuned={"learning_rate": [0.01, 0.1]},
        gains=(0.0, 0.0, 0.05),
        diverge=lambda condition, seed: condition == 5 and seed < 2,
        name=f"made up {NASTY}",
        question=f"Does it help? {NASTY}",
    )


@pytest.fixture(scope="session")
def page(tables: StudyTables) -> str:
    return study_page(
        tables,
        figures=[nasty_figure()],
        findings=[f"Means over trials {NASTY}.", f"mlp/toy, dropout: better {NASTY}."],
        environment={"runs": [{"seconds": 2.5, "trained": 120, "command": f"dlsuite {NASTY}"}]},
        specification=f'name = "{NASTY}"\n',
        planned=200,
    )


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Chromium without a window and without a network."""
    chromium, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not chromedriver:
        pytest.skip("needs Chromium: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip(
        "selenium.webdriver", reason='needs pip install "dlsuite[test]"'
    )
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-quic",
        "--no-first-run",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--window-size=1280,900",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def page_file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path
