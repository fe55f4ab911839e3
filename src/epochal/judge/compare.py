"""From two tables of correctness to a finding: better, worse, equivalent, or cannot tell, and what would settle it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, Shaped
from scipy import stats

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding
from epochal.judge.statistics import CrossedMean, crossed_mean

LEVEL, POWER = 0.95, 0.8
MOST_ITEMS, MOST_SEEDS = 100_000_000, 1_000
_PSEUDO = 1.0  # sum of squares of the two pseudo-items of Agresti & Min


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

    Row s of both tables is the same seed, column i the same item; a deterministic arm may be one row. The
    simultaneous interval, at 1 - 5%/`comparisons` (Bonferroni), decides: inside +-`margin`, equivalent (which is
    stricter than two one-sided tests at 5%, Schuirmann 1987); else above zero, better; below zero, worse; else cannot
    tell. `identical` says that all logits of all seeds agree bit for bit: no effect. With `targets` [items] the
    effect is on balanced accuracy. An interval over one seed speaks of that one training only.

    Raises:
        ValueError: the tables do not pair, are empty, or hold other values than zeros and ones; or a bad margin.
    """
    differences = _differences(control_correct, arm_correct, control, arm)
    if not 0 <= margin < 1:
        raise ValueError(f"Expected a margin from 0 to below 1, as a fraction; got {margin}. 0.005 is half a point.")
    if comparisons < 1:
        raise ValueError(f"Expected one comparison or more; got {comparisons}.")
    seeds, items = differences.shape
    if identical:
        if differences.any():
            raise ValueError(f"{control} and {arm} are said to be identical, and differ on {int((differences != 0).any(axis=0).sum())} items.")
        return Finding(
            control=control, arm=arm, effect=0.0, interval=(0.0, 0.0), simultaneous=(0.0, 0.0), p_value=1.0,
            verdict=EQUIVALENT, marks=(NO_EFFECT,), margin=margin, detectable=0.0, comparisons=comparisons,
            seeds=seeds, items=items,
        )  # fmt: skip
    layout = crossed_mean(differences, strata=targets, pseudo=_PSEUDO)
    level = 1 - (1 - LEVEL) / comparisons
    low, high = layout.interval(level)
    verdict = _verdict(low, high, margin)
    losing = ((arm_under_trained and layout.mean <= 0), (control_under_trained and layout.mean >= 0))
    tied = verdict in (EQUIVALENT, CANNOT_TELL) and (arm_under_trained or control_under_trained)
    needed_items = needed_seeds = None
    if verdict == CANNOT_TELL:
        needed_items = _needed(lambda n: layout.project(items=n), layout.items, MOST_ITEMS, layout.mean, margin, level)
        if layout.seeds > 1:
            needed_seeds = _needed(lambda n: layout.project(seeds=n), layout.seeds, MOST_SEEDS, layout.mean, margin, level)
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


def compare_family(pairs: Sequence[Pair], *, margin: float, targets: Int[np.ndarray, " items"] | None = None) -> tuple[Finding, ...]:
    """The findings of several comparisons that share one correction: all their verdicts hold together, 95% of the time."""
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


def _differences(control_correct: np.ndarray, arm_correct: np.ndarray, control: str, arm: str) -> np.ndarray:
    tables = []
    for name, table in ((control, np.asarray(control_correct)), (arm, np.asarray(arm_correct))):
        if table.ndim != 2 or table.size == 0:
            raise ValueError(f"Expected the correctness of {name} as [seeds, items]; got the shape {table.shape}.")
        numbers = table.astype(np.float64)
        if not np.isin(numbers, (0.0, 1.0)).all():
            raise ValueError(f"Expected the correctness of {name} as zeros and ones; got other values.")
        tables.append(numbers)
    first, second = tables
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"{control} was scored on {first.shape[1]} items and {arm} on {second.shape[1]}. Score both on the same items."
        )
    if first.shape[0] != second.shape[0] and 1 not in (first.shape[0], second.shape[0]):
        raise ValueError(
            f"{control} has {first.shape[0]} seeds and {arm} has {second.shape[0]}. Give both the same seeds, or one row for a deterministic one."
        )
    return second - first


def _settles(layout: CrossedMean, effect: float, margin: float, level: float) -> bool:
    """Whether, were the true effect the one observed, this layout would give a verdict with 80% power."""
    if abs(effect) > 0 and layout.detectable(level, POWER) <= abs(effect):
        return True
    room = margin - abs(effect)
    if room <= 0:
        return False
    freedom = layout.degrees_of_freedom
    quantile = stats.t.ppf(0.5 + level / 2, freedom) + stats.t.ppf(0.5 + POWER / 2, freedom)
    return bool(layout.standard_error * quantile <= room)


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
