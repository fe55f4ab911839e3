"""A generator with two parts, each with a rate of its own, whose training has one score, over its tail: a kind that the
source has never heard of, through climb and verdict."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
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
from epochal.core.recipe import Part, Recipe
from epochal.core.seeds import stream
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.judge.goals.on_tail import OnTail
from epochal.train.objectives import OBJECTIVES
from epochal.train.store import Store


class Pair(nn.Module):
    """One makes numbers out of noise, the other tells them from real ones (Goodfellow et al. 2014)."""

    def __init__(self, config: Any, task: Task):
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
        self.discriminator = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, noise: Tensor) -> Tensor:
        return self.generator(noise)


class Adversarial:
    parts = ("discriminator", "discriminator", "generator")

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        made = model.generator(batch.targets)
        if part == "generator":
            return F.softplus(-model.discriminator(made)).mean()
        told = F.softplus(-model.discriminator(batch.inputs)).mean()
        return told + F.softplus(model.discriminator(made.detach())).mean()


class RealAndNoise:
    fixed = True

    def __init__(self, real: np.ndarray, batch_size: int):
        self.real, self.per_batch = torch.from_numpy(real), batch_size

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        number = start
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "pair", number))
            chosen = torch.randint(len(self.real), (self.per_batch,), generator=generator)
            yield Batch(self.real[chosen], torch.randn(self.per_batch, 1, generator=generator))
            number += 1


class CurveInput(Simple):
    """Numbers to imitate, skewed to the right. Held-out inputs are noise, and their targets are real numbers."""

    name, noun, source = "curve", "a distribution", object()

    def open(self, source: Any, options: Any, progress: Any) -> Dataset:
        draw = np.random.default_rng(0)

        def real(count):
            return draw.gamma(2.0, size=(count, 1)).astype(np.float32)

        def noise(count):
            return draw.standard_normal((count, 1)).astype(np.float32)

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


class Bell(AtOnce):
    """A normal curve with the mean and deviation of the real numbers."""

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        return (self.moments[0] + self.moments[1] * inputs).astype(np.float32)


@pytest.fixture(autouse=True)
def kind(monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "adversarial", lambda asked: Adversarial())
    learns = {"objective": "adversarial", "learning_rate": 0.003, "batch_size": 128}
    learns |= {"betas": (0.5, 0.999), "parts": {"discriminator": Part(rate=2.0)}}  # Radford et al. 2016; Heusel 2017
    add_kind(monkeypatch, "curve", OnTail(goal=Likeness(), tail=0.3), CurveInput(), Bell, Pair, **learns)


def test_a_generator_climbs_with_one_score_a_seed(tmp_path):
    climbed = epochal.climb(CurveInput.source, task="curve", budget="20s", seeds=3, trials=1, out=tmp_path / "curve")
    result = climbed.result
    assert result.complete and [one.message for one in result.rungs] == ["", ""]
    (step,) = result.steps
    assert step.items == 1 and step.unit == "" and step.interval[0] < step.effect < step.interval[1]
    apart = {one.name: one.last.validation.mean for one in result.rungs}
    assert apart["bell"] == pytest.approx(0.35, abs=0.15)
    before = {
        one.name: stage.validation.mean for one in result.rungs for stage in one.stages if stage.name == "qualifying"
    }
    assert step.effect == pytest.approx(before["pair"] - before["bell"])
    assert "distance" in climbed.report.read_text()
    for run in Store(tmp_path / "curve").runs().values():
        if run.recipe.model == "pair":
            assert run.cost.examples == 2 * 128 * run.cost.steps, "both draws of the discriminator are charged"
            assert run.recipe.parts["discriminator"].rate == 2.0
