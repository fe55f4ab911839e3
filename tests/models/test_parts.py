"""The shared ingredients, each against its definition."""

from math import sqrt

import pytest
import torch
from torch import nn
from torch.nn import functional

from epochal.core.card import Card
from epochal.core.errors import UserError
from epochal.models.parts import activations, dropout, initialisation, normalisation, options, shortcuts
from epochal.models.parts.activations import ACTIVATIONS, Activation, scaled_tanh
from epochal.models.parts.initialisation import INITIALISATIONS, initialise
from epochal.models.parts.normalisation import groups_of, local_response
from epochal.models.parts.shortcuts import pad_channels


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_scaled_tanh_passes_through_one():
    """LeCun et al. 1998, appendix A: f(1) = 1 and f(-1) = -1."""
    assert scaled_tanh(torch.tensor([1.0, -1.0, 0.0])) == pytest.approx([1.0, -1.0, 0.0], abs=1e-4)


@pytest.mark.parametrize(
    ("name", "at_minus_one", "at_two"),
    [
        ("sigmoid", 0.26894142, 0.88079708),
        ("tanh", -0.76159416, 0.96402758),
        ("relu", 0.0, 2.0),
        ("gelu", -0.15865525, 1.95449974),  # x Phi(x)
    ],
)
def test_activation_values(name: str, at_minus_one: float, at_two: float):
    assert Activation(name)(torch.tensor([-1.0, 2.0])).tolist() == pytest.approx([at_minus_one, at_two], abs=1e-6)


def test_unknown_activation_lists_what_there_is():
    with pytest.raises(UserError, match=r"no activation 'swish'. Choose one of sigmoid, tanh, scaled_tanh, relu, gelu"):
        Activation("swish")


def test_local_response_is_the_papers_sum():
    """Section 3.3 written out unit by unit."""
    maps = noise(2, 7, 2, 3)
    expected = torch.empty_like(maps)
    for channel in range(7):
        near = maps[:, max(0, channel - 2) : channel + 3]
        expected[:, channel] = maps[:, channel] / (2 + 0.3 * near.square().sum(1)) ** 0.75
    torch.testing.assert_close(local_response(maps, alpha=0.3), expected)


@pytest.mark.parametrize("beta", [0.75, 0.5])
@pytest.mark.parametrize("channels", [1, 2, 3, 9])
def test_local_response_and_its_gradient_agree_with_torchs(channels: int, beta: float):
    ours, theirs = (noise(2, channels, 4, 3).requires_grad_() for _ in range(2))
    weights = noise(2, channels, 4, 3, seed=1)
    mine = local_response(ours, alpha=0.2, beta=beta)
    reference = functional.local_response_norm(theirs, 5, alpha=5 * 0.2, beta=beta, k=2.0)  # torch divides by 5
    torch.testing.assert_close(mine, reference)
    (mine * weights).sum().backward()
    (reference * weights).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_local_response_keeps_its_input_as_it_was():
    maps = noise(1, 6, 3, 3)
    before = maps.clone()
    local_response(maps)
    assert torch.equal(maps, before)


@pytest.mark.parametrize(("channels", "groups"), [(256, 32), (64, 32), (96, 32), (32, 8), (16, 4), (6, 1), (1, 1)])
def test_groups(channels: int, groups: int):
    assert groups_of(channels) == groups
    assert channels % groups == 0


@pytest.mark.parametrize("name", ["batch", "group", "layer"])
def test_normalised_maps_have_no_mean_and_unit_variance(name: str):
    layer = normalisation.normalisation(name, 16).double()
    maps = layer(3 + 5 * noise(8, 16, 6, 6))
    dimensions = {"batch": (0, 2, 3), "layer": (1, 2, 3)}.get(name)
    if dimensions is None:
        maps, dimensions = maps.view(8, groups_of(16), -1), (2,)
    assert maps.mean(dimensions).abs().max() < 1e-8
    assert (maps.var(dimensions, correction=0) - 1).abs().max() < 1e-3


def test_dropout_silences_and_makes_amends():
    torch.manual_seed(0)
    layer = dropout.Dropout(0.25)
    values = layer(torch.ones(100_000))
    assert values.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert (values == 0).double().mean().item() == pytest.approx(0.25, abs=0.01)
    assert values.mean().item() == pytest.approx(1.0, abs=0.01)
    assert torch.equal(layer.eval()(torch.ones(5)), torch.ones(5))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("lecun", 1 / 200),
        ("uniform_fan_in", 1 / (3 * 200)),
        ("glorot", 2 / (200 + 400)),
        ("he", 2 / 200),
        ("gaussian", 1e-4),
    ],
)
def test_initialisation_variance(name: str, variance: float):
    torch.manual_seed(0)
    layer = nn.Linear(200, 400)
    initialise(layer, name)
    assert layer.weight.var().item() == pytest.approx(variance, rel=0.03)
    assert layer.weight.mean().abs().item() < 3 * sqrt(variance / layer.weight.numel())
    assert not layer.bias.any()


def test_fan_in_of_a_convolution_counts_its_window_and_group():
    assert initialisation.fans(nn.Conv2d(8, 12, 3).weight) == (72, 108)
    assert initialisation.fans(nn.Conv2d(8, 12, 3, groups=2).weight)[0] == 36


@pytest.mark.parametrize(("name", "bound"), [("glorot", sqrt(6 / 120)), ("uniform_fan_in", sqrt(1 / 70))])
def test_uniform_weights_stay_within_their_bound(name: str, bound: float):
    weight = torch.empty(50, 70)
    INITIALISATIONS[name](weight)
    assert 0.99 * bound < weight.abs().max() <= bound


def test_he_keeps_the_variance_of_a_deep_rectified_signal():
    """What it is for (He et al. 2015, section 2.2): thirty layers, and the signal neither fades nor bursts."""
    torch.manual_seed(1)
    sizes = {}
    for name in ("he", "glorot"):
        signal = torch.randn(64, 256)
        for _ in range(30):
            layer = nn.Linear(256, 256)
            initialise(layer, name)
            signal = torch.relu(layer(signal))
        sizes[name] = signal.detach().square().mean().item()
    assert 0.1 < sizes["he"] < 10
    assert sizes["glorot"] < 1e-6


def test_pad_channels_is_option_a():
    maps = noise(2, 3, 6, 4)
    padded = pad_channels(maps, channels=5, stride=2)
    assert padded.shape == (2, 5, 3, 2)
    assert torch.equal(padded[:, :3], maps[:, :, ::2, ::2])
    assert not padded[:, 3:].any()


def test_shortcut_is_the_identity_where_nothing_changes():
    for kind in ("identity", "projection"):
        layer = shortcuts.shortcut(kind, channels_in=8, channels_out=8, stride=1, normaliser="batch")
        assert isinstance(layer, nn.Identity)


@pytest.mark.parametrize("value", [1.0, -0.1, "half", True, 7])
def test_fraction_says_what_it_takes(value: object):
    with pytest.raises(UserError, match=r"mlp: option 'dropout' is .*; it must be a number from 0 up to"):
        options.fraction("mlp", "dropout", value)


def test_every_ingredient_has_a_card():
    cards = [
        card for module in (activations, normalisation, dropout, initialisation, shortcuts) for card in module.CARDS
    ]
    assert all(isinstance(card, Card) for card in cards)
    assert len({card.name for card in cards}) == len(cards)
    assert {card.name for card in activations.CARDS} == set(ACTIVATIONS)
    assert {card.name for card in initialisation.CARDS} == set(INITIALISATIONS)
    for card in cards:
        assert card.what.endswith(".") and card.when.endswith("."), card.name
        assert str(card.year) in card.paper, card.name
        assert Card.from_json(card.to_json()) == card
