"""An effect with its interval, drawn against what the claim needs: one strip that stretches with any column."""

import math

from markupsafe import Markup

from epochal.core.claim import LESS, SAME, Check
from epochal.judge.claim_text import amount, needed, paired
from epochal.judge.claims import EXACT, RATIO
from epochal.report import words
from epochal.report.charts.plot import marks, tick
from epochal.report.svg import Axis, element, line, text

TOP, BOTTOM, HEIGHT = 22, 56, 76
MIDDLE = (TOP + BOTTOM) / 2
FARTHEST = 1e12  # a factor beyond this is drawn at the edge


def strip(check: Check, slug: str) -> Markup:
    """The effect (a dot), its 95% interval (thick), the interval that decides (thin), where the claim would hold
    (tinted) and what does not matter (grey). Empty for what is exact, and for numbers that cannot be drawn."""
    values = (check.effect, *check.interval, *check.simultaneous, check.size, check.margin)
    if check.kind == EXACT or not all(words.known(value) for value in values):
        return Markup()
    if check.kind == RATIO and min(values[:5]) <= 0:
        return Markup()
    axis = _axis(check)
    parts = [*_regions(check, axis), *_ruler(check, axis)]
    low, high = (axis.percent(_held(axis, end)) for end in check.simultaneous)
    parts.append(line(low, MIDDLE, high, MIDDLE, f"whisker thin {slug}"))
    inner = [axis.percent(_held(axis, end)) for end in check.interval]
    parts.append(line(inner[0], MIDDLE, inner[1], MIDDLE, f"whisker {slug}"))
    parts.append(element("circle", cx=axis.percent(_held(axis, check.effect)), cy=MIDDLE, r=6, class_=f"mark {slug}"))
    return element("svg", *parts, width="100%", height=HEIGHT, class_="strip", role="img", aria_label=_described(check))


def _described(check: Check) -> str:
    low, high = (amount(check, end) for end in check.interval)
    return f"{check.unit}: {amount(check, check.effect)}, 95% interval {low} to {high}; needed: {needed(check)}."


def _held(axis: Axis, value: float) -> float:
    return max(value, axis.low)


def _bounds(check: Check) -> tuple[float, float]:
    """From where to where the claim holds."""
    if check.predicted == SAME:
        if check.kind == RATIO:
            margin = max(check.margin, 1.0)
            return 1 / margin, margin
        return -check.margin, check.margin
    if check.kind == RATIO:
        size = max(check.size, 1.0)
        return (0.0, 1 / size) if check.predicted == LESS else (size, math.inf)
    if not paired(check):
        return (-math.inf, check.size) if check.predicted == LESS else (check.size, math.inf)
    return (-math.inf, -check.size) if check.predicted == LESS else (check.size, math.inf)


def _axis(check: Check) -> Axis:
    """Holds the intervals, what the claim needs, the margin, and no effect."""
    ends = [end for end in _bounds(check) if math.isfinite(end) and end > (0 if check.kind == RATIO else -math.inf)]
    values = [*ends, *check.simultaneous, *check.interval]
    if check.kind == RATIO:
        values += [1.0, max(check.margin, 1.0), 1 / max(check.margin, 1.0)]
        values = [min(max(value, 1 / FARTHEST), FARTHEST) for value in values]
        room = max((max(values) / min(values)) ** 0.12, 1.1)
        return Axis(low=min(values) / room, high=max(values) * room, start=2, end=98, log=True)
    if paired(check):
        values += [0.0, check.margin, -check.margin]
    room = 0.12 * (max(values) - min(values)) or 0.1 * abs(values[0]) or 1.0
    low, high = min(values) - room, max(values) + room
    if not paired(check) and check.percent:
        low, high = max(0.0, low), min(1.0, high)
    return Axis(low=low, high=high, start=2, end=98)


def _regions(check: Check, axis: Axis) -> list[Markup]:
    low, high = _bounds(check)
    left = 0.0 if low <= axis.low else axis(low)
    right = 100.0 if high >= axis.high else axis(high)
    parts = [_box(left, right, "needed")]
    if paired(check) and check.predicted != SAME:
        factor = max(check.margin, 1.0)
        ends = (1 / factor, factor) if check.kind == RATIO else (-check.margin, check.margin)
        if ends[0] < ends[1]:
            parts.append(_box(axis(max(ends[0], axis.low)), axis(min(ends[1], axis.high)), "margin"))
    if paired(check):
        none = axis.percent(1.0 if check.kind == RATIO else 0.0)
        parts.append(line(none, TOP - 4, none, BOTTOM + 4, "zero"))
    for place, at in ((low, left), (high, right)):
        if axis.low < place < axis.high and math.isfinite(place):
            parts.append(line(f"{at:.2f}%", TOP - 4, f"{at:.2f}%", BOTTOM, "edge"))
    anchor, at = ("end", right) if check.predicted == LESS else ("start", left)
    if anchor == "start" and at > 55:
        anchor, at = "end", 100.0
    if anchor == "end" and at < 45:
        anchor, at = "start", 0.0
    parts.append(text(f"{at:.2f}%", TOP - 9, "where the claim holds", "tick holds", anchor))
    return parts


def _box(left: float, right: float, class_: str) -> Markup:
    width = f"{max(0.0, right - left):.2f}%"
    return element("rect", x=f"{left:.2f}%", width=width, y=TOP, height=BOTTOM - TOP, class_=class_)


def _ruler(check: Check, axis: Axis) -> list[Markup]:
    values = marks(axis, 6)
    step = values[1] - values[0] if len(values) > 1 and not axis.log else None
    parts = [line("0%", BOTTOM, "100%", BOTTOM, "axis")]
    for value in values:
        at = axis.percent(value)
        parts.append(line(at, BOTTOM, at, BOTTOM + 4, "axis"))
        parts.append(text(at, HEIGHT - 3, _label(check, value, step), "tick", "middle"))
    return parts


def _label(check: Check, value: float, step: float | None) -> str:
    if check.kind == RATIO:
        return f"{tick(value)}{words.TIMES}"
    if not paired(check) or not check.percent:
        sign = "+" if paired(check) and value > 0 else ""
        return sign + tick(value, percent=check.percent, step=step)
    digits = 0 if step is None or abs(100 * step - round(100 * step)) < 1e-6 else 1
    return words.points(value, digits)
