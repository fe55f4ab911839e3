"""The restricted Boltzmann machine (1986): one layer of features that explain images, learned without a label.

P. Smolensky, "Information processing in dynamical systems: foundations of harmony theory", in Parallel Distributed
Processing, volume 1, 1986. Trained by one step of contrastive divergence: G. E. Hinton, "Training products of experts
by minimizing contrastive divergence", Neural Computation 14(8), 2002. Practice follows G. E. Hinton, "A practical guide
to training restricted Boltzmann machines", 2010: the states of hidden units are drawn where they drive the
reconstruction, and probabilities stand in for states elsewhere (section 3); weights start from a Gaussian of deviation
0.01 and biases at zero (section 8).
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from epochal.core.protocols import Batch
from epochal.models.parts.initialisation import gaussian


class Rbm(nn.Module):
    """Visible units, values from 0 to 1, joined to binary hidden units; no two of one side are joined.

    The energy of a state (v, h) is -b'v - c'h - h'Wv, with b the visible and c the hidden biases.
    """

    def __init__(self, visible: int, hidden: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(hidden, visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        with torch.no_grad():
            gaussian(self.weight)

    def hidden(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, "batch hidden"]:
        """The probability of each hidden unit to be on, given the visible ones."""
        return torch.sigmoid(functional.linear(visible, self.weight, self.hidden_bias))

    def visible(self, hidden: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch visible"]:
        """The probability of each visible unit to be on, given the hidden ones."""
        return torch.sigmoid(functional.linear(hidden, self.weight.T, self.visible_bias))

    def free_energy(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, " batch"]:
        """F(v) = -b'v - sum over j of log(1 + exp(c_j + W_j v)), so that p(v) is proportional to exp(-F(v))."""
        inputs = functional.linear(visible, self.weight, self.hidden_bias)  # [batch, hidden]
        return -visible @ self.visible_bias - functional.softplus(inputs).sum(1)

    @torch.no_grad()
    def reconstruct(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, "batch visible"]:
        """One step of Gibbs sampling: hidden states are drawn, and say what they expect to see."""
        return self.visible(torch.bernoulli(self.hidden(visible)))


class ContrastiveDivergence:
    """How much likelier the machine finds its own reconstructions than the data; an objective.

    With the reconstruction held fixed, the gradient for W is <h v> of the reconstruction minus <h v> of the data, h
    being probabilities: the rule of Hinton 2002, CD-1. The value itself says little: it hovers about zero.
    """

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        visible = batch.inputs.flatten(1)
        return (model.free_energy(visible) - model.free_energy(model.reconstruct(visible))).mean()


@torch.no_grad()
def copy_features(
    machine: Rbm,
    layer: nn.Linear,
    *,
    mean: Float[Tensor, " visible"] | None = None,
    std: Float[Tensor, " visible"] | None = None,
) -> None:
    """Give `layer` the machine's weights, so that the sigmoid of its output is the machine's hidden probabilities.

    The machine knows values v from 0 to 1. A layer that is shown x = (v - mean) / std instead gets W std as weights
    and c + W mean as biases, for W v + c = (W std) x + (c + W mean).
    """
    weight: Tensor = machine.weight
    bias: Tensor = machine.hidden_bias
    if mean is not None:
        bias = bias + weight @ mean
    if std is not None:
        weight = weight * std
    layer.weight.copy_(weight)
    layer.bias.copy_(bias)
