"""What is handed on as text is what would be written of the rows read and named."""

from pathlib import Path

import pandas as pd
import pytest

from dlsuite.store import Part, ResultsFolder, to_csv
from dlsuite.store.stored_part import StoredPart
from dlsuite.study.plan_rows import PlanRows

LAYERS = ["epoch", "layer", "gradient_norm", "weight_norm", "update_ratio", "dead_units"]
CURVES = ["epoch", "val_loss", "train_loss", "val_auc"]
NAMES = ["task", "condition", "rate", "units", "seed"]


@pytest.fixture
def parts(tmp_path: Path) -> list[StoredPart]:
    """Two parts, of which the second has a further metric, trials of its own, and mingled rows."""
    folder = ResultsFolder(tmp_path / "study")
    folder.open()
    for keys, further in ((["a1", "b2"], {}), (["c3", "d4"], {"train_auc": 0.5, "val_auc": 1 / 3})):
        every = keys * 3 if further else sorted(keys * 3)
        epochs = [0, 0, 1, 1, 2, 2] if further else [0, 1, 2] * 2
        curves = {
            "trial": every,
            "epoch": epochs,
            "train_loss": [1e-9, 2, 3, 4e12, 5, 6],
            **further,
        }
        layers = {"trial": every, "epoch": epochs, "layer": "dense, first", "weight_norm": 1 / 7}
        folder.add_part(
            Part.of(
                pd.DataFrame({"trial": keys, "status": "completed", "epochs": 2}),
                pd.DataFrame(curves),
                pd.DataFrame(layers).assign(layer="dense" if further else "dense, first"),
            )
        )
    return folder.parts()[0]


@pytest.mark.parametrize(("table", "measured"), [("layers", LAYERS), ("curves", CURVES)])
@pytest.mark.parametrize("condition", ["rate={}", 'rate={}, "so"\nand on'])
def test_rows_as_text_are_the_rows_read_and_written(
    parts: list[StoredPart], table: str, measured: list[str], condition: str
) -> None:
    names = pd.DataFrame(
        {
            "trial": ["d4", "b2", "e5", "a1", "b2"],  # One is not finished, one is there twice.
            "task": "mlp/wine",
            "condition": [condition.format(place) for place in range(5)],
            "rate": [0.1234567891, None, 1e-05, 3.0, 0.5],
            "units": [(16,), (16, 8), (8,), (4,), (2,)],
            "seed": range(5),
        }
    )
    counted = {"a1", "b2", "d4"}
    rows = PlanRows(names, [(part, counted & set(part.keys)) for part in parts])

    whole = rows.frame(table).reindex(columns=[*NAMES, *measured])
    streamed = b"".join(rows.text(table, [*NAMES, *measured], exact=["rate", "units"]))

    assert list(whole["seed"].drop_duplicates()) == [0, 1, 3, 4]
    assert streamed.decode() == to_csv(whole, exact=["rate", "units"])
