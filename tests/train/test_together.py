"""Seeds trained together are the seeds trained one by one, up to rounding; and none reaches another."""

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from epochal.core.experiment import Trainings
from epochal.core.protocols import Batch
from epochal.core.recipe import Part, Recipe
from epochal.core.run import DIVERGED, FINISHED, Budget, Run
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset
from epochal.data.feed import ArrayFeed
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train.device import device
from epochal.train.experiment import run_arm, same
from epochal.train.fit import fit
from epochal.train.store import open_store
from epochal.train.together import Stack, fit_together, pays
from epochal.train.trainee import Trainee, prepare

RECIPE = Recipe(
    model="mlp",
    options={"hidden": 32, "layers": 2, "activation": "relu", "initialisation": "he"},
    learning_rate=0.02,
    weight_decay=1e-2,
    augment=("crop",),
)
BUDGET, SEEDS = Budget(examples=64 * 50, glance=100), (0, 1, 2)


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def alone(recipe: Recipe, seeds: tuple[int, ...] = SEEDS) -> list[tuple[Any, Run]]:
    return [fit(prepare(digits(), recipe, seed, BUDGET), BUDGET, seed) for seed in seeds]


def together(recipe: Recipe, seeds: tuple[int, ...] = SEEDS) -> list[tuple[Any, Run]]:
    return fit_together([prepare(digits(), recipe, seed, BUDGET) for seed in seeds], BUDGET, seeds)


@pytest.mark.parametrize(
    "recipe",
    [
        RECIPE,
        RECIPE.with_options(normalisation="batch"),
        RECIPE.with_options(activation="sigmoid", normalisation="layer"),
        RECIPE.replace(optimiser="adamw", learning_rate=1e-3),
        RUNGS["perceptron"].recipe,
        pytest.param(
            RUNGS["resnet"].recipe.with_options(depth=8).replace(learning_rate=1e-3),
            marks=pytest.mark.skipif(device() != "cpu", reason="PyTorch cannot stack a GPU's batch normalisation"),
        ),
    ],
    ids=["mlp", "batch norm", "layer norm", "adamw", "perceptron", "resnet"],
)
def test_each_seed_learns_what_it_learns_alone(recipe: Recipe) -> None:
    for (first, expected), (second, found) in zip(alone(recipe), together(recipe), strict=True):
        assert (found.seed, found.recipe, found.status) == (expected.seed, recipe, FINISHED)
        mine, theirs = (run.cost.replace(seconds=0, peak_memory=0, looking=0) for run in (found, expected))
        assert mine == theirs
        assert [point.step for point in found.curve] == [point.step for point in expected.curve]
        for mine, theirs in zip(found.curve, expected.curve, strict=True):
            for name in ("train_loss", "loss"):
                assert mine.values[name] == pytest.approx(theirs.values[name], rel=2e-3), (name, mine.step)
        for name, value in first.model.state_dict().items():
            torch.testing.assert_close(second.model.state_dict()[name], value, rtol=5e-3, atol=1e-2)


def test_dropout_differs_between_seeds_and_from_step_to_step() -> None:
    runs = [run for _, run in together(RECIPE.with_options(dropout=0.5, layers=1))]
    assert len({run.curve[-1].values["train_loss"] for run in runs}) == len(SEEDS)
    again = [run for _, run in together(RECIPE.with_options(dropout=0.5, layers=1))]
    assert [run.curve for run in runs] == [run.curve for run in again], "the same seeds, the same run"


def test_a_seed_that_diverges_leaves_the_others_alone() -> None:
    trainees = [prepare(digits(), RECIPE, seed, BUDGET) for seed in SEEDS]
    with torch.no_grad():
        next(trainees[1].model.parameters()).fill_(float("inf"))
    results = [run for _, run in fit_together(trainees, BUDGET, SEEDS)]
    assert [run.status for run in results] == [FINISHED, DIVERGED, FINISHED]
    assert "learning rate" in results[1].message and results[1].scores == {}
    for found, expected in zip(results[::2], [run for _, run in together(RECIPE)][::2], strict=True):
        assert found.scores == pytest.approx(expected.scores, rel=1e-3)


def test_a_stack_gives_back_its_networks() -> None:
    models = [prepare(digits(), RECIPE.with_options(normalisation="batch"), seed, BUDGET).model for seed in SEEDS]
    stack = Stack(models)
    for place, model in enumerate(models):
        taken = stack.take(place).state_dict()
        assert taken.keys() == model.state_dict().keys()
        assert all(torch.equal(taken[name], value) for name, value in model.state_dict().items())


def test_only_what_can_be_stacked_is(tmp_path: Any) -> None:
    assert pays(RECIPE) and not pays(RECIPE.with_options(hidden=512))
    assert not pays(RECIPE.replace(clip=1.0)) and not pays(RECIPE.replace(ema=0.99))
    assert not pays(RUNGS["resnet"].recipe) and not pays(RUNGS["hog-svm"].recipe)


def test_an_arm_with_a_budget_in_examples_is_stacked_and_kept(tmp_path: Any) -> None:
    asked = Trainings(name="mlp", recipe=RECIPE, budget=BUDGET, seeds=SEEDS, points=4)
    with open_store(tmp_path) as store:
        arm = run_arm(asked, digits(), store)
        assert len(arm.answers) == 3 and arm.rate is None
        assert [len(run.curve) for run in arm.runs] == [4, 4, 4]
        more = run_arm(asked.replace(seeds=(*SEEDS, 3)), digits(), store)
        assert more.runs[:3] == arm.runs, "what the store has is not trained again"
        assert same(more.answers[:3], arm.answers)
        assert store.run("mlp/seed-3") == more.runs[3]


def test_an_arm_whose_batches_follow_from_the_model_is_trained_seed_by_seed(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ArrayFeed, "fixed", False)
    asked = Trainings(name="mlp", recipe=RECIPE, budget=BUDGET, seeds=SEEDS)
    with open_store(tmp_path) as store:
        arm = run_arm(asked, digits(), store)
    assert [run.curve for run in arm.runs] == [run.curve for _, run in alone(RECIPE)], "bit for bit, as alone"


class Pair(nn.Module):
    """A generator and a discriminator of numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
        self.discriminator = nn.Sequential(nn.Linear(1, 8), nn.ReLU(), nn.Linear(8, 1))


class Adversarial:
    parts = ("discriminator", "discriminator", "generator")

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        made = model.generator(batch.inputs["noise"])
        if part == "generator":
            return F.softplus(-model.discriminator(made)).mean()
        told = F.softplus(-model.discriminator(batch.targets[0])).mean()
        return told + F.softplus(model.discriminator(made.detach())).mean()


class Nested:
    """Batches of noise in a dictionary and real numbers in a tuple."""

    per_batch, fixed = 16, True

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        while True:
            generator = torch.Generator().manual_seed(stream(seed, "nested", start))
            noise, real = torch.randn(2, self.per_batch, 1, generator=generator)
            yield Batch({"noise": noise}, (real + 2,))
            start += 1


def pair(seed: int) -> Trainee:
    torch.manual_seed(seed)
    return Trainee(
        recipe=Recipe(
            model="pair", optimiser="adam", learning_rate=0.003, betas=(0.5, 0.999), batch_size=16,
            parts={"generator": Part(rate=0.5), "discriminator": Part(betas=(0.0, 0.99))},
        ),
        task="numbers", model=Pair(), feed=Nested(), objective=Adversarial(), per_step=32,
        glance=lambda predictor: {}, judge=lambda predictor: {}, predictor=lambda model: model,
    )  # fmt: skip


def test_parts_and_nested_batches_are_stacked_too() -> None:
    budget = Budget(examples=32 * 30)
    stacked = fit_together([pair(seed) for seed in SEEDS], budget, SEEDS)
    for seed, (model, run) in zip(SEEDS, stacked, strict=True):
        expected, whole = fit(pair(seed), budget, seed)
        assert (run.cost.steps, run.cost.examples) == (whole.cost.steps, whole.cost.examples) == (30, 960)
        for mine, theirs in zip(run.curve, whole.curve, strict=True):
            assert mine.values == pytest.approx(theirs.values, rel=1e-3)
        for name, value in expected.state_dict().items():
            torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-3, atol=1e-4)
