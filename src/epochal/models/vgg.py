"""VGG (2014): depth from one repeated ingredient, the 3x3 convolution.

K. Simonyan & A. Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015 (preprint
September 2014), Table 1: configurations A, B, D and E, of 11, 13, 16 and 19 layers with weights. At 224x224 and 1,000
classes they have 132.86, 133.05, 138.36 and 143.67 million parameters (the paper's Table 2: 133, 133, 138, 144).
The paper trained the deep ones from the weights of A; its footnote in section 3.1 says that the random
initialisation of Glorot & Bengio makes that unnecessary, and this is the default here.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import NORMALISATIONS, has_shift, normalisation
from epochal.models.parts.options import fraction, one_of, share
from epochal.models.parts.scale import Scale, fit_map, fit_scale

NATIVE = 224
BLOCKS = {11: (1, 1, 2, 2, 2), 13: (2, 2, 2, 2, 2), 16: (2, 2, 3, 3, 3), 19: (2, 2, 4, 4, 4)}  # A, B, D, E
WIDTHS = (64, 128, 256, 512, 512)


@dataclass(frozen=True, kw_only=True)
class VggConfig(Record):
    """VGG of `depth` 11, 13, 16 or 19.

    "local_response" follows the first convolution only (the paper's A-LRN); "batch", "group" and "layer" come after
    every convolution.
    """

    depth: int = 16
    activation: str = "relu"
    normalisation: str = "none"
    initialisation: str = "glorot"
    width: float = 1.0
    dropout: float = 0.5

    def __post_init__(self):
        one_of("vgg", "depth", self.depth, BLOCKS)
        one_of("vgg", "activation", self.activation, ACTIVATIONS)
        one_of("vgg", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("vgg", "initialisation", self.initialisation, INITIALISATIONS)
        share("vgg", "width", self.width)
        fraction("vgg", "dropout", self.dropout)


def convolutional_layers(config: VggConfig, scale: Scale, widths: tuple[int, ...]) -> nn.Sequential:
    """Five blocks of 3x3 convolutions, each ending in a pooling: [batch, channels, 224, 224] -> [batch, 512, 7, 7]."""
    layers: list[nn.Module] = []
    shifted = has_shift(config.normalisation)
    channels = scale.channels
    for repeats, width, stride in zip(BLOCKS[config.depth], widths, scale.strides, strict=True):
        for _ in range(repeats):
            layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not shifted))  # the map keeps its size
            if shifted:
                layers.append(normalisation(config.normalisation, width))
            layers.append(Activation(config.activation))
            if len(layers) == 2 and config.normalisation == "local_response":
                layers.append(normalisation("local_response", width))
            channels = width
        layers.append(scale.pool(2, stride))  # half the map
    return nn.Sequential(*layers)


class Vgg(nn.Module):
    """VGG: convolutions of 3x3 in five blocks, then three fully connected layers."""

    def __init__(self, config: VggConfig, task: Task):
        super().__init__()
        self.config = config
        scale = fit_scale(task, native=NATIVE, reductions=5, model="vgg", width=config.width)
        widths = tuple(scale.channels_of(width) for width in WIDTHS)
        self.features = convolutional_layers(config, scale, widths)
        self.fit, size = fit_map(scale, scale.last, 7)
        units = scale.channels_of(4096)
        self.classifier = nn.Sequential(
            nn.Linear(widths[-1] * size[0] * size[1], units),
            Activation(config.activation),
            Dropout(config.dropout),
            nn.Linear(units, units),
            Activation(config.activation),
            Dropout(config.dropout),
            nn.Linear(units, task.classes),
        )
        initialise(self, config.initialisation)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        maps = self.fit(self.features(images))  # [batch, 512, 7, 7]
        return self.classifier(torch.flatten(maps, 1))  # [batch, 25088] -> [batch, classes]


def build(config: VggConfig, task: Task) -> Vgg:
    """VGG for this task."""
    return Vgg(config, task)
