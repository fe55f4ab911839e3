"""The perceptron (1958): one layer of adjustable weights on the raw inputs.

F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
Psychological Review 65(6), 1958. One response unit for each class; the largest response wins. Weights change only
where an answer was wrong, which is what the objective named "perceptron" asks for. They start small but not at zero:
at zero all responses tie, no answer counts as wrong, and nothing would ever be learned.
"""

from dataclasses import dataclass
from math import prod

from jaxtyping import Float
from torch import Tensor, nn

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.parts.initialisation import initialise


@dataclass(frozen=True, kw_only=True)
class PerceptronConfig(Record):
    """The perceptron has nothing to choose."""


class Perceptron(nn.Module):
    """One linear layer from inputs to responses."""

    def __init__(self, config: PerceptronConfig, task: Task):
        super().__init__()
        self.config = config
        self.responses = nn.Linear(prod(task.input_shape), task.outputs)
        initialise(self, "gaussian")

    def forward(self, inputs: Float[Tensor, "batch ..."]) -> Float[Tensor, "batch outputs"]:
        return self.responses(inputs.flatten(1))  # [batch, numbers] -> [batch, outputs]


def build(config: PerceptronConfig, task: Task) -> Perceptron:
    """The perceptron for this task."""
    return Perceptron(config, task)
