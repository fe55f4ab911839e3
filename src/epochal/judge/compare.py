"""From two tables of values to a finding: better, worse, equivalent, or cannot tell, and what would settle it.

The comparisons of a family are corrected together, in two ways, each of which holds whatever their dependence:

    A difference   Holm (1979): the k-th smallest p-value of m is tested at 5% / (m - k + 1), as long as those before
                   it were found. An effect of zero is called better or worse at most 5% of the time, in the family.
    Equivalence    Bonferroni: the interval at 1 - 5% / m lies within the margin. Holm's gain does not exist here: a
                   comparison that was found to differ may still differ by less than matters, and counts all the same.
                   An effect beyond the margin is called equivalent at most 2.5% of the time, in the family.

The interval that decided is the one to print. Of a difference that was found it is the one at the level of its step,
which excludes zero; of all others the one at 1 - 5% / m, which includes zero, for Holm's levels are never stricter than
Bonferroni's, and lies within the margin exactly where the verdict is equivalent. The verdicts hold together; intervals
at the levels of steps do so only as far as these verdicts go (Guilbaud 2008).

In a family of nine arms or more an arm with three or four seeds borrows degrees of freedom from the others, for the
levels beyond 95% that a family needs (`judge.moderation`). The interval of one effect alone is by its own seeds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Shaped

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding
from epochal.core.metric import ACCURACY, Metric
from epochal.judge.moderation import lend
from epochal.judge.statistics import CrossedMean, binary, crossed_difference

LEVEL, POWER = 0.95, 0.8
MOST_ITEMS, MOST_SEEDS = 100_000_000, 1_000


@dataclass(frozen=True, kw_only=True)
class Pair:
    """One comparison: the values of both arms, [seeds, items], column i of both being the same item.

    Rows are seeds; a deterministic arm may be one row. `identical` says that all outputs of all seeds agree bit for
    bit. `doubt` is what the goal says of pseudo-items (`goals.classes.doubt`); None: that of plain means.
    """

    control: str
    arm: str
    control_items: Shaped[np.ndarray, "control_seeds items"]
    arm_items: Shaped[np.ndarray, "arm_seeds items"]
    control_under_trained: bool = False
    arm_under_trained: bool = False
    identical: bool = False
    doubt: float | None = None


def compare(
    control_items: Shaped[np.ndarray, "control_seeds items"],
    arm_items: Shaped[np.ndarray, "arm_seeds items"],
    *,
    control: str,
    arm: str,
    margin: float | None = None,
    metric: Metric = ACCURACY,
    comparisons: int = 1,
    control_under_trained: bool = False,
    arm_under_trained: bool = False,
    identical: bool = False,
    doubt: float | None = None,
) -> Finding:
    """The paired effect of `arm` against `control`, arm minus control, in the metric's own unit.

    The arguments are the fields of `Pair`. The interval at 1 - 5%/`comparisons` (Bonferroni) decides: inside
    +-`margin`, equivalent (which is stricter than two one-sided tests at 5%, Schuirmann 1987); else on one side of
    zero, better or worse, as the metric's direction has it; else cannot tell. `identical`: no effect. An interval over
    one seed speaks of that one training only.

    Raises:
        ValueError: the tables have different items, are empty, or hold values that the metric does not give; or the
            margin or the number of comparisons makes no sense.
    """
    if comparisons < 1:
        raise ValueError(f"Expected one comparison or more; got {comparisons}.")
    pair = Pair(
        control=control,
        arm=arm,
        control_items=control_items,
        arm_items=arm_items,
        control_under_trained=control_under_trained,
        arm_under_trained=arm_under_trained,
        identical=identical,
        doubt=doubt,
    )
    level = 1 - (1 - LEVEL) / comparisons
    return _finding(pair, layout(pair, metric), metric, _margin(margin, metric), comparisons, level)


def compare_family(
    pairs: Sequence[Pair], *, margin: float | None = None, metric: Metric = ACCURACY
) -> tuple[Finding, ...]:
    """The findings of comparisons that are corrected together; see the head of this module. Errors as `compare`."""
    margin, count = _margin(margin, metric), len(pairs)
    layouts = lend([layout(pair, metric) for pair in pairs])
    levels = [1 - (1 - LEVEL) / max(count, 1)] * count
    steps = sorted(range(count), key=lambda k: _rank(pairs[k], layouts[k]))
    for step, place in enumerate(steps):
        levels[place] = 1 - (1 - LEVEL) / (count - step)
        low, high = layouts[place].interval(levels[place])
        if pairs[place].identical or low <= 0 <= high:
            for rest in steps[step:]:
                levels[rest] = levels[place]
            break
    return tuple(
        _finding(pair, layout, metric, margin, count, level)
        for pair, layout, level in zip(pairs, layouts, levels, strict=True)
    )


def _rank(pair: Pair, crossed: CrossedMean) -> tuple[float, float]:
    """Smallest p-value first; of those too small to be told apart, the most standard errors first."""
    if pair.identical:
        return 2.0, 0.0
    error = crossed.standard_error
    return crossed.p_value(), -abs(crossed.mean) / error if error else -np.inf


def _margin(margin: float | None, metric: Metric) -> float:
    margin = metric.margin if margin is None else margin
    if metric.percent and not 0 <= margin < 1:
        raise ValueError(f"Expected a margin from 0 to below 1, as a fraction; got {margin}. 0.005 is half a point.")
    if not (np.isfinite(margin) and margin >= 0):
        raise ValueError(f"Expected a margin of zero or more, in {metric.unit or 'units of the cost'}; got {margin}.")
    return margin


def layout(pair: Pair, metric: Metric) -> CrossedMean:
    """The mean difference of a pair, arm minus control, with its variance components; errors as `compare`."""
    first, second = (
        binary(table, name) if metric.binary else np.asarray(table, dtype=np.float64)
        for table, name in (
            (pair.control_items, f"the correctness of {pair.control}"),
            (pair.arm_items, f"that of {pair.arm}"),
        )
    )
    if first.shape[-1:] != second.shape[-1:]:
        raise ValueError(
            f"{pair.control} was scored on {first.shape[-1]} items and {pair.arm} on {second.shape[-1]}. "
            "Score both on the same items."
        )
    if pair.identical:
        rows = {len(first), len(second)} - {1}
        if len(rows) > 1 or (first != second).any():
            raise ValueError(f"{pair.control} and {pair.arm} are said to be identical, and their values differ.")
    doubt = float(metric.binary) if pair.doubt is None else pair.doubt
    if not metric.counted:  # the variance of a pseudo-item's value, for a fraction; one where its values are few
        share = min(max(float(first.mean() + second.mean()) / 2, 0.0), 1.0)
        doubt *= share * (1 - share) if metric.percent else 0.0
    return crossed_difference(first, second, pseudo=doubt)


def _finding(
    pair: Pair, crossed: CrossedMean, metric: Metric, margin: float, comparisons: int, level: float
) -> Finding:
    """The finding of one comparison; `level` is that of its interval in the test for a difference."""
    strict = 1 - (1 - LEVEL) / comparisons  # the level at which equivalence is judged
    seeds = max(len(pair.control_items), len(pair.arm_items))
    facts: dict[str, Any] = {
        "control": pair.control, "arm": pair.arm, "margin": margin, "comparisons": comparisons, "seeds": seeds,
        "items": crossed.items, "metric": metric.name, "unit": metric.unit, "percent": metric.percent,
        "better": metric.better,
    }  # fmt: skip
    if pair.identical:
        return Finding(
            **facts, effect=0.0, interval=(0.0, 0.0), simultaneous=(0.0, 0.0), p_value=1.0, verdict=EQUIVALENT,
            marks=(NO_EFFECT,), detectable=0.0,
        )  # fmt: skip
    verdict, decided = _verdict(crossed, metric, margin, level, strict)
    gain = metric.sign * crossed.mean
    losing = ((pair.arm_under_trained and gain <= 0), (pair.control_under_trained and gain >= 0))
    tied = verdict in (EQUIVALENT, CANNOT_TELL) and (pair.arm_under_trained or pair.control_under_trained)
    needed_items = needed_seeds = None
    if verdict == CANNOT_TELL:

        def settled(projected: CrossedMean) -> bool:
            """Whether, were the true effect the one observed, this layout would give a verdict with 80% power."""
            return (
                projected.power_to_differ(crossed.mean, level) >= POWER
                or projected.power_to_equate(crossed.mean, margin, strict) >= POWER
            )

        needed_items = _needed(lambda n: settled(crossed.project(items=n)), crossed.items, MOST_ITEMS)
        if crossed.arms:
            needed_seeds = _needed(lambda n: settled(crossed.project(seeds=n)), seeds, MOST_SEEDS)
    return Finding(
        **facts,
        effect=crossed.mean,
        interval=crossed.alone.interval(LEVEL),
        simultaneous=decided,
        p_value=crossed.p_value(),
        verdict=verdict,
        marks=(UNDER_TRAINED,) if any(losing) or tied else (),
        detectable=crossed.detectable(level, POWER),
        needed_items=needed_items,
        needed_seeds=needed_seeds,
    )


def _verdict(
    crossed: CrossedMean, metric: Metric, margin: float, level: float, strict: float
) -> tuple[str, tuple[float, float]]:
    """The verdict, and the interval that decided it."""
    wide, stepped = crossed.interval(strict), crossed.interval(level)
    if -margin < wide[0] and wide[1] < margin:
        return EQUIVALENT, wide
    if stepped[0] > 0 or stepped[1] < 0:
        return BETTER if metric.sign * crossed.mean > 0 else WORSE, stepped
    return CANNOT_TELL, wide


def _needed(settled: Callable[[int], bool], have: int, most: int) -> int | None:
    """The smallest number, above the one that we have, at which the question would be settled; None: never."""
    if not settled(most):
        return None
    low, high = have, most
    while high - low > 1:
        middle = (low + high) // 2
        if settled(middle):
            high = middle
        else:
            low = middle
    return high
