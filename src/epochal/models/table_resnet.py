"""The residual network for tables (2021): blocks of two linear layers with a shortcut past them.

Y. Gorishniy, I. Rubachev, V. Khrulkov & A. Babenko, "Revisiting deep learning models for tabular data", NeurIPS 2021,
section 3.2:

    ResNet(x) = Prediction(Block(... Block(Linear(x))))
    Block(x) = x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))
    Prediction(x) = Linear(ReLU(BatchNorm(x)))

The size, two blocks of 192 with 384 units inside, and the dropout, 0.5 inside a block and 0.2 after it, lie within the
ranges that the paper tunes over. On Adult less dropout was worse.
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


@dataclass(frozen=True, kw_only=True)
class TableResNetConfig(Record):
    """`blocks` of `hidden` units, with `expansion` times as many inside. `shortcuts` False is the plain network."""

    hidden: int = 192
    blocks: int = 2
    expansion: int = 2
    dropout: float = 0.5  # inside a block
    residual_dropout: float = 0.2  # of what a block adds
    activation: str = "relu"
    initialisation: str = "he"
    shortcuts: bool = True

    def __post_init__(self):
        for option in ("hidden", "blocks", "expansion"):
            positive("table-resnet", option, getattr(self, option))
        for option in ("dropout", "residual_dropout"):
            fraction("table-resnet", option, getattr(self, option))
        one_of("table-resnet", "activation", self.activation, ACTIVATIONS)
        one_of("table-resnet", "initialisation", self.initialisation, INITIALISATIONS)
        one_of("table-resnet", "shortcuts", self.shortcuts, (True, False))


class Block(nn.Module):
    """x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))."""

    def __init__(self, config: TableResNetConfig):
        super().__init__()
        inside = config.hidden * config.expansion
        self.residual = nn.Sequential(
            nn.BatchNorm1d(config.hidden),
            nn.Linear(config.hidden, inside),
            Activation(config.activation),
            Dropout(config.dropout),
            nn.Linear(inside, config.hidden),
            Dropout(config.residual_dropout),
        )
        self.shortcuts = config.shortcuts

    def forward(self, hidden: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch hidden"]:
        change = self.residual(hidden)
        return hidden + change if self.shortcuts else change


class TableResNet(nn.Module):
    """Inputs of a table -> one linear layer -> blocks -> logits, or a number."""

    def __init__(self, config: TableResNetConfig, task: Task):
        super().__init__()
        self.config = config
        self.stem = nn.Linear(prod(task.input_shape), config.hidden)
        self.blocks = nn.Sequential(*[Block(config) for _ in range(config.blocks)])
        self.head = nn.Sequential(
            nn.BatchNorm1d(config.hidden), Activation(config.activation), nn.Linear(config.hidden, task.outputs)
        )
        initialise(self, config.initialisation)

    def forward(self, inputs: Float[Tensor, "batch width"]) -> Float[Tensor, "batch outputs"]:
        hidden = self.stem(inputs)  # [batch, width] -> [batch, hidden]
        return self.head(self.blocks(hidden))  # [batch, outputs]


def build(config: TableResNetConfig, task: Task) -> TableResNet:
    """The residual network for this table."""
    return TableResNet(config, task)
