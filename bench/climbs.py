"""Does a short climb say the same each time? Climbs of digits with other seeds, against one long climb.

The recommended rung of each should be in the first tier of the long climb, and no network's validation accuracy should
vary by more than two points from climb to climb.

    python bench/climbs.py --climbs 10 --budget 3m --long 20m
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

import epochal
from epochal.kinds.image_ladder import RUNGS

MOST = 0.02  # standard deviation of a rung's validation accuracy between climbs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--climbs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", default="3m")
    parser.add_argument("--long", default="20m", help="budget of the long climb")
    parser.add_argument("--data", default="digits")
    parser.add_argument("--out", type=Path, help="where the climbs are kept")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = asked.out or Path(folder)
        long = epochal.climb(asked.data, budget=asked.long, seeds=asked.seeds, out=root / "long").result
        tiers = {rung.name: rung.tier for rung in long.rungs}
        first = ", ".join(name for name, tier in tiers.items() if tier == 1)
        print(f"long climb, {asked.long}: {RUNGS[long.chosen].title}; first tier: {first}")
        found: dict[str, list[float]] = {}
        level = 0
        for number in range(asked.climbs):
            seed = (number + 1) * asked.seeds
            result = epochal.climb(
                asked.data, budget=asked.budget, seeds=asked.seeds, seed=seed, out=root / f"climb-{number}"
            ).result
            level += tiers[result.chosen] == 1
            for rung in result.rungs:
                if rung.last and rung.last.validation:
                    found.setdefault(rung.name, []).append(rung.last.validation.mean)
            chosen, tier = RUNGS[result.chosen].title, tiers[result.chosen]
            print(f"climb {number}: {chosen}, tier {tier}, {result.spent_seconds:.0f} s")
        print(f"\nrecommended from the first tier of the long climb: {level} of {asked.climbs}\n")
        print(f"{'rung':22}{'climbs':>8}{'mean':>9}{'deviation':>11}{'lowest':>9}")
        for name, values in found.items():
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
            mark = "  varies too much" if spread > MOST and RUNGS[name].kind == "network" else ""
            print(f"{RUNGS[name].title:22}{len(values):8}{np.mean(values):9.1%}{spread:11.2%}{min(values):9.1%}{mark}")


if __name__ == "__main__":
    main()
