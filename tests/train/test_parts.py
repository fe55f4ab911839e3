"""Objectives of several parts: each steps its own weights alone, at its own rate, and one that steps twice sees fresh
batches."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from epochal.core.errors import UserError
from epochal.core.protocols import Batch
from epochal.core.recipe import Part, Recipe
from epochal.train import loop as room
from epochal.train.experiment import rates
from epochal.train.loop import State, draws, loop, stepping
from epochal.train.objectives import make_objective
from epochal.train.optimise import Stepper
from epochal.train.replay import Replay, copied, joined, tensors_in
from epochal.train.trainee import steppers

RECIPE = Recipe(model="pair", optimiser="sgd", learning_rate=0.1, schedule="constant")


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.critic = nn.Linear(1, 1, bias=False)
        self.actor = nn.Linear(1, 1, bias=False)


class Numbered:
    """Batches that hold their number."""

    per_batch, fixed = 1, True

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            yield Batch(torch.tensor([[float(number)]]), torch.zeros(1))
            number += 1


class Game:
    def __init__(self, *parts: str):
        self.parts = parts
        self.seen: list[tuple[str, float]] = []

    def loss(self, part: str, model: Two, batch: Batch) -> Tensor:
        self.seen.append((part, float(batch.inputs)))
        return (model.actor(batch.inputs) * model.critic(batch.inputs + 1)).sum()


def state(model: Two, parts: set[str], step: int = 0) -> State:
    steppers = {part: Stepper(RECIPE, list(getattr(model, part).parameters()), 100) for part in parts}
    return State(model=model, steppers=steppers, seed=0, step=step)


def test_a_part_that_steps_twice_sees_a_fresh_batch_each_time() -> None:
    game = Game("critic", "critic", "actor")
    assert draws(game) == 2
    loop(state(Two(), {"critic", "actor"}), Numbered(), game, steps=2)
    assert game.seen == [("critic", 0), ("critic", 1), ("actor", 0), ("critic", 2), ("critic", 3), ("actor", 2)]


def test_a_training_that_goes_on_continues_with_the_next_batches() -> None:
    game = Game("critic", "critic", "actor")
    loop(state(Two(), {"critic", "actor"}, step=3), Numbered(), game, steps=4)
    assert [number for part, number in game.seen] == [6, 7, 6]


def test_the_loss_of_a_part_that_steps_twice_is_the_mean() -> None:
    class Number(Game):
        def loss(self, part: str, model: Two, batch: Batch) -> Tensor:
            return model.critic.weight.sum() * 0 + batch.inputs.sum()

    here = state(Two(), {"critic"})
    loop(here, Numbered(), Number("critic", "critic"), steps=1)
    assert float(here.losses["critic"]) == pytest.approx(0.5)


def test_a_loss_fills_the_gradients_of_its_own_part_alone() -> None:
    model = Two()
    before = model.critic.weight.detach().clone()
    loop(state(model, {"actor"}), Numbered(), Game("actor"), steps=3)
    assert model.critic.weight.grad is None and torch.equal(model.critic.weight, before)
    assert model.actor.weight.grad is not None


def test_batches_of_any_depth_are_walked_and_copied() -> None:
    inner = {"tokens": torch.arange(3), "lengths": [torch.tensor([2]), (torch.ones(1),)]}
    batch = (Batch(inner, torch.zeros(2)), Batch(torch.ones(2), torch.ones(2)))
    again = copied(batch)
    assert [t.tolist() for t in tensors_in(again)] == [t.tolist() for t in tensors_in(batch)]
    assert len(list(tensors_in(batch))) == 6
    assert isinstance(again[0], Batch) and again[0].inputs.keys() == inner.keys()
    assert all(
        one.data_ptr() != other.data_ptr() for one, other in zip(tensors_in(again), tensors_in(batch), strict=True)
    )


def test_batches_of_any_depth_are_stacked() -> None:
    batches = [Batch({"tokens": torch.full((3,), k)}, (torch.tensor(k),)) for k in range(2)]
    both = joined(lambda *tensors: torch.stack(tensors), *batches)
    assert isinstance(both, Batch)
    assert both.inputs["tokens"].tolist() == [[0, 0, 0], [1, 1, 1]] and both.targets[0].tolist() == [0, 1]


def test_each_part_steps_at_its_own_rate_and_with_its_own_betas() -> None:
    adam = Recipe(model="pair", optimiser="adam", learning_rate=0.001, schedule="constant", betas=(0.5, 0.9))
    recipe = adam.replace(parts={"critic": Part(rate=4.0, betas=(0.0, 0.99))})
    assert Recipe.from_json(recipe.to_json()) == recipe
    made = steppers(recipe, Two(), Game("critic", "critic", "actor"), 100)
    assert {part: stepper.rate for part, stepper in made.items()} == {"critic": 0.004, "actor": 0.001}
    betas = {part: stepper.optimiser.param_groups[0]["betas"] for part, stepper in made.items() if stepper.optimiser}
    assert betas == {"critic": (0.0, 0.99), "actor": (0.5, 0.9)}


def test_adam_decays_as_its_paper_says_unless_told() -> None:
    (group,) = Stepper(RECIPE.replace(optimiser="adam"), list(Two().parameters()), 1).optimiser.param_groups  # type: ignore[union-attr]
    assert group["betas"] == (0.9, 0.999)


def test_a_trial_of_a_learning_rate_scales_all_parts_alike() -> None:
    recipe = RECIPE.replace(parts={"critic": Part(rate=4.0)})
    for learning_rate in rates(recipe.learning_rate, 3):
        tried = recipe.replace(learning_rate=learning_rate)
        assert tried.for_part("critic").learning_rate == 4 * tried.for_part("actor").learning_rate == 4 * learning_rate


def test_a_part_that_the_objective_does_not_have_is_refused() -> None:
    with pytest.raises(UserError) as caught:
        make_objective(Recipe(model="mlp", parts={"critic": Part(rate=4.0)}), 0)
    assert (
        str(caught.value) == "parts: expected names among all, the parts of the objective 'cross_entropy', got critic."
    )


@pytest.mark.parametrize("fixed", [True, False])
def test_a_step_is_recorded_only_where_all_batches_are_alike(fixed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "on_gpu", lambda model: True)
    monkeypatch.setattr(Numbered, "fixed", fixed)
    step = stepping(state(Two(), {"actor"}), Numbered(), Game("actor"), "float32")
    assert isinstance(step, Replay) == fixed
