from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlsuite.data.catalog import DataEntry
from dlsuite.errors import SpecError, UnknownNameError
from dlsuite.models import add_model, unregister_model
from dlsuite.spec import Study, parse_study
from dlsuite.study import make_plan
from dlsuite.study.populations import into_groups, into_populations

Make = Callable[..., Study]

MLP_ON_WINE = [{"model": "mlp", "data": "wine"}]


def test_trials_are_tasks_times_conditions_times_tuned_times_splits_times_seeds(
    small: Make,
) -> None:
    study = small(
        tasks=[*MLP_ON_WINE, {"model": "cnn", "data": "digits"}],
        factors={"dropout": [0.0, 0.2, 0.4], "batch_norm": [False, True]},
        tune={"learning_rate": [0.001, 0.01]},
        seeds=3,
        split_seeds=[0, 7],
    )

    trials = make_plan(study).trials

    assert len(trials) == 2 * (3 * 2) * 2 * 2 * 3
    assert len({trial.key("data") for trial in trials}) == len(trials)


def test_a_file_is_asked_once_how_it_is_split(
    small: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not for every trial: of 216,000 trials that took minutes."""
    path = tmp_path / "people.csv"
    path.write_text("x,y\n" + "".join(f"{i * 7 % 40 / 3},{i % 2}\n" for i in range(40)))
    asked = []
    drawn_with = DataEntry.drawn_with

    def noted(entry: DataEntry, settings: Mapping[str, Any]) -> bool:
        asked.append(settings["target"])
        return drawn_with(entry, settings)

    monkeypatch.setattr(DataEntry, "drawn_with", noted)
    data = [{"path": str(path), "target": target} for target in "xy"]
    tasks = [{"model": "mlp", "data": one, "name": one["target"]} for one in data]
    factors = {"dropout": [0.0, 0.2, 0.4]}
    make_plan(small(tasks=tasks, factors=factors, seeds=3, split_seeds=2))
    assert asked == ["x", "y"]


def test_a_condition_is_written_in_the_order_of_the_study(small: Make) -> None:
    factors = {"learning_rate": [0.01], "batch_norm": [True], "units": [[8, 4]]}

    trial = make_plan(small(tasks=MLP_ON_WINE, factors=factors)).trials[0]

    assert trial.condition == "learning_rate=0.01 batch_norm=true units=[8, 4]"


def test_every_setting_is_resolved_with_its_default(small: Make) -> None:
    trial = make_plan(small(fixed={"batch_size": 8, "label_noise": 0.1})).trials[0]

    assert trial.model_settings["units"] == (4,)
    assert trial.model_settings["activation"] == "relu"
    assert trial.data_settings == {
        "train_size": 40,
        "label_noise": 0.1,
        "input_scaling": "standard",
        "split_seed": 0,
    }
    assert trial.training.batch_size == 8
    assert trial.training.optimizer == "adam"


def test_a_whole_number_and_a_float_of_the_same_value_are_the_same_trial(small: Make) -> None:
    as_int = make_plan(small(factors={"dropout": [0, 0.5]})).trials[0]
    as_float = make_plan(small(factors={"dropout": [0.0, 0.5]})).trials[0]

    assert as_int.key("data") == as_float.key("data")
    assert as_int.condition == as_float.condition


def test_a_fixed_setting_goes_to_the_tasks_that_take_it(small: Make) -> None:
    study = small(
        tasks=[{"model": "gru", "data": "sunspots"}, {"model": "mlp", "data": "wine"}],
        fixed={"recurrent_dropout": 0.3},
    )

    gru, mlp = make_plan(study).trials[0], make_plan(study).trials[-1]

    assert gru.model_settings["recurrent_dropout"] == 0.3
    assert "recurrent_dropout" not in mlp.model_settings


def test_a_tasks_own_settings_go_before_the_studys(small: Make) -> None:
    task = {**MLP_ON_WINE[0], "fixed": {"learning_rate": 0.5}}
    study = small(tasks=[task, {"model": "cnn", "data": "digits"}], fixed={"learning_rate": 0.1})

    trials = make_plan(study).trials

    assert trials[0].training.learning_rate == 0.5
    assert trials[-1].training.learning_rate == 0.1


def test_a_setting_that_only_some_optimizers_use_can_stand_beside_them(small: Make) -> None:
    study = small(factors={"optimizer": ["adam", "sgd"]}, fixed={"momentum": 0.9})

    assert [trial.training.momentum for trial in make_plan(study).trials] == [0.9] * 4


def test_widths_can_be_varied_over_several_kinds_of_network(small: Make) -> None:
    tasks = [*MLP_ON_WINE, {"model": "gru", "data": "sunspots"}, {"model": "cnn", "data": "digits"}]

    for trial in make_plan(small(tasks=tasks, factors={"units": [32, [64, 32]]})).trials:
        assert trial.model_settings["units"] in ((32,), (64, 32))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("batch_size", r"both the model and the training take 'batch_size'; rename"),
        ("best_epoch", r"the model takes 'best_epoch', which is a column of the results; rename"),
        ("mean", r"the model takes 'mean', which is a column of the results; rename"),
    ],
)
def test_an_argument_that_is_called_like_something_else_is_refused(
    small: Make, argument: str, message: str
) -> None:
    parameters: dict[str, Any] = {}
    code = (
        f"def build(*, input_shape, outputs, {argument}: float = 0.5):\n"
        "    import keras\n"
        "    return keras.Sequential([keras.Input(input_shape), keras.layers.Dense(outputs)])"
    )
    exec(code, parameters)
    add_model("clash", parameters["build"])
    try:
        with pytest.raises(SpecError, match=message):
            make_plan(small(tasks=[{"model": "clash", "data": "wine"}], factors={"l2": [0.0]}))
    finally:
        unregister_model("clash")


class TestKey:
    def test_does_not_know_the_study_or_its_grid(self, small: Make) -> None:
        before = make_plan(small()).trials[0]
        after = make_plan(
            small(name="other", question="?", seeds=5, factors={"dropout": [0.0, 0.1, 0.9]})
        ).trials[0]

        assert before.key("data") == after.key("data")

    def test_does_not_know_the_number_of_epochs(self, small: Make) -> None:
        assert make_plan(small(epochs=3)).trials[0].key("d") == make_plan(small()).trials[0].key(
            "d"
        )

    @pytest.mark.parametrize("setting", [{"schedule": "cosine"}, {"warmup": 0.1}])
    def test_knows_the_number_of_epochs_where_a_schedule_depends_on_it(
        self, small: Make, setting: dict[str, Any]
    ) -> None:
        short = make_plan(small(fixed=setting)).trials[0]
        long = make_plan(small(fixed=setting, epochs=3)).trials[0]

        assert short.key("data") != long.key("data")

    def test_does_not_know_a_later_setting_at_its_default(
        self, small: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("dlsuite.study.trial.RESULTS_VERSION", 3)
        model = {"name": "cnn", "filters": [3], "units": [4]}
        task = {"model": model, "data": {"name": "digits", "train_size": 40}}

        def keys(**fixed: Any) -> list[str]:
            study = small(tasks=[task], factors={"dropout": [0.0, 0.5]}, fixed=fixed, seeds=1)
            return [one.key("data") for one in make_plan(study).trials]

        # As they were before cnn could augment.
        assert keys() == ["85f5df1ff1cf1aae", "b8f6e571d827852a"]
        assert keys(flip=False, shift=0, crop=1) == keys()
        assert not {*keys(flip=True), *keys(shift=0.1), *keys(crop=0.9)} & {*keys()}

    def test_knows_the_data_the_seed_and_every_setting(self, small: Make) -> None:
        first, second = make_plan(small()).trials[:2]
        changed = make_plan(small(fixed={"l2": 0.1})).trials[0]

        assert len({first.key("a"), first.key("b"), second.key("a"), changed.key("a")}) == 4


class TestDesigns:
    def test_one_at_a_time_varies_each_factor_around_the_baseline(self, small: Make) -> None:
        study = small(
            design="one-at-a-time",
            factors={"dropout": [0.0, 0.2, 0.4], "batch_norm": [False, True]},
            baseline={"dropout": 0.2},
        )

        assert [tuple(condition.values()) for condition in make_plan(study).conditions] == [
            (0.2, False),
            (0.0, False),
            (0.4, False),
            (0.2, True),
        ]

    @given(wanted=st.integers(1, 24))
    def test_random_draws_different_conditions_with_the_baseline_first(self, wanted: int) -> None:
        study = parse_study(
            {
                "name": "random",
                "tasks": MLP_ON_WINE,
                "design": "random",
                "trials": wanted,
                "factors": {"dropout": [0.0, 0.1, 0.2], "units": [1, 2, 3, 4], "l2": [0.0, 0.1]},
                "baseline": {"dropout": 0.1},
            }
        )

        conditions = [tuple(condition.values()) for condition in make_plan(study).conditions]

        assert len(set(conditions)) == len(conditions) == wanted
        assert conditions[0] == (0.1, (1,), 0.0)

    def test_random_cannot_draw_more_than_there_are(self, small: Make) -> None:
        with pytest.raises(SpecError, match=r"trials: the factors have 2 combinations; got 3"):
            make_plan(small(design="random", trials=3))


class TestPopulations:
    def test_members_share_all_structural_values(self, small: Make) -> None:
        study = small(
            factors={
                "learning_rate": [0.1, 0.2],
                "batch_norm": [False, True],
                "dropout": [0.0, 0.5],
            },
            split_seeds=2,
        )

        groups = make_plan(study).groups

        assert len(groups) == 2 * 2
        for group in groups:
            assert len({(t.model_settings["batch_norm"], t.split_seed) for t in group}) == 1
            assert {t.training.learning_rate for t in group} == {0.1, 0.2}

    @given(seeds=st.integers(1, 40), values=st.integers(1, 3), size=st.integers(1, 20))
    def test_every_trial_is_in_one_population_of_bounded_size(
        self, seeds: int, values: int, size: int
    ) -> None:
        study = parse_study(
            {
                "name": "many",
                "tasks": MLP_ON_WINE,
                "seeds": seeds,
                "factors": {"batch_size": list(range(1, values + 1))},
            }
        )
        trials = make_plan(study).trials

        populations = [p for group in into_groups(trials) for p in into_populations(group, size)]

        assert sorted(id(t) for p in populations for t in p) == sorted(id(t) for t in trials)
        assert max(len(population) for population in populations) <= size
        assert len(populations) == values * -(-seeds // size)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tasks": [{"model": "mpl", "data": "wine"}]}, r"Unknown model 'mpl'. Did you mean 'mlp'"),
        (
            {"tasks": [{"model": "mlp", "data": "win"}]},
            r"Unknown data set 'win'. Did you mean 'wine'",
        ),
        (
            {"tasks": [{"model": "cnn", "data": "wine"}]},
            r"task 'cnn/wine': model 'cnn' takes image data; 'wine' is table data",
        ),
        (
            {"factors": {"droput": [0.1]}},
            r"\[factors\]: neither model 'mlp' nor data set 'wine' nor the training takes 'droput'. "
            r"Did you mean 'dropout'",
        ),
        ({"factors": {"recurrent_dropout": [0.1]}}, r"\[factors\]: neither model 'mlp'"),
        ({"tune": {"filters": [1]}}, r"\[tune\]: neither model 'mlp'"),
        ({"fixed": {"epoch_size": 3}}, r"\[fixed\]: neither model 'mlp'"),
        (
            {"factors": {"dropout": [-0.1]}},
            r"factors\.dropout: expected a number, at least 0, less than 1; got -0.1",
        ),
        ({"factors": {"dropout": [1.0]}}, r"factors\.dropout: .* less than 1; got 1"),
        ({"factors": {"dropout": ["a"]}}, r'factors\.dropout: expected a number.*; got "a"'),
        ({"factors": {"dropout": [0, 0.0]}}, r"factors\.dropout: a value stands there twice"),
        (
            {"fixed": {"optimizer": "sdg"}},
            r'fixed\.optimizer: expected one of "sgd", "rmsprop", "adam", "adamw"; got "sdg"',
        ),
        (
            {"fixed": {"batch_size": 0}},
            r"fixed\.batch_size: expected a whole number, at least 1; got 0",
        ),
        (
            {"tasks": [{"model": {"name": "mlp", "unit": 3}, "data": "wine"}]},
            r"task 'mlp/wine': model 'mlp' does not take 'unit'. Did you mean 'units'",
        ),
        (
            {"tasks": [{"model": "mlp", "data": {"name": "wine", "train_size": 0}}]},
            r"task 'mlp/wine': data\.train_size: expected a whole number, at least 1.*; got 0",
        ),
        (
            {"tasks": [{"model": "gru", "data": "sunspots"}], "split_seeds": 2},
            r"split_seeds: task 'gru/sunspots' is split in time order",
        ),
        (
            {"metric": "rmse"},
            r"metric: task 'mlp/wine' is classification and has accuracy, auc, balanced_accuracy, f1, loss; ",
        ),
    ],
)
def test_a_study_that_cannot_be_planned_is_refused_with_its_key(
    small: Make, changes: dict[str, Any], message: str
) -> None:
    changes.setdefault("tasks", MLP_ON_WINE)
    with pytest.raises((SpecError, UnknownNameError), match=message):
        make_plan(small(**changes))
