"""Stripes: one interval in one row of a table, drawn in percentages so that it stretches with any column."""

from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.experiment import Finding
from epochal.study.report import words
from epochal.study.report.svg import Axis, element, line, mark, score_range, text, ticks
from epochal.study.result import Score


def _stripe(*children: object, class_: str = "stripe", height: int = 26) -> Markup:
    return element("svg", *children, width="100%", height=height, class_=class_, aria_hidden="true")


def score_axis(scores: Sequence[Score]) -> Axis:
    """Shared by the rows of one table; runs from 4 to 96 per cent of the column."""
    low, high = score_range(scores)
    return Axis(low=low, high=high, start=6, end=97)


def score_ruler(axis: Axis) -> Markup:
    """The labels above the rows."""
    values = ticks(axis.low, axis.high, 3)
    digits = 0 if all(abs(100 * v - round(100 * v)) < 1e-6 for v in values) else 1
    words_at = [text(axis.percent(v), 15, words.percent(v, digits), "tick", "middle") for v in values]
    return _stripe(*words_at, class_="stripe ruler", height=20)


def score_stripe(axis: Axis, score: Score | None, kind: str, *, hollow: bool, chosen: bool) -> Markup:
    """One score with its interval; an arrow where it lies below the part that is drawn."""
    grid = [line(axis.percent(v), 0, axis.percent(v), "100%", "grid") for v in ticks(axis.low, axis.high, 3)]
    if score is None:
        return _stripe(*grid)
    if score.mean < axis.low:
        return _stripe(*grid, text("0%", 18, "\u25c2", f"arrow {kind}"))
    middle, place = 13, axis.percent(score.mean)
    whisker = line(axis.percent(score.low), middle, axis.percent(score.high), middle, f"whisker {kind}")
    return _stripe(*grid, whisker, mark(place, middle, kind, hollow=hollow, chosen=chosen))


def effect_axis(findings: Sequence[Finding]) -> Axis:
    """Shared by the rows of one family. The largest effects are left to arrows where they would flatten the rest."""
    sound = [f for f in findings if all(words.known(v) for v in (f.effect, *f.interval, *f.simultaneous))]
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
    return Axis(low=low - room, high=high + room, start=4, end=96)


def effect_ruler(axis: Axis) -> Markup:
    values = ticks(axis.low, axis.high, 4)
    digits = 0 if all(abs(100 * v - round(100 * v)) < 1e-6 for v in values) else 1
    labels = [text(axis.percent(v), 15, words.points(v, digits), "tick", "middle") for v in values]
    return _stripe(*labels, class_="stripe ruler", height=20)


def effect_stripe(axis: Axis, finding: Finding, kind: str) -> Markup:
    """The effect, its interval (thick), the simultaneous interval (thin), zero and the margin around it."""
    left, right = axis(max(axis.low, -finding.margin)), axis(min(axis.high, finding.margin))
    band = element("rect", x=f"{left:.2f}%", width=f"{right - left:.2f}%", y=0, height="100%", class_="margin")
    parts: list[Markup] = [band, line(axis.percent(0), 0, axis.percent(0), "100%", "zero")]
    numbers = (finding.effect, *finding.interval, *finding.simultaneous)
    if not all(words.known(number) for number in numbers):
        return _stripe(*parts)
    middle = 13
    low, high = finding.simultaneous
    if high < axis.low or low > axis.high or not axis.holds(finding.effect):
        beyond = finding.effect > axis.high
        place, arrow, anchor = ("100%", "\u25b8", "end") if beyond else ("0%", "\u25c2", "start")
        return _stripe(*parts, text(place, 18, arrow, f"arrow {kind}", anchor))
    parts.append(line(axis.percent(low), middle, axis.percent(high), middle, f"whisker thin {kind}"))
    inner = [axis.percent(value) for value in finding.interval]
    parts.append(line(inner[0], middle, inner[1], middle, f"whisker {kind}"))
    return _stripe(*parts, mark(axis.percent(finding.effect), middle, kind))
