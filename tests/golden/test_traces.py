"""Golden traces: a refactoring of models, feed, optimisers or loop must give the same losses, step by step.

A change that means to alter them writes the traces anew, and says so in its commit:

    python tests/golden/test_traces.py --write
"""

import argparse
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train.device import device
from epochal.train.fit import fit
from epochal.train.trainee import prepare

FOLDER = Path(__file__).parent / "traces"
STEPS, SEED = 12, 7
TOLERANCE, GROWTH = 1e-5, 2.0  # relative: processors add in different orders, and each step magnifies what came before

pytestmark = pytest.mark.skipif(device() != "cpu", reason="the traces are of a processor; set EPOCHAL_DEVICE=cpu")

# The recipes of the traces as they are written; those in the files are what is tested, so that tuning a default
# does not disturb them.
RECIPES = {
    "mlp": RUNGS["mlp"].recipe,
    "lenet": RUNGS["lenet"].recipe.replace(learning_rate=0.003),  # gentle: chaos would magnify the last digits
    "lenet-crop-adam": RUNGS["lenet"].recipe.replace(
        augment=("crop",), optimiser="adam", learning_rate=0.002, label_smoothing=0.1, ema=0.9, clip=1.0
    ),
    "resnet-8": RUNGS["resnet"].recipe.with_options(depth=8).replace(optimiser="nesterov", warmup=0.2),
}


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def trace(recipe: Recipe) -> dict[str, Any]:
    """Losses of every step, training's and, after it, validation's; and the norm of all weights at the end."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        budget = Budget(examples=STEPS * recipe.batch_size)
        this = prepare(digits(), recipe, SEED, budget)
        _, run = fit(this, budget, SEED, points=STEPS)
    finally:
        torch.set_num_threads(threads)
    squares = sum(float(parameter.detach().double().square().sum()) for parameter in this.model.parameters())
    return {
        "recipe": recipe.to_dict(),
        "task": digits().task.fingerprint,
        "training": [point.values["train_loss"] for point in run.curve],
        "validation": [point.values["loss"] for point in run.curve],
        "norm": squares**0.5,
    }


def test_there_is_a_file_for_each_recipe() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(RECIPES)


@pytest.mark.parametrize("name", list(RECIPES))
def test_training_gives_the_losses_of_the_trace(name: str) -> None:
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    assert kept["task"] == digits().task.fingerprint, "the digits, or their split, have changed"
    found = trace(Recipe.from_dict(kept["recipe"]))
    assert len(found["training"]) == STEPS
    for name in ("training", "validation"):
        for step, (mine, theirs) in enumerate(zip(found[name], kept[name], strict=True)):
            assert mine == pytest.approx(theirs, rel=TOLERANCE * GROWTH**step), (name, step)
    assert found["norm"] == pytest.approx(kept["norm"], rel=TOLERANCE * GROWTH**STEPS)


@pytest.mark.parametrize("name", list(RECIPES))
def test_a_trace_tells_a_small_change(name: str) -> None:
    # A tolerance that hides a change of one part in a thousand of the learning rate would guard nothing.
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    recipe = Recipe.from_dict(kept["recipe"])
    found = trace(recipe.replace(learning_rate=1.001 * recipe.learning_rate))
    assert found["training"] != pytest.approx(kept["training"], rel=TOLERANCE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Show the traces, or write them anew.")
    parser.add_argument("--write", action="store_true", help="replace the files that the tests compare with")
    write = parser.parse_args().write
    FOLDER.mkdir(exist_ok=True)
    for name, recipe in RECIPES.items():
        found = trace(recipe)
        print(f"{name:20} {found['training'][0]:.4f} -> {found['training'][-1]:.4f}, norm {found['norm']:.4f}")
        if write:
            (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
