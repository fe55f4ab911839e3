"""What the classical rungs share: checks, area averaging, columns for unseen classes, and the number of threads."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from jaxtyping import Float, Float32, UInt8
from threadpoolctl import ThreadpoolController  # type: ignore[import-not-found,import-untyped,unused-ignore]

from epochal.core.errors import DataError, UserError
from epochal.core.task import Task

# Of internal steps. `fit` and `outputs` take any array and check it themselves, so that their errors are the same with
# and without a type checker.
Images = UInt8[np.ndarray, "batch channels height width"]
Logits = Float32[np.ndarray, "batch classes"]

BLOCK_NUMBERS = 2**24  # numbers of images that are reduced, or predicted, at once


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


def reduced_numbers(images: Images, most: int) -> Float32[np.ndarray, "batch numbers"]:
    """Images as rows of at most `most` numbers from 0 to 255: sides are averaged down to their halves until they fit.

    An image never has less than one number a channel.
    """
    channels, height, width = images.shape[1:]
    while channels * height * width > most and height * width > 1:
        height, width = (height + 1) // 2, (width + 1) // 2
    if (height, width) == images.shape[2:]:
        return images.reshape(len(images), -1).astype(np.float32)
    rows = max(1, BLOCK_NUMBERS // int(np.prod(images.shape[1:])))
    starts = range(0, max(1, len(images)), rows)
    parts = [area_reduce(images[start : start + rows], height, width) for start in starts]
    return np.concatenate(parts).reshape(len(images), channels * height * width)


@contextmanager
def one_core_free() -> Iterator[None]:
    """Let OpenMP and BLAS use all cores but one, and no more threads than they were allowed before.

    Their threads wait for each other thousands of times in a fit. Where two threads had to share one of two busy cores,
    trees were fifteen times slower than in a single thread, and small matrices a hundred times.
    """
    controller = ThreadpoolController()
    allowed = [library["num_threads"] for library in controller.info()]
    with controller.limit(limits=max(1, min([(os.cpu_count() or 2) - 1, *allowed]))):
        yield


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
