"""Objectives of several parts: each steps its own weights alone, and one that steps twice sees fresh batches."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.train.loop import State, draws, loop
from epochal.train.optimise import Stepper
from epochal.train.replay import copied, tensors_in

RECIPE = Recipe(model="pair", optimiser="sgd", learning_rate=0.1, schedule="constant")


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.critic = nn.Linear(1, 1, bias=False)
        self.actor = nn.Linear(1, 1, bias=False)


class Numbered:
    """Batches that hold their number."""

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
