"""The zip code network (1989): back-propagation learns the kernels of convolutions, each shared by a whole map.

Y. LeCun, B. Boser, J. S. Denker, D. Henderson, R. E. Howard, W. Hubbard & L. D. Jackel, "Backpropagation applied to
handwritten zip code recognition", Neural Computation 1(4), 1989, "Network architecture". Built as described there: maps
of half the side from 5x5 neighbourhoods two apart, one kernel a map but a bias for every unit, eight of the twelve maps
of H1 behind each map of H2. At 16x16, grey and ten classes it has exactly the 9,760 parameters and 64,660 connections
of the paper (parameters / connections): H1 1,068 / 19,968, H2 2,592 / 38,592, H3 5,790 / 5,790, output 310 / 310.

`shared=False` gives every unit kernels of its own: the same connections, and as many parameters.

Other sizes: images larger than 16 are averaged down to 16 first, along each side that is, as the paper brings its
digits to 16x16; smaller ones, from 8x8, follow `parts.scale`: H1 keeps the side of the image where H2 would otherwise
be less than 4 wide. Colours are further input maps of H1.

Where we differ, or the paper is silent:
- It does not say which eight maps of H1 a map of H2 sees: here map i sees maps i to i + 7, counted round the twelve, so
  that no two see the same and each is seen by eight.
- Its images lie between -1 and 1, and the border is a virtual background of -1. Ours come normalised, with the
  background somewhere below 0, and the border is -1 all the same, around H1 too. It hardly matters: a constant border
  adds a constant to each unit at the edge, which the unit's own bias can take back.
- The output is ten weighted sums for a softmax, where the paper squashes them to meet targets of plus and minus one.
- Weights start as `initialisation` says, where the paper draws them evenly within 2.4 / fan-in of zero.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.card import Card
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.options import one_of
from epochal.models.parts.scale import fit_scale

NATIVE = 16
KERNEL = 5
MAPS = 12  # of H1, and of H2
SEEN = 8  # maps of H1 behind each map of H2
BACKGROUND = -1.0

CARDS = (
    Card(
        name="weight_sharing",
        title="Weight sharing",
        paper="LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989",
        year=1989,
        what="All units of a map use one kernel, so that what is learned in one place is known everywhere.",
        when="Images, sounds, and whatever else looks alike wherever it stands; the more so the fewer the examples.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class ZipcodeConfig(Record):
    """The zip code network. `shared` is whether the units of a map share their kernels; False: each has its own."""

    shared: bool = True
    activation: str = "scaled_tanh"
    initialisation: str = "lecun"

    def __post_init__(self):
        one_of("zipcode", "shared", self.shared, (True, False))
        one_of("zipcode", "activation", self.activation, ACTIVATIONS)
        one_of("zipcode", "initialisation", self.initialisation, INITIALISATIONS)


class FeatureMaps(nn.Module):
    """Maps whose units each see the 5x5 neighbourhoods at their place in the maps `inputs[i]` of the layer below.

    Weights are [1 or units of a map, kernels, 25]: one set for all units of a map, or one for each. `size` is the
    (height, width) of the maps below; theirs is ceil(size / stride).
    """

    places: Tensor

    def __init__(
        self, inputs: tuple[tuple[int, ...], ...], *, channels_in: int, size: tuple[int, int], stride: int, shared: bool
    ):
        super().__init__()
        self.channels_in, self.channels_out, self.stride, self.shared = channels_in, len(inputs), stride, shared
        self.seen = len(inputs[0])
        self.size = (-(-size[0] // stride), -(-size[1] // stride))
        self.units = self.size[0] * self.size[1]  # of one map
        places = [row * channels_in + column for row, columns in enumerate(inputs) for column in columns]
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.weight = nn.Parameter(torch.empty(1 if shared else self.units, len(places), KERNEL**2))
        self.bias = nn.Parameter(torch.zeros(self.channels_out * self.units))

    @property
    def connections(self) -> int:
        """The lines into all units, with that of the bias."""
        return self.channels_out * self.units * (self.seen * KERNEL**2 + 1)

    def initialise(self, name: str) -> None:
        """Fills the kernels of each unit, or of all alike, with the fan-in of a unit."""
        with torch.no_grad():
            for kernels in self.weight:
                INITIALISATIONS[name](kernels.view(self.channels_out, self.seen, KERNEL, KERNEL))

    def forward(self, maps: Float[Tensor, "batch inputs height width"]) -> Float[Tensor, "batch outputs rows columns"]:
        sets, _, area = self.weight.shape
        kernels = self.weight.new_zeros(sets, self.channels_out * self.channels_in, area)
        kernels = kernels.index_copy(1, self.places, self.weight)  # unseen maps have kernels of zero
        maps = functional.pad(maps, (KERNEL // 2,) * 4, value=BACKGROUND)
        if self.shared:
            weight = kernels.view(self.channels_out, self.channels_in, KERNEL, KERNEL)
            sums = functional.conv2d(maps, weight, stride=self.stride)
        else:
            weight = kernels.view(sets, self.channels_out, self.channels_in * area)
            patches = functional.unfold(maps, KERNEL, stride=self.stride)  # [batch, inputs * 25, units]
            sums = torch.einsum("bku,uok->bou", patches, weight).reshape(len(maps), self.channels_out, *self.size)
        return sums + self.bias.view(self.channels_out, *self.size)


class Zipcode(nn.Module):
    """The network of 1989; H1 to H3 are the paper's names."""

    def __init__(self, config: ZipcodeConfig, task: Task):
        super().__init__()
        self.config = config
        scale = fit_scale(task, native=NATIVE, reductions=2, model="zipcode")
        size = (min(scale.height, NATIVE), min(scale.width, NATIVE))
        larger = size != (scale.height, scale.width)
        self.reduce = nn.AdaptiveAvgPool2d(size) if larger else nn.Identity()
        first, second = scale.strides
        all_channels = tuple(range(scale.channels))
        self.h1 = FeatureMaps(
            (all_channels,) * MAPS, channels_in=scale.channels, size=size, stride=first, shared=config.shared
        )
        eight = tuple(tuple(sorted((start + step) % MAPS for step in range(SEEN))) for start in range(MAPS))
        self.h2 = FeatureMaps(eight, channels_in=MAPS, size=self.h1.size, stride=second, shared=config.shared)
        self.h3 = nn.Linear(MAPS * self.h2.units, 30)
        self.output = nn.Linear(30, task.classes)
        self.squash = Activation(config.activation)
        initialise(self, config.initialisation)
        self.h1.initialise(config.initialisation)
        self.h2.initialise(config.initialisation)

    @property
    def connections(self) -> int:
        """Connections as the paper counts them: the lines into every unit, its bias among them."""
        dense = (self.h3, self.output)
        return self.h1.connections + self.h2.connections + sum((d.in_features + 1) * d.out_features for d in dense)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        maps = self.squash(self.h1(self.reduce(images)))  # [batch, 12, 8, 8] at 16x16
        maps = self.squash(self.h2(maps))  # [batch, 12, 4, 4]
        features = self.squash(self.h3(maps.flatten(1)))  # [batch, 30]
        return self.output(features)  # [batch, classes]


def build(config: ZipcodeConfig, task: Task) -> Zipcode:
    """The zip code network for this task."""
    return Zipcode(config, task)
