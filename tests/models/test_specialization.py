"""The study that sets architectures beside dense networks: as many weights on either side."""

import math
from typing import Any

import pytest

from dlsuite.data import load_data
from dlsuite.models import create_model
from dlsuite.spec import Named, Task, read_study
from dlsuite.study import find_study

TASKS = read_study(find_study("specialization")).tasks
PAIRS = list(zip(TASKS[::2], TASKS[1::2], strict=True))


def weights_of(model: Named, data: Named) -> int:
    of_model: dict[str, Any] = model.settings
    of_data: dict[str, Any] = data.settings
    loaded = load_data(data.name, **of_data)
    text: dict[str, Any] = {"vocabulary": len(loaded.vocabulary)} if loaded.vocabulary else {}
    built = create_model(
        model.name,
        input_shape=loaded.input_shape,
        outputs=loaded.outputs,
        **text,
        **of_model,
    )
    return sum(math.prod(weight.shape) for weight in built.trainable_weights)


@pytest.mark.parametrize(("special", "dense"), PAIRS, ids=lambda task: task.label)
def test_a_pair_shares_its_data_and_differs_little_in_size(special: Task, dense: Task) -> None:
    assert special.data == dense.data
    assert special.fixed == dense.fixed
    assert special.model.name != dense.model.name == "mlp"
    sizes = [weights_of(task.model, task.data) for task in (special, dense)]
    assert max(sizes) < 1.1 * min(sizes)
