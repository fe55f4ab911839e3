"""What one forward pass through a network costs, counted rather than timed."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def flops(model: nn.Module, input_shape: tuple[int, ...]) -> float:
    """Floating-point operations of one forward pass in evaluation mode for one example of `input_shape`.

    A multiplication with its addition counts as two; only matrix products and convolutions are counted, which is all
    but a few per cent. A training step costs about three times as much for each example.
    """
    parameter = next(model.parameters())
    images = torch.zeros((1, *input_shape), dtype=parameter.dtype, device=parameter.device)
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            model(images)
    finally:
        model.train(was_training)
    return float(counter.get_total_flops())


def parameters(model: nn.Module) -> int:
    """The number of trainable numbers of a network."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
