"""The restricted Boltzmann machine against its definition: energies summed over all states, and Hinton's rule."""

import itertools

import pytest
import torch
from torch import nn

from epochal.core.protocols import Batch
from epochal.models.rbm import ContrastiveDivergence, Rbm, copy_features


def machine(visible: int, hidden: int, *, scale: float = 1.0) -> Rbm:
    torch.manual_seed(0)
    made = Rbm(visible, hidden).double()
    for parameter in made.parameters():
        nn.init.normal_(parameter, std=scale)
    return made


def states(units: int) -> torch.Tensor:
    return torch.tensor(list(itertools.product((0.0, 1.0), repeat=units)), dtype=torch.float64)


def test_free_energy_sums_over_all_hidden_states():
    """exp(-F(v)) is the sum of exp(-E(v, h)) over h."""
    made, visible, hidden = machine(5, 3), states(5), states(3)
    energy = -(
        (visible @ made.visible_bias)[:, None]
        + (hidden @ made.hidden_bias)[None, :]
        + visible @ made.weight.T @ hidden.T
    )
    torch.testing.assert_close(made.free_energy(visible), -torch.logsumexp(-energy, dim=1))


def test_conditionals_are_those_of_the_energy():
    made, visible, hidden = machine(4, 3), states(4), states(3)
    energy = -((hidden @ made.hidden_bias)[None, :] + visible @ made.weight.T @ hidden.T)  # [visible, hidden] states
    chances = torch.softmax(-energy, dim=1)
    torch.testing.assert_close(made.hidden(visible), chances @ hidden)
    energy = -((visible @ made.visible_bias)[None, :] + hidden @ made.weight @ visible.T)  # [hidden, visible] states
    torch.testing.assert_close(made.visible(hidden), torch.softmax(-energy, dim=1) @ visible)


def test_the_gradient_is_one_step_of_contrastive_divergence():
    """Hinton 2002: minus (<h v> of the data - <h v> of the reconstruction), and the like for the biases."""
    made, images = machine(16, 6, scale=0.3), torch.rand(7, 1, 4, 4, dtype=torch.float64)
    torch.manual_seed(1)
    ContrastiveDivergence().loss("all", made, Batch(images, None)).backward()
    torch.manual_seed(1)
    data, again = images.flatten(1), made.reconstruct(images.flatten(1))
    with torch.no_grad():
        before, after = made.hidden(data), made.hidden(again)
    count = len(images)
    torch.testing.assert_close(made.weight.grad, -(before.T @ data - after.T @ again) / count)
    torch.testing.assert_close(made.hidden_bias.grad, -(before - after).mean(0))
    torch.testing.assert_close(made.visible_bias.grad, -(data - again).mean(0))


def test_a_reconstruction_is_drawn_and_no_gradient_passes_through_it():
    made, visible = machine(8, 5), torch.rand(3, 8, dtype=torch.float64)
    first = made.reconstruct(visible)
    assert not first.requires_grad
    assert not torch.equal(first, made.reconstruct(visible)), "hidden states are drawn anew"


@pytest.mark.parametrize("normalised", [False, True])
def test_a_layer_with_the_machines_weights_answers_as_the_machine(normalised: bool):
    made, visible = machine(12, 5), torch.rand(6, 12, dtype=torch.float64)
    mean, std = torch.rand(12, dtype=torch.float64), 0.1 + torch.rand(12, dtype=torch.float64)
    layer = nn.Linear(12, 5).double()
    if normalised:
        copy_features(made, layer, mean=mean, std=std)
        seen = (visible - mean) / std
    else:
        copy_features(made, layer)
        seen = visible
    torch.testing.assert_close(torch.sigmoid(layer(seen)), made.hidden(visible))
