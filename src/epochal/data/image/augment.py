"""Augmentations: training images varied in ways that keep their label, each a pure function of a generator.

They work on a whole batch, without a loop over examples. Random numbers are drawn on the generator's device and then
brought to the images, so that one seed gives the same batch on every device; a processor does not wait until a GPU has
them.
"""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as functional
from jaxtyping import Float, UInt8
from torch import Tensor

from epochal.core.card import Card

COLOUR_PIXELS = 1_000_000  # pixels that the principal components of colour are fitted on
COLOUR_DEVIATION = 0.1  # of the paper


def flip(
    images: UInt8[Tensor, "batch channels height width"], generator: torch.Generator
) -> UInt8[Tensor, "batch channels height width"]:
    """Mirror each image left to right with probability one half. Krizhevsky et al. 2012, section 4.1."""
    mirrored = torch.rand(len(images), generator=generator, device=generator.device) < 0.5
    return torch.where(mirrored.to(images.device, non_blocking=True)[:, None, None, None], images.flip(3), images)


def crop(
    images: UInt8[Tensor, "batch channels height width"], generator: torch.Generator
) -> UInt8[Tensor, "batch channels height width"]:
    """Pad each side with black by an eighth of the shorter side, rounded, and cut the original size out at random.

    For 32x32 these are the 4 pixels of He et al. 2016, section 4.2, where the padding is zero as well.
    """
    height, width = images.shape[2:]
    padding = max(1, round(min(height, width) / 8))
    padded = functional.pad(images, (padding,) * 4)
    places = torch.randint(0, 2 * padding + 1, (2, len(images)), generator=generator, device=generator.device)
    down, right = places.to(images.device, non_blocking=True)
    windows = padded.unfold(2, height, 1).unfold(3, width, 1)  # [batch, channels, down, right, height, width], a view
    return windows[torch.arange(len(images), device=images.device), :, down, right]


def fit_colour_pca(
    images: UInt8[np.ndarray, "examples channels height width"],
) -> tuple[Float[np.ndarray, " channels"], Float[np.ndarray, "channels channels"]]:
    """Eigenvalues [channels], largest first, and eigenvectors (columns) of the covariance of colours from 0 to 1.

    Fitted on evenly spaced images, about a million pixels of the training split. Signs are fixed: the largest entry of
    each eigenvector is positive.
    """
    count, channels, height, width = images.shape
    step = max(1, -(-count * height * width // COLOUR_PIXELS))
    colours = images[::step].transpose(1, 0, 2, 3).reshape(channels, -1) / 255.0
    values, vectors = np.linalg.eigh(np.cov(colours, bias=True).reshape(channels, channels))
    values, vectors = values[::-1].clip(min=0.0), vectors[:, ::-1]
    signs = np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(channels)])
    return values, vectors * signs


def colour_pca(
    images: Float[Tensor, "batch channels height width"],
    generator: torch.Generator,
    eigenvalues: Float[np.ndarray, " channels"],
    eigenvectors: Float[np.ndarray, "channels channels"],
) -> Float[Tensor, "batch channels height width"]:
    """Shift the colour of each image, on the scale of 0 to 1, along the principal components of the training colours.

    Adds [p1, p2, p3] [a1 l1, a2 l2, a3 l3]^T, where p are the eigenvectors, l the eigenvalues, and each a is drawn once
    an image from a normal distribution with deviation 0.1 (Krizhevsky et al. 2012, section 4.1). Results may lie
    outside 0 to 1.
    """
    draws = torch.randn(len(images), len(eigenvalues), generator=generator, device=generator.device)
    steps = torch.as_tensor(eigenvectors * eigenvalues, dtype=images.dtype, device=draws.device)  # columns l p
    shifts = COLOUR_DEVIATION * draws.to(images.dtype) @ steps.T
    return images + shifts.to(images.device, non_blocking=True)[:, :, None, None]


AUGMENTATIONS = ("flip", "crop", "colour_pca")  # in the order in which they are applied
Augment = Callable[[Tensor, torch.Generator], Tensor]  # of images uint8 [batch, channels, height, width]


def augmentations(names: Sequence[str], images: UInt8[np.ndarray, "n channels height width"]) -> tuple[Augment, ...]:
    """The augmentations of these names, in this order, fitted on the training images where they need it."""
    made: dict[str, Callable[[], Augment]] = {
        "flip": lambda: flip,
        "crop": lambda: crop,
        "colour_pca": lambda: partial(_coloured, axes=fit_colour_pca(images)),
    }
    return tuple(made[name]() for name in names)


def _coloured(images: Tensor, generator: torch.Generator, axes: tuple[np.ndarray, np.ndarray]) -> Tensor:
    return 255 * colour_pca(images / 255, generator, *axes)


ALEXNET = "Krizhevsky, Sutskever, Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012"
RESNET = "He, Zhang, Ren, Sun, Deep residual learning for image recognition, CVPR 2016"

CARDS: dict[str, Card] = {
    card.name: card
    for card in (
        Card(
            name="flip",
            title="Mirrored images",
            paper=f"{ALEXNET}, section 4.1",
            year=2012,
            what="Mirrors half of the training images left to right, anew in each epoch.",
            when="When a mirrored picture keeps its label, as photos do; not for digits, letters, or left and right.",
        ),
        Card(
            name="crop",
            title="Padded random crops",
            paper=f"{RESNET}, section 4.2",
            year=2016,
            what="Moves each image by up to an eighth of its side; what comes in at the border is black.",
            when="When the place of the object says nothing; not for pictures that are aligned or cut tightly.",
        ),
        Card(
            name="colour_pca",
            title="Shifted colours",
            paper=f"{ALEXNET}, section 4.1",
            year=2012,
            what="Shifts the colour of each image along the main directions in which the training colours vary.",
            when="For photos under changing light; not where the shade itself tells the label, nor for grey images.",
        ),
    )
}
