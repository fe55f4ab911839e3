"""A training step recorded once and replayed.

The step of a small network is a hundred short kernels, and telling a GPU to start them one by one takes several times
as long as running them. Recorded as a CUDA graph, the whole step is started by one call.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from epochal.core.protocols import Batch

EAGER = 3  # steps before the recording, for what a library prepares when it is first called

Step = Callable[[tuple[Batch, ...]], dict[str, Tensor]]


class Replay:
    """A step that is called a few times as it is, then recorded, and from then on replayed with each new batch.

    Nothing that the step does may depend on the values of tensors, and what changes from call to call must be a tensor
    that is written in place, as a `Stepper` does with its learning rate; everything else (training or evaluation mode,
    which weights are frozen, the precision) stays as it was recorded. Batches hold tensors, in tuples, lists and
    dictionaries of any depth; all have the same shapes, as those of a `fixed` feed do.
    """

    def __init__(self, step: Step):
        self.step = step
        self.eager = EAGER
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, drawn: tuple[Batch, ...]) -> dict[str, Tensor]:
        """The loss of each part; overwritten by the next call."""
        if self.eager:
            self.eager -= 1
            return aside(self.step, drawn)
        graph = self.graph or self.record(drawn)
        for held, given in zip(tensors_in(self.drawn), tensors_in(drawn), strict=True):
            held.copy_(given)
        graph.replay()
        return self.losses

    def record(self, drawn: tuple[Batch, ...]) -> torch.cuda.CUDAGraph:
        """Record the step on batches of its own, without making it."""
        self.drawn = copied(drawn)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses = self.step(self.drawn)
        return self.graph


def tensors_in(batch: Any) -> Iterator[Tensor]:
    """The tensors of a batch, however deep they lie."""
    if isinstance(batch, Tensor):
        yield batch
    else:
        for part in batch.values() if isinstance(batch, Mapping) else batch:
            yield from tensors_in(part)


def copied(batch: Any) -> Any:
    """A batch of the same form, whose tensors are copies."""
    return joined(Tensor.clone, batch)


def joined(join: Callable[..., Tensor], *batches: Any) -> Any:
    """A batch of the form that all of these have; each of its tensors is `join` of theirs at the same place."""
    first = batches[0]
    if isinstance(first, Tensor):
        return join(*batches)
    if isinstance(first, Mapping):
        return {name: joined(join, *(batch[name] for batch in batches)) for name in first}
    parts = [joined(join, *several) for several in zip(*batches, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)


def aside(step: Step, drawn: tuple[Batch, ...]) -> dict[str, Tensor]:
    """One step on a stream of its own, as PyTorch asks of the steps before a recording."""
    here, there = torch.cuda.current_stream(), torch.cuda.Stream()
    there.wait_stream(here)
    with torch.cuda.stream(there):
        losses = step(drawn)
    here.wait_stream(there)
    return losses
