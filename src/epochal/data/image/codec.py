"""The codec: from any picture to the uint8 array that models see; fitted on train only, it travels in the bundle."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.data.image.pictures import PictureError, read_picture, scale_to_bytes, to_eight_bits, upright
from epochal.data.image.white import as_numbers, white_of

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_DEVIATION = 1 / 255  # a channel that never varies is not divided by zero

Picture = Any  # a path, a PIL image, an array or a tensor


@dataclass(frozen=True, kw_only=True)
class Codec(Record):
    """The preprocessing of one task. The same picture gives the same array, in training and for ever after.

    `mean` and `std` are of each channel over the training split, or as pretrained weights expect them, in units where
    white is 1; models see (pixels / 255 - mean) / std. `white` is the value that was white in the arrays or deep files
    of the training; None where all were files of 8 bits. `white_of` says what it makes white in an array of another
    type; deep files are taken as 0 to 65535 where it is None.
    """

    mode: str  # "grey" | "rgb"
    height: int
    width: int
    resize: str = "stretch"  # "stretch" | "crop"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    white: float | None = None
    max_megapixels: float = 128.0

    @property
    def channels(self) -> int:
        return 1 if self.mode == "grey" else 3

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width)"""
        return (self.channels, self.height, self.width)

    def check(self, images: np.ndarray) -> None:
        """Refuse what is not a batch of encoded images.

        Raises:
            ValueError: says the shape and type that were expected and those that came.
        """
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise ValueError(
                f"Expected uint8 images of shape [batch, {', '.join(map(str, self.input_shape))}]; "
                f"got {images.dtype} of shape {list(images.shape)}."
            )

    def fits(self, task: Task) -> bool:
        """Whether it makes images of the shape that the task has, and knows mean and std of each channel."""
        return self.input_shape == task.input_shape and len(self.mean) == len(self.std) == self.channels

    def described(self) -> tuple[str, ...]:
        """What becomes of a picture."""
        return (f"any picture; it becomes {self.mode} of {self.height} x {self.width} pixels ({self.resize}).",)

    def tensors(self, device: str = "cpu") -> "Callable[[Tensor], Tensor]":
        """What makes a network's inputs of encoded images on a device: float32 (pixels / 255 - mean) / std of uint8
        [batch, channels, height, width]. Training, evaluation and a bundle that answers all use it."""
        import torch

        mean, std = (torch.tensor(values, device=device).view(1, -1, 1, 1) for values in (self.mean, self.std))
        scale, shift = 1 / (255 * std), mean / std  # in one product and one difference
        return lambda images: images.to(device).float().mul_(scale).sub_(shift)

    def encode(self, picture: Picture, *, white: float | None = None) -> UInt8[np.ndarray, "channels height width"]:
        """The encoded image of a file, a PIL image, or an array [h, w], [h, w, c] or [c, h, w].

        Args:
            white: the value that is white in this picture; None takes that of the training (see `white_of`).

        Raises:
            PictureError: (a DataError) the picture cannot be used; its message names it and says why.
        """
        return self.from_eight_bits(self.open(picture, white=white))

    def encode_many(
        self, pictures: Iterable[Picture], *, white: float | None = None
    ) -> UInt8[np.ndarray, "n channels height width"]:
        """A batch of encoded images; see `encode`."""
        encoded = [self.encode(picture, white=white) for picture in pictures]
        return np.stack(encoded) if encoded else np.empty((0, *self.input_shape), np.uint8)

    def open(self, picture: Picture, *, white: float | None = None) -> Image.Image:
        """The picture as an 8-bit image of mode L or RGB in its own size."""
        known = self.white if white is None else white
        if isinstance(picture, str | Path):
            return read_picture(
                Path(picture),
                target=(self.height, self.width),
                white=known,
                max_megapixels=self.max_megapixels,
            )
        if isinstance(picture, Image.Image):
            return to_eight_bits(upright(picture), white=known)
        pixels = as_numbers(picture)
        return to_eight_bits(array_to_image(pixels, white=white_of(pixels, self.white) if white is None else white))

    def from_eight_bits(self, image: Image.Image) -> UInt8[np.ndarray, "channels height width"]:
        """The encoded image of an image of mode L or RGB."""
        image = image.convert("L" if self.mode == "grey" else "RGB")
        size = (self.width, self.height)
        if image.size != size:
            box = None if self.resize == "stretch" else centre_box(image.size, size)
            image = image.resize(size, Image.Resampling.BILINEAR, box=box)
        pixels = np.asarray(image)
        return np.ascontiguousarray(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))

    def fitted(self, images: UInt8[np.ndarray, "n channels height width"]) -> "Codec":
        """This codec with mean and std of training images.

        They come from exact counts of pixel values, so that they are the same on every machine.
        """
        counts = np.zeros((self.channels, 256), np.int64)
        step = max(1, 2**22 // max(1, int(np.prod(images.shape[1:]))))
        for start in range(0, len(images), step):
            part = np.asarray(images[start : start + step])
            for channel in range(self.channels):
                counts[channel] += np.bincount(part[:, channel].ravel(), minlength=256)
        values = np.arange(256) / 255
        total = np.maximum(counts.sum(axis=1), 1)
        mean = (counts * values).sum(axis=1) / total
        deviation = np.sqrt((counts * (values - mean[:, None]) ** 2).sum(axis=1) / total)
        return self.replace(
            mean=tuple(round(float(value), 6) for value in mean),
            std=tuple(round(max(float(value), SMALLEST_DEVIATION), 6) for value in deviation),
        )


def centre_box(size: tuple[int, int], target: tuple[int, int]) -> tuple[float, float, float, float]:
    """The largest centred part of a picture of `size` (width, height) that has the proportions of `target`."""
    scale = min(size[0] / target[0], size[1] / target[1])
    width, height = target[0] * scale, target[1] * scale
    left, top = (size[0] - width) / 2, (size[1] - height) / 2
    return (left, top, min(left + width, size[0]), min(top + height, size[1]))


def array_to_image(pixels: np.ndarray, *, white: float | None = None) -> Image.Image:
    """A PIL image of one array [h, w], [h, w, c] or [c, h, w] with 1, 3 or 4 channels."""
    shape = pixels.shape
    if pixels.ndim == 3 and shape[-1] not in (1, 3, 4) and shape[0] in (1, 3, 4):
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim == 3 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[-1] not in (3, 4)) or 0 in shape:
        raise PictureError("array", f"an image must be [h, w], [h, w, c] or [c, h, w] with c 1, 3 or 4; it is {shape}")
    return Image.fromarray(np.ascontiguousarray(scale_to_bytes(pixels, white=white, name="array")))
