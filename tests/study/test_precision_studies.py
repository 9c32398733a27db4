"""Precision as a factor of a study, and of one training; what is saved is a plain Keras model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlsuite.spec import Study
from dlsuite.study import Results, train
from dlsuite.study.plan import make_plan
from dlsuite.study.run import trial_keys

Make = Callable[..., Study]


def computing(model: keras.Model) -> set[str]:
    return {layer.compute_dtype for layer in model._flatten_layers() if layer.weights}


def test_precision_is_a_factor_and_models_of_it_load_in_plain_keras(
    small: Make, train: Callable[..., Results]
) -> None:
    study = small(
        factors={"precision": ["float32", "mixed_bfloat16"]}, fixed={"batch_norm": True}, seeds=1
    )
    results = train(study)
    trials = results.trials
    assert list(trials["precision"]) == ["float32", "mixed_bfloat16"]
    assert list(trials["status"]) == ["completed"] * 2
    assert trials["train_loss_last"].nunique() == 2
    assert trials["members"].nunique() == 1
    paths = [*(results.folder / "models").glob("*.keras")]
    assert len(paths) == 2
    for path in paths:
        model = keras.models.load_model(path)
        assert ("bfloat16" in computing(model)) == ("bfloat16" in path.name)
        assert {str(weight.dtype) for weight in model.weights} <= {"float32", "float64"}
        probabilities = model(np.zeros([3, *model.input_shape[1:]]))
        assert probabilities.dtype == "float32"
        np.testing.assert_allclose(np.sum(probabilities, axis=1), 1.0, rtol=1e-5)


def test_only_another_precision_is_part_of_a_key(small: Make) -> None:
    plain, said, other = (
        set(trial_keys(make_plan(small(fixed=fixed)))[0].values())
        for fixed in ({}, {"precision": "float32"}, {"precision": "mixed_float16"})
    )
    assert plain == said
    assert not plain & other


def test_a_training_in_another_precision_gives_a_model_of_it(tmp_path: Path) -> None:
    history: Any = train("mlp", "wine", epochs=1, units=[4], precision="mixed_float16")
    assert "float16" in computing(history.model)
    history.save(tmp_path / "wine.keras")
    assert "float16" in computing(keras.models.load_model(tmp_path / "wine.keras"))
