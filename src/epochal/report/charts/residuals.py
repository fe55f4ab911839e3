"""How far predicted numbers are from the true ones: a histogram of what is left, and predicted against true."""

from collections.abc import Sequence
from itertools import pairwise

from markupsafe import Markup

from epochal.judge.residual_text import promise, spread
from epochal.judge.shown import Residuals
from epochal.report import words
from epochal.report.svg import Axis, element, line, path, picture, text, ticks

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 340, 300, 50, 328, 18, 254


def histogram(found: Residuals, kind: str, title: str, items: str) -> Markup:
    """True minus predicted in bins, over the interval that was promised."""
    edges, counts = found.edges, found.counts
    reach = max(found.width, abs(edges[0]), abs(edges[-1]))  # zero stands in the middle, so that a bias is seen
    across = Axis(low=-1.04 * reach, high=1.04 * reach, start=LEFT, end=RIGHT)
    up = Axis(low=0.0, high=1.05 * max(counts), start=BOTTOM, end=TOP)
    width = found.width
    parts = [_band([(-width, 0.0), (width, 0.0), (width, up.high), (-width, up.high)], across, up)]
    parts += _frame(across, up, "true minus predicted \u2192", items)
    for (left, right), count in zip(pairwise(edges), counts, strict=True):
        if count:
            box = {"x": across(left) + 0.4, "width": max(across(right) - across(left) - 0.8, 0.8)}
            parts.append(element("rect", **box, y=up(count), height=BOTTOM - up(count), class_=f"share {kind}"))
    parts.append(line(across(0), TOP, across(0), BOTTOM, "today"))
    return picture(
        *parts,
        width=WIDTH,
        height=HEIGHT,
        title=f"Histogram of true minus predicted of {title} on the test split",
        description=spread(found),
        name="residuals",
        class_="chart",
    )


def scatter(found: Residuals, kind: str, title: str, items: str) -> Markup:
    """Predicted against true, on one scale, with the interval that was promised around the line of no error."""
    every = [value for point in found.points for value in point]
    low, high = min(every), max(every)
    room = 0.04 * (high - low) or 0.5
    across = Axis(low=low - room, high=high + room, start=LEFT, end=RIGHT)
    up = Axis(low=low - room, high=high + room, start=BOTTOM, end=TOP)
    parts = [_band(_around(across.low, across.high, found.width), across, up)]
    parts += _frame(across, up, "true \u2192", "predicted")
    parts.append(path([(LEFT, BOTTOM), (RIGHT, TOP)], "today"))
    for true, predicted in found.points:
        parts.append(element("circle", cx=across(true), cy=up(predicted), r=2.4, class_=f"seed {kind}"))
    return picture(
        *parts,
        width=WIDTH,
        height=HEIGHT,
        title=f"Predicted against true of {title} for {len(found.points)} test {items}",
        description=promise(found, items),
        name="predicted",
        class_="chart",
    )


def _around(low: float, high: float, width: float) -> list[tuple[float, float]]:
    """The corners of all (true, predicted) from `low` to `high` that are no further apart than `width`."""
    up, across = min(low + width, high), max(high - width, low)
    return [(low, low), (low, up), (across, high), (high, high), (high, across), (up, low)]


def _band(corners: Sequence[tuple[float, float]], across: Axis, up: Axis) -> Markup:
    return path([(across(x), up(y)) for x, y in corners], "margin", close=True)


def _frame(across: Axis, up: Axis, below: str, beside: str) -> list[Markup]:
    """Grid, ticks, and what the axes are."""
    parts = []
    values = ticks(up.low, up.high, 5)
    for value, label in zip(values, words.round_values(values), strict=True):
        parts += [line(LEFT, up(value), RIGHT, up(value), "grid"), text(LEFT - 6, up(value) + 4, label, "tick", "end")]
    values = ticks(across.low, across.high, 5)
    for value, label in zip(values, words.round_values(values), strict=True):
        parts.append(line(across(value), BOTTOM, across(value), BOTTOM + 4, "axis"))
        parts.append(text(across(value), BOTTOM + 18, label, "tick", "middle"))
    parts.append(line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis"))
    parts.append(text(LEFT, 10, beside, "tick faint"))
    parts.append(text(RIGHT, BOTTOM + 38, below, "tick faint", "end"))
    return parts
