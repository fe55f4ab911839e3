"""Cost against quality: seconds on a logarithmic axis, with the rungs that nothing beats on both."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from markupsafe import Markup

from epochal.report import words
from epochal.report.charts.scale import Scale, score_scale
from epochal.report.svg import Axis, element, line, log_ticks, mark, path, picture, place_labels, text
from epochal.report.view import RungView, Scored

CLOCK = (
    (0.00001, "10 \u00b5s"),
    (0.0001, "0.1 ms"),
    (0.001, "1 ms"),
    (0.01, "10 ms"),
    (0.1, "0.1 s"),
    (1, "1 s"),
    (10, "10 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3600, "1 h"),
    (36000, "10 h"),
    (360000, "100 h"),
)


@dataclass(frozen=True, kw_only=True)
class Price:
    """A cost in seconds, and what it is called."""

    name: str
    title: str
    of: Callable[[RungView], float | None]


TRAINING = Price(name="training", title="one training", of=lambda view: view.seconds)
ANSWER = Price(name="answer", title="one answer", of=lambda view: view.answer)


def priced(views: list[RungView], scored: Scored, price: Price) -> list[RungView]:
    """The rungs that have a score and a price."""
    return [view for view in views if scored.of(view) and words.known(price.of(view))]


def free(views: list[RungView], scored: Scored, price: Price) -> list[RungView]:
    """The rungs whose price is too little to be measured, which has no place on a logarithmic axis; the caption names
    them."""
    return [view for view in priced(views, scored, price) if (price.of(view) or 0.0) <= 0]


def front(views: list[RungView], scored: Scored, price: Price = TRAINING) -> list[str]:
    """Names of the rungs that no other rung matches at the same cost or less, cheapest first."""
    found = [
        (price.of(view) or 0.0, -scored.metric.sign * score.mean, view.name)
        for view in priced(views, scored, price)
        if (score := scored.of(view))
    ]
    names: list[str] = []
    best = 0.0
    for _, negative, name in sorted(found):
        if not names or negative < best:
            names.append(name)
            best = negative
    return names


def too_low(views: list[RungView], scored: Scored) -> list[RungView]:
    """Rungs so much worse than the others that they would flatten the picture; the caption names them instead."""
    scale = score_scale([score for view in views if (score := scored.of(view))], scored.metric)
    return [view for view in views if (score := scored.of(view)) and scale.leaves_out(score)]


def cost_chart(views: list[RungView], scored: Scored, price: Price = TRAINING, *, narrow: bool) -> Markup:
    """The picture, in a wide and a narrow form of the same content."""
    drawn = [view for view in priced(views, scored, price) if (price.of(view) or 0.0) > 0]
    if not drawn:
        return Markup()
    scores = [score for view in drawn if (score := scored.of(view))]
    if narrow:  # no room for intervals, which the other pictures show
        scores = [score.replace(low=score.mean, high=score.mean) for score in scores]
    scale = score_scale(scores, scored.metric)
    known = [view for view in drawn if not scale.leaves_out(scored.of(view))]  # type: ignore[arg-type]
    width, height = (340, 440) if narrow else (760, 420)
    left, right, top = 40, width - 8, 34 if narrow else 22
    bottom = height - 40
    across_values = [price.of(view) or 0.0 for view in known]
    across = Axis(low=min(across_values) / 2.2, high=max(across_values) * 2.2, start=left, end=right, log=True)
    up = scale.axis(bottom, top)

    def place(view: RungView) -> tuple[float, float]:
        mean = scored.of(view).mean  # type: ignore[union-attr]
        return across(price.of(view) or 0.0), up(mean)

    parts = _frame(scale, across, up, bottom, narrow, price)
    names = front(views, scored, price)
    by_name = {view.name: view for view in known}
    stairs = _steps([place(by_name[name]) for name in names if name in by_name], right)
    parts.append(path(stairs, "front"))
    anchors = [place(view) for view in known]
    sizes = [(len(view.title) * (7.9 if view.chosen else 7.3) + 4, 15.0) for view in known]
    whiskers = []
    for view, (x, _) in zip(known, anchors, strict=True):
        score = scored.of(view)
        if score and not narrow:
            upper, lower = sorted((up(score.low), up(score.high)))
            whiskers.append((x - 1.5, upper, x + 1.5, lower))
            parts.append(line(x, lower, x, upper, f"whisker thin {view.kind}"))
    treads = [(a, b - 1.5, c, b + 1.5) for (a, b), (c, d) in pairwise(stairs) if b == d]
    clearances = [16.0 if view.chosen else 11.0 for view in known]
    boxes = place_labels(anchors, sizes, clearances, (left + 2, 4, width - 2, height - 44), [*whiskers, *treads])
    for view, (x, y), box in zip(known, anchors, boxes, strict=True):
        parts.append(_label(view, x, y, box, on_front=view.name in names))
        parts.append(mark(x, y, view.kind, hollow=view.early, chosen=view.chosen))
    described = "; ".join(
        f"{view.title} {words.moments(price.of(view))}, {words.value(score.mean, scored.metric)}"
        for view in drawn
        if (score := scored.of(view))
    )
    best = words.listed(by_name[name].title for name in names if name in by_name)
    return picture(
        *parts,
        width=width,
        height=height,
        title=f"{words.capital(scored.title)} against seconds of {price.title}",
        description=f"{described}. Nothing is both cheaper and better than: {best}.",
        name=f"cost-{price.name}" + "-narrow" * narrow,
        class_="chart narrow" if narrow else "chart wide",
    )


def _frame(scale: Scale, across: Axis, up: Axis, ground: float, narrow: bool, price: Price) -> list[Markup]:
    parts = []
    values = scale.ticks(5)
    for value, label in zip(values, scale.labels(values), strict=True):
        parts.append(line(across.start, up(value), across.end, up(value), "grid"))
        parts.append(text(across.start - 6, up(value) + 4, label, "tick", "end"))
    parts.append(line(across.start, ground, across.end, ground, "axis"))
    places = [(value, words_) for value, words_ in CLOCK if across.low <= value <= across.high]
    if len(places) < 2:
        places = [(value, words.moments(value)) for value in log_ticks(across.low, across.high, dense=True)]
    if narrow and len(places) > 5:
        places = places[::2]
    for value, label in places:
        parts.append(line(across(value), ground, across(value), ground + 5, "axis"))
        parts.append(text(across(value), ground + 19, label, "tick", "middle"))
    parts.append(text(across.end, ground + 36, f"time of {price.title} (log scale) \u2192", "tick faint", "end"))
    return parts


def _steps(places: list[tuple[float, float]], right: float) -> list[tuple[float, float]]:
    """The front as a staircase: a quality costs what the cheapest rung with it costs."""
    stairs: list[tuple[float, float]] = []
    for x, y in places:
        if stairs:
            stairs.append((x, stairs[-1][1]))
        stairs.append((x, y))
    return [*stairs, (right, stairs[-1][1])] if stairs else []


def _label(view: RungView, x: float, y: float, box: tuple[float, float, float, float], on_front: bool) -> Markup:
    """The name in its box, with a thin line to its mark where they are apart."""
    near_x, near_y = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
    distance = ((near_x - x) ** 2 + (near_y - y) ** 2) ** 0.5
    class_ = "name strong" if view.chosen else "name" if on_front else "name faint"
    label = element("text", view.title, x=(box[0] + box[2]) / 2, y=box[3] - 3.5, class_=class_, text_anchor="middle")
    return (line(x, y, near_x, near_y, "pointer") if distance > 16 else Markup()) + label
