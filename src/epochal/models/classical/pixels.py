"""What the classical rungs of images share: checks, and area averaging."""

import numpy as np
from jaxtyping import Float32, UInt8

from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.models.classical.shared import check_targets

# Of internal steps. `fit` and `outputs` take any array and check it themselves, so that their errors are the same with
# and without a type checker.
Images = UInt8[np.ndarray, "batch channels height width"]

BLOCK_NUMBERS = 2**24  # numbers of images that are reduced, or predicted, at once


def check_examples(images: np.ndarray, targets: np.ndarray, task: Task) -> None:
    """Refuse training examples that do not belong to the task.

    Raises:
        DataError: there are none, or their shape, number or targets differ from what the task says.
    """
    check_images(images, task)
    check_targets(images, targets, task)


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


def _shares(size: int, reduced: int) -> Float32[np.ndarray, "reduced size"]:
    """Row i tells which share of output pixel i each input pixel covers; rows sum to one."""
    borders = np.linspace(0.0, size, reduced + 1)
    low = np.maximum(borders[:-1, None], np.arange(size))
    high = np.minimum(borders[1:, None], np.arange(1, size + 1))
    return (np.clip(high - low, 0.0, None) * (reduced / size)).astype(np.float32)
