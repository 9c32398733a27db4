"""Scores of predictions that are computed outside the graph, by scikit-learn's functions.

Each takes what was to be told and what a model predicts, and gives a number; NaN where it is not defined on
these examples. Arrays in, a number out; scikit-learn is imported when a score is first asked for.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
NOT_DEFINED = float("nan")
"""What a score gives where it is not defined."""


def balanced_accuracy(labels: Array, probabilities: Array) -> float:
    """The mean over the classes that the labels hold of the share that is told right.

    Args:
        labels: `[n]`.
        probabilities: `[n, classes]`.

    References:
        Brodersen et al. (2010), The balanced accuracy and its posterior distribution.
    """
    from sklearn.metrics import recall_score

    classes, predicted = np.unique(labels), probabilities.argmax(axis=1)
    return float(
        recall_score(labels, predicted, labels=classes, average="macro", zero_division=0.0)
    )


def macro_f1(labels: Array, probabilities: Array) -> float:
    """The mean over the classes that the labels hold of F1, `2 TP / (2 TP + FP + FN)`.

    A class that the labels lack is left out, whatever is predicted, so that all models are averaged over the
    same classes.

    Args:
        labels: `[n]`.
        probabilities: `[n, classes]`.
    """
    from sklearn.metrics import f1_score

    classes, predicted = np.unique(labels), probabilities.argmax(axis=1)
    return float(f1_score(labels, predicted, labels=classes, average="macro", zero_division=0.0))


def ranking_area(labels: Array, probabilities: Array) -> float:
    """The area under the ROC curve: how often an example of a class ranks above one of another.

    Of two classes it is the area of the second one; of more, the mean over the classes that the labels hold,
    each against the rest. Labels of a single class define none.

    Args:
        labels: `[n]`.
        probabilities: `[n, classes]`.

    References:
        Fawcett (2006), An introduction to ROC analysis.
    """
    from sklearn.metrics import roc_auc_score

    classes = np.unique(labels)
    if len(classes) < 2:
        return NOT_DEFINED
    told = classes[1:] if probabilities.shape[1] == 2 else classes
    areas = [roc_auc_score(labels == label, probabilities[:, label]) for label in told]
    return float(np.mean(areas))


def explained_variance(targets: Array, values: Array) -> float:
    """The coefficient of determination, `1 - sum((y - f) ** 2) / sum((y - mean(y)) ** 2)`.

    Targets that are all the same define none.

    Args:
        targets: `[n]`, in their own units.
        values: `[n]`, in the same units.
    """
    from sklearn.metrics import r2_score

    if len(targets) < 2 or np.ptp(targets) == 0:
        return NOT_DEFINED
    return float(r2_score(targets, values))
