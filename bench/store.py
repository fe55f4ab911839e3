"""What it takes to keep a finished run with its learning curve: milliseconds, and bytes on disk.

python bench/store.py --metrics 200
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Cost, Point, Run
from epochal.train.store import open_store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--metrics", type=int, default=200, help="values on the curve of a run, two a point")
    parser.add_argument("--runs", type=int, default=20)
    options = parser.parse_args()
    run = Run(
        recipe=Recipe(model="lenet"),
        task="none",
        seed=0,
        budget=Budget(examples=1),
        status=FINISHED,
        curve=tuple(
            Point(step=step, examples=step, values={"train_loss": 1 / step, "loss": 1 / step})
            for step in range(1, options.metrics // 2 + 1)
        ),
        scores={},
        cost=Cost(examples=1, steps=1, seconds=1.0, parameters=1),
    )
    times = []
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder) / "run") as store:
        for number in range(options.runs):
            began = time.perf_counter()
            store.finish(f"run-{number}", run, {}, {})
            times.append(1000 * (time.perf_counter() - began))
        found = len(store.metrics())
        if found != options.runs * 2 * (options.metrics // 2):
            raise SystemExit(f"The store has {found} values, expected {options.runs * 2 * (options.metrics // 2)}.")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    print(
        f"{options.runs} runs of {2 * (options.metrics // 2)} values: {statistics.median(times):.2f} ms a run "
        f"(lowest {min(times):.2f}, highest {max(times):.2f}), {size / options.runs / 1024:.0f} KiB a run"
    )


if __name__ == "__main__":
    main()
