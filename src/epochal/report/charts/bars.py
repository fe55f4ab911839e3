"""Bars with whiskers: a row a place, a bar a series, its value next to it; dots where the axis is logarithmic."""

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
    said,
    shortened,
    tick,
)
from epochal.report.svg import Axis, element, line, text, wrap

MOST = 40  # places that are drawn
LABEL = 30


def rows(picture: Picture) -> list[tuple[str, list[Place | None]]]:
    """A row for each place that is named or has a value, with the value of each series there."""
    tables = []
    for series in picture.series:
        found = places(series)
        whole = all(place.x == int(place.x) and place.x >= 0 for place in found)
        table = {int(place.x) if whole else index: place for index, place in enumerate(found)}
        tables.append(table)
    count = max([len(picture.ticks), *(max(table, default=-1) + 1 for table in tables)])
    if len(picture.ticks) and count > len(picture.ticks):  # x says values, not places
        tables = [dict(enumerate(places(series))) for series in picture.series]
        count = max(len(picture.ticks), *(len(table) for table in tables))
    count = min(count, 10_000)
    labels = [picture.ticks[index] if index < len(picture.ticks) else str(index + 1) for index in range(count)]
    return [(label, [table.get(index) for table in tables]) for index, label in enumerate(labels)]


def draw(picture: Picture, form: Form = WIDE) -> tuple[Markup, int]:
    """What stands inside the drawing, and its height; empty where no series has a value."""
    if form.name == "small":
        return _small(picture, form)
    table = rows(picture)[:MOST]
    every = [place for _, row in table for place in row if place]
    if not every:
        return Markup(), 0
    classes, many = hues(picture.series), len(picture.series)
    at_left = form.named
    longest = min(LABEL, max(len(label) for label, _ in table))
    left = 12 + longest * LETTER if at_left else 0.0
    values = [said(picture, place.y) for place in every]
    right = form.width - 16 - max(map(len, values)) * LETTER
    thickness = 24 if many == 1 else 20 if many <= 3 else 15 if many <= 6 else 11
    head, foot = (14, 46) if picture.y_label else (8, 28)
    label_height = 0 if at_left else 19
    height = label_height + many * thickness + (12 if many == 1 else 16)
    total = head + height * len(table) + foot
    across = _axis(picture, every, left, right)
    parts = []
    bottom = total - foot
    found = marks(across, form.across)
    step = found[1] - found[0] if len(found) > 1 else None
    for value in found:
        x = put(across, value)
        parts.append(line(x, head - 4, x, bottom, "grid"))
        anchor = "start" if x < 14 else "middle"
        parts.append(text(x, bottom + 16, tick(value, percent=picture.percent, step=step), "tick", anchor))
    for number, (label, row) in enumerate(table):
        top = head + number * height
        if at_left:
            lines = wrap(shortened(label, 2 * LABEL), LABEL, 2 if height >= 32 else 1)
            middle = top + (height - 8) / 2 + 4.5 - 7.5 * (len(lines) - 1)
            parts += [text(left - 10, middle + 15 * n, part, "", "end") for n, part in enumerate(lines)]
        else:
            parts.append(text(0, top + 12, shortened(label, 46)))
        for index, place in enumerate(row):
            if place is not None:
                y = top + label_height + index * thickness + 4
                parts.append(_bar(picture, place, y, thickness - (3 if many == 1 else 2), across, classes[index]))
    if not across.log:
        parts.append(line(put(across, 0), head - 4, put(across, 0), bottom, "axis"))
    if picture.y_label:
        label = shortened(picture.y_label, 90 if at_left else 46)
        parts.append(text(right if at_left else 0, total - 8, label, "tick label", "end" if at_left else None))
    return Markup("").join(parts), round(total)


def _axis(picture: Picture, every: Sequence[Place], start: float, end: float) -> Axis:
    values = [value for place in every for value in (place.y, place.low, place.high)]
    log = picture.log_y
    return fitted(values, log=log, start=start, end=end, percent=picture.percent, zero=not log)


def _bar(picture: Picture, place: Place, top: float, thickness: float, across: Axis, class_: str) -> Markup:
    middle, at = top + thickness / 2, put(across, place.y)
    parts = []
    if across.log:
        parts.append(line(across.start, middle, at, middle, f"thread {class_}"))
        parts.append(element("circle", cx=at, cy=middle, r=min(5.0, thickness / 2), class_=f"dot {class_}"))
    else:
        origin = put(across, 0)
        box = {"x": min(origin, at), "width": max(abs(at - origin), 0.8), "y": top, "height": float(thickness)}
        parts.append(element("rect", **box, class_=f"bar {class_}"))
    ends = [put(across, place.low), put(across, place.high)]
    if place.low != place.high:
        parts.append(line(ends[0], middle, ends[1], middle, "whisker thin plain"))
    parts.append(text(max(at, *ends) + 7, middle + 4.5, said(picture, place.y), "value"))
    return Markup("").join(parts)


def _small(picture: Picture, form: Form) -> tuple[Markup, int]:
    """Upright bars without words, for the timeline."""
    table = rows(picture)[:24]
    every = [place for _, row in table for place in row if place]
    if not every:
        return Markup(), 0
    classes, many = hues(picture.series), max(1, len(picture.series))
    bottom, left = form.height - form.bottom, form.left
    up = _axis(picture, every, bottom, form.top)
    parts = []
    found = marks(up, form.up)
    step = found[1] - found[0] if len(found) > 1 else None
    for value in found:
        y = put(up, value)
        parts.append(line(left, y, form.width - form.right, y, "grid"))
        parts.append(text(left - 8, y + 4, tick(value, percent=picture.percent, step=step), "tick", "end"))
    room = (form.width - form.right - left) / len(table)
    wide = min(34.0, 0.74 * room / many)
    base = bottom if up.log else put(up, 0)
    for number, (label, row) in enumerate(table):
        middle = left + (number + 0.5) * room
        for index, place in enumerate(row):
            if place is None:
                continue
            x, at = middle + (index - many / 2) * wide, put(up, place.y)
            box = {"x": x + 0.5, "width": wide - 1, "y": min(base, at), "height": max(abs(base - at), 0.8)}
            parts.append(element("rect", **box, class_=f"bar {classes[index]}"))
            if place.low != place.high:
                centre = x + wide / 2
                parts.append(line(centre, put(up, place.low), centre, put(up, place.high), "whisker thin plain"))
        if room / LETTER >= 4:
            parts.append(text(middle, form.height - 6, shortened(label, int(room / LETTER) - 1), "tick", "middle"))
    parts.append(line(left, base, form.width - form.right, base, "axis"))
    return Markup("").join(parts), form.height
