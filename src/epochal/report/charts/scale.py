"""The scale of a picture of scores: the part that is worth its room, with better upwards and to the right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.judge.verdict_text import plain
from epochal.report import words
from epochal.report.svg import Axis, ticks

LONG = 100_000  # from here on values in full are too long for ticks
STEPS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # of fractions, between the ends of a scale


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The scores from `low` to `high`, in the words of their metric."""

    metric: Metric
    low: float
    high: float

    @property
    def worst(self) -> float:
        return self.low if self.metric.sign > 0 else self.high

    def axis(self, worst: float, best: float) -> Axis:
        """From the place of the worst score that is shown to that of the best."""
        start, end = (worst, best) if self.metric.sign > 0 else (best, worst)
        return Axis(low=self.low, high=self.high, start=start, end=end)

    def leaves_out(self, score: Interval) -> bool:
        """Whether it is worse than all that is shown."""
        return self.metric.sign * (score.mean - self.worst) < 0

    def ticks(self, about: int) -> list[float]:
        return ticks(self.low, self.high, about)

    def labels(self, values: Sequence[float]) -> list[str]:
        """What stands at ticks: as many digits as all of them need."""
        if self.metric.percent or self.metric.top is not None:
            whole = all(abs(100 * value - round(100 * value)) < 1e-6 for value in values)
            return [words.value(value, self.metric, 0 if whole else 1) for value in values]
        if max(map(abs, values), default=0.0) >= LONG:
            return words.round_values(values)
        step = min((b - a for a, b in pairwise(values)), default=0.0)
        digits = next((d for d in range(1, 9) if all(_close(v, self.metric, d, step) for v in values)), 9)
        return [words.value(value, self.metric, digits) for value in values]


def score_scale(scores: Sequence[Interval], metric: Metric = ACCURACY) -> Scale:
    """The part of the scores worth the room: rungs that learned nothing would flatten all the others.

    The worst scores, half of them at most, are left out where the gap to the next is nearly as wide as all that is
    better, or wider; who draws them must say so with a broken axis.
    """
    if not scores:
        return Scale(metric=metric, low=0.0, high=1.0)
    kept = ranked = sorted(scores, key=lambda score: metric.sign * score.mean)
    for cut in range(1, min(len(ranked) // 2, len(ranked) - 3) + 1):
        rest = ranked[cut:]
        low, high = _ends(rest)
        width = max(high - low, 0.04 if metric.percent else 0.04 * abs(high))
        gap = low - ranked[cut - 1].mean if metric.sign > 0 else ranked[cut - 1].mean - high
        if gap >= 0.9 * width:
            kept = rest
    low, high = _ends(kept)
    least = 0.004 if metric.percent else 0.01 * max(abs(low), abs(high), 1e-9)
    room = max(least, 0.04 * (high - low))
    step = _step(high - low + 2 * room, metric)
    best = 1.0 if metric.percent else math.inf if metric.top is None else metric.top
    bottom = math.floor((low - room) / step + 1e-9) * step
    top = math.ceil((high + room) / step - 1e-9) * step
    if low >= 0:
        bottom = max(0.0, bottom)
    return Scale(metric=metric, low=bottom, high=min(best, top))


def _close(tick: float, metric: Metric, digits: int, step: float) -> bool:
    """Whether a label with so many digits stands for its tick."""
    return abs(float(plain(tick, metric, digits).replace(",", "")) - tick) <= 0.01 * step


def _ends(scores: Sequence[Interval]) -> tuple[float, float]:
    return min(score.low for score in scores), max(score.high for score in scores)


def _step(width: float, metric: Metric) -> float:
    """The ends of a scale of this width are multiples of this."""
    if metric.percent:
        return next(step for step in STEPS if step * 7 >= width or step == STEPS[-1])
    power = 10.0 ** math.floor(math.log10(width / 7))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor * 7 >= width)
