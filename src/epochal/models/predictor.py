"""From encoded inputs to answers: the one path that evaluation in training, the test split and a served bundle take."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from epochal.core.errors import RungError
from epochal.core.protocols import Codec, OverPoints

BATCHES = {"cpu": 64, "cuda": 512}
Answer = Callable[[np.ndarray], Any]  # from outputs, float32 [batch, outputs], to the prediction of a goal


@dataclass(frozen=True, kw_only=True)
class NetworkPredictor:
    """A network with the codec that makes its inputs: a `core.protocols.Predictor`.

    Evaluates in float32, in evaluation mode and without gradients, and gives the network back in the mode in which
    it came, so that it can be called in the middle of a training.
    """

    model: nn.Module
    codec: Codec
    answer: Answer
    width: int | None = None  # numbers of one answer, where they must be asked for: the code is not ours
    batch_size: int | None = None  # 64 on a processor, whose cache a larger one leaves; 512 on a GPU

    def __call__(self, inputs: Any) -> Any:
        """Encoded inputs, an array, a memory map or a ragged column, to their prediction.

        Raises:
            ValueError: they are not as the codec makes them.
            RungError: the answers are not one for each input, or of another width.
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
                    checked(
                        self.model(as_inputs(_batch(inputs, start, size))), inputs[start : start + size], self.width
                    ).float()
                    # No inputs still make one, empty, batch: the network tells the number of outputs.
                    for start in range(0, max(len(inputs), 1), size)
                ]
        finally:
            for module, training in modes:  # each its own mode: a part may be frozen in a training network
                module.training = training
        return self.answer(torch.cat(parts).cpu().numpy())


@dataclass(frozen=True, kw_only=True)
class ClassicalPredictor:
    """A fitted classical rung as a `core.protocols.Predictor`."""

    model: Any
    codec: Codec
    answer: Answer
    as_tensors: bool = False  # it is given what a network would see
    batch_size: int = 4096

    def __call__(self, inputs: Any) -> Any:
        """Encoded inputs to their prediction; errors as `NetworkPredictor`."""
        self.codec.check(inputs)
        starts = range(0, len(inputs), self.batch_size)
        batches = [inputs[start : start + self.batch_size] for start in starts]
        parts = [checked(np.asarray(self.model.outputs(self._seen(one)), dtype=np.float32), one) for one in batches]
        return self.answer(np.concatenate(parts) if parts else np.zeros((0, 1), np.float32))

    def _seen(self, inputs: Any) -> Any:
        if self.as_tensors:
            return as_network_sees(self.codec, inputs)
        return np.asarray(inputs) if isinstance(inputs, np.ndarray) else inputs


def checked(outputs: Any, inputs: Any, width: int | None = None) -> Any:
    """The outputs [inputs, width], as they are.

    Raises:
        RungError: they are not one for each input, or of another width.
    """
    if len(outputs) != len(inputs) or (width is not None and tuple(outputs.shape[1:]) != (width,)):
        wanted = f"[{len(inputs)}, {'...' if width is None else width}]"
        raise RungError(f"Expected answers of the shape {wanted}; got {list(outputs.shape)}.")
    return outputs


def as_network_sees(codec: Codec, inputs: Any) -> np.ndarray:
    """Encoded inputs as the codec makes them for a network."""
    seen: np.ndarray = codec.tensors()(_batch(inputs, 0, len(inputs))).numpy()
    return seen


def make_predictor(
    model: Any, codec: Codec, answer: Answer, *, as_tensors: bool = False, width: int | None = None
) -> NetworkPredictor | ClassicalPredictor:
    """What answers questions with a trained model: the same path for evaluation, the test split, and a bundle."""
    if isinstance(model, nn.Module):
        return NetworkPredictor(model=model, codec=codec, answer=answer, width=width)
    return ClassicalPredictor(model=model, codec=codec, answer=answer, as_tensors=as_tensors)


@dataclass(frozen=True, kw_only=True)
class EnsemblePredictor:
    """Trainings of one recipe with several seeds, which answer together: a `core.protocols.Predictor`.

    `together` is the goal's: what the members' predictions come to, each with its calibration.
    """

    members: tuple[Callable[[np.ndarray], Any], ...]
    calibrations: tuple[float, ...]  # of each member
    together: Callable[[Sequence[Any], Sequence[float]], Any]

    def __call__(self, inputs: Any) -> Any:
        """Encoded inputs to their prediction."""
        return self.together([member(inputs) for member in self.members], self.calibrations)


@dataclass(frozen=True, kw_only=True)
class PointsPredictor:
    """Several states of one training, each of which answers: a `core.protocols.Predictor` of `OverPoints`."""

    points: tuple[Any, ...]  # the predictor of each

    @property
    def model(self) -> Any:
        """The last state."""
        return self.points[-1].model

    @property
    def earlier(self) -> list[Any]:
        """The states before it."""
        return [point.model for point in self.points[:-1]]

    def __call__(self, inputs: Any) -> OverPoints:
        """Encoded inputs to the prediction of each state."""
        return OverPoints(points=tuple(point(inputs) for point in self.points))


def over_points(points: Sequence[Any]) -> Any:
    """The predictor of these states: one alone answers as it is."""
    return points[0] if len(points) == 1 else PointsPredictor(points=tuple(points))


def _batch(inputs: Any, start: int, size: int) -> Any:
    """A copy: a memory map is read only, and torch warns of arrays that it must not write. Ragged columns stay so."""
    part = inputs[start : start + size]
    return torch.from_numpy(np.array(part)) if isinstance(part, np.ndarray) else part
