"""Are the intervals true? Simulated networks with a known difference, and how often the judge's intervals cover it.

    python bench/coverage.py [--repetitions 1.0]

An item is right when control or arm + difficulty of the item + what this arm finds hard + luck of this training
exceeds a threshold (a probit model): difficulty is shared by both arms, so that the same items are hard for both, and
every training also shifts its arm's accuracy as a whole, by `seed_spread` points. The truth is then known exactly.
Families of comparisons, whose arms differ in how steady they are, are in bench/families.py.
"""

import argparse
import itertools
import platform
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import scipy
from scipy import special

from epochal.core.metric import Metric
from epochal.judge.compare import Pair, layout
from epochal.judge.goals import classes
from epochal.judge.learning_curve import fit_power_law
from epochal.judge.score import score
from epochal.judge.statistics import half_width, mean_squares, score_interval


@dataclass(frozen=True, kw_only=True)
class World:
    """A control and an arm. `shared` and `own` are the spreads of difficulty, in units of one training's luck."""

    name: str
    control: float  # true accuracies
    arm: float
    shared: float
    own: float
    seed_spread: float = 0.0  # standard deviation of a training's accuracy
    deterministic_control: bool = False

    @property
    def truth(self) -> float:
        return self.arm - self.control


WORLDS = (
    World(name="70%, restless", control=0.70, arm=0.70, shared=1.0, own=0.5),
    World(name="90%, stubborn", control=0.90, arm=0.90, shared=2.0, own=1.0),
    World(name="90 to 92%, restless", control=0.90, arm=0.92, shared=1.0, own=0.5),
    World(name="98%, stubborn", control=0.98, arm=0.98, shared=2.0, own=1.0),
    World(name="97 to 98%, near twins", control=0.97, arm=0.98, shared=4.0, own=0.2),
)
SEEDS, ITEMS, SPREADS = (3, 5, 10), (150, 360, 1_000, 10_000), (0.0, 0.003, 0.01, 0.03)


def simulate(
    world: World, seeds: int, items: int, repetitions: int, random: np.random.Generator, arms: int = 1
) -> Iterator[list[np.ndarray]]:
    """Batches of correctness: the control's [batch, seeds (1 if deterministic), items], then that of each arm."""
    scale = np.sqrt(world.shared**2 + world.own**2 + 1)
    while repetitions > 0:
        batch = min(repetitions, max(1, int(1e6 / (seeds * items))))
        repetitions -= batch
        difficulty = world.shared * random.standard_normal((batch, 1, items), dtype=np.float32)
        tables = []
        for index in range(arms + 1):
            threshold = special.ndtri(world.arm if index else world.control)
            rows = 1 if index == 0 and world.deterministic_control else seeds
            shift = 0.0 if rows == 1 else world.seed_spread * scale / density(threshold)
            centre = threshold * np.sqrt(scale**2 + shift**2)
            score = difficulty + world.own * random.standard_normal((batch, 1, items), dtype=np.float32)
            score = score + (centre + shift * random.standard_normal((batch, rows, 1))).astype(np.float32)
            tables.append(score + random.standard_normal((batch, rows, items), dtype=np.float32) > 0)
        yield tables


def density(threshold: float) -> float:
    return float(np.exp(-(threshold**2) / 2) / np.sqrt(2 * np.pi))


def pieces(control: np.ndarray, arm: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What `crossed_difference` computes, for a batch of experiments: mean, item part, seed parts [batch, arms]."""
    seeds, items = arm.shape[-2:]
    by_item, *arm_squares = mean_squares(arm)
    if control.shape[-2] == 1:
        difference, squares = by_item - control[:, 0], [arm_squares]
    else:
        other, *control_squares = mean_squares(control)
        difference, squares = by_item - other, [control_squares, arm_squares]
    item_square = difference.var(axis=-1, ddof=1) - sum(residual for _, residual in squares) / seeds
    item_part = np.maximum(item_square, 0) / items + 1.0 / items**2
    return difference.mean(axis=-1), item_part, np.stack([square for square, _ in squares], axis=-1) / (seeds * items)


def differences(world: World, seeds: int, items: int, repetitions: int, random: np.random.Generator):
    """Mean, item part, seed parts and freedoms of `repetitions` experiments."""
    batches = [pieces(*tables) for tables in simulate(world, seeds, items, repetitions, random)]
    mean, item_part, seed_parts = (np.concatenate(column) for column in zip(*batches, strict=True))
    return mean, item_part, seed_parts, np.full(seed_parts.shape[-1], seeds - 1.0)


def coverage(world: World, seeds: int, items: int, repetitions: int, random, levels=(0.95, 0.995)) -> list[float]:
    """How often the interval of each level covers the true difference."""
    mean, item_part, seed_parts, freedoms = differences(world, seeds, items, repetitions, random)
    error = np.abs(mean - world.truth)
    return [float((error <= half_width(item_part, seed_parts, freedoms, items, level)).mean()) for level in levels]


def family_error(world: World, seeds: int, items: int, repetitions: int, arms: int, random) -> float:
    """How often any of `arms` arms, all truly equal to the control, is called better or worse."""
    wrong = []
    for control, *others in simulate(world, seeds, items, repetitions, random, arms=arms):
        called = np.zeros(len(control), bool)
        for other in others:
            mean, item_part, seed_parts = pieces(control, other)
            freedoms = np.full(seed_parts.shape[-1], seeds - 1.0)
            called |= np.abs(mean) > half_width(item_part, seed_parts, freedoms, items, 1 - 0.05 / arms)
        wrong.append(called)
    return float(np.concatenate(wrong).mean())


def score_coverage(world: World, seeds: int, items: int, repetitions: int, random) -> float:
    """How often `score_interval` covers the true accuracy of the arm."""
    inside = done = 0
    for _, tables in simulate(world, seeds, items, repetitions, random):
        for table in tables:
            _, low, high = score_interval(table)
            inside += low <= world.arm <= high
            done += 1
    return inside / done


def curve_coverage(floor: float, scale: float, exponent: float, seeds: int, repetitions: int, random) -> list[float]:
    """How often the band covers the true error at twice the largest size, and the held-out check is passed."""
    sizes = np.array([67, 134, 269, 539, 1078])
    truth, doubled = floor + scale * sizes**-exponent, floor + scale * 2156.0**-exponent
    covered = inside = 0
    for _ in range(repetitions):
        law = fit_power_law(sizes.tolist(), np.clip(truth + 0.005 * random.standard_normal((seeds, 5)), 0, 1))
        _, low, high = law.predict(2156)
        covered += low <= doubled <= high
        inside += law.held_out is not None and law.held_out.inside
    return [covered / repetitions, inside / repetitions]


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A control and an arm that look for a positive class, each with calibrated chances.

    An item's score is normal, its mean `apart` (of the control, of the arm) higher for positives; some of its spread is
    shared by both arms, some is the arm's own, and the rest is one training's luck. `apart` varies with the training by
    `seed_spread`.
    """

    positives: float
    apart: tuple[float, float] = (2.0, 2.5)
    seed_spread: float = 0.0
    deterministic_control: bool = False
    least: int = 2  # positives that a test split has: others are drawn again

    def truth(self, metric: Metric, arm: int) -> float:
        """The metric on all items that there could be, from evenly spaced quantiles of both classes."""
        counts = [100_000 - round(100_000 * self.positives), round(100_000 * self.positives)]
        targets = np.repeat([0, 1], counts)
        normal = np.concatenate([special.ndtri((np.arange(n) + 0.5) / n) for n in counts])
        steps, weights = np.polynomial.hermite_e.hermegauss(5 if self._spread(arm) else 1)
        each = [
            classes.items(metric, self._chances(normal + apart * (targets - 0.5), arm), targets).mean()
            for apart in self.apart[arm] + self._spread(arm) * steps
        ]
        return float(np.average(each, weights=weights))

    def draw(self, seeds: int, count: int, random: np.random.Generator) -> tuple[np.ndarray, list[np.ndarray]]:
        """Targets, and the chances of both arms, [seeds, items, 2]."""
        while True:
            targets = (random.random(count) < self.positives).astype(int)
            if self.least <= targets.sum() <= count - 2:
                break
        shared, tables = 0.7 * random.standard_normal(count), []
        for arm in (0, 1):
            rows = 1 if arm == 0 and self.deterministic_control else seeds
            apart = self.apart[arm] + self._spread(arm) * random.standard_normal((rows, 1))
            noise = shared + 0.5 * random.standard_normal(count) + np.sqrt(0.26) * random.standard_normal((rows, count))
            tables.append(self._chances(noise + apart * (targets - 0.5), arm))
        return targets, tables

    def _spread(self, arm: int) -> float:
        return 0.0 if arm == 0 and self.deterministic_control else self.seed_spread

    def _chances(self, scores: np.ndarray, arm: int) -> np.ndarray:
        odds = self.apart[arm] * scores + special.logit(self.positives)
        return np.stack([special.expit(-odds), special.expit(odds)], axis=-1)


def metric_coverage(
    world: Detector, metrics: list[Metric], seeds: int, count: int, repetitions: int, random: np.random.Generator
) -> dict[str, tuple[float, float]]:
    """How often the intervals of each metric cover the truth: that of the arm, and that of the difference."""
    truths = {metric.name: (world.truth(metric, 0), world.truth(metric, 1)) for metric in metrics}
    inside = {metric.name: np.zeros(2) for metric in metrics}
    for _ in range(repetitions):
        targets, tables = world.draw(seeds, count, random)
        for metric in metrics:
            control, arm = (np.stack([classes.items(metric, row, targets) for row in table]) for table in tables)
            before, after = truths[metric.name]
            weight = classes.doubt(metric, targets)
            _, low, high = score(arm, metric, doubt=weight)
            pair = Pair(control="old", arm="new", control_items=control, arm_items=arm, doubt=weight)
            least, most = layout(pair, metric).interval()
            inside[metric.name] += low <= after <= high, least <= after - before <= most
    return {name: (float(found[0] / repetitions), float(found[1] / repetitions)) for name, found in inside.items()}


ALL_METRICS = [*classes.METRICS.values(), classes.cost_metric(500, 20, positive=1)]
DETECTORS = (
    (Detector(positives=0.02), 100),
    (Detector(positives=0.02), 400),
    (Detector(positives=0.02), 1_000),
    (Detector(positives=0.02), 2_000),
    (Detector(positives=0.02, seed_spread=0.2), 2_000),
    (Detector(positives=0.02, apart=(3.0, 3.5)), 2_000),
    (Detector(positives=0.2), 100),
    (Detector(positives=0.2, seed_spread=0.2, deterministic_control=True), 400),
    (Detector(positives=0.2, seed_spread=0.2), 2_000),
    (Detector(positives=0.5), 100),
    (Detector(positives=0.5, apart=(2.0, 2.0)), 400),
    (Detector(positives=0.5, apart=(3.0, 3.5)), 2_000),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=float, default=1.0, help="multiplies all numbers of repetitions")
    factor = parser.parse_args().repetitions
    random = np.random.default_rng(2026)
    counts = {items: max(20, int(factor * {10_000: 600}.get(items, 2_000))) for items in ITEMS}
    print(f"Python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}\n")
    print("## Paired difference: coverage of the 95% interval, and of the 99.5% one that ten comparisons use\n")
    print("Each cell: lowest / mean / highest over the worlds, %. The seeds' spread is in points of accuracy.\n")
    rows: list[tuple[float, int, int, World]] = []
    for deterministic in (False, True):
        print(f"\n### {'Deterministic control' if deterministic else 'Both arms vary with the seed'}\n")
        names = [f"{100 * spread:g}" for spread in SPREADS]
        print("| seeds | items | " + " | ".join(f"95%, spread {name}" for name in names) + " | 99.5%, all |")
        print("|---|---|" + "---|" * (len(names) + 1))
        for seeds, items in itertools.product(SEEDS, ITEMS):
            cells, tails = [], []
            for spread in SPREADS:
                found = []
                for world in WORLDS:
                    if spread > 0.3 * (1 - world.control) + 1e-9:
                        continue  # a spread of a third of the error: beyond, see the last table
                    world = replace(world, seed_spread=spread, deterministic_control=deterministic)
                    at_95, at_995 = coverage(world, seeds, items, counts[items], random)
                    found.append(at_95)
                    tails.append(at_995)
                    rows.append((at_95, seeds, items, world))
                cells.append(summary(found))
            print(f"| {seeds} | {items:,} | " + " | ".join(cells) + f" | {summary(tails)} |", flush=True)
    rows.sort(key=lambda row: row[0])
    below, above = sum(row[0] < 0.93 for row in rows), sum(row[0] > 0.97 for row in rows)
    print(f"\n{len(rows)} settings: {below} below 93%, {above} above 97%, {len(rows) - below - above} between.")
    print("Above 97%, by items: " + ", ".join(f"{n:,}: {sum(r[0] > 0.97 and r[2] == n for r in rows)}" for n in ITEMS))
    print("\nThe lowest and the highest of a long table are partly chance; once more with new seeds:\n")
    print("| seeds | items | world | control | first, % | again, % |\n|---|---|---|---|---|---|")
    for first, seeds, items, world in (*rows[:4], *rows[-2:]):
        again, _ = coverage(world, seeds, items, 4 * counts[items], random)
        name = f"{world.name}, spread {100 * world.seed_spread:g}"
        kind = "deterministic" if world.deterministic_control else "network"
        print(f"| {seeds} | {items:,} | {name} | {kind} | {100 * first:.1f} | {100 * again:.1f} |", flush=True)

    print("\n## What it costs: median half width of the 95% interval, in points (90%, stubborn)\n")
    print("| items | control | " + " | ".join(f"{s} seeds, spread {100 * p:g}" for s, p in WIDTHS) + " |")
    print("|---|---|" + "---|" * len(WIDTHS))
    for items, deterministic in itertools.product(ITEMS, (False, True)):
        cells = []
        for seeds, spread in WIDTHS:
            world = replace(WORLDS[1], seed_spread=spread, deterministic_control=deterministic)
            _, item_part, seed_parts, freedoms = differences(world, seeds, items, max(20, int(factor * 100)), random)
            halves = half_width(item_part, seed_parts, freedoms, items, 0.95)
            cells.append(f"{100 * float(np.median(halves)):.1f}")
        kind = "deterministic" if deterministic else "network"
        print(f"| {items:,} | {kind} | " + " | ".join(cells) + " |", flush=True)

    print("\n## Families of equal arms: how often any is called better or worse (must be 5% at most)\n")
    print("| seeds | items | arms | world | false verdicts, % |\n|---|---|---|---|---|")
    for seeds, items, spread in itertools.product((3, 5), (360, 1_000), (0.0, 0.01)):
        for arms, world in ((1, WORLDS[0]), (5, WORLDS[1]), (10, WORLDS[1])):
            world = replace(world, seed_spread=spread, arm=world.control)
            rate = family_error(world, seeds, items, max(20, int(factor * 1_000)), arms, random)
            text = f"{world.name}, spread {100 * spread:g}"
            print(f"| {seeds} | {items:,} | {arms} | {text} | {100 * rate:.1f} |", flush=True)

    print("\n## Accuracy of one rung: coverage of the 95% interval, %\n")
    print("| seeds | items | " + " | ".join(f"{100 * a:g}%, spread {100 * s:g}" for a, s in SCORES) + " |")
    print("|---|---|" + "---|" * len(SCORES))
    for seeds, items in itertools.product((1, 3, 5), (150, 360, 1_000)):
        cells = []
        for accuracy, spread in SCORES:
            world = replace(WORLDS[1], control=accuracy, arm=accuracy, seed_spread=spread)
            rate = score_coverage(world, seeds, items, max(20, int(factor * 500)), random)
            cells.append(f"{100 * rate:.1f}" if seeds > 1 or spread == 0 else "-")
        print(f"| {seeds} | {items:,} | " + " | ".join(cells) + " |", flush=True)

    print("\n## Every metric, three seeds: coverage of the 95% intervals, %: of one arm / of the difference\n")
    print("| positives | items | apart | spread | " + " | ".join(metric.name for metric in ALL_METRICS) + " |")
    print("|---|---|---|---|" + "---|" * len(ALL_METRICS))
    for world, count in DETECTORS:
        found = metric_coverage(world, ALL_METRICS, 3, count, max(20, int(factor * 1_000)), random)
        cells = [f"{100 * one:.1f} / {100 * both:.1f}" for one, both in found.values()]
        apart = f"{world.apart[0]:g}, {world.apart[1]:g}{', one fixed' if world.deterministic_control else ''}"
        facts = (f"{100 * world.positives:g}%", f"{count:,}", apart, f"{world.seed_spread:g}")
        print(f"| {' | '.join((*facts, *cells))} |", flush=True)

    print("\n## Learning curves of five sizes: the 95% band at twice the largest size, and the held-out check\n")
    print("| floor | exponent | seeds | band covers, % | check passed, % |\n|---|---|---|---|---|")
    for floor, scale, exponent in ((0.0, 1.5, 0.5), (0.05, 1.5, 0.5), (0.1, 0.6, 0.25), (0.08, 0.0, 0.5)):
        for seeds in (1, 3):
            band, check = curve_coverage(floor, scale, exponent, seeds, max(10, int(factor * 100)), random)
            shape = f"{exponent:g}" if scale else "flat"
            print(f"| {floor:g} | {shape} | {seeds} | {100 * band:.0f} | {100 * check:.0f} |", flush=True)

    print("\n## Where it falls short: a spread of half the error (98%, spread 1 point), deterministic control\n")
    print("| seeds | items | 95% interval covers, % |\n|---|---|---|")
    for seeds in SEEDS:
        world = replace(WORLDS[3], seed_spread=0.01, deterministic_control=True)
        rate = coverage(world, seeds, 10_000, max(20, int(factor * 1_000)), random)[0]
        print(f"| {seeds} | 10,000 | {100 * rate:.1f} |", flush=True)
    print(f"\n{time.process_time():.0f} s of one core")


WIDTHS = tuple(itertools.product((3, 5, 10), (0.003, 0.01)))
SCORES = ((0.9, 0.0), (0.98, 0.0), (0.995, 0.0), (0.9, 0.01), (0.98, 0.005))


def summary(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{100 * min(values):.1f} / {100 * float(np.mean(values)):.1f} / {100 * max(values):.1f}"


if __name__ == "__main__":
    main()
