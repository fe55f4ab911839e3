"""Small seeded tasks made on the spot: shapes to tell apart, and the toys of the sequence and generative models."""

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from epochal.core.errors import DataError

SHAPES = ("disc", "square", "triangle", "cross", "ring", "bar")


def shapes(
    count: int, side: int = 16, classes: int = 4, seed: int = 0, channels: int = 1, noise: float = 12.0
) -> tuple[UInt8[np.ndarray, "count channels side side"], Int64[np.ndarray, " count"]]:
    """Images of one shape, lighter or darker than its ground, of many sizes and places, with Gaussian `noise`.

    Targets index `SHAPES`; classes are balanced to within one example and come in random order. A small convolutional
    network passes 95% on it in seconds, and so does HOG with a linear machine; a linear model on pixels does not.

    Raises:
        DataError: a side below 8, or classes not from 2 to 6.
    """
    if side < 8 or not 2 <= classes <= len(SHAPES):
        raise DataError(f"Expected a side of 8 or more and 2 to {len(SHAPES)} classes, got {side} and {classes}.")
    random = np.random.default_rng(seed)
    targets = random.permutation(np.arange(count, dtype=np.int64) % classes)
    radius = random.uniform(0.22, 0.36, (count, 1, 1)) * side
    centre = random.uniform(0.4, 0.6, (2, count, 1, 1)) * side
    down, right = (np.arange(side)[:, None] + 0.5 - centre[0]) / radius, (np.arange(side) + 0.5 - centre[1]) / radius
    inside = np.stack([draw(down, right) for draw in _DRAW[:classes]])[targets, np.arange(count)]
    dark = random.uniform(10, 90, (count, channels, 1, 1))
    light = dark + random.uniform(80, 160, (count, channels, 1, 1))
    lighter = inside[:, None] ^ (random.random((count, 1, 1, 1)) < 0.5)
    images = np.where(lighter, light, dark) + random.normal(0, noise, (count, channels, side, side))
    return images.clip(0, 255).astype(np.uint8), targets


# Each tells which pixels lie inside, from their places (down, right) in units of the radius.
_DRAW = (
    lambda down, right: down**2 + right**2 < 1,
    lambda down, right: np.maximum(abs(down), abs(right)) < 0.9,
    lambda down, right: (abs(down) < 1) & (2 * abs(right) < down + 1),
    lambda down, right: (np.minimum(abs(down), abs(right)) < 0.3) & (np.maximum(abs(down), abs(right)) < 1),
    lambda down, right: abs(np.sqrt(down**2 + right**2) - 0.85) < 0.25,
    lambda down, right: (abs(down) < 0.35) & (abs(right) < 1.1),
)


def gaussian(count: int, mean: float = 4.0, deviation: float = 0.5, seed: int = 0) -> Float32[np.ndarray, "count 1"]:
    """Draws from a one-dimensional normal distribution: what a generator of one number has to learn to imitate."""
    return np.random.default_rng(seed).normal(mean, deviation, (count, 1)).astype(np.float32)


def parity(
    count: int, bits: int = 8, seed: int = 0
) -> tuple[UInt8[np.ndarray, "count bits"], Int64[np.ndarray, " count"]]:
    """Random bits, and whether an odd number of them is set: no linear model does better than chance on it.

    Minsky and Papert, Perceptrons, 1969, chapter 3.
    """
    inputs = np.random.default_rng(seed).integers(0, 2, (count, bits), dtype=np.uint8)
    return inputs, inputs.sum(axis=1, dtype=np.int64) % 2


def reversal(
    count: int, length: int = 8, symbols: int = 10, seed: int = 0
) -> tuple[Int64[np.ndarray, "count length"], Int64[np.ndarray, "count length"]]:
    """Random sequences of symbols from 0 to symbols - 1, and each of them backwards."""
    inputs = np.random.default_rng(seed).integers(0, symbols, (count, length), dtype=np.int64)
    return inputs, np.ascontiguousarray(inputs[:, ::-1])
