"""The confusion matrix: which classes are taken for which."""

import numpy as np
from jaxtyping import Int


def confusion_matrix(
    labels: Int[np.ndarray, " items"], targets: Int[np.ndarray, " items"], classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Counts: rows are the true classes, columns the predicted ones.

    Raises:
        ValueError: shapes or classes make no sense.
    """
    labels, targets = np.asarray(labels), np.asarray(targets)
    if targets.ndim != 1 or labels.shape != targets.shape:
        raise ValueError(f"Expected one label for each target; got the shapes {labels.shape} and {targets.shape}.")
    if len(targets) == 0:
        raise ValueError("Expected one item or more; got none.")
    both = np.concatenate([labels, targets])
    if both.min() < 0 or both.max() >= classes:
        raise ValueError(f"Expected classes from 0 to {classes - 1}; got {both.min()} to {both.max()}.")
    return np.bincount(targets * classes + labels, minlength=classes * classes).reshape(classes, classes)
