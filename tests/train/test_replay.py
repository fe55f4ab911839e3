"""A step that a GPU has recorded is the step: the same weights, the same bits each time, and after an interruption."""

from functools import cache
from pathlib import Path

import pytest
import torch
from torch import Tensor

from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Point, Run
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.models.predictor import NetworkPredictor
from epochal.train import replay
from epochal.train.checkpoint import Checkpoints
from epochal.train.device import device
from epochal.train.fit import fit
from epochal.train.trainee import prepare

pytestmark = pytest.mark.skipif(device() != "cuda", reason="steps are recorded on a GPU alone, and there is none")

BUDGET = Budget(examples=64 * 40, glance=100)
MLP, RESNET = RUNGS["mlp"].recipe, RUNGS["resnet"].recipe.with_options(depth=8)
RECIPES = {
    "mlp": MLP,
    "adamw": MLP.replace(optimiser="adamw", learning_rate=1e-3),
    "clip": MLP.replace(clip=0.5),
    "average": MLP.replace(ema=0.9),
    "perceptron": RUNGS["perceptron"].recipe,
    "lenet": RUNGS["lenet"].recipe,
    "resnet": RESNET,
    "augmented": RESNET.replace(augment=("crop", "flip"), memory_format="channels_last"),
    "bfloat16": RESNET.replace(precision="bfloat16", memory_format="channels_last"),
    "googlenet": RUNGS["googlenet"].members[0].replace(augment=()),
}
NEAR = {"bfloat16": 0.05, "googlenet": 0.02}  # where sums in another order go the furthest apart


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def trained(recipe: Recipe) -> tuple[dict[str, Tensor], Run]:
    predictor, run = fit(prepare(digits(), recipe, 0, BUDGET), BUDGET, 0)
    assert run.status == FINISHED and isinstance(predictor, NetworkPredictor)
    return predictor.model.state_dict(), run


@pytest.mark.parametrize("name", RECIPES)
def test_recorded_steps_are_the_steps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded, run = trained(RECIPES[name])
    monkeypatch.setattr(replay, "EAGER", 10**9)
    plain, expected = trained(RECIPES[name])
    for key, weights in plain.items():
        torch.testing.assert_close(recorded[key], weights, rtol=0.02, atol=NEAR.get(name, 2e-3))
    losses = [[point.values["train_loss"] for point in one.curve] for one in (run, expected)]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_dropout_differs_from_step_to_step_in_a_recorded_step() -> None:
    """With one batch that is all the data and a rate of zero, nothing but dropout moves the loss."""
    recipe = MLP.with_options(dropout=0.5).replace(learning_rate=0.0, batch_size=10_000)
    count = len(digits().train)
    budget = Budget(examples=20 * count, glance=100)
    _, run = fit(prepare(digits(), recipe, 0, budget), budget, 0, points=20)
    assert len({point.values["train_loss"] for point in run.curve}) == 20


@pytest.mark.parametrize("name", ["mlp", "lenet", "augmented", "bfloat16"])
def test_the_same_training_gives_the_same_bits(name: str) -> None:
    (first, run), (second, again) = trained(RECIPES[name]), trained(RECIPES[name])
    assert run.curve == again.curve
    assert all(torch.equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", ["mlp", "adamw", "lenet", "augmented"])
def test_an_interrupted_training_goes_on_to_the_same_bits(name: str, tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop(point: Point, steps: int) -> None:
        if point.step >= 16:
            raise Stop

    recipe, checkpoints = RECIPES[name], Checkpoints(tmp_path)
    with pytest.raises(Stop):
        fit(prepare(digits(), recipe, 0, BUDGET), BUDGET, 0, checkpoints=checkpoints, every=0.0, watch=stop)
    assert checkpoints.read()
    predictor, run = fit(prepare(digits(), recipe, 0, BUDGET), BUDGET, 0, checkpoints=checkpoints)
    expected, whole = trained(recipe)
    assert run.curve == whole.curve
    assert isinstance(predictor, NetworkPredictor)
    assert all(torch.equal(value, expected[key]) for key, value in predictor.model.state_dict().items())
