"""The ladder through history: each rung's score over the year of its idea, with the best so far as a staircase."""

import math
import re
from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.interval import Interval
from epochal.report import words
from epochal.report.charts.scale import Scale, score_scale
from epochal.report.svg import Axis, element, line, mark, path, picture, text, wrap
from epochal.report.view import RungView, Scored

WIDTH, LEFT, RIGHT, TOP = 1000, 46, 992, 34
LARGEST, SMALLEST, TICK = 13.0, 9.0, 12.0  # sizes of the names below the columns, and of ticks (charts.css)
LETTER, BOLD = 0.56, 0.62  # width of a letter, in sizes
FIRST_YEAR = 1943  # McCulloch and Pitts, "A Logical Calculus of the Ideas Immanent in Nervous Activity"


def history(views: list[RungView], scored: Scored) -> Markup:
    """The wide picture. Rungs stand in even columns, so that their labels have room; a line leads each to its year."""
    if not views:
        return Markup()
    scores = [score for view in views if (score := scored.of(view))]
    scale = score_scale(scores, scored.metric)
    broken = any(map(scale.leaves_out, scores))
    bottom = TOP + (236 if broken else 262)
    floor = bottom + 44 if broken else bottom
    axis = scale.axis(bottom, TOP)
    column = (RIGHT - LEFT) / len(views)
    centres = [LEFT + column * (index + 0.5) for index in range(len(views))]

    def height(score: Interval) -> float:
        return bottom + 26.0 if scale.leaves_out(score) else axis(score.mean)

    size = name_size(views, column)
    parts = [_grid(scale, axis, bottom, floor)]
    parts.append(_staircase(views, scored, height, centres, column, floor))
    for view, x in zip(views, centres, strict=True):
        parts.append(_column(view, scored, x, column, size, scale, axis, height, floor))
    label_depth, years_at = 84, floor + 158
    parts.append(_years(views, centres, floor + label_depth, years_at))
    missing = [view.title for view in views if not scored.of(view)]
    metric = scored.metric
    values = "; ".join(
        f"{view.rung.year} {view.title} {words.value(score.mean, metric)} ({words.interval(score, metric)})"
        for view in views
        if (score := scored.of(view))
    )
    described = f"{values}." + (f" Without a score: {words.listed(missing)}." if missing else "")
    return picture(
        *parts,
        width=WIDTH,
        height=int(years_at + 42),
        title=f"{words.capital(scored.title)} of each rung, by the year of its idea",
        description=described,
        name="history",
        class_="chart wide",
    )


def name_size(views: Sequence[RungView], column: float) -> float:
    """The size of letters with which the longest word below a column stays within it."""
    longest = max(
        (BOLD if view.chosen else LETTER) * len(word)
        for view in views
        for word in re.split(r"\s|(?<=-)", view.title if view.last else f"{view.title} {view.why_missing}")
    )
    return min(max((column - 3) / max(longest, 1e-9), SMALLEST), LARGEST)


def _grid(scale: Scale, axis: Axis, bottom: float, floor: float) -> Markup:
    parts = []
    values = scale.ticks(5)
    for value, label in zip(values, scale.labels(values), strict=True):
        y = axis(value)
        parts.append(line(LEFT, y, RIGHT, y, "grid"))
        parts.append(text(LEFT - 8, y + 4, label, "tick", "end"))
    if floor > bottom:
        y = (bottom + floor) / 2
        zigzag = [(LEFT - 34 + step * 5, y + (3.0 if step % 2 else -3.0)) for step in range(6)]
        parts.append(path(zigzag, "break"))
    parts.append(line(LEFT, floor, RIGHT, floor, "axis"))
    return Markup().join(parts)


def _staircase(views, scored, height, centres, column, floor) -> Markup:  # type: ignore[no-untyped-def]
    """The best so far, in the order of history, filled down to the ground."""
    best: Interval | None = None
    places: list[tuple[float, float]] = []
    for view, x in zip(views, centres, strict=True):
        score = scored.of(view)
        if score and (best is None or scored.metric.sign * (score.mean - best.mean) > 0):
            best = score
        if best is not None:
            places += [(x - column / 2, height(best)), (x + column / 2, height(best))]
    if not places:
        return Markup()
    ground = [(places[0][0], floor), *places, (places[-1][0], floor)]
    return path(ground, "staircase-fill", close=True) + path(places, "staircase")


def _column(view, scored, x, column, size, scale, axis, height, floor) -> Markup:  # type: ignore[no-untyped-def]
    """Mark, interval and score of one rung, with its name and cost below the ground."""
    parts, letters = [], max(8, int(column / (LETTER * size)))
    score = scored.of(view)
    if score:
        y, below = height(score), scale.leaves_out(score)
        upper, lower = sorted((axis(score.low), axis(score.high)))
        if below:
            upper = y
        else:
            parts.append(line(x, lower, x, upper, f"whisker {view.kind}"))
        parts.append(mark(x, y, view.kind, hollow=view.early, chosen=view.chosen, radius=6))
        above = min(upper, y - (11 if view.chosen else 6)) - 7
        shown = words.value(score.mean, scored.metric)
        parts.append(text(x, above, shown, "value strong" if view.chosen else "value", "middle"))
    else:
        parts.append(text(x, floor - 14, "\u00d7", f"missing {view.kind}", "middle"))
        for row, part in enumerate(reversed(wrap(view.why_missing, letters))):
            parts.append(_sized(x, floor - 34 - 13 * row, part, "tick", min(size, TICK), TICK))
    class_ = "name strong" if view.chosen else "name"
    lines = wrap(view.title, letters)
    for row, part in enumerate(lines):
        parts.append(_sized(x, floor + 20 + 15 * row, part, class_, size))
    took = words.duration(view.seconds)
    parts.append(_sized(x, floor + 20 + 15 * len(lines), took, "tick", min(size, TICK), TICK))
    return Markup().join(parts)


def _sized(x: float, y: float, words_: str, class_: str, size: float, usual: float = LARGEST) -> Markup:
    """Text in the middle of a column, in letters of this size; `usual` is that of its class."""
    style = f"font-size:{size:.1f}px" if size < usual else None
    return element("text", words_, x=x, y=y, class_=class_, text_anchor="middle", style=style)


def _years(views: list[RungView], centres: list[float], start: float, end: float) -> Markup:
    """The timeline under the columns, at its true scale."""
    last = max(2016, *(view.rung.year for view in views)) + 1
    first = min(FIRST_YEAR, *(view.rung.year for view in views))
    axis = Axis(low=first - 1, high=last, start=LEFT, end=RIGHT)
    parts = [line(LEFT, end, RIGHT, end, "axis")]
    step = next(years for years in (10, 20, 50) if years * 12 >= last - first or years == 50)
    decades = range(step * math.ceil(first / step), last, step)
    for decade in (year for year in decades if abs(year - FIRST_YEAR) > step / 2):
        parts += [line(axis(decade), end, axis(decade), end + 5, "axis")]
        parts += [text(axis(decade), end + 20, decade, "tick", "middle")]
    parts.append(element("circle", cx=axis(FIRST_YEAR), cy=end, r=2.5, class_="dot"))
    parts.append(text(axis(FIRST_YEAR), end + 20, FIRST_YEAR, "tick", "middle"))
    parts.append(text(max(LEFT, axis(FIRST_YEAR) - 16), end + 36, "the first model of a neuron", "tick faint"))
    middle = (start + end) / 2
    for view, x in zip(views, centres, strict=True):
        year = axis(view.rung.year)
        curve = f"M{x:.1f} {start:.1f}C{x:.1f} {middle:.1f} {year:.1f} {middle:.1f} {year:.1f} {end:.1f}"
        parts.append(element("path", d=curve, class_=f"leader {view.kind}" + (" strong" if view.chosen else "")))
        parts.append(element("circle", cx=year, cy=end, r=3, class_=f"dot {view.kind}"))
    years: dict[int, list[float]] = {}
    for view, x in zip(views, centres, strict=True):
        years.setdefault(view.rung.year, []).append(x)
    for year_number, places in years.items():
        for x in places:
            parts.append(element("text", year_number, x=x, y=start - 4, class_="tick year", text_anchor="middle"))
    return Markup().join(parts)
