"""Optimisers against updates written out in numpy, schedules at known places, the average against its closed form."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from epochal.core.recipe import Recipe
from epochal.train.optimise import SCHEDULES, Average, Stepper, make_optimiser, rate

RATE, MOMENTUM, DECAY = 0.05, 0.9, 0.1


def recipe(**fields: object) -> Recipe:
    return Recipe.from_dict({"model": "none", "learning_rate": RATE, "schedule": "constant", **fields})


@pytest.mark.parametrize(
    "name, places",
    [
        ("constant", {0.0: 1, 0.5: 1, 0.999: 1}),
        ("step", {0.0: 1, 0.499: 1, 0.5: 0.1, 0.749: 0.1, 0.75: 0.01, 0.999: 0.01}),
        ("cosine", {0.0: 1, 0.25: (2 + math.sqrt(2)) / 4, 0.5: 0.5, 0.75: (2 - math.sqrt(2)) / 4, 1.0: 0}),
        ("one_cycle", {0.0: 1 / 25, 0.15: (1 + 1 / 25) / 2, 0.3: 1, 0.65: (1 + 1e-4) / 2, 1.0: 1e-4}),
    ],
)
def test_schedules_at_known_places(name: str, places: dict[float, float]) -> None:
    for progress, factor in places.items():
        assert rate(recipe(schedule=name), progress) == pytest.approx(RATE * factor, rel=1e-6, abs=1e-12)


def test_every_schedule_is_tested_above() -> None:
    assert set(SCHEDULES) == {"constant", "step", "cosine", "one_cycle"}


def test_warm_up_rises_in_a_line_from_zero_and_then_leaves_the_schedule_alone() -> None:
    warm = recipe(warmup=0.2)
    assert [rate(warm, progress) for progress in (0.0, 0.05, 0.1, 0.2, 0.6)] == pytest.approx(
        [0.0, RATE / 4, RATE / 2, RATE, RATE]
    )
    falling = recipe(warmup=0.2, schedule="cosine")
    assert rate(falling, 0.1) == pytest.approx(0.5 * rate(recipe(schedule="cosine"), 0.1))
    assert rate(falling, 0.7) == rate(recipe(schedule="cosine"), 0.7)


def test_the_stepper_follows_the_schedule() -> None:
    weights = torch.ones(2, 2, requires_grad=True)
    stepper = Stepper(recipe(optimiser="sgd", schedule="cosine", warmup=0.25), [weights], steps=8)
    moved = []
    for number in range(8):
        before = weights.detach().clone()
        stepper.schedule(number)
        stepper.step(weights.sum())  # the gradient is one: the move is the rate
        moved.append(float((before - weights.detach()).mean()))
    expected = [rate(stepper.recipe, number / 8) for number in range(8)]
    assert moved == pytest.approx(expected, rel=1e-5, abs=1e-8)
    assert moved[0] == 0
    assert moved[2] == pytest.approx(max(moved))


def gradients(count: int = 7) -> list[tuple[np.ndarray, np.ndarray]]:
    generator = np.random.default_rng(0)
    return [(generator.normal(size=(3, 2)), generator.normal(size=3)) for _ in range(count)]


def by_torch(chosen: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Weights [3, 2] and biases [3] after the steps that the gradients ask for."""
    weights = torch.full((3, 2), 0.5, requires_grad=True)
    biases = torch.full((3,), 0.5, requires_grad=True)
    stepper = Stepper(chosen, [weights, biases], steps=100)
    for number, (first, second) in enumerate(gradients()):
        stepper.schedule(number)
        stepper.step((weights * torch.tensor(first).float()).sum() + (biases * torch.tensor(second).float()).sum())
    return weights.detach().numpy(), biases.detach().numpy()


def by_hand(optimiser: str, decay: float) -> tuple[np.ndarray, np.ndarray]:
    """The same from the papers' equations. `decay` reaches the weights, and spares the biases."""
    ends = []
    for which, parameter in enumerate((np.full((3, 2), 0.5), np.full(3, 0.5))):
        shrink = decay if parameter.ndim > 1 else 0.0
        velocity, mean, square = np.zeros_like(parameter), np.zeros_like(parameter), np.zeros_like(parameter)
        for number, pair in enumerate(gradients(), start=1):
            gradient = pair[which] + (shrink * parameter if optimiser != "adamw" else 0.0)
            if optimiser == "sgd":
                parameter = parameter - RATE * gradient
            elif optimiser == "momentum":
                velocity = MOMENTUM * velocity + gradient
                parameter = parameter - RATE * velocity
            elif optimiser == "nesterov":
                velocity = MOMENTUM * velocity + gradient
                parameter = parameter - RATE * (gradient + MOMENTUM * velocity)
            else:
                if optimiser == "adamw":
                    parameter = parameter * (1 - RATE * shrink)
                mean = 0.9 * mean + 0.1 * gradient
                square = 0.999 * square + 0.001 * gradient**2
                parameter = parameter - RATE * (mean / (1 - 0.9**number)) / (
                    np.sqrt(square / (1 - 0.999**number)) + 1e-8
                )
        ends.append(parameter)
    return ends[0], ends[1]


@pytest.mark.parametrize("decay", [0.0, DECAY])
@pytest.mark.parametrize("optimiser", ["sgd", "momentum", "nesterov", "adam", "adamw"])
def test_each_optimiser_makes_the_steps_of_its_paper(optimiser: str, decay: float) -> None:
    found = by_torch(recipe(optimiser=optimiser, momentum=MOMENTUM, weight_decay=decay))
    for mine, theirs in zip(by_hand(optimiser, decay), found, strict=True):
        np.testing.assert_allclose(theirs, mine, rtol=2e-5, atol=2e-6)


def test_weight_decay_spares_what_has_one_dimension_or_none() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
    scale = nn.Parameter(torch.tensor(1.0))
    optimiser = make_optimiser(recipe(weight_decay=DECAY), [*net.parameters(), scale], learning_rate=0.1)
    decays = {id(p): group["weight_decay"] for group in optimiser.param_groups for p in group["params"]}
    assert {p.ndim: decays[id(p)] for p in [*net.parameters(), scale]} == {4: DECAY, 2: DECAY, 1: 0.0, 0: 0.0}
    assert len(decays) == 7


def moved_by(clip: float | None) -> Tensor:
    weights = torch.zeros(2, 1, requires_grad=True)
    biases = torch.zeros(1, requires_grad=True)
    stepper = Stepper(recipe(optimiser="sgd", learning_rate=1.0, clip=clip), [weights, biases], steps=10)
    stepper.step(3 * weights[0, 0] + 4 * weights[1, 0] + 12 * biases[0])  # a gradient with the norm 13
    return torch.cat([weights.detach().flatten(), biases.detach()])


def test_clipping_bounds_the_norm_of_the_whole_gradient() -> None:
    assert moved_by(None).tolist() == [-3, -4, -12]
    assert moved_by(20.0).tolist() == [-3, -4, -12]  # it never lengthens
    clipped = moved_by(2.6)
    assert clipped.tolist() == pytest.approx([-0.6, -0.8, -2.4], rel=1e-4)
    assert float(clipped.norm()) == pytest.approx(2.6, rel=1e-4)


@pytest.mark.parametrize("steps", [1, 2, 6, 30])
def test_the_average_of_a_line_is_its_closed_form(steps: int) -> None:
    model = nn.Linear(1, 1, bias=False)
    average = Average(model, decay=0.5)
    start = 3.0
    with torch.no_grad():
        average.model.weight.fill_(start)
    for number in range(1, steps + 1):
        with torch.no_grad():
            model.weight.fill_(float(number))
        average.update(model, number)
    # a_n = d_n a_(n-1) + (1 - d_n) n with d_n = min(0.5, (1 + n) / (10 + n)): the weight of each n, multiplied out.
    decays = [min(0.5, (1 + number) / (10 + number)) for number in range(1, steps + 1)]
    expected = start * math.prod(decays) + sum(
        (1 - decays[number - 1]) * number * math.prod(decays[number:]) for number in range(1, steps + 1)
    )
    assert float(average.model.weight) == pytest.approx(expected, rel=1e-5)
    if steps == 30:
        assert expected == pytest.approx(29, abs=0.01)  # at a decay of 0.5 the average of a line lags one step


def test_the_average_copies_running_statistics_and_needs_no_gradient() -> None:
    model = nn.BatchNorm1d(2)
    average = Average(model, decay=0.99)
    model(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
    average.update(model, 1)
    assert torch.equal(average.model.running_mean, model.running_mean)
    assert int(average.model.num_batches_tracked) == 1
    assert not any(parameter.requires_grad for parameter in average.model.parameters())


def test_averaging_does_not_touch_the_model() -> None:
    model = nn.Linear(2, 2)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    Average(model, decay=0.9).update(model, 5)
    assert all(torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))


def test_a_part_without_parameters_takes_no_step() -> None:
    stepper = Stepper(recipe(), [], steps=1)
    stepper.schedule(0)
    stepper.step(torch.tensor(1.0))
    assert stepper.state_dict() == {}
    stepper.load_state_dict({})


@pytest.mark.parametrize("optimiser", ["momentum", "adam"])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_fused_steps_agree_with_plain_ones_in_every_layout(optimiser: str, memory_format: torch.memory_format) -> None:
    ends = []
    for fused in (True, False):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Conv2d(4, 4, 3), nn.Flatten(), nn.Linear(64, 2))
        net = net.to(memory_format=memory_format)
        stepper = Stepper(recipe(optimiser=optimiser, weight_decay=0.01), list(net.parameters()), steps=10)
        assert stepper.optimiser is not None
        for group in stepper.optimiser.param_groups:
            assert group["fused"]
            group["fused"] = fused
        images = torch.randn(5, 6, 3, 8, 8)
        for number in range(5):
            stepper.schedule(number)
            stepper.step(net(images[number].contiguous(memory_format=memory_format)).square().mean())
        ends.append(torch.cat([parameter.detach().flatten() for parameter in net.parameters()]))
    torch.testing.assert_close(ends[0], ends[1], rtol=1e-4, atol=1e-6)


def test_unknown_names_are_refused_with_those_that_are_known() -> None:
    with pytest.raises(
        ValueError, match=r"^schedule: expected one of constant, step, cosine, one_cycle, got 'linear'\.$"
    ):
        rate(recipe(schedule="linear"), 0.0)
    with pytest.raises(
        ValueError, match=r"^optimiser: expected one of sgd, momentum, nesterov, adam, adamw, got 'lion'\.$"
    ):
        make_optimiser(recipe(optimiser="lion"), [torch.zeros(2, 2, requires_grad=True)], learning_rate=0.1)
