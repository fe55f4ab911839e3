"""AlexNet (2012): a deep convolutional network of rectifiers, with dropout, that won ImageNet by a wide margin.

A. Krizhevsky, I. Sutskever & G. E. Hinton, "ImageNet classification with deep convolutional neural networks", NIPS
2012, sections 3 and 4. At 224x224 and 1,000 classes it has 60,965,224 parameters, the paper's "60 million", with its
two towers written as two groups of channels in the second, fourth and fifth convolution. The paper says 224x224 but
its 55x55 maps need 227: the first convolution pads by two.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.card import Card
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import NORMALISATIONS, has_shift, normalisation
from epochal.models.parts.options import fraction, one_of, share
from epochal.models.parts.scale import Scale, fit_map, fit_scale

NATIVE = 224

CARDS = (
    Card(
        name="overlapping_pooling",
        title="Overlapping pooling",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep CNNs, NIPS 2012, section 3.4",
        year=2012,
        what="Takes the largest of 3x3 units every two units, so that neighbouring windows share a row or a column.",
        when="AlexNet; its paper measures 0.4 points of top-1 error against windows of 2x2 that lie side by side.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class AlexNetConfig(Record):
    """AlexNet. `groups` is 2 (two towers, as in the paper) or 1 (one wide tower).

    "local_response" follows the first two convolutions, after their rectifier, as in the paper; "batch", "group" and
    "layer" come before the rectifier of all five.

    `overlapping` pools windows of 3x3 that lie two apart, as in section 3.4; without it they are 2x2, side by side.
    """

    activation: str = "relu"
    normalisation: str = "local_response"
    initialisation: str = "gaussian"
    width: float = 1.0
    dropout: float = 0.5
    groups: int = 2
    overlapping: bool = True

    def __post_init__(self):
        one_of("alexnet", "activation", self.activation, ACTIVATIONS)
        one_of("alexnet", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("alexnet", "initialisation", self.initialisation, INITIALISATIONS)
        one_of("alexnet", "groups", self.groups, (1, 2))
        one_of("alexnet", "overlapping", self.overlapping, (True, False))
        share("alexnet", "width", self.width)
        fraction("alexnet", "dropout", self.dropout)


def convolution(
    config: AlexNetConfig, channels_in: int, channels_out: int, kernel: int, *, padding: int, stride: int = 1,
    groups: int = 1, respond: bool = False,
) -> nn.Sequential:  # fmt: skip
    """A convolution with its activation, normalised in the way of the config; `respond` marks the paper's places."""
    shifted = has_shift(config.normalisation)
    layers = [
        nn.Conv2d(channels_in, channels_out, kernel, stride, padding, groups=groups, bias=not shifted),
        *([normalisation(config.normalisation, channels_out)] if shifted else []),
        Activation(config.activation),
    ]
    if respond and config.normalisation == "local_response":
        layers.append(normalisation("local_response", channels_out))
    return nn.Sequential(*layers)


def convolutional_layers(config: AlexNetConfig, scale: Scale, widths: tuple[int, ...]) -> nn.Sequential:
    """The five convolutions and three poolings; shapes are at 224x224, and the same for either window of pooling."""
    first, second, third, fourth, fifth = widths
    stride = scale.strides[0] * scale.strides[1]
    towers, window = config.groups, 3 if config.overlapping else 2
    return nn.Sequential(
        convolution(config, scale.channels, first, 11, stride=stride, padding=5 if scale.below else 2, respond=True),
        scale.pool(window, scale.strides[2]),  # [batch, 96, 27, 27], from 55x55
        convolution(config, first, second, 5, padding=2, groups=towers, respond=True),  # [batch, 256, 27, 27]
        scale.pool(window, scale.strides[3]),  # [batch, 256, 13, 13]
        convolution(config, second, third, 3, padding=1),  # [batch, 384, 13, 13]
        convolution(config, third, fourth, 3, padding=1, groups=towers),  # [batch, 384, 13, 13]
        convolution(config, fourth, fifth, 3, padding=1, groups=towers),  # [batch, 256, 13, 13]
        scale.pool(window, scale.strides[4]),  # [batch, 256, 6, 6]
    )


class AlexNet(nn.Module):
    """AlexNet: five convolutions, three poolings, three fully connected layers."""

    def __init__(self, config: AlexNetConfig, task: Task):
        super().__init__()
        self.config = config
        scale = fit_scale(
            task, native=NATIVE, reductions=5, model="alexnet", width=config.width
        )  # the stride of four counts as two
        widths = tuple(scale.channels_of(width) for width in (96, 256, 384, 384, 256))
        self.features = convolutional_layers(config, scale, widths)
        self.fit, size = fit_map(scale, scale.last, 6)
        units = scale.channels_of(4096)
        self.classifier = nn.Sequential(
            Dropout(config.dropout),
            nn.Linear(widths[-1] * size[0] * size[1], units),
            Activation(config.activation),
            Dropout(config.dropout),
            nn.Linear(units, units),
            Activation(config.activation),
            nn.Linear(units, task.classes),
        )
        initialise(self, config.initialisation)
        if config.initialisation == "gaussian":
            self._raise_biases()

    def _raise_biases(self) -> None:
        """Section 5: biases of one in convolutions 2, 4, 5 and the hidden layers, so that rectifiers start active."""
        convolutions = [module for module in self.features.modules() if isinstance(module, nn.Conv2d)]
        hidden = [module for module in self.classifier if isinstance(module, nn.Linear)][:-1]
        for module in (convolutions[1], convolutions[3], convolutions[4], *hidden):
            if isinstance(module.bias, Tensor):
                nn.init.ones_(module.bias)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        maps = self.fit(self.features(images))  # [batch, 256, 6, 6]
        return self.classifier(torch.flatten(maps, 1))  # [batch, 9216] -> [batch, classes]


def build(config: AlexNetConfig, task: Task) -> AlexNet:
    """AlexNet for this task."""
    return AlexNet(config, task)
