"""Saved models of series and files: what comes after each window, and what is told of whole series."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest

from dlsuite.data import Dataset, load_data
from dlsuite.errors import DataError
from dlsuite.models.card import read_card
from dlsuite.models.portable import save_model
from dlsuite.study import predict_file

STEPS = 90


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """A monthly series with a number, a truth and a category."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "month": pd.date_range("1990-01-01", periods=STEPS, freq="MS").strftime("%Y-%m-%d"),
            "sales": (np.arange(STEPS) % 12 + rng.normal(0, 0.3, STEPS)).round(3),
            "promo": np.arange(STEPS) % 5 == 0,
            "region": np.array(["a", "b"])[np.arange(STEPS) % 2],
        }
    )
    path = tmp_path / "sales.csv"
    frame.to_csv(path, index=False)
    return path


def save(data: Dataset, path: Path) -> tuple[keras.Model, Path]:
    """A network whose weights are all different, saved with the data's preprocessing."""
    model = keras.Sequential(
        [
            keras.Input(data.input_shape),
            keras.layers.Flatten(),
            keras.layers.Dense(data.outputs),
        ]
    )
    model.set_weights([np.linspace(-1, 1, w.size).reshape(w.shape) for w in model.get_weights()])
    save_model(model, data, path, {})
    return model, path


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"difference": True},
        {"horizon": 3, "fill": "previous"},
        {"horizon": 2, "difference": True},
    ],
)
def test_forecasts_of_a_file_are_those_of_the_data_set(
    sales: Path, settings: dict[str, Any]
) -> None:
    given = {"target": "sales", "window": 5, "horizon": 1, **settings}
    data = load_data(str(sales), **given)
    model, path = save(data, sales.with_suffix(".keras"))

    found = predict_file(path, sales)

    raw = pd.read_csv(sales)["sales"].to_numpy()
    said = np.asarray(model(np.asarray(data.test.x)))[:, 0] * data.target_scale + data.target_mean
    first = STEPS - len(said) - given["horizon"]
    at = found.table["line"].to_numpy() - 2
    of_test = (at >= first) & (at < STEPS - given["horizon"])
    before = raw[at[of_test]] if given.get("difference") else 0
    np.testing.assert_allclose(found.table["predicted"][of_test], said + before, atol=1e-4)
    assert found.table["line"].iloc[-1] == STEPS + 1
    assert found.table["month"].iloc[-1].startswith("1997-06-01")
    assert len(found.table) == STEPS - 4 - bool(given.get("difference"))
    error = (
        found.table["predicted"].to_numpy()[: -given["horizon"]]
        - raw[at[: -given["horizon"]] + given["horizon"]]
    )
    assert found.scores["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert "of 1 month after it; after the last one, line 91, " in found.notes[0]
    assert "saying the last value scores RMSE" in found.notes[1]


def test_a_card_says_how_a_file_is_read(sales: Path) -> None:
    data = load_data(str(sales), target="sales", window=5, horizon=2, difference=True)
    card = read_card(save(data, sales.with_suffix(".keras"))[1])
    assert card is not None and card.series == data.form
    assert card.series is not None and card.series.difference and card.series.horizon == 2
    assert card.feature_names == ("sales", "promo", "region=a", "region=b")


def test_files_that_a_model_of_series_cannot_read_are_refused(sales: Path) -> None:
    data = load_data(str(sales), target="sales", window=5, horizon=1)
    _, path = save(data, sales.with_suffix(".keras"))
    frame = pd.read_csv(sales)
    short = sales.with_name("short.csv")
    frame[:4].to_csv(short, index=False)
    with pytest.raises(DataError, match=r"short.csv: expected 5 rows one after another .* 4 rows"):
        predict_file(path, short)
    frame[:5].to_csv(short, index=False)
    only = predict_file(path, short)
    assert len(only.table) == 1 and only.scores == {}
    frame.drop(columns="promo").to_csv(short, index=False)
    with pytest.raises(DataError, match=r"short.csv: expected a column 'promo'; there is none"):
        predict_file(path, short)
    frame.iloc[[0, 1, 2, 2, 3, 4, 5]].to_csv(short, index=False)
    with pytest.raises(DataError, match=r"short.csv, column 'month', line 5: the time 1990-03-01"):
        predict_file(path, short)


def test_whole_series_are_told_one_by_one(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "id": np.repeat([f"s{number}" for number in range(30)], 6),
            "v": np.random.default_rng(0).normal(size=180).round(3),
            "label": np.repeat(["up", "down"] * 15, 6),
        }
    )
    path = tmp_path / "runs.csv"
    frame.to_csv(path, index=False)
    data = load_data(str(path), target="label", id_column="id")
    _, saved = save(data, tmp_path / "runs.keras")

    found = predict_file(saved, path)

    assert list(found.table.columns) == ["id", "predicted", "p(down)", "p(up)"]
    assert found.table["id"].tolist() == [f"s{number}" for number in range(30)]
    told = np.array(["up", "down"] * 15)
    assert found.scores["accuracy"] == pytest.approx((found.table["predicted"] == told).mean())
    frame.loc[7, "v"] = None
    frame.to_csv(path, index=False)
    with pytest.raises(DataError, match=r"runs.csv: id 's1' holds a missing value"):
        predict_file(saved, path)
