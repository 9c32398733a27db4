"""Explanations of a tiny network, trained once for all tests of a file."""

from collections.abc import Callable
from typing import Any

import pytest

from dlsuite.data import Dataset, load_data
from dlsuite.explanations import Explanation, explain
from dlsuite.explanations.subject import Subject
from dlsuite.training.result import TrialResult

Recorded = tuple[Explanation, list[TrialResult]]


@pytest.fixture(scope="session")
def wine_data() -> Dataset:
    return load_data("wine")


@pytest.fixture(scope="session")
def record() -> Callable[..., Recorded]:
    """Explain a topic, and give back the trainings behind it as well."""

    def explain_and_record(topic: str, **options: Any) -> Recorded:
        kept: list[list[TrialResult]] = []
        train = Subject.train

        def recording(self: Subject, *args: Any, **kwargs: Any) -> list[TrialResult]:
            kept.append(train(self, *args, **kwargs))
            return kept[-1]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Subject, "train", recording)
            explained = explain(topic, "mlp", "wine", **options)
        return explained, kept[0]

    return explain_and_record
