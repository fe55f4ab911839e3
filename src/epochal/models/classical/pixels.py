"""What the classical rungs share: checks of what they are given, area averaging, and columns for unseen classes."""

import numpy as np
from jaxtyping import Float, Float32, UInt8

from epochal.core.errors import DataError, UserError
from epochal.core.task import Task

# Of internal steps. `fit` and `logits` take any array and check it themselves, so that their errors are the same with
# and without a type checker.
Images = UInt8[np.ndarray, "batch channels height width"]
Logits = Float32[np.ndarray, "batch classes"]


def check_examples(images: np.ndarray, targets: np.ndarray, task: Task) -> None:
    """Refuse training examples that do not belong to the task.

    Raises:
        DataError: there are none, or their shape, number or targets differ from what the task says.
    """
    check_images(images, task)
    if len(images) == 0:
        raise DataError("Expected at least one training image, got none. Give a training split that is not empty.")
    if targets.shape != (len(images),):
        raise DataError(f"Expected one target for each of {len(images)} images, got targets of shape {targets.shape}.")
    if targets.min() < 0 or targets.max() >= task.classes:
        raise DataError(
            f"Expected targets from 0 to {task.classes - 1} (the task has {task.classes} labels), "
            f"got {targets.min()} to {targets.max()}. Number the labels in the order of task.labels."
        )


def check_images(images: np.ndarray, task: Task) -> None:
    """Refuse images of another kind or shape than the task's.

    Raises:
        DataError: not uint8, or not [batch, *task.input_shape].
    """
    if images.dtype != np.uint8 or images.shape[1:] != tuple(task.input_shape):
        raise DataError(
            f"Expected uint8 images of shape [batch, {', '.join(map(str, task.input_shape))}], got {images.dtype} of "
            f"shape {list(images.shape)}. Encode them with the codec of the task."
        )


def not_fitted(rung: str) -> UserError:
    """The error of a rung that is asked before it has learned."""
    return UserError(f"{rung} has not been fitted: call fit(images, targets, seed=...) first, or restore a saved one.")


def area_reduce(
    images: UInt8[np.ndarray, "batch channels height width"], height: int, width: int
) -> Float32[np.ndarray, "batch channels {height} {width}"]:
    """Average each image over the area that an output pixel covers; pixels cut by a border count by their share.

    Averages stay on the scale of 0 to 255.
    """
    rows, columns = _shares(images.shape[2], height), _shares(images.shape[3], width)
    return rows @ images.astype(np.float32) @ columns.T


def _shares(size: int, reduced: int) -> Float32[np.ndarray, "reduced size"]:
    """Row i tells which share of output pixel i each input pixel covers; rows sum to one."""
    borders = np.linspace(0.0, size, reduced + 1)
    low = np.maximum(borders[:-1, None], np.arange(size))
    high = np.minimum(borders[1:, None], np.arange(1, size + 1))
    return (np.clip(high - low, 0.0, None) * (reduced / size)).astype(np.float32)


def all_columns(scores: Float[np.ndarray, "batch seen"], seen: np.ndarray, classes: int, examples: int) -> Logits:
    """Logits of every class of the task from the scores of the classes that were `seen` in training.

    Seen classes get their log-probability under the softmax of `scores`; each unseen one gets that of half a vote,
    -log(2 (examples + classes)), which is less than any winner's: a class without examples is never predicted.
    """
    shifted = scores - scores.max(axis=1, keepdims=True)
    known = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    logits = np.full((len(scores), classes), -np.log(2.0 * (examples + classes)), dtype=np.float32)
    logits[:, seen] = known
    return logits
