"""From uint8 images to logits: the one path that training's evaluation, the test split and a served bundle all take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from epochal.core.protocols import ClassScores

BATCHES = {"cpu": 64, "cuda": 512}


def normalise(
    images: UInt8[Tensor, "batch channels height width"], mean: Sequence[float], std: Sequence[float]
) -> Float[Tensor, "batch channels height width"]:
    """(x / 255 - mean) / std for each channel, in float32; `mean` and `std` are on the scale from 0 to 1."""
    shape = (1, -1, 1, 1)
    means = torch.tensor(mean, dtype=torch.float32, device=images.device).view(shape)
    deviations = torch.tensor(std, dtype=torch.float32, device=images.device).view(shape)
    return images.to(torch.float32).div_(255.0).sub_(means).div_(deviations)


@dataclass(frozen=True, kw_only=True)
class NetworkPredictor:
    """A network with its normalisation: a `core.protocols.Predictor`.

    Evaluates in float32, in evaluation mode and without gradients, and gives the network back in the mode in which
    it came, so that it can be called in the middle of a training.
    """

    model: nn.Module
    mean: tuple[float, ...]  # of each channel, on the scale from 0 to 1
    std: tuple[float, ...]
    batch_size: int | None = None  # 64 on a processor, whose cache a larger one leaves; 512 on a GPU

    def __call__(self, images: np.ndarray) -> ClassScores:
        """Images uint8 [batch, channels, height, width], an array or a memory map, to logits float32 [batch, classes].

        Raises:
            ValueError: the images are not uint8, or have another shape or number of channels.
        """
        check_images(images, (len(self.mean), "height", "width"))
        parameter = next(self.model.parameters(), None)
        device = torch.device("cpu") if parameter is None else parameter.device
        size = self.batch_size or BATCHES.get(device.type, BATCHES["cpu"])
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                parts = [
                    self.model(normalise(_batch(images, start, size).to(device), self.mean, self.std)).float()
                    # No images still make one, empty, batch: the network tells the number of classes.
                    for start in range(0, max(len(images), 1), size)
                ]
        finally:
            for module, training in modes:  # each its own mode: a part may be frozen in a training network
                module.training = training
        return ClassScores(logits=torch.cat(parts).cpu().numpy())


@dataclass(frozen=True, kw_only=True)
class ClassicalPredictor:
    """A fitted classical rung as a `core.protocols.Predictor`."""

    model: Any
    batch_size: int = 4096

    def __call__(self, images: np.ndarray) -> ClassScores:
        """Images uint8 [batch, channels, height, width] to logits float32 [batch, classes]."""
        check_images(images)
        parts = [
            np.asarray(self.model.logits(np.asarray(images[start : start + self.batch_size])), dtype=np.float32)
            for start in range(0, len(images), self.batch_size)
        ]
        return ClassScores(logits=np.concatenate(parts) if parts else np.zeros((0, 0), np.float32))


def log_mean(
    logits: Float[np.ndarray, "members items classes"], temperatures: Sequence[float]
) -> Float[np.ndarray, "items classes"]:
    """log of the mean over the members of softmax(logits / temperature), computed without leaving the logarithms, so
    that a chance too small for a float is no infinity."""
    scaled = np.asarray(logits, np.float64) / np.asarray(temperatures, np.float64)[:, None, None]
    logarithms = scaled - np.logaddexp.reduce(scaled, axis=2, keepdims=True)
    return np.logaddexp.reduce(logarithms, axis=0) - np.log(len(logarithms))


@dataclass(frozen=True, kw_only=True)
class EnsemblePredictor:
    """Trainings of one recipe with several seeds, which answer with the mean of their probabilities: a
    `core.protocols.Predictor` (Lakshminarayanan, Pritzel & Blundell 2017, Deep ensembles, section 2.4).

    The logits are the logarithms of that mean. The softmax of each member is taken at its own temperature, so that one
    that is sure of itself without reason does not outweigh the others.
    """

    members: tuple[Callable[[np.ndarray], ClassScores], ...]
    temperatures: tuple[float, ...]  # of each member

    def __call__(self, images: np.ndarray) -> ClassScores:
        """Images uint8 [batch, channels, height, width] to logits float32 [batch, classes]."""
        logits = np.stack([member(images).logits for member in self.members])
        return ClassScores(logits=log_mean(logits, self.temperatures).astype(np.float32))


def check_images(images: np.ndarray, shape: tuple[int | str, ...] = ("channels", "height", "width")) -> None:
    """Refuse what is not a batch of images as the rooms exchange them; a name in `shape` stands for any number.

    Raises:
        ValueError: says the shape and type that were expected and those that came.
    """
    fits = images.ndim == 1 + len(shape) and all(
        size == wanted or isinstance(wanted, str) for size, wanted in zip(images.shape[1:], shape, strict=True)
    )
    if not fits or images.dtype != np.uint8:
        raise ValueError(
            f"Expected uint8 images of shape [batch, {', '.join(map(str, shape))}]; "
            f"got {images.dtype} of shape {list(images.shape)}."
        )


def _batch(images: np.ndarray, start: int, size: int) -> Tensor:
    """A copy: a memory map is read only, and torch warns of arrays that it must not write."""
    return torch.from_numpy(np.array(images[start : start + size]))
