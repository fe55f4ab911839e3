"""How good predictions are: accuracy and metrics like it, for integer targets and logits or labels."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy import special


@dataclass(frozen=True, kw_only=True)
class ClassScores:
    """Per class, [classes] each. NaN says undefined: nothing predicted (precision) or nothing there (recall)."""

    precision: Float[np.ndarray, " classes"]
    recall: Float[np.ndarray, " classes"]
    f1: Float[np.ndarray, " classes"]
    support: Int[np.ndarray, " classes"]


def correct(
    labels: Int[np.ndarray, "*seeds items"], targets: Int[np.ndarray, " items"]
) -> Bool[np.ndarray, "*seeds items"]:
    """Where the predicted labels agree with the targets; a leading axis of seeds is kept."""
    _check(labels, targets)
    return np.asarray(labels) == np.asarray(targets)


def accuracy(labels: Int[np.ndarray, " items"], targets: Int[np.ndarray, " items"]) -> float:
    """The fraction of items whose label is right."""
    return float(correct(labels, targets).mean())


def balanced_accuracy(labels: Int[np.ndarray, " items"], targets: Int[np.ndarray, " items"]) -> float:
    """The mean over the classes that occur in `targets` of the fraction of their items that is right."""
    right = correct(labels, targets)
    return float(np.mean([right[targets == one].mean() for one in np.unique(targets)]))


def top_k_accuracy(logits: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"], k: int) -> float:
    """The fraction of items whose target is among the `k` largest logits; ties count against the model.

    Raises:
        ValueError: k is not between 1 and the number of classes.
    """
    logits = _logits(logits, targets)
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(f"Expected k from 1 to {logits.shape[1]}, the number of classes; got {k}.")
    own = np.take_along_axis(logits, np.asarray(targets)[:, None], axis=1)
    return float(((logits >= own).sum(axis=1) <= k).mean())


def confusion_matrix(
    labels: Int[np.ndarray, " items"], targets: Int[np.ndarray, " items"], classes: int
) -> Int[np.ndarray, "classes classes"]:
    """Counts: rows are the true classes, columns the predicted ones."""
    _check(labels, targets)
    both = np.concatenate([np.asarray(labels), np.asarray(targets)])
    if both.min() < 0 or both.max() >= classes:
        raise ValueError(f"Expected classes from 0 to {classes - 1}; got {both.min()} to {both.max()}.")
    cells = np.asarray(targets) * classes + np.asarray(labels)
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


def class_scores(labels: Int[np.ndarray, " items"], targets: Int[np.ndarray, " items"], classes: int) -> ClassScores:
    """Precision, recall, F1 and support of each class, [classes]."""
    table = confusion_matrix(labels, targets, classes)
    right, predicted, there = np.diag(table), table.sum(axis=0), table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return ClassScores(
            precision=right / np.where(predicted == 0, np.nan, predicted),
            recall=right / np.where(there == 0, np.nan, there),
            f1=2 * right / np.where(predicted + there == 0, np.nan, predicted + there),
            support=there,
        )


def log_loss(logits: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"]) -> float:
    """Mean negative log-likelihood of the targets under softmax(logits), in nats."""
    logits = _logits(logits, targets)
    own = logits[np.arange(len(logits)), np.asarray(targets)]
    return float((special.logsumexp(logits, axis=1) - own).mean())


def _check(labels: Shaped[np.ndarray, "..."], targets: Shaped[np.ndarray, "..."]) -> None:
    labels, targets = np.asarray(labels), np.asarray(targets)
    if targets.ndim != 1 or labels.shape[-1:] != targets.shape:
        raise ValueError(f"Expected one label for each target; got the shapes {labels.shape} and {targets.shape}.")
    if len(targets) == 0:
        raise ValueError("Expected one item or more; got none.")


def _logits(
    logits: Shaped[np.ndarray, "..."], targets: Shaped[np.ndarray, "..."]
) -> Float[np.ndarray, "items classes"]:
    scores, targets = np.asarray(logits, dtype=np.float64), np.asarray(targets)
    if scores.ndim != 2 or targets.shape != scores.shape[:1] or len(targets) == 0:
        raise ValueError(
            f"Expected logits [items, classes] and targets [items]; got {scores.shape} and {targets.shape}."
        )
    if targets.min() < 0 or targets.max() >= scores.shape[1]:
        raise ValueError(f"Expected targets from 0 to {scores.shape[1] - 1}; got {targets.min()} to {targets.max()}.")
    if not np.isfinite(scores).all():
        raise ValueError("Expected finite logits; got NaN or infinity.")
    return scores
