"""Residual networks (2015): shortcuts past every two or three layers, so that a hundred layers train.

K. He, X. Zhang, S. Ren & J. Sun, "Deep residual learning for image recognition", CVPR 2016 (preprint December 2015).
`depth` chooses between the paper's two families: 18, 34, 50, 101 and 152 are its ImageNet networks (Table 1; 11.69,
21.80, 25.56, 44.55 and 60.19 million parameters at 1,000 classes), and 8, 14, 20, 32, 44, 56, 110 ... 1202, that is
6n + 2, its CIFAR networks (section 4.2; 0.27 million at depth 20, 0.85 at 56, 1.7 at 110, 19.4 at 1202).

Bottleneck blocks put the stride on their first 1x1 convolution, as the paper does; `stride_in_three` moves it to the
3x3 one, as most later implementations do.
"""

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.errors import UserError
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import NORMALISATIONS, has_shift, normalisation
from epochal.models.parts.options import fraction, one_of, share
from epochal.models.parts.scale import fit_scale
from epochal.models.parts.shortcuts import SHORTCUTS, shortcut

IMAGENET_NATIVE, CIFAR_NATIVE = 224, 32
IMAGENET = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
DEEPEST = 1202


def is_cifar(depth: int) -> bool:
    """Whether this depth is of the CIFAR family, 6n + 2 from 8 to 1202."""
    return depth not in IMAGENET and 8 <= depth <= DEEPEST and depth % 6 == 2


@dataclass(frozen=True, kw_only=True)
class ResNetConfig(Record):
    """A residual network of this depth.

    `shortcuts` is "identity" (option A: new channels are zero), "projection" (option B: a 1x1 convolution where
    shapes change), "none" (the plain network), or "paper": A in the CIFAR family, B in the ImageNet one.
    """

    depth: int = 20
    shortcuts: str = "paper"
    activation: str = "relu"
    normalisation: str = "batch"
    initialisation: str = "he"
    width: float = 1.0
    dropout: float = 0.0
    stride_in_three: bool = False
    weights: str | None = None  # file of pretrained weights that a training begins with: see `models/pretrained.py`
    sha256: str | None = None  # of these weights, all tensors together

    def __post_init__(self):
        if isinstance(self.depth, bool) or not isinstance(self.depth, int):
            raise UserError(f"resnet: option 'depth' is {self.depth!r}; it must be a whole number such as 20 or 50.")
        if self.depth not in IMAGENET and not is_cifar(self.depth):
            below = max(8, min(DEEPEST, (self.depth - 2) // 6 * 6 + 2))
            above = min(DEEPEST, below + 6)
            near = " or ".join(str(depth) for depth in sorted({below, above}))
            raise UserError(
                f"resnet: option 'depth' is {self.depth}, which no residual network of the paper has. Choose 18, 34, "
                f"50, 101 or 152 (ImageNet family), or 6n + 2 from 8 to {DEEPEST} (CIFAR family): nearest {near}."
            )
        one_of("resnet", "shortcuts", self.shortcuts, SHORTCUTS)
        one_of("resnet", "activation", self.activation, ACTIVATIONS)
        one_of("resnet", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("resnet", "initialisation", self.initialisation, INITIALISATIONS)
        one_of("resnet", "stride_in_three", self.stride_in_three, (True, False))
        share("resnet", "width", self.width)
        fraction("resnet", "dropout", self.dropout)

    @property
    def shortcut_kind(self) -> str:
        """The kind of shortcut that is built, once "paper" is resolved."""
        if self.shortcuts == "paper":
            return "identity" if is_cifar(self.depth) else "projection"
        return self.shortcuts


def convolution(config: ResNetConfig, channels_in: int, channels_out: int, kernel: int, stride: int) -> nn.Sequential:
    """A convolution and its normalisation; the bias is left out where the normalisation has one."""
    bias = not has_shift(config.normalisation)
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=bias),
        normalisation(config.normalisation, channels_out),
    )


class Block(nn.Module):
    """Figure 5: y = activation(F(x) + shortcut(x)), where F is two 3x3 convolutions, or 1x1, 3x3, 1x1 (bottleneck)."""

    def __init__(self, config: ResNetConfig, channels_in: int, width: int, stride: int, *, bottleneck: bool):
        super().__init__()
        channels_out = width * 4 if bottleneck else width
        if bottleneck:
            early, late = (1, stride) if config.stride_in_three else (stride, 1)
            shapes = [(channels_in, width, 1, early), (width, width, 3, late), (width, channels_out, 1, 1)]
        else:
            shapes = [(channels_in, width, 3, stride), (width, width, 3, 1)]
        layers: list[nn.Module] = []
        for shape in shapes:
            layers += [convolution(config, *shape), Activation(config.activation)]
        self.residual = nn.Sequential(*layers[:-1])  # the last activation comes after the sum
        self.activation = layers[-1]
        self.shortcut = None
        if config.shortcut_kind != "none":
            self.shortcut = shortcut(
                config.shortcut_kind,
                channels_in=channels_in,
                channels_out=channels_out,
                stride=stride,
                normaliser=config.normalisation,
            )

    def forward(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch wider shorter narrower"]:
        change = self.residual(maps)
        return self.activation(change if self.shortcut is None else change + self.shortcut(maps))


class ResNet(nn.Module):
    """A residual network of either family: stem, stages of blocks, average over the map, one linear layer."""

    def __init__(self, config: ResNetConfig, task: Task):
        super().__init__()
        self.config = config
        cifar = is_cifar(config.depth)
        native, reductions = (CIFAR_NATIVE, 2) if cifar else (IMAGENET_NATIVE, 5)
        scale = fit_scale(task, native=native, reductions=reductions, model="resnet", width=config.width)
        bottleneck = not cifar and config.depth >= 50
        if cifar:
            repeats: tuple[int, ...] = ((config.depth - 2) // 6,) * 3
            widths: tuple[int, ...] = tuple(scale.channels_of(width) for width in (16, 32, 64))
            strides: tuple[int, ...] = (1, *scale.strides)
            channels = widths[0]
            self.stem = nn.Sequential(
                convolution(config, scale.channels, channels, 3, 1),  # [batch, 16, 32, 32] at 32x32
                Activation(config.activation),
            )
        else:
            repeats = IMAGENET[config.depth]
            widths = tuple(scale.channels_of(width) for width in (64, 128, 256, 512))
            strides = (1, *scale.strides[2:])
            channels = widths[0]
            self.stem = nn.Sequential(
                convolution(config, scale.channels, channels, 7, scale.strides[0]),  # [batch, 64, 112, 112] at 224
                Activation(config.activation),
                nn.MaxPool2d(3, 2, 1) if scale.strides[1] == 2 else nn.Identity(),  # [batch, 64, 56, 56]
            )
        self.stages = nn.ModuleList()
        for count, width, stride in zip(repeats, widths, strides, strict=True):
            blocks = []
            for index in range(count):
                blocks.append(Block(config, channels, width, stride if index == 0 else 1, bottleneck=bottleneck))
                channels = width * 4 if bottleneck else width
            self.stages.append(nn.Sequential(*blocks))
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(channels, task.classes)
        initialise(self, config.initialisation)

    def features(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch features"]:
        """What the last layer tells the classes apart by: the average over the last maps."""
        maps = self.stem(images)
        for stage in self.stages:
            maps = stage(maps)  # CIFAR: 16x32x32, 32x16x16, 64x8x8; ImageNet: 64x56x56 ... 512x7x7 (x4 bottleneck)
        return maps.mean((2, 3))

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        return self.output(self.dropout(self.features(images)))


def build(config: ResNetConfig, task: Task) -> ResNet:
    """The residual network of this depth for this task."""
    return ResNet(config, task)
