"""The one rule by which networks that were drawn for photographs are fitted to any input from 8x8 up.

Let *native* be the side of the input that the paper drew its network for (LeNet 32, the CIFAR residual networks 32,
AlexNet, VGG, GoogLeNet and the ImageNet residual networks 224), and *side* the shorter side of the images.

At or above the native side the network **is** the paper's: the same layers and the same number of parameters. Where
the images are larger, or are not square, the last maps are averaged down to the paper's own size.

Below it:

1. Depth, kernel sizes and the order of the layers are kept.
2. The earliest spatial reductions are dropped, one halving at a time, until the last map is at least 4 wide (or as
   wide as the paper's own, where that is less): a strided convolution loses its stride, a pooling is left out.
3. Convolutions and poolings are padded so that the map of n becomes ceil(n / stride) and cannot vanish. (LeNet pads
   its first convolution, as the paper pads its digits of 28 pixels to 32, and the second one only where the last map
   would otherwise be less than 4 wide.)

Widths do not follow from the input. A network has the paper's own, or a share of all of them alike (`width`, from the
budget: see `models/ladder.py`), rounded to a multiple of 8 and never below 16 nor above the paper's own.
"""

from dataclasses import dataclass
from math import ceil, prod

from torch import nn

from epochal.core.errors import UserError
from epochal.core.task import Task

SMALLEST_SIDE = 8
SMALLEST_MAP = 4
SMALLEST_WIDTH = 16


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How one network meets one input: see the rule at the top of this module.

    `strides` are the spatial reductions in order, each 1 or 2, as they are to be built; `last` is the (height,
    width) of the map after all of them, below the native side.
    """

    channels: int
    height: int
    width: int
    native: int
    strides: tuple[int, ...]
    share: float = 1.0  # of the paper's widths

    @property
    def side(self) -> int:
        return min(self.height, self.width)

    @property
    def below(self) -> bool:
        """Whether the input is smaller than what the paper drew its network for."""
        return self.side < self.native

    @property
    def last(self) -> tuple[int, int]:
        return self.after(len(self.strides))

    def after(self, reductions: int) -> tuple[int, int]:
        """Height and width of the map after the first `reductions` of the strides, where each gives ceil(n / 2)."""
        factor = prod(self.strides[:reductions])
        return ceil(self.height / factor), ceil(self.width / factor)

    def channels_of(self, width: int) -> int:
        """The number of channels or units that takes the place of the paper's `width`."""
        if self.share == 1:
            return width
        return min(width, max(SMALLEST_WIDTH, 8 * int(width * self.share / 8 + 0.5)))

    def pool(self, kernel: int, stride: int, *, ceil_mode: bool = False) -> nn.Module:
        """A max pooling that is left out where its reduction was dropped, and padded below the native side."""
        if stride == 1:
            return nn.Identity()
        if self.below:
            odd = kernel % 2 == 1
            return nn.MaxPool2d(kernel, stride, padding=kernel // 2 if odd else 0, ceil_mode=not odd)
        return nn.MaxPool2d(kernel, stride, ceil_mode=ceil_mode)


def fit_scale(task: Task, *, native: int, reductions: int, model: str, width: float = 1.0) -> Scale:
    """The scale of a network with `reductions` halvings of the map, drawn for images of side `native`, at this task's
    input. `width` is the share of the paper's widths that it has.

    Raises:
        UserError: the task's inputs are not images of at least 8x8.
    """
    if len(task.input_shape) != 3:
        raise UserError(
            f"{model} learns from images of shape (channels, height, width); this task has inputs of shape "
            f"{tuple(task.input_shape)}. Choose a rung that takes such inputs."
        )
    channels, height, across = task.input_shape
    side = min(height, across)
    if side < SMALLEST_SIDE:
        raise UserError(
            f"{model} needs images of at least {SMALLEST_SIDE}x{SMALLEST_SIDE} pixels; these are {height}x{across}. "
            f"Resize them, for example with size {SMALLEST_SIDE * 2}."
        )
    kept = reductions
    if side < native:
        target = min(SMALLEST_MAP, ceil(native / 2**reductions))
        while kept and ceil(side / 2**kept) < target:
            kept -= 1
    strides = (1,) * (reductions - kept) + (2,) * kept
    return Scale(channels=channels, height=height, width=across, native=native, strides=strides, share=width)


def fit_map(scale: Scale, size: tuple[int, int], largest: int) -> tuple[nn.Module, tuple[int, int]]:
    """A layer that averages maps of `size` down to at most `largest` a side, and the (height, width) that it leaves.

    `size` is what the scale's arithmetic gives below the native side, and does not matter at or above it: there the
    maps are at least as large as the paper's `largest`, and leave as exactly that.
    """
    if not scale.below:
        exact = (scale.height, scale.width) == (scale.native, scale.native)
        return (nn.Identity() if exact else nn.AdaptiveAvgPool2d((largest, largest))), (largest, largest)
    fitted = (min(size[0], largest), min(size[1], largest))
    return (nn.Identity() if fitted == size else nn.AdaptiveAvgPool2d(fitted)), fitted
