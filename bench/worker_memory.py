"""What workers gain by keeping freed memory: images a second of networks at 28x28 in a worker, with and without.

    python bench/worker_memory.py --rounds 3

Each measurement is a worker of its own with one thread, and they take turns.
"""

import argparse
import statistics
import time
from functools import partial
from unittest.mock import patch

import torch

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models import catalogue
from epochal.train import workers

NETWORKS: dict[str, dict[str, float]] = {
    "resnet": {"depth": 8},
    "vgg": {"width": 0.25},
    "alexnet": {"width": 0.125},
    "lenet": {},
}
BATCH, WARM = 32, 5


def speed(name: str, seconds: float) -> float:
    """Images a second of a plain training step."""
    labels = tuple("0123456789")
    task = Task(name="bench", input_shape=(1, 28, 28), labels=labels, counts={}, fingerprint="")
    model = catalogue.build(Recipe(model=name, options=NETWORKS[name]), task)
    model = model.train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    images = torch.randn(BATCH, 1, 28, 28).contiguous(memory_format=torch.channels_last)
    targets = torch.randint(0, 10, (BATCH,))

    def step() -> None:
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(model(images), targets).backward()
        optimiser.step()

    for _ in range(WARM):
        step()
    steps, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        step()
        steps += 1
    return steps * BATCH / (time.perf_counter() - began)


def in_worker(name: str, seconds: float, *, keeps: bool) -> float:
    """The same in a worker; the second job keeps the first from running in this process."""
    found: dict[int, float] = {}
    with patch.object(workers, "_keep_freed_memory", workers._keep_freed_memory if keeps else lambda: None):
        jobs = [partial(speed, name, seconds), lambda: 0.0]
        workers.run_side_by_side(jobs, found.__setitem__, workers=2)
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    print(f"{'network':12}{'as usual':>12}{'kept':>12}{'ratio':>8}  (images a second; medians of {asked.rounds})")
    for name in NETWORKS:
        pairs = [
            tuple(in_worker(name, asked.seconds, keeps=keeps) for keeps in (False, True)) for _ in range(asked.rounds)
        ]
        usual, kept = (statistics.median(column) for column in zip(*pairs, strict=True))
        ratio = statistics.median(second / first for first, second in pairs)
        print(f"{name:12}{usual:12,.0f}{kept:12,.0f}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
