"""Shortcuts past the layers of a residual block, where the shape changes and where it does not."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.card import Card
from epochal.models.parts.normalisation import has_shift, normalisation

SHORTCUTS = ("paper", "identity", "projection", "none")

CARDS = (
    Card(
        name="residual",
        title="Residual shortcut",
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016 (preprint 2015)",
        year=2015,
        what="Adds a block's input to its output, so that the block learns only what to change.",
        when="Networks deeper than about twenty layers, which without it train worse than shallow ones.",
    ),
)


def pad_channels(
    maps: Float[Tensor, "batch channels height width"], *, channels: int, stride: int
) -> Float[Tensor, "batch wider shorter narrower"]:
    """Option A: takes every `stride`-th row and column, and fills the new channels with zeros; no parameters."""
    thinned = maps[:, :, ::stride, ::stride] if stride > 1 else maps
    missing = channels - maps.shape[1]
    return functional.pad(thinned, (0, 0, 0, 0, 0, missing)) if missing else thinned


class PaddedIdentity(nn.Module):
    """Option A as a layer; see `pad_channels`."""

    def __init__(self, *, channels: int, stride: int):
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch wider shorter narrower"]:
        return pad_channels(maps, channels=self.channels, stride=self.stride)


def projection(*, channels_in: int, channels_out: int, stride: int, normaliser: str) -> nn.Module:
    """Option B: a 1x1 convolution to the new shape, then the block's normalisation."""
    convolution = nn.Conv2d(channels_in, channels_out, 1, stride, bias=not has_shift(normaliser))
    return nn.Sequential(convolution, normalisation(normaliser, channels_out))


def shortcut(kind: str, *, channels_in: int, channels_out: int, stride: int, normaliser: str) -> nn.Module:
    """The way past one block. `kind` is "identity" (option A) or "projection" (option B: only where shapes change)."""
    if channels_in == channels_out and stride == 1:
        return nn.Identity()
    if kind == "identity":
        return PaddedIdentity(channels=channels_out, stride=stride)
    return projection(channels_in=channels_in, channels_out=channels_out, stride=stride, normaliser=normaliser)
