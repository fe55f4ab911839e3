"""The multilayer perceptron (1986): hidden layers of sigmoid units, trained by back-propagation.

D. E. Rumelhart, G. E. Hinton & R. J. Williams, "Learning representations by back-propagating errors", Nature 323,
1986. The size, one hidden layer of 300 units, is that of LeCun et al. 1998, section III.C, for digits.
"""

from dataclasses import dataclass
from math import prod

from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.activations import ACTIVATIONS, Activation
from epochal.models.parts.dropout import Dropout
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.options import fraction, one_of, positive

NORMALISATIONS = ("none", "batch", "layer")


@dataclass(frozen=True, kw_only=True)
class MlpConfig(Record):
    """A multilayer perceptron of `layers` hidden layers of `hidden` units each."""

    hidden: int = 300
    layers: int = 1
    activation: str = "sigmoid"
    normalisation: str = "none"
    initialisation: str = "glorot"
    dropout: float = 0.0

    def __post_init__(self):
        positive("mlp", "hidden", self.hidden)
        positive("mlp", "layers", self.layers)
        one_of("mlp", "activation", self.activation, ACTIVATIONS)
        one_of("mlp", "normalisation", self.normalisation, NORMALISATIONS)
        one_of("mlp", "initialisation", self.initialisation, INITIALISATIONS)
        fraction("mlp", "dropout", self.dropout)


def normaliser(name: str, units: int) -> nn.Module:
    """The layer that normalises [batch, units] in the way of this name."""
    return {"none": nn.Identity, "batch": nn.BatchNorm1d, "layer": nn.LayerNorm}[name](units)


class Mlp(nn.Module):
    """Pixels, or the inputs of a table -> hidden layers -> logits, or a number."""

    def __init__(self, config: MlpConfig, task: Task):
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        units = prod(task.input_shape)
        for _ in range(config.layers):
            layers += [
                nn.Linear(units, config.hidden),
                normaliser(config.normalisation, config.hidden),
                Activation(config.activation),
                Dropout(config.dropout),
            ]
            units = config.hidden
        self.hidden = nn.Sequential(*layers)
        self.output = nn.Linear(units, task.outputs)
        initialise(self, config.initialisation)

    def forward(self, inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch outputs"]:
        hidden = self.hidden(inputs.flatten(1))  # [batch, numbers] -> [batch, hidden]
        return self.output(hidden)  # [batch, outputs]


def build(config: MlpConfig, task: Task) -> Mlp:
    """The multilayer perceptron for this task."""
    return Mlp(config, task)
