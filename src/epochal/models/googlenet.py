"""GoogLeNet (2014): inception modules, which look at several scales at once and squeeze channels before they look.

C. Szegedy, W. Liu, Y. Jia, P. Sermanet, S. Reed, D. Anguelov, D. Erhan, V. Vanhoucke & A. Rabinovich, "Going deeper
with convolutions", CVPR 2015 (preprint September 2014), Table 1 and section 5. At 224x224 and 1,000 classes it has
6,998,552 parameters, and 13,378,280 with the two auxiliary classifiers, which are used in training only.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import NORMALISATIONS, LocalResponse, has_shift, normalisation
from epochal.models.parts.options import fraction, one_of, share
from epochal.models.parts.scale import Scale, fit_map, fit_scale

NATIVE = 224
AUXILIARY_WINDOW = 5  # the auxiliary classifiers average windows of 5x5, so they need maps of at least that


class Widths(NamedTuple):
    """One row of Table 1: channels of the branches of an inception module."""

    one: int
    three_reduce: int
    three: int
    five_reduce: int
    five: int
    pool: int


MODULES = {
    "3a": Widths(64, 96, 128, 16, 32, 32),
    "3b": Widths(128, 128, 192, 32, 96, 64),
    "4a": Widths(192, 96, 208, 16, 48, 64),
    "4b": Widths(160, 112, 224, 24, 64, 64),
    "4c": Widths(128, 128, 256, 24, 64, 64),
    "4d": Widths(112, 144, 288, 32, 64, 64),
    "4e": Widths(256, 160, 320, 32, 128, 128),
    "5a": Widths(256, 160, 320, 32, 128, 128),
    "5b": Widths(384, 192, 384, 48, 128, 128),
}


@dataclass(frozen=True, kw_only=True)
class GoogLeNetConfig(Record):
    """GoogLeNet. `auxiliary` False leaves the auxiliary classifiers out.

    "local_response" is at the paper's two places in the stem; "batch" (which makes this the BN-Inception of Ioffe &
    Szegedy 2015 in all but its filters), "group" and "layer" come after every convolution.
    """

    activation: str = "relu"
    normalisation: str = "local_response"
    initialisation: str = "glorot"
    width: float = 1.0
    dropout: float = 0.4
    auxiliary_dropout: float = 0.7
    auxiliary: bool = True

    def __post_init__(self):
        one_of("googlenet", "activation", self.activation, ACTIVATIONS)
        one_of("googlenet", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("googlenet", "initialisation", self.initialisation, INITIALISATIONS)
        one_of("googlenet", "auxiliary", self.auxiliary, (True, False))
        share("googlenet", "width", self.width)
        fraction("googlenet", "dropout", self.dropout)
        fraction("googlenet", "auxiliary_dropout", self.auxiliary_dropout)


def convolution(
    config: GoogLeNetConfig, channels_in: int, channels_out: int, kernel: int, *, stride: int = 1
) -> nn.Sequential:
    """A convolution that keeps the map (or halves it, by `stride`), with its activation."""
    shifted = has_shift(config.normalisation)
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2, bias=not shifted),
        *([normalisation(config.normalisation, channels_out)] if shifted else []),
        Activation(config.activation),
    )


class Inception(nn.Module):
    """Figure 2(b): four branches side by side, their channels put together."""

    def __init__(self, config: GoogLeNetConfig, channels_in: int, widths: Widths):
        super().__init__()
        self.channels_out = widths.one + widths.three + widths.five + widths.pool
        self.one = convolution(config, channels_in, widths.one, 1)
        self.three = nn.Sequential(
            convolution(config, channels_in, widths.three_reduce, 1),
            convolution(config, widths.three_reduce, widths.three, 3),
        )
        self.five = nn.Sequential(
            convolution(config, channels_in, widths.five_reduce, 1),
            convolution(config, widths.five_reduce, widths.five, 5),
        )
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), convolution(config, channels_in, widths.pool, 1))

    def forward(self, maps: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch wider height width"]:
        return torch.cat((self.one(maps), self.three(maps), self.five(maps), self.pool(maps)), 1)


class Auxiliary(nn.Module):
    """Section 5: a small classifier on a middle map, which brings gradient to the lower layers while training."""

    def __init__(self, config: GoogLeNetConfig, scale: Scale, channels: int, classes: int):
        super().__init__()
        height, width = scale.after(4)
        size = ((height - AUXILIARY_WINDOW) // 3 + 1, (width - AUXILIARY_WINDOW) // 3 + 1)
        self.average = nn.AvgPool2d(AUXILIARY_WINDOW, 3)
        self.fit, size = fit_map(scale, size, 4)
        squeezed, units = scale.channels_of(128), scale.channels_of(1024)
        self.squeeze = convolution(config, channels, squeezed, 1)
        self.classifier = nn.Sequential(
            nn.Linear(squeezed * size[0] * size[1], units),
            Activation(config.activation),
            Dropout(config.auxiliary_dropout),
            nn.Linear(units, classes),
        )

    def forward(self, maps: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        maps = self.squeeze(self.fit(self.average(maps)))  # [batch, 128, 4, 4], from 14x14
        return self.classifier(torch.flatten(maps, 1))  # [batch, 2048] -> [batch, classes]


class GoogLeNet(nn.Module):
    """GoogLeNet. In training mode forward gives (logits, auxiliary of 4a, auxiliary of 4d); else the logits alone.

    The objective adds the losses of the auxiliary classifiers times `auxiliary_weight`. Where the maps that they
    read are less than 5 wide they are left out, and forward always gives the logits alone.
    """

    auxiliary_weight = 0.3

    def __init__(self, config: GoogLeNetConfig, task: Task):
        super().__init__()
        self.config = config
        scale = fit_scale(task, native=NATIVE, reductions=5, model="googlenet", width=config.width)
        stem, wide = scale.channels_of(64), scale.channels_of(192)
        respond = config.normalisation == "local_response"
        self.stem = nn.Sequential(
            convolution(config, scale.channels, stem, 7, stride=scale.strides[0]),  # [batch, 64, 112, 112]
            scale.pool(3, scale.strides[1], ceil_mode=True),  # [batch, 64, 56, 56]
            LocalResponse() if respond else nn.Identity(),
            convolution(config, stem, stem, 1),  # [batch, 64, 56, 56]
            convolution(config, stem, wide, 3),  # [batch, 192, 56, 56]
            LocalResponse() if respond else nn.Identity(),
            scale.pool(3, scale.strides[2], ceil_mode=True),  # [batch, 192, 28, 28]
        )
        self.inceptions = nn.ModuleDict()
        channels = wide
        outputs = {}
        for name, widths in MODULES.items():
            module = Inception(config, channels, Widths(*(scale.channels_of(width) for width in widths)))
            self.inceptions[name] = module
            channels = outputs[name] = module.channels_out
        self.pool_3 = scale.pool(3, scale.strides[3], ceil_mode=True)
        self.pool_4 = scale.pool(3, scale.strides[4], ceil_mode=True)
        self.auxiliaries = nn.ModuleDict()
        if config.auxiliary and (not scale.below or min(scale.after(4)) >= AUXILIARY_WINDOW):
            for name in ("4a", "4d"):
                self.auxiliaries[name] = Auxiliary(config, scale, outputs[name], task.classes)
        self.dropout = Dropout(config.dropout)
        self.output = nn.Linear(channels, task.classes)
        initialise(self, config.initialisation)

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> (
        Float[Tensor, "batch classes"]
        | tuple[Float[Tensor, "batch classes"], Float[Tensor, "batch classes"], Float[Tensor, "batch classes"]]
    ):
        maps = self.stem(images)  # [batch, 192, 28, 28]
        answers = []
        for name, inception in self.inceptions.items():
            if name == "4a":
                maps = self.pool_3(maps)  # [batch, 480, 14, 14]
            elif name == "5a":
                maps = self.pool_4(maps)  # [batch, 832, 7, 7]
            maps = inception(maps)  # 3b: 480 channels, 4e: 832, 5b: 1024
            if self.training and name in self.auxiliaries:
                answers.append(self.auxiliaries[name](maps))
        features = maps.mean((2, 3))  # [batch, 1024]
        logits = self.output(self.dropout(features))  # [batch, classes]
        return (logits, answers[0], answers[1]) if answers else logits


def build(config: GoogLeNetConfig, task: Task) -> GoogLeNet:
    """GoogLeNet for this task."""
    return GoogLeNet(config, task)
