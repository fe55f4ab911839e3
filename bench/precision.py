"""Steps per second of the smallest member of every network of the ladder at 28x28: float32 as it is, against bfloat16
channels-last.

    python bench/precision.py --seconds 3

Each network trains as `fit` trains it, on its own recipe's batch size, in short stretches that take turns between
the two; the ratio is the median over the pairs. `epochal climb` measures the same on the user's data, and takes
bfloat16 where it is at least 1.1 times faster.
"""

import argparse
import os
import statistics
import time

from loop import of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0, help="spent on each network in each precision")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--side", type=int, default=28)
    parser.add_argument("--rungs", help="names, comma-separated (all networks of the ladder)")
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(options.threads)

    import torch

    from epochal.kinds.image_ladder import RUNGS
    from epochal.train.device import processor

    torch.set_num_threads(options.threads)
    names = options.rungs.split(",") if options.rungs else [n for n, r in RUNGS.items() if r.kind == "network"]
    print(
        f"{processor()}, torch {of('torch')}, {options.threads} thread(s), "
        f"1x{options.side}x{options.side}, {options.pairs} pairs, load before {os.getloadavg()[0]:.2f}"
    )
    print(f"{'network':14}{'batch':>6}{'float32':>12}{'bfloat16':>12}{'ratio':>8}{'lowest':>8}{'highest':>8}")
    for name in names:
        plain, fast = Stretches(name, options.side), Stretches(name, options.side, quick=True)
        share = options.seconds / options.pairs
        pairs = [(plain.rate(share), fast.rate(share)) for _ in range(options.pairs)]
        ratios = [ours / theirs for theirs, ours in pairs]
        speeds = [statistics.median(column) for column in zip(*pairs, strict=True)]
        print(
            f"{name:14}{plain.recipe.batch_size:6}{speeds[0]:10.1f}/s{speeds[1]:10.1f}/s"
            f"{statistics.median(ratios):8.2f}{min(ratios):8.2f}{max(ratios):8.2f}",
            flush=True,
        )


class Stretches:
    """A network in training, a few steps at a time."""

    def __init__(self, name: str, side: int, *, quick: bool = False):
        import numpy as np
        import torch

        from epochal.core.task import Task
        from epochal.data.feed import ArrayFeed
        from epochal.data.image.codec import Codec
        from epochal.kinds.image_ladder import RUNGS
        from epochal.models import catalogue
        from epochal.train.loop import State
        from epochal.train.objectives import make_objective
        from epochal.train.optimise import Stepper
        from epochal.train.trainee import trainable

        recipe = RUNGS[name].members[0].replace(augment=())
        layout = torch.contiguous_format
        if quick:
            recipe, layout = recipe.replace(precision="bfloat16", memory_format="channels_last"), torch.channels_last
        generator = np.random.default_rng(0)
        images = generator.integers(0, 256, (2000, 1, side, side), dtype=np.uint8)
        targets = generator.integers(0, 10, 2000)
        task = Task(
            name="noise",
            input_shape=(1, side, side),
            labels=tuple("0123456789"),
            counts={"train": 2000, "validation": 0, "test": 0},
            fingerprint="noise",
        )
        torch.manual_seed(0)
        model = catalogue.build(recipe, task).to(memory_format=layout)
        self.recipe = recipe
        self.objective = make_objective(recipe, 0)
        codec = Codec(mode="grey", height=side, width=side, mean=(0.5,), std=(0.3,))
        self.feed = ArrayFeed(
            images, targets, batch_size=recipe.batch_size, tensors=codec.tensors, memory_format=recipe.memory_format
        )
        self.state = State(
            model=model,
            steppers={part: Stepper(recipe, trainable(model, part), 10**6) for part in self.objective.parts},
            seed=0,
        )
        self._steps(3)

    def _steps(self, count: int) -> float:
        from epochal.train.loop import loop

        began = time.perf_counter()
        loop(self.state, self.feed, self.objective, steps=self.state.step + count, precision=self.recipe.precision)
        return time.perf_counter() - began

    def rate(self, seconds: float) -> float:
        """Steps per second, measured for about `seconds`."""
        count = max(1, round(seconds / self._steps(1)))
        return count / self._steps(count)


if __name__ == "__main__":
    main()
