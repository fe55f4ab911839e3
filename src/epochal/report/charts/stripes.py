"""Stripes: one interval in one row of a table, drawn in percentages so that it stretches with any column."""

from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.metric import LOWER, Metric
from epochal.report import words
from epochal.report.charts.scale import LONG, Scale
from epochal.report.svg import Axis, element, line, mark, text, ticks


def _stripe(*children: object, class_: str = "stripe", height: int = 26) -> Markup:
    return element("svg", *children, width="100%", height=height, class_=class_, aria_hidden="true")


LEFT, RIGHT = 6, 97  # of the column, in per cent: where the worst and the best of a scale stand


def score_ruler(scale: Scale) -> Markup:
    """The labels above the rows."""
    axis, values = scale.axis(LEFT, RIGHT), scale.ticks(3)
    labels = zip(values, scale.labels(values), strict=True)
    words_at = [text(axis.percent(v), 15, label, "tick", "middle") for v, label in labels]
    return _stripe(*words_at, class_="stripe ruler", height=20)


def score_stripe(scale: Scale, score: Interval | None, kind: str, *, hollow: bool, chosen: bool) -> Markup:
    """One score with its interval; an arrow where it is worse than the part that is drawn."""
    axis = scale.axis(LEFT, RIGHT)
    grid = [line(axis.percent(v), 0, axis.percent(v), "100%", "grid") for v in scale.ticks(3)]
    if score is None:
        return _stripe(*grid)
    if scale.leaves_out(score):
        return _stripe(*grid, text("0%", 18, "\u25c2", f"arrow {kind}"))
    middle, place = 13, axis.percent(score.mean)
    whisker = line(axis.percent(score.low), middle, axis.percent(score.high), middle, f"whisker {kind}")
    return _stripe(*grid, whisker, mark(place, middle, kind, hollow=hollow, chosen=chosen))


def share_stripe(share: Interval, kind: str) -> Markup:
    """A share from nothing to all as a bar, with its interval."""
    return _bar(Axis(low=0, high=1, start=0, end=98), share, kind, (0, 0.5, 1))


def loss_axis(losses: Sequence[Interval]) -> Axis:
    """Of the bars of losses, which may lie below zero."""
    low, high = min(0.0, *(loss.low for loss in losses)), max(0.0, *(loss.high for loss in losses))
    return Axis(low=low, high=high, start=0, end=98)


def loss_stripe(axis: Axis, loss: Interval, kind: str) -> Markup:
    """A loss from zero on as a bar, with its interval."""
    return _bar(axis, loss, kind, (0.0,))


def _bar(axis: Axis, value: Interval, kind: str, grid: Sequence[float]) -> Markup:
    left, right = sorted((axis(0), axis(value.mean)))
    box = element("rect", x=f"{left:.2f}%", width=f"{right - left:.2f}%", y=6, height=14, class_=f"share {kind}")
    ends = [line(axis.percent(end), 2, axis.percent(end), "100%", "grid") for end in grid]
    return _stripe(*ends, box, line(axis.percent(value.low), 13, axis.percent(value.high), 13, "whisker plain"))


def effect_axis(findings: Sequence[Finding]) -> Axis:
    """Shared by the rows of one family; improvements lie to the right, whatever the metric.

    The largest effects are left to arrows where they would flatten the rest.
    """
    sound = [f for f in findings if all(words.known(v) for v in (f.effect, *f.simultaneous))]
    margin = max((f.margin for f in findings), default=0.005)
    reaches = sorted(max(abs(f.simultaneous[0]), abs(f.simultaneous[1])) for f in sound)
    for cut in range(max(2, len(reaches) * 2 // 5), len(reaches)):
        if reaches[cut] > max(2.5 * reaches[cut - 1], 6 * margin):
            reaches = reaches[:cut]
            break
    kept = [f for f in sound if reaches and max(abs(v) for v in f.simultaneous) <= reaches[-1]]
    low = min([-2 * margin, *(f.simultaneous[0] for f in kept)])
    high = max([2 * margin, *(f.simultaneous[1] for f in kept)])
    room = 0.04 * (high - low)
    start, end = (96, 4) if any(f.better == LOWER for f in findings) else (4, 96)
    return Axis(low=low - room, high=high + room, start=start, end=end)


def effect_ruler(axis: Axis, metric: Metric) -> Markup:
    values = ticks(axis.low, axis.high, 4)
    digits = 0 if all(abs(100 * v - round(100 * v)) < 1e-6 for v in values) else 1
    said = [words.difference(v, metric, digits) for v in values]
    if not metric.percent and max(map(abs, values)) >= LONG:
        said = [("+" if v > 0 else "") + label for v, label in zip(values, words.round_values(values), strict=True)]
    labels = [text(axis.percent(v), 15, label, "tick", "middle") for v, label in zip(values, said, strict=True)]
    return _stripe(*labels, class_="stripe ruler", height=20)


def effect_stripe(axis: Axis, finding: Finding, kind: str) -> Markup:
    """The effect with the interval that decided, zero and the margin around it."""
    left, right = sorted((axis(max(axis.low, -finding.margin)), axis(min(axis.high, finding.margin))))
    band = element("rect", x=f"{left:.2f}%", width=f"{right - left:.2f}%", y=0, height="100%", class_="margin")
    parts: list[Markup] = [band, line(axis.percent(0), 0, axis.percent(0), "100%", "zero")]
    numbers = (finding.effect, *finding.simultaneous)
    if not all(words.known(number) for number in numbers):
        return _stripe(*parts)
    middle = 13
    low, high = finding.simultaneous
    if high < axis.low or low > axis.high or not axis.holds(finding.effect):
        beyond = (finding.effect > axis.high) == (axis.end > axis.start)
        place, arrow, anchor = ("100%", "\u25b8", "end") if beyond else ("0%", "\u25c2", "start")
        return _stripe(*parts, text(place, 18, arrow, f"arrow {kind}", anchor))
    parts.append(line(axis.percent(low), middle, axis.percent(high), middle, f"whisker {kind}"))
    return _stripe(*parts, mark(axis.percent(finding.effect), middle, kind))
