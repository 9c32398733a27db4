import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from dlsuite.analysis.measures import Measure, higher_is_better, metric_label
from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.spec.metrics import (
    BUILT_IN,
    Metric,
    describe_metric,
    known_metrics,
    list_metrics,
    metric_entry,
    metrics_of_every_trial,
    register_metric,
    unregister_metric,
)
from dlsuite.spec.prediction_scores import (
    balanced_accuracy,
    explained_variance,
    macro_f1,
    ranking_area,
)
from dlsuite.store import curve_columns, trial_columns

NAMES = st.from_regex(r"[A-Za-z]\w{0,12}", fullmatch=True).filter(str.isascii)


@pytest.fixture
def cost() -> Iterator[None]:
    @register_metric("cost", task_type="classification", greater_is_better=False, label="the cost")
    def cost(labels: np.ndarray, probabilities: np.ndarray) -> float:
        return float((labels != probabilities.argmax(axis=1)).sum())

    yield
    unregister_metric("cost")


def answers(
    n: int = 60, classes: int = 3, *, present: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(classes)
    labels = generator.integers(0, present or classes, n)
    return labels, generator.dirichlet(np.ones(classes), n)


def test_each_type_of_task_has_its_metrics_and_the_loss() -> None:
    assert [m.name for m in metrics_of_every_trial("classification")] == ["loss", "accuracy"]
    assert [m.name for m in metrics_of_every_trial("regression")] == ["loss", "rmse", "mae"]
    assert list_metrics(task_type="regression") == ["loss", "mae", "r2", "rmse"]
    assert list_metrics("*accuracy") == ["accuracy", "balanced_accuracy"]


def test_the_log_loss_is_the_loss_of_a_classification_and_of_nothing_else() -> None:
    loss = metric_entry("log_loss", task_type="classification")
    assert loss is not None and loss.name == "loss"
    assert metric_entry("log_loss", task_type="regression") is None


def test_a_metric_of_the_other_type_is_none_and_an_unknown_one_lists_the_closest() -> None:
    assert metric_entry("r2", task_type="classification") is None
    with pytest.raises(
        UnknownNameError, match=r"Unknown metric 'acuracy'. Did you mean 'accuracy'"
    ):
        metric_entry("acuracy", task_type="classification")


def test_a_tie_counts_half_as_it_does_for_scikit_learn() -> None:
    labels = np.array([0, 1, 0, 1, 1, 0])
    p = np.array([0.5, 0.5, 0.5, 0.9, 0.1, 0.1])
    area = ranking_area(labels, np.stack([1 - p, p], axis=1))
    assert area == pytest.approx(sk.roc_auc_score(labels, p))


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_scores_of_classes_are_scikit_learns(classes: int) -> None:
    labels, p = answers(300, classes)
    told = p.argmax(axis=1)
    assert balanced_accuracy(labels, p) == pytest.approx(sk.balanced_accuracy_score(labels, told))
    assert macro_f1(labels, p) == pytest.approx(sk.f1_score(labels, told, average="macro"))
    area = (
        sk.roc_auc_score(labels, p[:, 1])
        if classes == 2
        else sk.roc_auc_score(labels, p, multi_class="ovr", average="macro")
    )
    assert ranking_area(labels, p) == pytest.approx(area)


def test_a_class_that_the_labels_lack_counts_for_nothing() -> None:
    labels, p = answers(classes=4, present=2)
    told = p.argmax(axis=1)
    right = [(told[labels == label] == label).mean() for label in (0, 1)]
    assert balanced_accuracy(labels, p) == pytest.approx(np.mean(right))
    areas = [sk.roc_auc_score(labels == label, p[:, label]) for label in (0, 1)]
    assert ranking_area(labels, p) == pytest.approx(np.mean(areas))
    assert 0 < macro_f1(labels, p) < 1


@pytest.mark.parametrize("classes", [2, 3])
def test_labels_of_one_class_have_no_ranking_but_a_share_that_is_right(classes: int) -> None:
    labels, p = np.zeros(20, int), answers(20, classes)[1]
    assert math.isnan(ranking_area(labels, p))
    assert balanced_accuracy(labels, p) == pytest.approx((p.argmax(axis=1) == 0).mean())


def test_the_explained_variance_is_scikit_learns_and_none_of_constant_targets() -> None:
    y, f = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    assert explained_variance(y, f) == pytest.approx(sk.r2_score(y, f))
    assert math.isnan(explained_variance(np.ones(3), f))
    assert math.isnan(explained_variance(y[:1], f[:1]))


@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=30), seed=st.integers(0, 2**32 - 1))
def test_scores_of_any_labels_stay_in_their_bounds_or_are_not_defined(
    labels: list[int], seed: int
) -> None:
    p = np.random.default_rng(seed).dirichlet(np.full(4, 0.3), len(labels))
    for metric in BUILT_IN:
        if metric.function is not None and metric.fits("classification"):
            score = metric.measure(np.array(labels), p)
            assert math.isnan(score) or 0 <= score <= 1


@given(name=NAMES)
def test_a_column_is_read_in_one_way_only(name: str) -> None:
    try:
        register_metric(name, task_type="regression", greater_is_better=True)(lambda y, f: 0.0)
    except SpecError:
        return
    try:
        names = list(known_metrics())
        read = {}
        for column in {*trial_columns([], [], names), *curve_columns([], [], names)}:
            measure = Measure.parse(column)
            if measure is not None and measure.metric:
                assert measure.column == column
                read[column] = (measure.split, measure.metric, measure.epoch)
        assert len(set(read.values())) == len(read)
        assert {metric for _, metric, _ in read.values()} == set(names)
        for split in ("train", "val", "gap"):
            for when in ("best", "last"):
                assert read[f"{split}_{name}_{when}"] == (split, name, when)
        assert read[f"test_{name}"] == ("test", name, "best")
        assert read[f"test_gap_{name}"] == ("test_gap", name, "best")
        assert not {f"train_{name}", f"val_{name}"} & set(read)
    finally:
        unregister_metric(name)


@pytest.mark.parametrize("name", ["gap_x", "x_best", "x_last", "a-b", "9x", "", "x y", "é"])
def test_a_name_that_would_make_columns_look_alike_is_refused(name: str) -> None:
    with pytest.raises(SpecError, match=r"metric .*: expected letters, digits and '_'"):
        register_metric(name, task_type="regression", greater_is_better=True)


@pytest.mark.parametrize("name", ["accuracy", "loss", "f1", "log_loss"])
def test_the_suites_own_metrics_are_not_replaced(name: str) -> None:
    with pytest.raises(SpecError, match=f"metric '{name}' is registered already"):
        register_metric(name, task_type="classification", greater_is_better=True)(lambda y, p: 0.0)


def test_what_cannot_be_registered_says_why() -> None:
    with pytest.raises(SpecError, match="'x': task_type: expected one of classification, regr"):
        register_metric("x", task_type="ranking", greater_is_better=True)
    with pytest.raises(SpecError, match=r"'x': bounds: expected a low and a higher one; got 1, 0"):
        register_metric("x", task_type="regression", greater_is_better=True, bounds=(1, 0))
    with pytest.raises(SpecError, match="'f1' is the suite's own"):
        unregister_metric("f1")


def test_a_registered_metric_is_known_everywhere(cost: None) -> None:
    metric = metric_entry("cost", task_type="classification")
    assert metric is not None and len(metric.version) == 16
    assert metric.tag == f"cost@{metric.version}"
    assert not higher_is_better("cost") and metric_label("cost") == "the cost"
    assert metric.gap(1.0, 3.0) == 2.0
    assert metric.measure(*answers()) > 0
    measure = Measure.parse("val_cost_best")
    assert measure is not None and measure.label() == "val the cost"
    assert measure.bounds == (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda y, p: 1 / 0, r"test_metric_registry\.py, line \d+\): it raised ZeroDivisionError"),
        (lambda y, p: None, r"line \d+\): expected a finite number, .*; it returned None"),
        (lambda y, p: "0.5", r"it returned '0\.5'"),
        (lambda y, p: p, r"it returned a ndarray"),
        (lambda y, p: math.inf, r"NaN where it is not defined; it returned inf"),
    ],
)
def test_a_metric_that_gives_no_number_is_named_with_its_place(
    function: object, message: str
) -> None:
    metric = Metric("mine", "mine", "classification", True, function=function)  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"metric 'mine' \(.*" + message):
        metric.measure(*answers())


def test_a_metric_may_say_that_it_is_not_defined() -> None:
    metric = Metric("mine", "mine", "classification", True, function=lambda y, p: np.nan)
    assert math.isnan(metric.measure(*answers()))


def test_a_description_makes_a_metric_readable_and_must_not_contradict(
    cost: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlsuite.spec.metrics._described", {})
    described = Metric("yield", "yield", "regression", True, (0.0, 5.0), version="12")
    describe_metric(described, source="metrics.csv")
    assert higher_is_better("yield") and "yield" not in list_metrics()
    describe_metric(described, source="metrics.csv")
    other = Metric("cost", "cost", "classification", True)
    with pytest.raises(
        SpecError, match=r"b.csv: metric 'cost' is better when greater there, but l"
    ):
        describe_metric(other, source="b.csv")
