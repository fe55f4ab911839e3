"""From encoded inputs to logits: the one path that evaluation in training, the test split and a served bundle take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.protocols import ClassScores, Codec

BATCHES = {"cpu": 64, "cuda": 512}


@dataclass(frozen=True, kw_only=True)
class NetworkPredictor:
    """A network with the codec that makes its inputs: a `core.protocols.Predictor`.

    Evaluates in float32, in evaluation mode and without gradients, and gives the network back in the mode in which
    it came, so that it can be called in the middle of a training.
    """

    model: nn.Module
    codec: Codec
    batch_size: int | None = None  # 64 on a processor, whose cache a larger one leaves; 512 on a GPU

    def __call__(self, inputs: np.ndarray) -> ClassScores:
        """Encoded inputs, an array or a memory map, to logits float32 [batch, classes].

        Raises:
            ValueError: they are not as the codec makes them.
        """
        self.codec.check(inputs)
        parameter = next(self.model.parameters(), None)
        device = torch.device("cpu") if parameter is None else parameter.device
        as_inputs = self.codec.tensors(str(device))
        size = self.batch_size or BATCHES.get(device.type, BATCHES["cpu"])
        modes = [(module, module.training) for module in self.model.modules()]
        self.model.eval()
        try:
            with torch.no_grad(), torch.autocast(device.type, enabled=False):
                parts = [
                    self.model(as_inputs(_batch(inputs, start, size))).float()
                    # No inputs still make one, empty, batch: the network tells the number of classes.
                    for start in range(0, max(len(inputs), 1), size)
                ]
        finally:
            for module, training in modes:  # each its own mode: a part may be frozen in a training network
                module.training = training
        return ClassScores(logits=torch.cat(parts).cpu().numpy())


@dataclass(frozen=True, kw_only=True)
class ClassicalPredictor:
    """A fitted classical rung as a `core.protocols.Predictor`."""

    model: Any
    codec: Codec
    batch_size: int = 4096

    def __call__(self, inputs: np.ndarray) -> ClassScores:
        """Encoded inputs to logits float32 [batch, classes]; errors as `NetworkPredictor`."""
        self.codec.check(inputs)
        parts = [
            np.asarray(self.model.logits(np.asarray(inputs[start : start + self.batch_size])), dtype=np.float32)
            for start in range(0, len(inputs), self.batch_size)
        ]
        return ClassScores(logits=np.concatenate(parts) if parts else np.zeros((0, 0), np.float32))


def make_predictor(model: Any, codec: Codec) -> NetworkPredictor | ClassicalPredictor:
    """What answers questions with a trained model: the same path for evaluation, the test split, and a bundle."""
    if isinstance(model, nn.Module):
        return NetworkPredictor(model=model, codec=codec)
    return ClassicalPredictor(model=model, codec=codec)


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

    def __call__(self, inputs: np.ndarray) -> ClassScores:
        """Encoded inputs to logits float32 [batch, classes]."""
        logits = np.stack([member(inputs).logits for member in self.members])
        return ClassScores(logits=log_mean(logits, self.temperatures).astype(np.float32))


def _batch(inputs: np.ndarray, start: int, size: int) -> Tensor:
    """A copy: a memory map is read only, and torch warns of arrays that it must not write."""
    return torch.from_numpy(np.array(inputs[start : start + size]))
