"""Dropout: units are silenced at random while training, so that none can lean on another."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.card import Card

CARDS = (
    Card(
        name="dropout",
        title="Dropout",
        paper="Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout, JMLR 15, 2014 (preprint 2012)",
        year=2012,
        what="Sets each unit to zero with some probability while training, and scales the others up to make amends.",
        when="Wide fully connected layers that overfit. It slows learning: give it a longer training.",
    ),
)


def dropout(values: Float[Tensor, "..."], probability: float, *, training: bool) -> Float[Tensor, "..."]:
    """Zeroes units with `probability` and divides the others by 1 - probability; the identity outside training."""
    return functional.dropout(values, probability, training)


class Dropout(nn.Module):
    """Dropout with this probability, in training mode only."""

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability

    def forward(self, values: Float[Tensor, "..."]) -> Float[Tensor, "..."]:
        return dropout(values, self.probability, training=self.training) if self.probability else values

    def extra_repr(self) -> str:
        return f"{self.probability:g}"
