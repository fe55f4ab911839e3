"""Feeds: batches cut, augmented and normalised as whole batches on the device, never example by example."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Shaped
from torch import Tensor

from epochal.core.protocols import Batch
from epochal.core.seeds import stream
from epochal.core.weighed import Weighed, parted, relative
from epochal.data.split import stratified

Tensors = Callable[[str], Callable[[Tensor], Tensor]]
Augment = Callable[[Tensor, torch.Generator], Tensor]  # of encoded inputs [batch, ...]


class ArrayFeed:
    """Shuffled batches of an array of encoded inputs, in memory or mapped from disk.

    Batch number i covers places i*batch_size to (i+1)*batch_size of an endless sequence: one permutation of the
    data after another, each drawn from (seed, epoch). So every batch is full, every epoch shows every example once, and
    batch i can be cut without cutting those before it.

    `tensors` is the codec's: on a device, it makes a network's inputs of encoded ones, which are augmented first, in
    this order. `channels_last` as `memory_format` is of inputs [n, channels, height, width].

    Yields `Batch(inputs float32 [batch, ...], targets [batch])`; the targets are `Weighed`, with weights float32
    [batch], where those given are. Weights are made such that their mean over all n examples is 1.
    """

    fixed = True

    def __init__(
        self,
        inputs: Shaped[np.ndarray, "n ..."],
        targets: Shaped[np.ndarray, " n"] | Weighed,
        *,
        batch_size: int,
        tensors: Tensors,
        augmentations: Sequence[Augment] = (),
        memory_format: str = "contiguous",
        device: str = "cpu",
    ):
        self.inputs = inputs
        self.targets, self.weights = parted(targets)
        self.batch_size = batch_size
        self.tensors = tensors
        self.augmentations = augmentations
        self.memory_format = memory_format
        self.device = device

    @property
    def per_batch(self) -> int:
        return self.batch_size

    @cached_property
    def _held(self) -> tuple[Tensor, Tensor, Tensor | None]:
        """Inputs, targets and weights where batches are cut from: what fits in memory moves to the device, once."""
        inputs, targets = as_tensor(self.inputs), as_tensor(np.ascontiguousarray(self.targets))
        weights = None if self.weights is None else as_tensor(shares(self.weights))
        if isinstance(self.inputs, np.memmap):
            return inputs, targets, weights
        return inputs.to(self.device), targets.to(self.device), weights if weights is None else weights.to(self.device)

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        held, targets, weights = self._held
        as_inputs = self.tensors(self.device)
        images = held.dim() == 4  # nothing else has channels to come last
        layout = torch.channels_last if images and self.memory_format == "channels_last" else torch.contiguous_format
        number = start
        for index in self._indices(seed, start, held.device):
            inputs = as_inputs(self._augmented(held.index_select(0, index).to(self.device), seed, number))
            answers: Any = targets.index_select(0, index).to(self.device)
            if weights is not None:
                answers = Weighed(answers, weights.index_select(0, index).to(self.device))
            yield Batch(inputs.contiguous(memory_format=layout), answers)
            number += 1

    def _indices(self, seed: int, start: int, device: torch.device) -> Iterator[Tensor]:
        count, epoch = len(self.targets), -1
        place = start * self.batch_size
        while True:
            pieces, wanted = [], self.batch_size
            while wanted:
                if place // count != epoch:
                    epoch = place // count
                    order = torch.randperm(count, generator=_generator(stream(seed, "order", epoch))).to(device)
                piece = order[place % count : place % count + wanted]
                pieces.append(piece)
                place += len(piece)
                wanted -= len(piece)
            yield pieces[0] if len(pieces) == 1 else torch.cat(pieces)

    def _augmented(self, inputs: Tensor, seed: int, number: int) -> Tensor:
        if not self.augmentations:
            return inputs
        generator = _generator(stream(seed, "augment", number))
        for augment in self.augmentations:
            inputs = augment(inputs, generator)
        return inputs


class WholeFeed:
    """One batch that holds everything, as arrays: what a classical rung learns from, as `seen` makes it of encoded
    inputs.

    `limit` takes about that many examples, chosen by the seed, of each class in proportion and at least one; None takes
    all. The batch's targets are `Weighed` where those given are, with weights whose mean over the batch is 1.
    """

    fixed = True

    def __init__(
        self,
        inputs: Any,
        targets: Shaped[np.ndarray, " n"] | Weighed,
        *,
        limit: int | None = None,
        seen: Callable[[Any], Any] = lambda inputs: inputs,
    ):
        self.inputs = inputs
        self.targets, self.weights = parted(targets)
        self.seen = seen
        self.limit = limit

    @property
    def per_batch(self) -> int:
        return len(self.targets) if self.limit is None else min(self.limit, len(self.targets))

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        if start:
            return
        if self.limit is None or self.limit >= len(self.targets):
            yield Batch(self.seen(self.inputs), self._weighed(self.targets, self.weights))
        else:
            order = np.random.default_rng(stream(seed, "subset")).permutation(len(self.targets))
            chosen = stratified(self.targets, order, self.limit)
            weights = None if self.weights is None else self.weights[chosen]
            yield Batch(self.seen(self.inputs[chosen]), self._weighed(self.targets[chosen], weights))

    def _weighed(self, targets: np.ndarray, weights: np.ndarray | None) -> Any:
        return targets if weights is None else Weighed(targets, shares(weights))


def shares(weights: Float[np.ndarray, " n"]) -> Float32[np.ndarray, " n"]:
    """Weights with mean 1, as models take them."""
    return relative(weights, len(weights)).astype(np.float32)


def as_tensor(array: np.ndarray) -> Tensor:
    """The array's memory as a tensor; a map from disk stays a map."""
    import warnings

    with warnings.catch_warnings():  # a read-only map is never written to here
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        return torch.from_numpy(array)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
