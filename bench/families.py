"""Are verdicts true in a family of comparisons? Simulated climbs: rungs against the best, each with a few seeds.

    python bench/families.py [--repetitions 1.0]

One control and 1, 4 or 12 arms on the same items. Each training shifts its arm's accuracy (or loss) as a whole, by a
spread of its own, in points; `spreads` names it for the control and every arm. Measured are the 95% interval of one
effect alone, how often any of the equal arms is called better or worse, and how often a planted difference of 50 points
is told beside equal arms. The last table draws seeds' means only, from normal laws, where the spreads differ in ways
that are hard on borrowing.
"""

import argparse
import itertools
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy
from scipy import special

from epochal.judge.moderation import borrowed
from epochal.judge.statistics import OWN_LEVEL, half_width, mean_squares

ACCURACY, LOSS = "accuracy", "log-loss"
HIGH, LOW = 0.8, 0.3  # true accuracies: of equal arms, and of one 50 points below
SHARED, OWN = 1.0, 0.5  # spreads of an item's difficulty, in units of one training's luck
CELLS = 4_000_000  # values drawn at once


@dataclass(frozen=True, kw_only=True)
class Family:
    """`spreads`: of the control and each arm, the standard deviation of a training's mean, in points."""

    spreads: tuple[float, ...]
    seeds: int
    items: int

    @property
    def arms(self) -> int:
        return len(self.spreads) - 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of experiments, [experiments, arms]: differences, and half widths of 95% alone and of the first step."""

    differences: np.ndarray
    alone: np.ndarray
    corrected: np.ndarray


def draw(
    family: Family, metric: str, repetitions: int, random: np.random.Generator, *, planted: bool = False
) -> Iterator[np.ndarray]:
    """Batches of tables [experiments, 1 + arms, seeds, items]; the control is the first. `planted`: the first arm is
    50 points below the control, the others are equal to it."""
    spreads = np.array(family.spreads)[:, None, None] / 100
    scale = np.sqrt(SHARED**2 + OWN**2 + 1)
    truth = np.full(spreads.shape, HIGH)
    if planted:
        truth[1] = LOW
    threshold = special.ndtri(truth)
    steep = np.exp(-(threshold**2) / 2) / np.sqrt(2 * np.pi)
    while repetitions > 0:
        count = min(repetitions, max(1, CELLS // (spreads.size * family.seeds * family.items)))
        repetitions -= count
        shape = (count, spreads.size, family.seeds, family.items)
        hard = SHARED * random.standard_normal((count, 1, 1, family.items), dtype=np.float32)
        hard = hard + OWN * random.standard_normal((count, spreads.size, 1, family.items), dtype=np.float32)
        latent = hard + random.standard_normal(shape, dtype=np.float32)
        luck = random.standard_normal((count, spreads.size, family.seeds, 1))
        if metric == LOSS:
            yield np.logaddexp(0.0, -latent - 1) + spreads * luck
        else:
            shift = spreads * scale / steep
            yield latent + (threshold * np.sqrt(scale**2 + shift**2) + shift * luck).astype(np.float32) > 0


def measure(tables: np.ndarray, metric: str) -> Measured:
    """What `compare_family` computes of each comparison with the first arm, for a batch of experiments."""
    seeds, items = tables.shape[-2:]
    by_item, squares, residuals = mean_squares(tables)
    differences = by_item[:, 1:] - by_item[:, :1]
    residual = residuals[:, 1:] + residuals[:, :1]
    item_part = np.maximum(differences.var(axis=-1, ddof=1) - residual / seeds, 0) / items
    item_part += (metric == ACCURACY) / items**2
    alone, corrected = halves(squares / items, seeds, item_part, items)
    return Measured(differences=differences.mean(axis=-1), alone=alone, corrected=corrected)


def halves(
    variances: np.ndarray, seeds: int, item_part: np.ndarray, items: int, steps: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Half widths of 95% by the pair's own seeds, and at 1 - 5% / `steps` (all comparisons) with what arms borrow.

    `variances` [experiments, 1 + arms] are those of one seed's mean.
    """
    own = np.full(variances.shape, seeds - 1.0)
    chunks = np.array_split(variances, max(1, len(variances) // 200))
    prior, lent = (np.concatenate(part) for part in zip(*(borrowed(one, own[0]) for one in chunks), strict=True))
    shared = (lent * prior + own * variances) / (lent + own)
    level = 1 - 0.05 / (steps or variances.shape[1] - 1)

    def pairs(values: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(values[:, :1], values[:, 1:]), axis=-1)

    def half(values: np.ndarray, freedoms: np.ndarray, at: float) -> np.ndarray:
        return half_width(item_part, pairs(values) / seeds, pairs(freedoms), items, at)

    alone, corrected = half(variances, own, OWN_LEVEL), half(shared, own + lent, level)
    return alone, np.where((pairs(lent) > 0).any(axis=-1), np.maximum(alone, corrected), corrected)


def rates(family: Family, metric: str, repetitions: int, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """How often the interval of one effect alone covers zero, among the arms of each spread, [spreads]; and how often
    any of the equal arms is told apart."""
    found = [measure(tables, metric) for tables in draw(family, metric, repetitions, random)]
    inside = np.concatenate([np.abs(one.differences) <= one.alone for one in found])
    told = np.concatenate([(np.abs(one.differences) > one.corrected).any(axis=1) for one in found])
    of_arm, spreads = inside.mean(axis=0), np.array(family.spreads[1:])
    return np.array([of_arm[spreads == one].mean() for one in np.unique(spreads)]), float(told.mean())


def told_rate(family: Family, repetitions: int, random: np.random.Generator) -> float:
    """How often an arm 50 points below the control is told at the first, strictest step."""
    found = [measure(tables, ACCURACY) for tables in draw(family, ACCURACY, repetitions, random, planted=True)]
    return float(np.mean(np.concatenate([one.differences[:, 0] < -one.corrected[:, 0] for one in found])))


def seed_level(
    spreads: np.ndarray, seeds: int, nulls: np.ndarray, random: np.random.Generator, items: int = 2_000
) -> tuple[float, float]:
    """How often any of the equal arms is told apart where all others were told before it, and the lowest coverage of
    one effect alone among them. `spreads` [experiments, 1 + arms] are in points; `nulls` [experiments, some] are places
    of equal arms."""
    variances = (spreads / 100) ** 2
    means = np.sqrt(variances / seeds) * random.standard_normal(spreads.shape)
    part = 1e-5  # the items' part of the variance: a third of a point
    measured = variances * random.chisquare(seeds - 1, spreads.shape) / (seeds - 1)
    error = means[:, 1:] - means[:, :1] + np.sqrt(part) * random.standard_normal((len(spreads), spreads.shape[1] - 1))
    alone, corrected = halves(measured, seeds, np.array(part), items, steps=nulls.shape[1])
    error, alone, corrected = (np.take_along_axis(one, nulls, axis=1) for one in (np.abs(error), alone, corrected))
    return float((error > corrected).any(axis=1).mean()), float((error <= alone).mean(axis=0).min())


SEEDS, ARMS, ITEMS = (3, 5), (1, 4, 12), (100, 400, 2_000)
MIXED = {1: (0.3, 5), 4: (0.3, 0.3, 5, 5, 10), 12: (0.3,) * 6 + (5,) * 6 + (10,)}
SPREADS = ("0", "0.3", "1", "3", "5", "mixed")


def spreads_of(name: str, arms: int) -> tuple[float, ...]:
    return MIXED[arms] if name == "mixed" else (float(name),) * (arms + 1)


def hard_cases(count: int, random: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Thirteen spreads [count, 13] that are hard on borrowing; the control is the first."""
    even = np.exp(np.linspace(0, np.log(5), 13))
    drawn = np.exp(random.uniform(0, np.log(5), (count, 13)))
    yield "all 5", np.full((count, 13), 5.0)
    yield "1 to 5, drawn anew each time", drawn
    yield "1 to 5, the control the steadiest", np.tile(even, (count, 1))
    yield "1 to 5, the control the least steady", np.tile(even[::-1], (count, 1))
    yield "3, one arm 10", np.tile([3.0] * 12 + [10.0], (count, 1))
    yield "0.3, one arm 10", np.tile([0.3] * 12 + [10.0], (count, 1))
    yield "0.3, the control 10", np.tile([10.0] + [0.3] * 12, (count, 1))
    yield "0.3 six times, 5 six times, 10", np.tile(MIXED[12], (count, 1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=float, default=1.0, help="multiplies all numbers of repetitions")
    factor = parser.parse_args().repetitions
    random = np.random.default_rng(2026)
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}\n")
    for metric in (ACCURACY, LOSS):
        print(f"\n## Equal arms, {metric}: 95% interval alone covers / any told apart, %\n")
        print("Mixed: one coverage for the arms of each spread, 0.3, 5 and 10, as there are.\n")
        print("| seeds | arms | items | " + " | ".join(f"spread {name}" for name in SPREADS) + " |")
        print("|---|---|---|" + "---|" * len(SPREADS))
        for seeds, arms, items in itertools.product(SEEDS, ARMS, ITEMS):
            cells = []
            for name in SPREADS:
                family = Family(spreads=spreads_of(name, arms), seeds=seeds, items=items)
                count = max(20, int(factor * {1: 4_000, 4: 2_000}.get(arms, 1_000)))
                covered, told = rates(family, metric, count, random)
                cells.append(f"{', '.join(f'{100 * one:.1f}' for one in covered)} / {100 * told:.1f}")
            print(f"| {seeds} | {arms} | {items:,} | {' | '.join(cells)} |", flush=True)
    print("\n## A planted difference of 50 points in accuracy, beside equal arms: told, %\n")
    print("| seeds | arms | items | " + " | ".join(f"spread {name}" for name in SPREADS) + " |")
    print("|---|---|---|" + "---|" * len(SPREADS))
    for seeds, arms, items in itertools.product(SEEDS, ARMS, ITEMS):
        cells = []
        for name in SPREADS:
            family = Family(spreads=spreads_of(name, arms), seeds=seeds, items=items)
            count = int(factor * (8_000 if name == "5" and seeds == 3 and items < 2_000 else 1_000))
            cells.append(f"{100 * told_rate(family, max(20, count), random):.2f}")
        print(f"| {seeds} | {arms} | {items:,} | {' | '.join(cells)} |", flush=True)
    print("\n## Twelve arms, seeds' means only: any equal arm told apart, %, where the others were told before it\n")
    print("Equal are all, or the six, three or one least steady arms, or three at random; then the lowest coverage of")
    print("one effect alone among all.\n")
    print("| spreads | seeds | all 12 | 6 | 3 | 1 | 3 at random | 95% covers |\n|---|---|---|---|---|---|---|---|")
    count = max(100, int(factor * 6_000))
    for (name, spreads), seeds in itertools.product(hard_cases(count, random), SEEDS):
        order = np.argsort(-spreads[:, 1:], axis=1, kind="stable")
        some = random.permuted(order, axis=1)[:, :3]
        found = [
            seed_level(spreads, seeds, places, random) for places in (*(order[:, :k] for k in (12, 6, 3, 1)), some)
        ]
        cells = [f"{100 * told:.1f}" for told, _ in found]
        print(f"| {name} | {seeds} | {' | '.join(cells)} | {100 * found[0][1]:.1f} |", flush=True)
    print(f"\n{time.process_time():.0f} s of one core")


if __name__ == "__main__":
    main()
