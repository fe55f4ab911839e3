"""Golden traces: a refactoring of models, feed, optimisers or loop must give the same losses, step by step.

A change that means to alter them writes the traces anew, and says so in its commit:

    python tests/golden/test_traces.py --write            # all of them
    python tests/golden/test_traces.py --write mlp vgg    # these alone
"""

import argparse
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.table.rows import TABLE_CLASSES, TABLE_NUMBER
from epochal.kinds.opening import open_dataset
from epochal.kinds.table import IMAGE_CLASSES, KINDS
from epochal.train.device import device
from epochal.train.fit import fit
from epochal.train.trainee import prepare

FOLDER = Path(__file__).parent / "traces"
STEPS, SEED = 12, 7
TOLERANCE, GROWTH = 1e-5, 2.0  # relative: processors add in different orders, and each step magnifies what came before
ROUNDING = 1e-7  # absolute: a perceptron that is nearly right has losses of no more than the last digits of its scores
DATA = {IMAGE_CLASSES: "digits", TABLE_CLASSES: "wine", TABLE_NUMBER: "diabetes"}

pytestmark = pytest.mark.skipif(device() != "cpu", reason="the traces are of a processor; set EPOCHAL_DEVICE=cpu")


@dataclass(frozen=True, kw_only=True)
class Traced:
    """A recipe, and the kind of data that it is trained on."""

    kind: str
    recipe: Recipe


def smallest(kind: str, name: str, **changes: Any) -> Traced:
    """The smallest member of a rung."""
    return Traced(kind=kind, recipe=KINDS[kind].ladder.every[name].members[0].replace(**changes))


# The recipes of the traces as they are written; those in the files are what is tested, so that tuning a default
# does not disturb them. Rates are gentle where chaos would magnify the last digits.
TRACES = {
    "perceptron": smallest(IMAGE_CLASSES, "perceptron"),
    "mlp": smallest(IMAGE_CLASSES, "mlp"),
    "zipcode": smallest(IMAGE_CLASSES, "zipcode"),
    "lenet": smallest(IMAGE_CLASSES, "lenet", learning_rate=0.003),
    "lenet-crop-adam": smallest(
        IMAGE_CLASSES,
        "lenet",
        augment=("crop",),
        optimiser="adam",
        learning_rate=0.002,
        label_smoothing=0.1,
        ema=0.9,
        clip=1.0,
    ),
    "alexnet": smallest(IMAGE_CLASSES, "alexnet"),
    "vgg": smallest(IMAGE_CLASSES, "vgg"),
    "googlenet": smallest(IMAGE_CLASSES, "googlenet"),
    "resnet-8": smallest(IMAGE_CLASSES, "resnet", optimiser="nesterov", warmup=0.2),
    # Smaller batches than the recipes have: a step of theirs would be all of these rows.
    "rows-perceptron": smallest(TABLE_CLASSES, "perceptron", batch_size=32),
    "rows-mlp": smallest(TABLE_CLASSES, "mlp", batch_size=32),
    "rows-table-resnet": smallest(TABLE_CLASSES, "table-resnet", batch_size=32),
    "rows-numeric-embeddings": smallest(TABLE_CLASSES, "numeric-embeddings", batch_size=32),
    "number-mlp": smallest(TABLE_NUMBER, "mlp", batch_size=32),
    "number-table-resnet": smallest(TABLE_NUMBER, "table-resnet", batch_size=32),
    "number-numeric-embeddings": smallest(TABLE_NUMBER, "numeric-embeddings", batch_size=32),
}


@cache
def data(kind: str) -> Dataset:
    return open_dataset(DATA[kind])


def trace(kind: str, recipe: Recipe) -> dict[str, Any]:
    """Losses of every step, training's and, after it, validation's; and the norm of all weights at the end."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        budget = Budget(examples=STEPS * recipe.batch_size)
        this = prepare(data(kind), recipe, SEED, budget)
        _, run = fit(this, budget, SEED, points=STEPS)
    finally:
        torch.set_num_threads(threads)
    squares = sum(float(parameter.detach().double().square().sum()) for parameter in this.model.parameters())
    return {
        "recipe": recipe.to_dict(),
        "task": data(kind).task.fingerprint,
        "training": [point.values["train_loss"] for point in run.curve],
        "validation": [point.values["loss"] for point in run.curve],
        "norm": squares**0.5,
    }


def test_there_is_a_file_for_each_recipe() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == sorted(TRACES)


def test_every_network_of_every_ladder_has_a_trace() -> None:
    """But for those that begin with weights from elsewhere, which the tests do not have."""
    wanted = {
        (kind, rung.recipe.model)
        for kind, row in KINDS.items()
        for rung in row.ladder.every.values()
        if rung.by_steps and not rung.traits.pretrained
    }
    assert {(traced.kind, traced.recipe.model) for traced in TRACES.values()} == wanted


@pytest.mark.parametrize("name", list(TRACES))
def test_training_gives_the_losses_of_the_trace(name: str) -> None:
    kept, kind = json.loads((FOLDER / f"{name}.json").read_text()), TRACES[name].kind
    assert kept["task"] == data(kind).task.fingerprint, f"the {DATA[kind]}, or their split, have changed"
    found = trace(kind, Recipe.from_dict(kept["recipe"]))
    assert len(found["training"]) == STEPS
    for name in ("training", "validation"):
        for step, (mine, theirs) in enumerate(zip(found[name], kept[name], strict=True)):
            tolerances = {"rel": TOLERANCE * GROWTH**step, "abs": ROUNDING * GROWTH**step}
            assert mine == pytest.approx(theirs, **tolerances), (name, step)
    assert found["norm"] == pytest.approx(kept["norm"], rel=TOLERANCE * GROWTH**STEPS)


@pytest.mark.parametrize("name", list(TRACES))
def test_a_trace_tells_a_small_change(name: str) -> None:
    # A tolerance that hides a change of one part in a thousand of the learning rate would guard nothing.
    kept = json.loads((FOLDER / f"{name}.json").read_text())
    recipe = Recipe.from_dict(kept["recipe"])
    found = trace(TRACES[name].kind, recipe.replace(learning_rate=1.001 * recipe.learning_rate))
    assert found["training"] != pytest.approx(kept["training"], rel=TOLERANCE)


def main() -> None:
    parser = argparse.ArgumentParser(description="Show the traces, or write them anew.")
    parser.add_argument("names", nargs="*", help="of the traces; all where none is named")
    parser.add_argument("--write", action="store_true", help="replace the files that the tests compare with")
    arguments = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name in arguments.names or TRACES:
        found = trace(TRACES[name].kind, TRACES[name].recipe)
        print(f"{name:26} {found['training'][0]:.4f} -> {found['training'][-1]:.4f}, norm {found['norm']:.4f}")
        if arguments.write:
            (FOLDER / f"{name}.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
