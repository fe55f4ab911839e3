"""Seeds a second: several seeds of one recipe trained together, against one at a time, in turn.

    python bench/together.py --threads 1

The ratio is of medians over rounds; above 1, together is faster.
"""

import argparse
import platform
import statistics
import time
from importlib.metadata import version

import torch

from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.image.opened import open_dataset
from epochal.train.device import environment
from epochal.train.fit import fit
from epochal.train.together import fit_together, pays
from epochal.train.trainee import prepare

STEPS = 60
RECIPES = {
    "mlp 1 x 32": Recipe(model="mlp", options={"hidden": 32}),
    "mlp 3 x 100, batch norm": Recipe(model="mlp", options={"hidden": 100, "layers": 3, "normalisation": "batch"}),
    "mlp 8 x 64": Recipe(model="mlp", options={"hidden": 64, "layers": 8}),
    "mlp 30 x 64": Recipe(model="mlp", options={"hidden": 64, "layers": 30}),
    "mlp 2 x 512": Recipe(model="mlp", options={"hidden": 512, "layers": 2}),
    "lenet": Recipe(model="lenet", options={"output": "linear"}),
    "resnet, 8 layers": Recipe(model="resnet", options={"depth": 8}),
    "resnet, 20 layers": Recipe(model="resnet", options={"depth": 20}),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[5, 20])
    parser.add_argument("--recipes", nargs="+", choices=RECIPES, default=list(RECIPES), metavar="RECIPE")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    digits = open_dataset("digits")
    versions = f"torch {version('torch')}, Python {platform.python_version()}"
    print(f"{environment()['device']}, {options.threads} thread(s), {versions}")
    print(f"digits, batches of 64, {STEPS} steps, {options.repeats} rounds; seeds a second, medians")
    print(f"{'recipe':<26}{'seeds':>6}{'one at a time':>15}{'together':>10}{'ratio':>7}  stacked in experiments")
    for name in options.recipes:
        recipe = RECIPES[name].replace(learning_rate=0.01)
        budget = Budget(examples=STEPS * recipe.batch_size, glance=64)
        for count in options.seeds:
            seeds = tuple(range(count))
            taken: dict[str, list[float]] = {"alone": [], "together": []}
            for _ in range(options.repeats):
                trainees = [prepare(digits, recipe, seed, budget) for seed in seeds]
                began = time.perf_counter()
                for trainee, seed in zip(trainees, seeds, strict=True):
                    fit(trainee, budget, seed, points=1)
                taken["alone"].append(time.perf_counter() - began)
                trainees = [prepare(digits, recipe, seed, budget) for seed in seeds]
                began = time.perf_counter()
                fit_together(trainees, budget, seeds, points=1)
                taken["together"].append(time.perf_counter() - began)
            alone, together = (statistics.median(taken[way]) for way in ("alone", "together"))
            print(
                f"{name:<26}{count:>6}{count / alone:>15.2f}{count / together:>10.2f}{alone / together:>7.2f}"
                f"  {'yes' if pays(recipe) else 'no'}",
                flush=True,
            )


if __name__ == "__main__":
    main()
