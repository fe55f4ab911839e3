"""Two more kinds that the source has never heard of, through climb and verdict: a game that plays against itself, whose
items are positions; and a generator with two parts, whose training has one score.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import epochal
from epochal.core.metric import Metric
from epochal.core.protocols import Batch, Calibration
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.seeds import stream
from epochal.core.task import Task
from epochal.core.traits import AT_ONCE, Traits
from epochal.data.dataset import Dataset, Examples
from epochal.judge.claims import wilson
from epochal.kinds.rung import Ladder, Rung
from epochal.kinds.table import KINDS, TaskKind
from epochal.models.catalogue import MODELS
from epochal.train.objectives import OBJECTIVES

STONES, MOST = 12, 3


class Simple:
    """What inputs of arrays that need no codec have in common, as `core.protocols.Input`."""

    @dataclass(frozen=True, kw_only=True)
    class Options(Record):
        seed: int = 0

    @dataclass(frozen=True, kw_only=True)
    class Codec(Record):
        width: int

        def check(self, inputs: Any) -> None:
            assert inputs.dtype == np.float32 and inputs.shape[1:] == (self.width,)

        def tensors(self, device: str = "cpu") -> Any:
            return lambda inputs: inputs.to(device)

        def fits(self, task: Task) -> bool:
            return task.input_shape == (self.width,)

        def described(self) -> tuple[str, ...]:
            return ("Numbers, as they are.",)

    @dataclass(frozen=True, kw_only=True)
    class Report(Record):
        counts: dict[str, dict[str, int]]
        summary: tuple[str, ...] = ()

    options, codec, reads = Options, Codec, ()

    def claims(self, source: Any) -> tuple[bool, str]:
        return source is self.source, ""

    def opened(self, kind: str, item: str, parts: dict[str, tuple[np.ndarray, np.ndarray]], outputs: int) -> Dataset:
        counts = {split: len(inputs) for split, (inputs, _) in parts.items()}
        width = parts["train"][0].shape[1]
        examples = {
            split: Examples(inputs=inputs, targets=targets, items=tuple(f"{item} {k}" for k in range(len(inputs))))
            for split, (inputs, targets) in parts.items()
        }
        labels = tuple(str(k + 1) for k in range(outputs)) if outputs > 1 else ()
        task = Task(
            name=kind, kind=kind, item=item, input_shape=(width,), labels=labels, counts=counts, fingerprint=kind
        )  # fmt: skip
        digests = {split: np.zeros((count, 1), np.uint8) for split, count in counts.items()}
        return Dataset(
            task=task, train=examples["train"], validation=examples["validation"], codec=self.Codec(width=width),
            report=self.Report(counts={split: {"": count} for split, count in counts.items()}),
            _test=examples["test"], _digests=digests,
        )  # fmt: skip

    def unsuited(self, dataset: Dataset) -> tuple[tuple[str, ...], str]:
        return (), ""

    def parts(self, dataset: Dataset) -> dict[str, list[int]]:
        return {}

    def show(self, dataset: Dataset, encoded: np.ndarray) -> dict[str, Any]:
        return {"cells": {"numbers": str(encoded.tolist())}}


@dataclass(frozen=True)
class Answer:
    """What a model of these kinds answers: its outputs."""

    outputs: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        return {"outputs": self.outputs}


class Asks:
    """What goals without calibration have in common, as `core.protocols.Goal`."""

    calibration = Calibration(name="nothing", method="none", words="none", brief="none", together="none")

    @property
    def share(self) -> Metric:
        return self.metric

    watched = share

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        return self.metric, ""

    def settled(self, metric: Metric, *facts: Any) -> Any:
        return replace(self, metric=metric)

    def caveats(self, *facts: Any) -> tuple[str, ...]:
        return ()

    def learned(self, targets: np.ndarray, task: Task) -> np.ndarray:
        return targets

    def answer(self, outputs: np.ndarray, task: Task) -> Answer:
        return Answer(outputs)

    def restore(self, arrays: Any) -> Answer:
        return Answer(arrays["outputs"])

    def loss(self, outputs: np.ndarray, learned: np.ndarray) -> float:
        return self.look(Answer(outputs), learned)["loss"]

    def calibrate(self, answer: Answer, targets: np.ndarray) -> float:
        return 1.0

    def doubt(self, targets: np.ndarray) -> float:
        return 1.0 if self.metric.binary else 0.0

    def shown(self, *facts: Any) -> dict[str, Any]:
        return {}

    def confusion(self, *facts: Any) -> tuple[tuple[int, ...], ...]:
        return ()

    def worst(self, *facts: Any) -> list[Any]:
        return []


# A game --------------------------------------------------------------------------------------------------------------


def legal(logits: Tensor, left: Tensor) -> Tensor:
    """Nobody takes more stones than there are. (Where none is left, the game is over and any move will do.)"""
    return logits.masked_fill(torch.arange(1, MOST + 1) > left.clamp(min=1)[:, None], -torch.inf)


class Games:
    """Nim against itself: one to three stones in turn, and whoever takes the last wins. The model plays both sides."""

    def __init__(self, games: int):
        self.games = games

    @torch.no_grad()
    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "games", number))
            left = torch.randint(1, STONES + 1, (self.games,), generator=generator)
            seen, moves, playing, turns = [], [], [], torch.zeros(self.games, dtype=torch.long)
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


# A generator ---------------------------------------------------------------------------------------------------------


class Pair(nn.Module):
    """One makes numbers out of noise, the other tells them from real ones (Goodfellow et al. 2014)."""

    def __init__(self, config: Any, task: Task):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
        self.discriminator = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, noise: Tensor) -> Tensor:
        return self.generator(noise)


class Adversarial:
    parts = ("discriminator", "generator")

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        made = model.generator(batch.targets)
        if part == "generator":
            return F.softplus(-model.discriminator(made)).mean()
        told = F.softplus(-model.discriminator(batch.inputs)).mean()
        return told + F.softplus(model.discriminator(made.detach())).mean()


class RealAndNoise:
    def __init__(self, real: np.ndarray, batch_size: int):
        self.real, self.batch_size = torch.from_numpy(real), batch_size

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "pair", number))
            chosen = torch.randint(len(self.real), (self.batch_size,), generator=generator)
            yield Batch(self.real[chosen], torch.randn(self.batch_size, 1, generator=generator))
            number += 1


class CurveInput(Simple):
    """Numbers to imitate, skewed to the right. Held-out inputs are noise, and their targets are real numbers."""

    name, noun, source = "curve", "a distribution", object()

    def open(self, source: Any, options: Any, progress: Any) -> Dataset:
        draw = np.random.default_rng(0)
        real = lambda count: draw.gamma(2.0, size=(count, 1)).astype(np.float32)  # noqa: E731
        noise = lambda count: draw.standard_normal((count, 1)).astype(np.float32)  # noqa: E731
        train = real(2000)
        held = {split: (noise(800), real(800)[:, 0]) for split in ("validation", "test")}
        return self.opened("curve", "number", {"train": (train, train[:, 0]), **held}, 1)

    def feed(self, dataset: Dataset, targets: np.ndarray, recipe: Recipe, device: str) -> RealAndNoise:
        return RealAndNoise(dataset.train.inputs, recipe.batch_size)


DISTANCE = Metric(name="distance", title="distance", unit="", better="lower", percent=False, margin=0.02)


@dataclass(frozen=True, kw_only=True)
class Likeness(Asks):
    """One value a training: the Wasserstein distance of what it makes from what is real, better where lower."""

    metric: Metric = DISTANCE

    @property
    def share(self) -> Metric:
        return Metric(name="likeness", title="likeness")

    watched = share

    def items(self, answer: Answer, targets: np.ndarray, calibration: float) -> np.ndarray:
        apart = np.abs(np.sort(answer.outputs[:, 0]) - np.sort(targets)).mean()
        return np.array([apart if self.metric.name == "distance" else 1 / (1 + apart)])

    def look(self, answer: Answer, targets: np.ndarray) -> dict[str, float]:
        (apart,) = replace(self, metric=DISTANCE).items(answer, targets, 1.0)
        return {"loss": float(apart), "score": float(1 / (1 + apart))}

    def missing(self, targets: np.ndarray) -> np.ndarray:
        return np.array([np.abs(targets).mean()])


class Bell:
    """A normal curve with the mean and deviation of the real numbers: learns at once, the same with every seed."""

    converged = True

    def __init__(self, config: Any, task: Task):
        self.moments = np.zeros(2)

    def fit(self, inputs: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        self.moments = np.array([inputs.mean(), inputs.std()])

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        return (self.moments[0] + self.moments[1] * inputs).astype(np.float32)

    def parameters_count(self) -> int:
        return 2

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        return {"moments": self.moments}

    def restore(self, config: Any, task: Task, estimators: Any, arrays: dict[str, np.ndarray]) -> "Bell":
        rung = Bell(config, task)
        rung.moments = arrays["moments"]
        return rung


class Careful(Bell):
    """Always takes one stone, of any game."""

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        return np.tile(np.array([1.0, 0.0, 0.0], np.float32), (len(inputs), 1))


@dataclass(frozen=True, kw_only=True)
class NoConfig(Record):
    pass


def rung(name: str, **recipe: Any) -> Rung:
    made = Recipe(model=name, optimiser="adam", schedule="cosine", **recipe)
    return Rung(name=name, title=name.title(), year=2014, paper="None", adds="Something.", recipe=made)


@pytest.fixture(autouse=True)
def kinds(monkeypatch):
    at_once = Traits(learns=AT_ONCE, deep=False, deterministic=True)
    for name, build, traits in (("careful", Careful, at_once), ("bell", Bell, at_once), ("player", Player, Traits()),
                                ("pair", Pair, Traits())):  # fmt: skip
        model = SimpleNamespace(config_class=NoConfig, build=build, traits=traits)
        monkeypatch.setitem(MODELS, name, model)
    monkeypatch.setitem(OBJECTIVES, "self-play", lambda asked: PolicyGradient())
    monkeypatch.setitem(OBJECTIVES, "adversarial", lambda asked: Adversarial())
    game = (
        rung("careful", objective="estimate"),
        rung("player", objective="self-play", learning_rate=0.05, batch_size=64),
    )
    pair = (
        rung("bell", objective="estimate"),
        rung("pair", objective="adversarial", learning_rate=0.003, batch_size=128),
    )
    for kind, goal, source, rungs in (("nim", Play(), NimInput(), game), ("curve", Likeness(), CurveInput(), pair)):
        ladder = Ladder(rungs={one.name: one for one in rungs})
        monkeypatch.setitem(KINDS, kind, TaskKind(name=kind, input=source, goal=goal, ladder=ladder))


def test_a_game_climbs(tmp_path):
    result = epochal.climb(NimInput.source, task="nim", budget="25s", seeds=3, trials=1, out=tmp_path / "nim").result
    assert result.complete and [one.message for one in result.rungs] == ["", ""]
    played = {one.name: one.last.validation.mean for one in result.rungs}
    assert played["careful"] == pytest.approx(1 / 3) and played["player"] > 0.9
    assert result.chosen == "player" and result.steps[0].verdict == "better"
    low, high = wilson(played["player"] * 9, 9)[1:]
    assert result.rungs[1].last.validation.low <= high and result.rungs[1].last.validation.high >= low
    assert (tmp_path / "nim" / "report.html").exists()


def test_a_generator_climbs_with_one_score_a_seed(tmp_path):
    climbed = epochal.climb(CurveInput.source, task="curve", budget="20s", seeds=3, trials=1, out=tmp_path / "curve")
    result = climbed.result
    assert result.complete and [one.message for one in result.rungs] == ["", ""]
    (step,) = result.steps
    assert step.items == 1 and step.unit == "" and step.interval[0] < step.effect < step.interval[1]
    apart = {one.name: one.last.validation.mean for one in result.rungs}
    assert apart["bell"] == pytest.approx(0.35, abs=0.15)
    assert (step.effect < 0) == (apart["pair"] < apart["bell"])
    assert "distance" in climbed.report.read_text()
