"""Training on a GPU: epochal's step, recorded as a CUDA graph and replayed, against the same step started kernel by
kernel, and against a plain PyTorch loop.

    python bench/replay.py

Images a second, medians over rounds in which the three take turns; the ratios are to the plain loop.
"""

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch
import torch.nn.functional as F

from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.image.opened import open_dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.train import replay
from epochal.train.device import environment, synchronise
from epochal.train.loop import State, loop
from epochal.train.optimise import Stepper
from epochal.train.trainee import prepare, trainable

IMAGES, STEPS, HORIZON = 4_000, 100, 1_000_000
RECORDED, NEVER = replay.EAGER, 10**9  # steps before a recording
MLP = Recipe(model="mlp", options={"hidden": 1024, "layers": 3, "activation": "relu", "initialisation": "he"})
RECIPES = {
    "mlp 3 x 1024, batches of 100": (1, 28, MLP.replace(batch_size=100)),
    "lenet, batches of 64": (1, 28, RUNGS["lenet"].recipe),
    "alexnet at 32 pixels, batches of 128": (
        3,
        32,
        RUNGS["alexnet"].recipe.with_options(width=1 / 8).replace(batch_size=128),
    ),
    "resnet of 20 layers, batches of 128": (3, 32, RUNGS["resnet"].recipe.replace(batch_size=128)),
    "resnet of 56 layers, batches of 128": (
        3,
        32,
        RUNGS["resnet"].recipe.with_options(depth=56).replace(batch_size=128),
    ),
}


def noise(channels: int, side: int) -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (IMAGES, side, side, channels), dtype=np.uint8)
    return open_dataset((images.squeeze(), generator.integers(0, 10, IMAGES)))


def ours(dataset: Dataset, recipe: Recipe, eager: int) -> Callable[[], None]:
    """Steps of epochal's loop; recorded after `eager` of them."""
    trainee = prepare(dataset, recipe, 0, Budget(examples=1))
    steppers = {part: Stepper(recipe, trainable(trainee.model, part), HORIZON) for part in trainee.objective.parts}
    state = State(model=trainee.model, steppers=steppers, seed=0)

    def run() -> None:
        replay.EAGER = eager
        loop(state, trainee.feed, trainee.objective, steps=state.step + STEPS)

    return run


def plain(dataset: Dataset, recipe: Recipe) -> Callable[[], None]:
    """The same network, its images on the GPU, and the loop that one writes."""
    model = prepare(dataset, recipe, 0, Budget(examples=1)).model
    layout = torch.channels_last if recipe.memory_format == "channels_last" else torch.contiguous_format
    images = torch.from_numpy(np.array(dataset.train.inputs)).cuda().float().div(255).contiguous(memory_format=layout)
    targets = torch.from_numpy(np.array(dataset.train.targets)).cuda()
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=recipe.weight_decay)

    def run() -> None:
        for _ in range(STEPS):
            chosen = torch.randint(len(images), (recipe.batch_size,), device="cuda")
            loss = F.cross_entropy(model(images[chosen]), targets[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return run


def seconds(work: Callable[[], None]) -> float:
    synchronise()
    began = time.perf_counter()
    work()
    synchronise()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    if not torch.cuda.is_available():
        raise SystemExit("This compares ways to train on a GPU, and PyTorch finds none.")
    print(f"{environment()['device']}, torch {version('torch')}, Python {platform.python_version()}")
    print(f"{STEPS} steps, {options.rounds} rounds; images a second, medians")
    print(f"{'recipe':<38}{'plain loop':>12}{'step by step':>14}{'recorded':>12}{'ratios':>14}")
    for name, (channels, side, recipe) in RECIPES.items():
        recipe, dataset = recipe.replace(augment=(), learning_rate=1e-3), noise(channels, side)
        ways = [plain(dataset, recipe), ours(dataset, recipe, NEVER), ours(dataset, recipe, RECORDED)]
        taken: list[list[float]] = [[] for _ in ways]
        for turn in range(options.rounds + 1):
            for way, times in zip(ways, taken, strict=True):
                times += [seconds(way)] * bool(turn)  # the first round prepares
        speeds = [STEPS * recipe.batch_size / statistics.median(times) for times in taken]
        ratios = "".join(f"{speed / speeds[0]:7.2f}" for speed in speeds[1:])
        print(f"{name:<38}{speeds[0]:>12,.0f}{speeds[1]:>14,.0f}{speeds[2]:>12,.0f}{ratios}", flush=True)


if __name__ == "__main__":
    main()
