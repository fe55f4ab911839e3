"""From two tables of correctness to a finding: better, worse, equivalent, or cannot tell, and what would settle it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding
from epochal.judge.statistics import CrossedMean, binary, crossed_difference

LEVEL, POWER = 0.95, 0.8
MOST_ITEMS, MOST_SEEDS = 100_000_000, 1_000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """What `compare_family` needs of one comparison; the fields are the arguments of `compare`."""

    control: str
    arm: str
    control_correct: np.ndarray
    arm_correct: np.ndarray
    control_under_trained: bool = False
    arm_under_trained: bool = False
    identical: bool = False


def compare(
    control_correct: Shaped[np.ndarray, "control_seeds items"],
    arm_correct: Shaped[np.ndarray, "arm_seeds items"],
    *,
    control: str,
    arm: str,
    margin: float,
    comparisons: int = 1,
    control_under_trained: bool = False,
    arm_under_trained: bool = False,
    identical: bool = False,
    targets: Int[np.ndarray, " items"] | None = None,
) -> Finding:
    """The paired effect of `arm` against `control`, arm minus control, as a fraction of the items.

    Column i of both tables is the same item; rows are seeds, and a deterministic arm may be one row. The
    simultaneous interval, at 1 - 5%/`comparisons` (Bonferroni), decides: inside +-`margin`, equivalent (which is
    stricter than two one-sided tests at 5%, Schuirmann 1987); else above zero, better; below zero, worse; else cannot
    tell. `identical` says that all logits of all seeds agree bit for bit: no effect. With `targets` [items] the
    effect is on balanced accuracy. An interval over one seed speaks of that one training only.

    Raises:
        ValueError: the tables have different items, are empty, or hold other values than zeros and ones; or the
            margin or the number of comparisons makes no sense.
    """
    first, second = binary(control_correct, f"the correctness of {control}"), binary(arm_correct, f"that of {arm}")
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{control} was scored on {first.shape[1]} items and {arm} on {second.shape[1]}. "
            "Score both on the same items."
        )
    if not 0 <= margin < 1:
        raise ValueError(f"Expected a margin from 0 to below 1, as a fraction; got {margin}. 0.005 is half a point.")
    if comparisons < 1:
        raise ValueError(f"Expected one comparison or more; got {comparisons}.")
    seeds, items = max(len(first), len(second)), first.shape[1]
    if identical:
        rows = {len(first), len(second)} - {1}
        if len(rows) > 1 or (first != second).any():
            raise ValueError(f"{control} and {arm} are said to be identical, and their correctness differs.")
        return Finding(
            control=control, arm=arm, effect=0.0, interval=(0.0, 0.0), simultaneous=(0.0, 0.0), p_value=1.0,
            verdict=EQUIVALENT, marks=(NO_EFFECT,), margin=margin, detectable=0.0, comparisons=comparisons,
            seeds=seeds, items=items,
        )  # fmt: skip
    layout = crossed_difference(first, second, strata=targets)
    level = 1 - (1 - LEVEL) / comparisons
    low, high = layout.interval(level)
    verdict = _verdict(low, high, margin)
    losing = ((arm_under_trained and layout.mean <= 0), (control_under_trained and layout.mean >= 0))
    tied = verdict in (EQUIVALENT, CANNOT_TELL) and (arm_under_trained or control_under_trained)
    needed_items = needed_seeds = None
    if verdict == CANNOT_TELL:
        needed_items = _needed(lambda n: layout.project(items=n), items, MOST_ITEMS, layout.mean, margin, level)
        if layout.arms:
            needed_seeds = _needed(lambda n: layout.project(seeds=n), seeds, MOST_SEEDS, layout.mean, margin, level)
    return Finding(
        control=control,
        arm=arm,
        effect=layout.mean,
        interval=layout.interval(LEVEL),
        simultaneous=(low, high),
        p_value=layout.p_value(),
        verdict=verdict,
        marks=(UNDER_TRAINED,) if any(losing) or tied else (),
        margin=margin,
        detectable=layout.detectable(level, POWER),
        needed_items=needed_items,
        needed_seeds=needed_seeds,
        comparisons=comparisons,
        seeds=seeds,
        items=items,
    )


def compare_family(
    pairs: Sequence[Pair], *, margin: float, targets: Int[np.ndarray, " items"] | None = None
) -> tuple[Finding, ...]:
    """The findings of comparisons that share one correction: all their intervals hold together, 95% of the time."""
    return tuple(
        compare(
            pair.control_correct,
            pair.arm_correct,
            control=pair.control,
            arm=pair.arm,
            margin=margin,
            comparisons=len(pairs),
            control_under_trained=pair.control_under_trained,
            arm_under_trained=pair.arm_under_trained,
            identical=pair.identical,
            targets=targets,
        )
        for pair in pairs
    )


def _verdict(low: float, high: float, margin: float) -> str:
    if -margin < low and high < margin:
        return EQUIVALENT
    if low > 0:
        return BETTER
    return WORSE if high < 0 else CANNOT_TELL


def _settles(layout: CrossedMean, effect: float, margin: float, level: float) -> bool:
    """Whether, were the true effect the one observed, this layout would give a verdict with 80% power."""
    return layout.power_to_differ(effect, level) >= POWER or layout.power_to_equate(effect, margin, level) >= POWER


def _needed(
    project: Callable[[int], CrossedMean], have: int, most: int, effect: float, margin: float, level: float
) -> int | None:
    """The smallest number, above the one that we have, at which the question would be settled; None: never."""
    if not _settles(project(most), effect, margin, level):
        return None
    low, high = have, most
    while high - low > 1:
        middle = (low + high) // 2
        if _settles(project(middle), effect, margin, level):
            high = middle
        else:
            low = middle
    return high
