"""Lines with bands: y against x, on linear or logarithmic axes, each named at its end where there is room."""

from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.claim import Picture
from epochal.report.charts.plot import (
    LETTER,
    WIDE,
    Form,
    Place,
    fitted,
    hues,
    marks,
    places,
    put,
    shortened,
    spread,
    thin,
    tick,
)
from epochal.report.svg import Axis, element, line, path, text, wrap

LONGEST, NAME_HEIGHT = 26, 16.0  # letters of a line of a name, and its height
FEW, CROWD = 14, 5  # points that each get a dot; lines that all keep every point


def draw(picture: Picture, form: Form = WIDE) -> Markup:
    """What stands inside the drawing; empty where no series has a value."""
    most = form.points if len(picture.series) <= CROWD else max(16, form.points * CROWD // len(picture.series))
    found = [thin(places(series), most) for series in picture.series]
    if not any(found):
        return Markup()
    classes = hues(picture.series)
    lines_each = 2 if sum(map(bool, found)) <= 8 else 1
    names = [
        wrap(shortened(series.label, LONGEST * lines_each), LONGEST, lines_each) if row else []
        for series, row in zip(picture.series, found, strict=True)
    ]
    widest = max((len(part) for name in names for part in name), default=0)
    right = form.width - (form.right + 26 + widest * LETTER if form.named else form.right)
    bottom = form.height - form.bottom
    every = [place for row in found for place in row]
    up = fitted(
        (value for place in every for value in (place.y, place.low, place.high)),
        log=picture.log_y,
        start=bottom,
        end=form.top,
        percent=picture.percent,
    )
    left = 12 + LETTER * max(map(len, _heights(picture, form, up).values()), default=0)
    across = fitted((place.x for place in every), log=picture.log_x, start=left, end=right)
    across = _tight(across, [place.x for place in every], picture)
    parts = [_axes(picture, form, across, up, right, bottom)]
    drawn = sorted(range(len(found)), key=lambda index: picture.series[index].role == "control")
    for index in drawn:
        parts.append(_band(found[index], across, up, classes[index]))
    for index in drawn:
        parts.append(_line(found[index], across, up, classes[index], form))
    if form.named:
        parts.append(_names(names, found, classes, across, up, right, (form.top - 8, bottom + 8)))
    return Markup("").join(parts)


def _tight(across: Axis, values: Sequence[float], picture: Picture) -> Axis:
    """A linear axis of x has no room at its ends, unless there is one place only."""
    if picture.log_x or min(values) == max(values):
        return across
    low = 0.0 if 0 < min(values) < 0.25 * max(values) else min(values)
    return Axis(low=low, high=max(values), start=across.start, end=across.end)


def _heights(picture: Picture, form: Form, up: Axis) -> dict[float, str]:
    """The values along the axis of y, with their words."""
    values = marks(up, form.up)
    step = values[1] - values[0] if len(values) > 1 and not up.log else None
    return {value: tick(value, percent=picture.percent, step=step, largest=max(values)) for value in values}


def _axes(picture: Picture, form: Form, across: Axis, up: Axis, right: float, bottom: float) -> Markup:
    parts, left = [], across.start
    for value, said in _heights(picture, form, up).items():
        parts.append(line(left, put(up, value), right, put(up, value), "grid"))
        parts.append(text(left - 8, put(up, value) + 4, said, "tick", "end"))
    parts.append(line(left, bottom, right, bottom, "axis"))
    values = marks(across, form.across)
    named: list[tuple[float, str]] = [(float(place), word) for place, word in enumerate(picture.ticks)]
    named = named or [(value, tick(value, largest=max(values))) for value in values]
    shown = [(value, word) for value, word in named if across.holds(value)]
    room = (right - left) / max(1, len(shown))
    for value, word in shown:
        x = put(across, value)
        anchor = "start" if x < left + 12 else "end" if x > right - 12 else "middle"
        parts.append(line(x, bottom, x, bottom + 4, "axis"))
        parts.append(text(x, bottom + 18, shortened(word, max(3, int(room / LETTER) - 1)), "tick", anchor))
    if form.labelled:
        most = 90 if form.named else 44
        parts.append(text(0, 14, shortened(picture.y_label, most), "tick label"))
        parts.append(text(right, form.height - 8, shortened(picture.x_label, most), "tick label", "end"))
    return Markup("").join(parts)


def _band(row: Sequence[Place], across: Axis, up: Axis, class_: str) -> Markup:
    if all(place.low == place.y == place.high for place in row):
        return Markup()
    if len(row) == 1:
        x, (_, _, low, high) = put(across, row[0].x), row[0]
        return line(x, put(up, low), x, put(up, high), f"whisker {class_}")
    over = [(put(across, place.x), put(up, place.high)) for place in row]
    under = [(put(across, place.x), put(up, place.low)) for place in reversed(row)]
    return path(over + under, f"band {class_}", close=True)


def _line(row: Sequence[Place], across: Axis, up: Axis, class_: str, form: Form) -> Markup:
    if not row:
        return Markup()
    at = [(put(across, place.x), put(up, place.y)) for place in row]
    parts = [path(at, f"curve {class_}")]
    radius = 2.6 if form.named else 2.2
    dots = at if len(at) <= FEW else at[-1:]
    parts += [element("circle", cx=x, cy=y, r=radius, class_=f"dot {class_}") for x, y in dots]
    return Markup("").join(parts)


def _names(
    names: Sequence[Sequence[str]],
    found: Sequence[Sequence[Place]],
    classes: Sequence[str],
    across: Axis,
    up: Axis,
    right: float,
    span: tuple[float, float],
) -> Markup:
    """The name of each line next to its end, joined to it by a thin one."""
    kept = [index for index, row in enumerate(found) if row]
    ends = [(put(across, found[index][-1].x), put(up, found[index][-1].y)) for index in kept]
    heights = [NAME_HEIGHT * len(names[index]) + 3 for index in kept]
    parts = []
    for index, (x, y), height, centre in zip(
        kept, ends, heights, spread([y for _, y in ends], heights, *span), strict=True
    ):
        parts.append(path([(x + 4, y), (right + 4, y), (right + 16, centre)], f"leader {classes[index]}"))
        top = centre - height / 2 + NAME_HEIGHT - 2
        for number, words in enumerate(names[index]):
            parts.append(text(right + 21, top + number * NAME_HEIGHT, words, f"name own {classes[index]}"))
    return Markup("").join(parts)
