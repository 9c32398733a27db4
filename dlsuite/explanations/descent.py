"""Descent: the surface of the loss, and the way down it for a low, a good and a high learning rate."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dlsuite.explanations import valley
from dlsuite.explanations.descent_planes import path_table, plane_surface, random_surface
from dlsuite.explanations.descent_rates import ROLES, Tried, overshoots, rises, try_rates
from dlsuite.explanations.descent_words import describe
from dlsuite.explanations.directions import principal_plane
from dlsuite.explanations.few_examples import few_examples
from dlsuite.explanations.subject import Subject
from dlsuite.explanations.weight_space import WeightSpace


def descent(subject: Subject) -> tuple[Mapping[str, pd.DataFrame], list[str]]:
    """Train with several learning rates, and look at the loss where they lead and all around.

    All trainings begin at the same weights and see the same batches. The loss is that of an inference pass,
    without penalties on weights; moving statistics of batch normalization stay on a plane what they are at
    its origin, the weights that the good rate ends with.

    Args:
        subject: What is trained.

    Returns:
        Tables, documented in `results/README.md`, and sentences.

    Raises:
        SpecError: Training diverges at every learning rate.

    References:
        Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the loss landscape of neural nets.
    """
    from dlsuite.training.landscape import LossLandscape
    from dlsuite.training.sizes import footprint

    tried = try_rates(subject)
    model = subject.build()
    space = WeightSpace(model)
    examples = few_examples(subject.data.train, footprint(model, 1).activations)
    landscape = LossLandscape(model, subject.data, examples=examples)
    shown = {
        (role, tried.rates[place]): tried.results[place] for role, place in tried.roles.items()
    }
    good = tried.results[tried.roles["good"]]
    vectors = {role: space.vectors(result.path) for (role, _), result in shown.items()}
    plane = principal_plane(vectors["good"], np.concatenate([vectors["low"], vectors["high"]]))
    rest = good.path[-1]
    paths = path_table(landscape, space, plane, shown, rest)
    far = paths["role"] == "high"
    coordinates = paths[["component_1", "component_2"]].to_numpy()
    tables = {
        "about": pd.DataFrame(
            {
                "task_type": [subject.data.task_type],
                "optimizer": [subject.training.optimizer],
                "parameters": [space.dimensions],
                "examples": [len(examples)],
                "variance_share_1": [plane.shares[0]],
                "variance_share_2": [plane.shares[1]],
            }
        ),
        "surface": random_surface(landscape, model, space, rest, seed=subject.seed),
        "path_plane": plane_surface(
            landscape, space, plane, coordinates[~far], coordinates[far], rest
        ),
        "paths": paths,
        "rates": _rates(tried),
        "one_variable": valley.descents(),
        "one_variable_curve": valley.curve_table(),
        "one_variable_points": valley.stationary_points(),
    }
    return tables, describe(tables, given=tried.given)


def _rates(tried: Tried) -> pd.DataFrame:
    """A row for each learning rate tried."""
    good = tried.results[tried.roles["good"]]
    names = {place: role for role, place in reversed(tried.roles.items())}
    assert set(tried.roles) == set(ROLES)
    return pd.DataFrame(
        [
            {
                "learning_rate": rate,
                "role": names.get(index, ""),
                "status": result.status,
                "epochs": len(result.curves) - 1,
                "train_loss": result.curves[-1]["train_loss"] if result.curves else np.nan,
                "val_loss": result.curves[-1]["val_loss"] if result.curves else np.nan,
                "rises": rises(result),
                "overshoots": overshoots(result, good),
            }
            for index, (rate, result) in enumerate(zip(tried.rates, tried.results, strict=True))
        ]
    )
