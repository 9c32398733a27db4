from typing import Annotated

import numpy as np
import pytest
from pydantic import Field

from dlsuite.data import (
    Examples,
    data_entry,
    data_settings,
    list_data,
    load_data,
    register_data,
    unregister_data,
)
from dlsuite.errors import DataError, SpecError, UnknownNameError

ABOUT = {"source": "a test", "license": "CC0-1.0", "description": "-"}
AT_HAND = ["breast_cancer", "co2", "diabetes", "digits", "languages", "sunspots", "wine"]
DOWNLOADED = ["california_housing", "cifar10", "fashion_mnist", "imdb", "mnist", "reuters"]
BUILT_IN = sorted(AT_HAND + DOWNLOADED)


def test_the_built_in_sets_are_listed_by_name_kind_and_task_type():
    assert list_data() == BUILT_IN
    assert list_data("*s") == ["diabetes", "digits", "languages", "reuters", "sunspots"]
    assert [name for name in list_data() if data_entry(name).download] == DOWNLOADED
    assert list_data(kind="series") == ["co2", "sunspots"]
    assert list_data(kind="table", task_type="regression") == ["california_housing", "diabetes"]


def test_an_unknown_kind_or_task_type_is_refused():
    with pytest.raises(SpecError, match=r"kind: expected one of table, .* got 'tabel'"):
        list_data(kind="tabel")
    with pytest.raises(SpecError, match=r"task_type: expected one of classification, .* got 'x'"):
        list_data(task_type="x")


def test_an_unknown_name_lists_the_closest_ones():
    with pytest.raises(UnknownNameError, match=r"Unknown data set 'digit'. Did you mean 'digits'"):
        load_data("digit")


def test_every_set_takes_the_common_settings_and_its_own():
    common = ["train_size", "label_noise", "input_scaling", "split_seed"]
    assert list(data_settings("wine")) == common
    assert list(data_settings("co2")) == [*common, "window", "difference"]
    assert data_settings("co2")["window"].default == 26
    assert all(setting.doc for name in BUILT_IN for setting in data_settings(name).values())
    assert not any(s.vectorized for name in BUILT_IN for s in data_settings(name).values())


def test_text_takes_no_input_scaling():
    assert list(data_settings("languages")) == ["train_size", "label_noise", "split_seed", "length"]
    with pytest.raises(SpecError, match="'languages' does not take 'input_scaling'"):
        load_data("languages", input_scaling="none")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"windows": 5}, "data set 'sunspots' does not take 'windows'. Did you mean 'window'"),
        ({"window": 0}, "window: expected a whole number, at least 1; got 0"),
        ({"window": 2.5}, "window: expected a whole number"),
        ({"label_noise": 1.0}, "label_noise: expected a number, .* less than 1; got 1"),
        ({"label_noise": -0.1}, "label_noise: expected a number, at least 0"),
        ({"train_size": 0}, "train_size: expected a whole number, at least 1.* got 0"),
        ({"split_seed": -1}, "split_seed: expected a whole number, at least 0; got -1"),
        ({"input_scaling": "minmax"}, 'input_scaling: expected one of "none", "standard"'),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_expected(settings, message):
    with pytest.raises(SpecError, match=message):
        load_data("sunspots", **settings)


def test_a_set_registered_by_decorator_is_loaded_with_its_own_settings():
    @register_data("steps", kind="table", task_type="regression", **ABOUT)
    def steps(*, rows: Annotated[int, Field(ge=10)] = 20) -> Examples:
        """Read steps.

        Args:
            rows: How many.
        """
        return Examples(x=np.arange(rows)[:, None], y=np.arange(rows), feature_names=("step",))

    try:
        assert data_entry("steps").loader is steps
        assert data_settings("steps")["rows"].doc == "How many."
        assert len(load_data("steps").train) == 12
        assert len(load_data("steps", rows=100).train) == 60
        with pytest.raises(SpecError, match="The data set 'steps' is registered already"):
            register_data("steps", kind="table", task_type="regression", **ABOUT)(steps)
    finally:
        unregister_data("steps")
    assert "steps" not in list_data()


def test_a_loader_with_a_positional_or_a_taken_argument_is_refused():
    register = register_data("mine", kind="table", task_type="regression", **ABOUT)
    with pytest.raises(SpecError, match=r"'mine': expected keyword-only arguments; .* has 'path'"):
        register(lambda path: None)
    with pytest.raises(SpecError, match="argument 'train_size' is a setting that every data set"):
        register(lambda *, train_size=1: None)
    with pytest.raises(SpecError, match=r"kind: expected one of .* got 'sound'"):
        register_data("mine", kind="sound", task_type="regression", **ABOUT)
    assert "mine" not in list_data()


def test_a_loader_that_returns_what_its_kind_does_not_is_refused(small_data):
    table = Examples(x=np.zeros((50, 1)), y=np.zeros(50), feature_names=("a",))
    with (
        small_data(table, kind="series", task_type="regression") as name,
        pytest.raises(
            DataError, match=r"'small': expected its loader to return TimeSeries, .* got Examples"
        ),
    ):
        load_data(name)
    with (
        small_data(table, task_type="classification") as name,
        pytest.raises(
            DataError,
            match="expected class_names if, and only if, the task type is 'classification'",
        ),
    ):
        load_data(name)
