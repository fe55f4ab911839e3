"""Normalisations of the maps inside a convolutional network, from local response to batch, layer and group."""

from math import gcd
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from epochal.core.card import Card
from epochal.core.errors import UserError

NORMALISATIONS = ("none", "local_response", "batch", "group", "layer")

CARDS = (
    Card(
        name="local_response",
        title="Local response normalisation",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep CNNs, NIPS 2012, section 3.3",
        year=2012,
        what="Divides each unit by a power of the summed squares of its neighbours in the channel direction.",
        when="AlexNet and early GoogLeNet. The VGG paper (2014, section 4.1) found that it buys nothing.",
    ),
    Card(
        name="batch_norm",
        title="Batch normalisation",
        paper="Ioffe & Szegedy, Batch normalization, ICML 2015",
        year=2015,
        what="Standardises each channel over the batch, then scales and shifts it by learned amounts.",
        when="Deep convolutional networks with batches of 16 or more; it lets learning rates be larger.",
    ),
    Card(
        name="layer_norm",
        title="Layer normalisation",
        paper="Ba, Kiros & Hinton, Layer normalization, arXiv:1607.06450, 2016",
        year=2016,
        what="Standardises all units of a layer within one example, then scales and shifts each channel.",
        when="Where a batch says little: sequences, tiny batches. On images usually behind batch normalisation.",
    ),
    Card(
        name="group_norm",
        title="Group normalisation",
        paper="Wu & He, Group normalization, ECCV 2018",
        year=2018,
        what="Standardises groups of channels within one example, then scales and shifts each channel.",
        when="Convolutional networks whose batches are too small for batch normalisation.",
    ),
)


def neighbour_sum(
    maps: Float[Tensor, "batch channels height width"], neighbours: int
) -> Float[Tensor, "batch channels height width"]:
    """The sum over each channel and those within neighbours // 2 of it.

    Adding shifted slices is several times faster on a CPU than a pooling over channels.
    """
    total = maps.clone()
    for offset in range(1, min(neighbours // 2, maps.shape[1] - 1) + 1):
        total[:, offset:] += maps[:, :-offset]
        total[:, :-offset] += maps[:, offset:]
    return total


class _LocalResponse(torch.autograd.Function):
    """The forward and backward of `local_response`, by hand: autograd would record every slice."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, neighbours: int, bias: float, alpha: float, beta: float) -> Tensor:
        denominator = neighbour_sum(maps * maps, neighbours).mul_(alpha).add_(bias)
        if beta == 0.75:  # x ** -3/4 = x ** -1/2 * x ** -1/4 by square roots, which are far cheaper than a power
            root = torch.rsqrt(denominator)
            gain = torch.sqrt(root).mul_(root)
        else:
            gain = denominator.pow(-beta)
        ctx.save_for_backward(maps, denominator, gain)
        ctx.neighbours, ctx.alpha, ctx.beta = neighbours, alpha, beta
        return maps * gain

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        maps, denominator, gain = ctx.saved_tensors
        direct = gradient * gain
        shared = neighbour_sum((direct * maps).div_(denominator), ctx.neighbours).mul_(maps)
        return direct.sub_(shared, alpha=2 * ctx.alpha * ctx.beta), None, None, None, None


def local_response(
    maps: Float[Tensor, "batch channels height width"],
    *,
    neighbours: int = 5,
    bias: float = 2.0,
    alpha: float = 1e-4,
    beta: float = 0.75,
) -> Float[Tensor, "batch channels height width"]:
    """b = a / (k + alpha * sum of squares over n adjacent channels) ** beta (Krizhevsky et al. 2012, section 3.3).

    n = `neighbours`, odd; k = `bias`. As in the paper alpha multiplies the sum (torch's own divides it by n).
    """
    return _LocalResponse.apply(maps, neighbours, bias, alpha, beta)


class LocalResponse(nn.Module):
    """Local response normalisation with the constants of the paper."""

    def forward(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        return local_response(maps)


def groups_of(channels: int) -> int:
    """32 groups as in Wu & He 2018; maps of fewer than 64 channels get groups of four."""
    return gcd(channels, 32 if channels >= 64 else max(1, channels // 4))


def normalisation(name: str, channels: int) -> nn.Module:
    """The layer that normalises maps [batch, channels, height, width] in the way of this name.

    Raises:
        UserError: there is no normalisation of this name.
    """
    if name == "none":
        return nn.Identity()
    if name == "local_response":
        return LocalResponse()
    if name == "batch":
        return nn.BatchNorm2d(channels)
    if name == "group":
        return nn.GroupNorm(groups_of(channels), channels)
    if name == "layer":
        return nn.GroupNorm(1, channels)  # all units of the layer, within one example
    raise UserError(f"There is no normalisation {name!r}. Choose one of {', '.join(NORMALISATIONS)}.")


def has_shift(name: str) -> bool:
    """Whether this normalisation adds a learned shift, which makes the bias of the layer before it idle."""
    return name in ("batch", "group", "layer")
