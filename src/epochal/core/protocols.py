"""The three small protocols behind which trainings differ, and what passes between them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np


class Batch(NamedTuple):
    """Inputs and targets of one step. Images are uint8 [batch, channels, height, width] until the objective asks."""

    inputs: Any
    targets: Any


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """Scores before calibration, `logits` [batch, classes] float32; softmax turns them into probabilities."""

    logits: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """[batch] int64, the index of the most probable class."""
        return self.logits.argmax(axis=1)

    @property
    def probabilities(self) -> np.ndarray:
        """[batch, classes] float64, rows sum to one."""
        shifted = np.exp(self.logits.astype(np.float64) - self.logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)


class Feed(Protocol):
    """Where batches come from: an array in memory, shards on disk, or a game that plays itself.

    Batch number `start` and those after it depend on `seed`, their number, and the model, and on nothing else: this
    is what lets a killed run resume in the middle of an epoch, bit for bit.
    """

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Any]: ...


class Objective(Protocol):
    """What is minimised, in parts: ("all",); a GAN says ("discriminator", "generator")."""

    parts: tuple[str, ...]

    def loss(self, part: str, model: Any, batch: Any) -> Any: ...


class Predictor(Protocol):
    """From uint8 images [batch, channels, height, width] to their prediction."""

    def __call__(self, images: np.ndarray) -> Prediction: ...


Evaluate = Callable[[Any], dict[str, float]]
