"""The squashing and rectifying functions that a unit applies to its weighted sum."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.card import Card
from epochal.core.errors import UserError

CARDS = (
    Card(
        name="sigmoid",
        title="Logistic sigmoid",
        paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986",
        year=1986,
        what="1 / (1 + exp(-x)): smooth, between 0 and 1, so that errors can be sent back through it.",
        when="Shallow networks and gates. In deep stacks its gradient, at most 1/4, vanishes layer by layer.",
    ),
    Card(
        name="tanh",
        title="Hyperbolic tangent",
        paper="LeCun, Bottou, Orr & Muller, Efficient BackProp, 1998, section 4.4",
        year=1998,
        what="tanh(x): a sigmoid whose outputs are centred on zero, which conditions the next layer better.",
        when="In place of the logistic sigmoid wherever the output need not be a probability.",
    ),
    Card(
        name="scaled_tanh",
        title="Scaled hyperbolic tangent",
        paper="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998, app. A",
        year=1998,
        what="1.7159 tanh(2x / 3): passes through (1, 1) and (-1, -1), so unit variance stays unit variance.",
        when="LeNet and networks like it, with targets or codes of plus and minus one.",
    ),
    Card(
        name="relu",
        title="Rectified linear unit",
        paper="Nair & Hinton, ICML 2010; Krizhevsky, Sutskever & Hinton, NIPS 2012, section 3.1",
        year=2010,
        what="max(0, x): does not saturate where it is active, so gradients pass undiminished.",
        when="The default of deep networks. A unit that is never active learns nothing more.",
    ),
    Card(
        name="gelu",
        title="Gaussian error linear unit",
        paper="Hendrycks & Gimpel, Gaussian error linear units, arXiv:1606.08415, 2016",
        year=2016,
        what="x times the standard normal distribution function of x: a smooth relative of the rectifier.",
        when="Transformers and recent convolutional networks; costs more than the rectifier on a CPU.",
    ),
)


def sigmoid(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """1 / (1 + exp(-x)); any shape."""
    return torch.sigmoid(values)


def tanh(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """tanh(x); any shape."""
    return torch.tanh(values)


def scaled_tanh(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """A tanh(S x) with A = 1.7159 and S = 2/3 (LeCun et al. 1998, section II.B and appendix A); any shape."""
    return 1.7159 * torch.tanh(values * (2 / 3))


def relu(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """max(0, x); any shape."""
    return functional.relu(values)


def gelu(values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
    """x Phi(x), exact; any shape."""
    return functional.gelu(values)


ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "sigmoid": sigmoid,
    "tanh": tanh,
    "scaled_tanh": scaled_tanh,
    "relu": relu,
    "gelu": gelu,
}


class Activation(nn.Module):
    """Applies the activation of this name; see ACTIVATIONS.

    Raises:
        UserError: there is no activation of this name.
    """

    def __init__(self, name: str):
        super().__init__()
        if name not in ACTIVATIONS:
            raise UserError(f"There is no activation {name!r}. Choose one of {', '.join(ACTIVATIONS)}.")
        self.name = name

    def forward(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return ACTIVATIONS[self.name](values)

    def extra_repr(self) -> str:
        return self.name
