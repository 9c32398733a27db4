"""How much each layer and each node contributes to the error."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from dlsuite.errors import SpecError
from dlsuite.explanations.backward_sentences import backward_sentences
from dlsuite.explanations.backward_tables import (
    edges_table,
    layer_gradients_table,
    nodes_table,
    rank_agreement,
    steps_table,
)
from dlsuite.explanations.subject import Subject

if TYPE_CHECKING:
    from dlsuite.training.result import TrialResult


def backward(subject: Subject) -> tuple[Mapping[str, pd.DataFrame], Sequence[str]]:
    """Follow the error back through the network, at the start and at the end of training.

    All but `layer_gradients` is measured on up to 512 training examples at once, in inference mode and in
    float64: dropout is off, batch normalization uses its moving statistics, and penalties on weights do not
    count.

    Args:
        subject: What is trained.

    Returns:
        Tables and sentences.

    Raises:
        SpecError: The loss is no number before the first step.

    References:
        Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors. Mozer and
        Smolensky (1989), Skeletonization. Molchanov, Tyree, Karras, Aila and Kautz (2017), Pruning
        convolutional neural networks for resource efficient inference.
    """
    from dlsuite.training.hidden_units import HiddenUnits

    (result,) = subject.train([subject.setup()], keep_weights=True)
    check_begun(result, topic="backward", name=subject.name)
    units = HiddenUnits(subject.build(), subject.data, subject.data.train)
    last = len(result.path) - 1
    moments = {epoch: result.path[epoch] for epoch in ([0, last] if last else [0])}
    passes = {epoch: units.first_order(weights) for epoch, weights in moments.items()}
    changes = {epoch: units.lesions(weights)[1] for epoch, weights in moments.items()}
    nodes = nodes_table(units.columns, passes, changes)
    tables = {
        "layer_gradients": layer_gradients_table(result),
        "nodes": nodes,
        "edges": edges_table(units, nodes, moments, passes),
        "agreement": rank_agreement(nodes),
        "steps": steps_table(units, subject.data, moments, passes),
    }
    return tables, backward_sentences(tables, diverged_epoch=result.diverged_epoch)


def check_begun(result: "TrialResult", *, topic: str, name: str) -> None:
    """See that a training has weights to show.

    Raises:
        SpecError: It has none.
    """
    if not result.path:
        raise SpecError(
            f"explain: {topic}: the loss of {name} is no finite number before the first step, so there is "
            "nothing to show; look at the data's scale and at the initial weights."
        )
