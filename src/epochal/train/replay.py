"""A training step recorded once and replayed.

The step of a small network is a hundred short kernels, and telling a GPU to start them one by one takes several times
as long as running them. Recorded as a CUDA graph, the whole step is started by one call.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from epochal.core.protocols import Batch

EAGER = 3  # steps before the recording, for what a library prepares when it is first called

Step = Callable[[Batch], dict[str, Tensor]]


class Replay:
    """A step that is called a few times as it is, then recorded, and from then on replayed with each new batch.

    Nothing that the step does may depend on the values of tensors, and what changes from call to call must be a tensor
    that is written in place, as a `Stepper` does with its learning rate; everything else (training or evaluation mode,
    which weights are frozen, the precision) stays as it was recorded. Batches are tensors of one shape.
    """

    def __init__(self, step: Step):
        self.step = step
        self.eager = EAGER
        self.graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, batch: Batch) -> dict[str, Tensor]:
        """The loss of each part; overwritten by the next call."""
        if self.eager:
            self.eager -= 1
            return aside(self.step, batch)
        graph = self.graph or self.record(batch)
        for held, given in zip(self.batch, batch, strict=True):
            held.copy_(given)
        graph.replay()
        return self.losses

    def record(self, batch: Batch) -> torch.cuda.CUDAGraph:
        """Record the step on a batch of its own, without making it."""
        self.batch = Batch(*(tensor.clone() for tensor in batch))
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses = self.step(self.batch)
        return self.graph


def aside(step: Step, batch: Batch) -> dict[str, Tensor]:
    """One step on a stream of its own, as PyTorch asks of the steps before a recording."""
    here, there = torch.cuda.current_stream(), torch.cuda.Stream()
    there.wait_stream(here)
    with torch.cuda.stream(there):
        losses = step(batch)
    here.wait_stream(there)
    return losses
