"""Which units dropout switches off in a few steps, and what units learn with and without it."""

from collections.abc import Mapping, Sequence

import pandas as pd

from dlsuite.explanations.backward import check_begun
from dlsuite.explanations.dropout_sentences import dropout_sentences
from dlsuite.explanations.dropout_tables import (
    correlations_table,
    curves_table,
    draws_table,
    network_table,
    units_table,
)
from dlsuite.explanations.subject import Subject

STEPS = 4
"""Steps whose draws are shown: the first."""


def dropout(subject: Subject) -> tuple[Mapping[str, pd.DataFrame], Sequence[str]]:
    """Train with and without dropout, and look at the units.

    Both trainings have the same seed, and so the same initial weights and batches. Units are looked at on up
    to 512 validation examples, after the last epoch, in inference mode: nothing is dropped there.

    Args:
        subject: What is trained.

    Returns:
        Tables and sentences.

    Raises:
        SpecError: The model has no dropout, or the loss is no number before the first step.

    References:
        Hinton, Srivastava, Krizhevsky, Sutskever and Salakhutdinov (2012), Improving neural networks by
        preventing co-adaptation of feature detectors. Srivastava, Hinton, Krizhevsky, Sutskever and
        Salakhutdinov (2014), Dropout: a simple way to prevent neural networks from overfitting.
    """
    from dlsuite.training.draws import (
        dropout_draws,
        dropped_columns,
        with_dropout,
        without_dropout,
    )
    from dlsuite.training.hidden_units import HiddenUnits

    plain = subject.build()
    dropping = with_dropout(plain)
    setups = {
        "without": subject.setup(without_dropout(dropping)),
        "with": subject.setup(dropping),
    }
    trained = subject.train(list(setups.values()), keep_weights=True)
    results = dict(zip(setups, trained, strict=True))
    for result in trained:
        check_begun(result, topic="dropout", name=subject.name)
    draws = draws_table(dropout_draws(setups["with"], subject.data, steps=STEPS))
    units = HiddenUnits(plain, subject.data, subject.data.validation)
    activations = {side: units.activations(result.path[-1]) for side, result in results.items()}
    tables = {
        "draws": draws,
        "network": network_table(dropped_columns(dropping)),
        "units": units_table(units, results, activations),
        "correlations": correlations_table(activations),
        "curves": curves_table(results),
    }
    return tables, dropout_sentences(
        tables,
        chosen=dropping is not plain,
        diverged={side: result.diverged_epoch for side, result in results.items()},
    )
