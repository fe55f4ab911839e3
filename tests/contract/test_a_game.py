"""A game that plays against itself, whose items are positions, and which is judged over its tail: a kind that the
source has never heard of, through climb and verdict."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from strangers import Answer, Asks, AtOnce, Simple, add_kind
from torch import Tensor, nn

import epochal
from epochal.core.metric import Metric
from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.seeds import stream
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.judge.goals.on_tail import OnTail
from epochal.train.objectives import OBJECTIVES
from epochal.train.store import Store

STONES, MOST = 12, 3


def legal(logits: Tensor, left: Tensor) -> Tensor:
    """Nobody takes more stones than there are. (Where none is left, the game is over and any move will do.)"""
    return logits.masked_fill(torch.arange(1, MOST + 1) > left.clamp(min=1)[:, None], -torch.inf)


class Games:
    """Nim against itself: one to three stones in turn, and whoever takes the last wins. The model plays both sides."""

    fixed = False

    def __init__(self, games: int):
        self.per_batch = games

    @torch.no_grad()
    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "games", number))
            left = torch.randint(1, STONES + 1, (self.per_batch,), generator=generator)
            seen, moves, playing, turns = [], [], [], torch.zeros(self.per_batch, dtype=torch.long)
            while (left > 0).any():
                here = F.one_hot(left, STONES + 1).float()
                move = torch.multinomial(legal(model(here), left).softmax(dim=1), 1, generator=generator).squeeze(1)
                seen, moves, playing = [*seen, here], [*moves, move], [*playing, left > 0]
                turns, left = turns + (left > 0), (left - (move + 1)).clamp(min=0)
            won = [torch.where((turns - 1 - k) % 2 == 0, 1.0, -1.0)[still] for k, still in enumerate(playing)]
            kept = torch.cat(playing)
            yield Batch(torch.cat(seen)[kept], (torch.cat(moves)[kept], torch.cat(won)))
            number += 1


class PolicyGradient:
    """REINFORCE (Williams 1992): moves of the winner become more likely, and those of the loser less."""

    parts = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        moves, outcomes = batch.targets
        chances = legal(model(batch.inputs), batch.inputs.argmax(dim=1)).log_softmax(dim=1)
        return -(outcomes * chances.gather(1, moves[:, None]).squeeze(1)).mean()


class NimInput(Simple):
    name, noun, source = "nim", "a game", object()

    def open(self, source: Any, options: Any, progress: Any) -> Dataset:
        left = np.array([n for n in range(1, STONES + 1) if n % 4])  # positions that can be won
        part = np.eye(STONES + 1, dtype=np.float32)[left], left % 4 - 1
        return self.opened("nim", "position", dict.fromkeys(("train", "validation", "test"), part), MOST)

    def feed(self, dataset: Dataset, targets: np.ndarray, recipe: Recipe, device: str) -> Games:
        return Games(recipe.batch_size)


@dataclass(frozen=True, kw_only=True)
class Play(Asks):
    """An item is right where its move is the one that wins."""

    metric: Metric = field(default=Metric(name="perfect", title="share of perfect moves", levels=(1.0,)))

    def items(self, answer: Answer, targets: np.ndarray, calibration: float) -> np.ndarray:
        return (answer.outputs.argmax(axis=1) == targets).astype(float)

    def look(self, answer: Answer, targets: np.ndarray) -> dict[str, float]:
        score = float(self.items(answer, targets, 1.0).mean())
        return {"loss": 1 - score, "score": score}

    def missing(self, targets: np.ndarray) -> np.ndarray:
        return np.zeros(len(targets))


class Player(nn.Module):
    def __init__(self, config: Any, task: Task):
        super().__init__()
        self.layer = nn.Linear(*task.input_shape, task.outputs)

    def forward(self, inputs: Tensor) -> Tensor:
        return legal(self.layer(inputs), inputs.argmax(dim=1)).clamp(min=-1e4)


class Careful(AtOnce):
    """Always takes one stone, of any game."""

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        return np.tile(np.array([1.0, 0.0, 0.0], np.float32), (len(inputs), 1))


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "self-play", lambda asked: PolicyGradient())
    learns = {"objective": "self-play", "learning_rate": 0.05, "batch_size": 64}
    goal = OnTail(goal=Play(), tail=0.25)
    add_kind(monkeypatch, "nim", goal, NimInput(), Careful, Player, **learns)


def test_a_game_climbs(tmp_path):
    result = epochal.climb(NimInput.source, task="nim", budget="25s", seeds=3, trials=1, out=tmp_path / "nim").result
    assert result.complete and [one.message for one in result.rungs] == ["", ""]
    played = {one.name: one.last.validation.mean for one in result.rungs}
    assert played["careful"] == pytest.approx(1 / 3) and played["player"] > 0.9
    assert result.chosen == "player" and result.steps[0].verdict == "better"
    assert "several states of the model in the last 25% of its training" in (tmp_path / "nim/report.html").read_text()
    for run in Store(tmp_path / "nim").runs().values():
        if run.recipe.model == "player":
            assert run.cost.examples == 64 * run.cost.steps, "a batch counts as the games that were played for it"


def test_games_are_judged_over_their_tail_on_every_split(tmp_path):
    climbed = epochal.climb(NimInput.source, task="nim", budget="12s", seeds=2, trials=3, out=tmp_path / "nim")
    (rung,) = [one for one in climbed.result.rungs if one.name == "player"]
    store = Store(tmp_path / "nim")
    names = [name for name, run in store.runs().items() if run.recipe.model == "player"]
    tested = [name for name in names if store.arrays(name, "test-")]
    assert len(tested) >= 2
    for name, split in product(tested, ("validation", "test")):
        answer = OnTail(goal=Play(), tail=0.25).restore(store.arrays(name, f"{split}-"))
        assert len(answer.points) == 5
    assert rung.last.validation.mean == pytest.approx(rung.last.test.mean), "both splits hold the same positions"
