"""Learning curves of the trainings as small multiples, on axes that all of them share."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from epochal.core.metric import Metric
from epochal.core.run import Point
from epochal.report import words
from epochal.report.svg import Axis, element, line, log_ticks, path, picture, text
from epochal.report.view import RungView

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 176, 122, 30, 172, 8, 100
LOWEST = 1e-3  # losses below this are drawn here: a training loss may reach zero, which has no logarithm


@dataclass(frozen=True, kw_only=True)
class SmallMultiple:
    """One rung's drawing with the words above it."""

    view: RungView
    drawing: Markup
    caption: str
    points: tuple[Point, ...]


def small_multiples(views: Sequence[RungView], watched: Metric, items: str) -> list[SmallMultiple]:
    """One drawing for each rung whose training has a curve of at least two points; `items` such as "images"."""
    shown = [view for view in views if view.last and len(_values(view, "loss")) > 1]
    if not shown:
        return []
    ends = [pairs for view in shown for key in ("loss", "train_loss") if (pairs := _values(view, key))]
    starts = sorted(max(value for _, value in pairs) for pairs in ends)
    # A first loss far above the others', before anything is learned, is cut off rather than flattening them all.
    top = max(min(starts[-1], 2.5 * starts[len(starts) // 2]), 1e-6)
    # Training losses may fall by orders of magnitude further than validation losses: they leave the picture there.
    lowest = min(value for view in shown for _, value in _values(view, "loss")) / 3
    up = Axis(low=max(LOWEST, min(lowest, top / 4) * 0.8), high=top * 1.1, start=BOTTOM, end=TOP, log=True)
    return [_one(number, view, up, watched, items) for number, view in enumerate(shown)]


def _powers(up: Axis) -> list[float]:
    """Few round losses: each label is a line of a small drawing."""
    values = log_ticks(up.low, up.high)
    return values if len(values) <= 4 else values[:: math.ceil(len(values) / 4)]


def _values(view: RungView, key: str) -> list[tuple[float, float]]:
    curve: tuple[Point, ...] = view.last.curve if view.last else ()
    return [(float(p.examples), p.values[key]) for p in curve if words.known(p.values.get(key))]


def _one(number: int, view: RungView, up: Axis, watched: Metric, items: str) -> SmallMultiple:
    validation, train = _values(view, "loss"), _values(view, "train_loss")
    last = max(x for x, _ in validation + train)
    across = Axis(low=0.0, high=max(last, 1.0), start=LEFT, end=RIGHT)
    parts = []
    for value in _powers(up):
        parts.append(line(LEFT, up(value), RIGHT, up(value), "grid"))
        parts.append(text(LEFT - 5, up(value) + 4, f"{value:g}", "tick", "end"))
    parts.append(line(LEFT, BOTTOM, RIGHT, BOTTOM, "axis"))
    parts.append(text(LEFT, HEIGHT - 6, "0", "tick", "middle"))
    parts.append(text(RIGHT, HEIGHT - 6, f"{words.short_count(last)} {items}", "tick", "end"))
    if len(train) > 1:
        parts.append(path([(across(x), up(max(y, up.low))) for x, y in train], f"curve train {view.kind}"))
    parts.append(path([(across(x), up(max(y, up.low))) for x, y in validation], f"curve {view.kind}"))
    x, y = validation[-1]
    parts.append(element("circle", cx=across(x), cy=up(max(y, up.low)), r=3, class_=f"dot {view.kind}"))
    best = min(value for _, value in validation)
    described = (
        f"Validation loss goes from {validation[0][1]:.3g} to {y:.3g} over {words.count(last)} {items}; "
        f"its lowest is {best:.3g}." + (f" Training loss ends at {train[-1][1]:.3g}." if train else "")
    )
    drawing = picture(
        *parts,
        width=WIDTH,
        height=HEIGHT,
        title=f"Learning curve of {view.title}",
        description=described,
        name=f"curve-{number}",
        class_="chart small",
    )
    scores = _values(view, "score")
    score = f"validation {watched.title} {words.value(scores[-1][1], watched)}, " if scores else ""
    points = view.last.curve if view.last else ()
    return SmallMultiple(view=view, drawing=drawing, caption=f"{score}loss {y:.2g}", points=points)
