"""Small studies, trained for real by one executor that keeps its compiled graphs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlsuite.spec import Study, parse_study
from dlsuite.study import InProcessExecutor, Results, run

SMALL: dict[str, Any] = {
    "name": "small",
    "seeds": 2,
    "epochs": 2,
    "tasks": [{"model": {"name": "mlp", "units": 4}, "data": {"name": "wine", "train_size": 40}}],
    "factors": {"dropout": [0.0, 0.5]},
}


@pytest.fixture(scope="session")
def executor() -> InProcessExecutor:
    return InProcessExecutor()


@pytest.fixture
def small() -> Callable[..., Study]:
    def make(*overrides: str, **changes: Any) -> Study:
        return parse_study({**SMALL, **changes}, overrides=overrides)

    return make


@pytest.fixture
def train(executor: InProcessExecutor, tmp_path: Path) -> Callable[..., Results]:
    """Run a study into a folder of the test's own, without figures unless they are asked for."""

    def train_into(study: Study, **options: Any) -> Results:
        return run(study, **{"out": tmp_path, "executor": executor, "report": False, **options})

    return train_into
