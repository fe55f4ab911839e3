"""The random weights that training starts from: how large they are decides whether a deep signal lives."""

from collections.abc import Callable
from math import prod, sqrt

from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.card import Card
from epochal.core.errors import UserError

CARDS = (
    Card(
        name="lecun",
        title="LeCun initialisation",
        paper="LeCun, Bottou, Orr & Muller, Efficient BackProp, 1998, section 4.6",
        year=1998,
        what="Weights of variance 1 / fan-in, so that a sum of unit inputs has unit variance.",
        when="Networks of scaled tanh units.",
    ),
    Card(
        name="uniform_fan_in",
        title="Uniform within one over the root of fan-in",
        paper="Glorot & Bengio, AISTATS 2010, equation 1, where it is the heuristic then commonly used",
        year=2010,
        what="Uniform weights within 1 / sqrt(fan-in): a third of the variance that keeps a linear signal alive.",
        when="As the control of what came after it; shallow networks bear it.",
    ),
    Card(
        name="glorot",
        title="Glorot (Xavier) initialisation",
        paper="Glorot & Bengio, Understanding the difficulty of training deep feedforward networks, AISTATS 2010",
        year=2010,
        what="Uniform weights of variance 2 / (fan-in + fan-out): a compromise for signals and for gradients.",
        when="Sigmoid and tanh networks, and rectified ones of moderate depth.",
    ),
    Card(
        name="gaussian",
        title="Gaussian of deviation 0.01",
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep CNNs, NIPS 2012, section 5",
        year=2012,
        what="Weights from a normal distribution of standard deviation 0.01 whatever the layer's size.",
        when="AlexNet at its own width. Elsewhere signals fade or burst: it knows nothing of fan-in.",
    ),
    Card(
        name="he",
        title="He (Kaiming) initialisation",
        paper="He, Zhang, Ren & Sun, Delving deep into rectifiers, ICCV 2015, section 2.2",
        year=2015,
        what="Normal weights of variance 2 / fan-in: makes up for the half that a rectifier silences.",
        when="Every deep network of rectifiers.",
    ),
)


def fans(weight: Float[Tensor, "outputs inputs *kernel"]) -> tuple[int, int]:
    """Fan-in and fan-out of the weight of a linear layer or a convolution."""
    area = prod(weight.shape[2:])
    return weight.shape[1] * area, weight.shape[0] * area


def lecun(weight: Float[Tensor, "outputs inputs *kernel"]) -> None:
    """Fills in place: normal of variance 1 / fan-in."""
    nn.init.normal_(weight, std=sqrt(1 / fans(weight)[0]))


def uniform_fan_in(weight: Float[Tensor, "outputs inputs *kernel"]) -> None:
    """Fills in place: uniform within 1 / sqrt(fan-in) (Glorot and Bengio 2010, equation 1)."""
    bound = 1 / sqrt(fans(weight)[0])
    nn.init.uniform_(weight, -bound, bound)


def glorot(weight: Float[Tensor, "outputs inputs *kernel"]) -> None:
    """Fills in place: uniform within sqrt(6 / (fan-in + fan-out)) (equation 16)."""
    bound = sqrt(6 / sum(fans(weight)))
    nn.init.uniform_(weight, -bound, bound)


def gaussian(weight: Float[Tensor, "outputs inputs *kernel"]) -> None:
    """Fills in place: normal of standard deviation 0.01."""
    nn.init.normal_(weight, std=0.01)


def he(weight: Float[Tensor, "outputs inputs *kernel"]) -> None:
    """Fills in place: normal of variance 2 / fan-in (equation 10)."""
    nn.init.normal_(weight, std=sqrt(2 / fans(weight)[0]))


INITIALISATIONS: dict[str, Callable[[Tensor], None]] = {
    "lecun": lecun,
    "uniform_fan_in": uniform_fan_in,
    "glorot": glorot,
    "gaussian": gaussian,
    "he": he,
}


def initialise(network: nn.Module, name: str) -> None:
    """Fills the weights of every linear layer and convolution of `network` in the way of this name; biases are zero.

    Raises:
        UserError: there is no initialisation of this name.
    """
    if name not in INITIALISATIONS:
        raise UserError(f"There is no initialisation {name!r}. Choose one of {', '.join(INITIALISATIONS)}.")
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            INITIALISATIONS[name](module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
