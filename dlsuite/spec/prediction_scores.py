"""Scores of predictions that are computed outside the graph.

Each takes what was to be told and what a model predicts, and gives the number that scikit-learn gives; NaN
where it is not defined on these examples. They are computed of counts and orders, since they are asked for
once a member, split and epoch: on a few hundred examples scikit-learn's checks of its arguments take ten
times as long as the training in between.
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
    counts = _confusion(labels, probabilities)
    there = counts.sum(axis=1)
    return float(np.mean(counts.diagonal()[there > 0] / there[there > 0]))


def macro_f1(labels: Array, probabilities: Array) -> float:
    """The mean over the classes that the labels hold of F1, `2 TP / (2 TP + FP + FN)`.

    A class that the labels lack is left out, whatever is predicted, so that all models are averaged over the
    same classes.

    Args:
        labels: `[n]`.
        probabilities: `[n, classes]`.
    """
    counts = _confusion(labels, probabilities)
    there, told = counts.sum(axis=1), counts.sum(axis=0)
    return float(np.mean(2 * counts.diagonal()[there > 0] / (there + told)[there > 0]))


def ranking_area(labels: Array, probabilities: Array) -> float:
    """The area under the ROC curve: how often an example of a class ranks above one of another.

    Of two classes it is the area of the second one; of more, the mean over the classes that the labels hold,
    each against the rest. Labels of a single class define none. A tie counts half (Mann and Whitney, 1947).

    Args:
        labels: `[n]`.
        probabilities: `[n, classes]`.

    References:
        Fawcett (2006), An introduction to ROC analysis.
    """
    classes = np.unique(labels)
    if len(classes) < 2:
        return NOT_DEFINED
    told = classes[1:] if probabilities.shape[1] == 2 else classes
    return float(np.mean([_area(probabilities[:, c], labels == c) for c in told]))


def explained_variance(targets: Array, values: Array) -> float:
    """The coefficient of determination, `1 - sum((y - f) ** 2) / sum((y - mean(y)) ** 2)`.

    Targets that are all the same define none.

    Args:
        targets: `[n]`, in their own units.
        values: `[n]`, in the same units.
    """
    if len(targets) < 2 or np.ptp(targets) == 0:
        return NOT_DEFINED
    return float(1 - np.sum((targets - values) ** 2) / np.sum((targets - targets.mean()) ** 2))


def _confusion(labels: Array, probabilities: Array) -> Array:
    """How many examples of a class (the row) are told to be of another, `[classes, classes]`."""
    classes = probabilities.shape[1]
    cells = labels.astype(np.int64) * classes + probabilities.argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def _area(scores: Array, inside: Array) -> float:
    """The share of pairs of an example inside and one outside that the scores put in order."""
    own, others = np.sort(scores[inside]), np.sort(scores[~inside])
    below = np.searchsorted(others, own, "left").sum()
    not_above = np.searchsorted(others, own, "right").sum()
    return float(below + not_above) / (2.0 * len(own) * len(others))
