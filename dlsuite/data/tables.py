"""Tables that come with scikit-learn: a row an example, a column a feature."""

from functools import cache
from typing import Any

import numpy as np

from dlsuite.data.catalog import register_data
from dlsuite.data.raw import Examples

_UCI_LICENSE = "CC BY 4.0 (UCI Machine Learning Repository)"


@register_data(
    "breast_cancer",
    kind="table",
    task_type="classification",
    source="Wolberg, Street, Mangasarian (1995), Breast Cancer Wisconsin (Diagnostic), UCI; "
    "with scikit-learn",
    license=_UCI_LICENSE,
    description="30 measurements of cell nuclei of a breast mass; whether it is malignant or "
    "benign.",
)
def breast_cancer() -> Examples:
    """Read breast_cancer, 569 examples."""
    return _table("load_breast_cancer")


@register_data(
    "wine",
    kind="table",
    task_type="classification",
    source="Aeberhard, Forina (1991), Wine, UCI; with scikit-learn",
    license=_UCI_LICENSE,
    description="13 chemical measurements of a wine; which of three cultivars it is from.",
)
def wine() -> Examples:
    """Read wine, 178 examples."""
    return _table("load_wine")


@register_data(
    "diabetes",
    kind="table",
    task_type="regression",
    source="Efron, Hastie, Johnstone, Tibshirani (2004), Least Angle Regression; with scikit-learn",
    license="none stated by its authors; distributed with scikit-learn (BSD-3-Clause)",
    description="Age, sex, body mass index, blood pressure and 6 blood values of a patient, in "
    "their own units; how far diabetes has progressed a year later (a score from 25 to 346).",
)
def diabetes() -> Examples:
    """Read diabetes, 442 examples."""
    # scikit-learn's own scaling was fitted on all examples, those to be held out included.
    return _table("load_diabetes", scaled=False)


@cache
def _table(loader: str, **options: Any) -> Examples:
    from sklearn import datasets

    bunch = getattr(datasets, loader)(**options)
    class_names = tuple(str(name) for name in bunch.get("target_names", ()))
    return Examples(
        x=bunch.data,
        y=bunch.target.astype(np.int64 if class_names else np.float64),
        feature_names=tuple(str(name) for name in bunch.feature_names),
        class_names=class_names,
    )
