"""LeNet-5 (1998): convolutions that share their weights across the image, and subsampling between them.

Y. LeCun, L. Bottou, Y. Bengio & P. Haffner, "Gradient-based learning applied to document recognition", Proceedings of
the IEEE 86(11), 1998, section II.B. Built as described there: trainable subsampling (S2, S4), the partial connections
of C3 (Table I), scaled tanh units, and an output of radial basis functions with fixed codes of plus and minus one.
At 32x32 and ten classes it has exactly the 60,000 trainable parameters of the paper:
C1 156, S2 12, C3 1,516, S4 32, C5 48,120, F6 10,164, output 0 (its codes are fixed).

Where we differ: the paper draws the codes as bitmaps of the ten digits, which other classes lack; ours are fixed
random codes, which the paper names as the alternative. `output="linear"` puts a trained layer in their place.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import NORMALISATIONS, normalisation
from epochal.models.parts.options import fraction, one_of
from epochal.models.parts.scale import SMALLEST_MAP, fit_map, fit_scale

NATIVE = 32
CODES_SEED = 1998  # the output codes are part of the architecture: they are the same in every run

# Table I: the maps of S2 that each map of C3 sees.
C3_INPUTS = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5), (0, 1, 2, 3, 4, 5)),
)


@dataclass(frozen=True, kw_only=True)
class LeNetConfig(Record):
    """LeNet-5. `output` is "rbf" (fixed codes, as in the paper) or "linear" (trained)."""

    activation: str = "scaled_tanh"
    normalisation: str = "none"
    initialisation: str = "lecun"
    dropout: float = 0.0
    output: str = "rbf"

    def __post_init__(self):
        one_of("lenet", "activation", self.activation, ACTIVATIONS)
        one_of("lenet", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("lenet", "initialisation", self.initialisation, INITIALISATIONS)
        one_of("lenet", "output", self.output, ("rbf", "linear"))
        fraction("lenet", "dropout", self.dropout)


class PartialConvolution(nn.Module):
    """A 5x5 convolution in which map i of the output sees only the maps `inputs[i]`; unseen kernels do not exist."""

    places: Tensor

    def __init__(self, inputs: tuple[tuple[int, ...], ...], *, channels_in: int, padding: int):
        super().__init__()
        self.channels_in, self.channels_out, self.padding = channels_in, len(inputs), padding
        places = [row * channels_in + column for row, columns in enumerate(inputs) for column in columns]
        self.register_buffer("places", torch.tensor(places), persistent=False)
        self.fan_ins = tuple(len(columns) for columns in inputs)
        self.weight = nn.Parameter(torch.empty(len(places), 5, 5))
        self.bias = nn.Parameter(torch.zeros(len(inputs)))

    def initialise(self, name: str) -> None:
        """Fills the kernels of each output map with its own fan-in."""
        with torch.no_grad():
            start = 0
            for fan_in in self.fan_ins:
                INITIALISATIONS[name](self.weight[start : start + fan_in].unsqueeze(0))
                start += fan_in

    def forward(self, maps: Float[Tensor, "batch inputs height width"]) -> Float[Tensor, "batch outputs rows columns"]:
        full = self.weight.new_zeros(self.channels_out * self.channels_in, 5, 5)
        full = full.index_copy(0, self.places, self.weight).view(self.channels_out, self.channels_in, 5, 5)
        return functional.conv2d(maps, full, self.bias, padding=self.padding)


class Subsampling(nn.Module):
    """The sum of each 2x2 window, times a trained coefficient, plus a trained bias, one of each to a map.

    Where the scale drops the reduction the window is 1x1. Coefficients start so that the sum begins as a mean.
    """

    def __init__(self, channels: int, *, window: int):
        super().__init__()
        self.window = window
        self.coefficient = nn.Parameter(torch.full((channels,), 1 / window**2))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(
        self, maps: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels rows columns"]:
        if self.window > 1:
            maps = functional.avg_pool2d(maps, self.window, ceil_mode=True, divisor_override=1)  # a sum
        return maps * self.coefficient[:, None, None] + self.bias[:, None, None]


class RadialBasis(nn.Module):
    """Equation 7: y_i is the squared distance of F6 to the code of class i; the logit is -y_i / 2.

    That is the logarithm of a Gaussian of unit variance about the code, up to a constant. Codes are fixed.
    """

    codes: Tensor

    def __init__(self, features: int, classes: int):
        super().__init__()
        generator = torch.Generator(device="cpu").manual_seed(CODES_SEED)
        codes = torch.randint(0, 2, (classes, features), generator=generator, device="cpu") * 2.0 - 1.0
        self.register_buffer("codes", codes.to(torch.get_default_device()))

    def forward(self, features: Float[Tensor, "batch features"]) -> Float[Tensor, "batch classes"]:
        norms = features.square().sum(1, keepdim=True) + self.codes.square().sum(1)  # [batch, classes]
        return features @ self.codes.T - norms / 2  # -|x - w|^2 / 2, multiplied out


class LeNet(nn.Module):
    """LeNet-5; letters and numbers of the layers are the paper's."""

    def __init__(self, config: LeNetConfig, task: Task):
        super().__init__()
        self.config = config
        scale = fit_scale(task, native=NATIVE, reductions=2, model="lenet")
        first, second = scale.strides
        pad_c1 = 2 if scale.below else 0
        side = min(scale.side + 2 * pad_c1, NATIVE) - 4 if scale.below else scale.side - 4  # of C1
        pad_c3 = 2 if (-(-side // first) - 4) // second < SMALLEST_MAP else 0
        height, width = (_side(n, pad_c1, pad_c3, first, second) for n in (scale.height, scale.width))

        self.c1 = nn.Conv2d(scale.channels, 6, 5, padding=pad_c1)
        self.n1 = normalisation(config.normalisation, 6)
        self.s2 = Subsampling(6, window=first)
        self.c3 = PartialConvolution(C3_INPUTS, channels_in=6, padding=pad_c3)
        self.n3 = normalisation(config.normalisation, 16)
        self.s4 = Subsampling(16, window=second)
        self.fit, size = fit_map(scale, (height, width), 5)
        self.c5 = nn.Linear(16 * size[0] * size[1], 120)  # a convolution whose kernel is the whole map
        self.f6 = nn.Linear(120, 84)
        self.dropout = Dropout(config.dropout)
        self.output = RadialBasis(84, task.classes) if config.output == "rbf" else nn.Linear(84, task.classes)
        self.squash = Activation(config.activation)
        initialise(self, config.initialisation)
        self.c3.initialise(config.initialisation)

    def forward(self, images: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        maps = self.squash(self.n1(self.c1(images)))  # [batch, 6, 28, 28] at 32x32
        maps = self.squash(self.s2(maps))  # [batch, 6, 14, 14]
        maps = self.squash(self.n3(self.c3(maps)))  # [batch, 16, 10, 10]
        maps = self.fit(self.squash(self.s4(maps)))  # [batch, 16, 5, 5]
        features = self.squash(self.c5(maps.flatten(1)))  # [batch, 120]
        features = self.squash(self.f6(self.dropout(features)))  # [batch, 84]
        return self.output(features)  # [batch, classes]


def _side(side: int, pad_c1: int, pad_c3: int, first: int, second: int) -> int:
    """Side of the map that S4 leaves of an image of this side."""
    after_s2 = -(-(side + 2 * pad_c1 - 4) // first)
    return -(-(after_s2 + 2 * pad_c3 - 4) // second)


def build(config: LeNetConfig, task: Task) -> LeNet:
    """LeNet-5 for this task."""
    return LeNet(config, task)
