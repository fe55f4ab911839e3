"""A grid of shades: a table whose cells are tinted by their value, or a drawing where there are too many for words."""

from markupsafe import Markup

from epochal.core.claim import Picture
from epochal.report import words
from epochal.report.charts.plot import LETTER, SMALL, WIDE, Form, said, shortened
from epochal.report.svg import element, text

MOST_COLUMNS, MOST_ROWS = 14, 24  # of a table with its numbers
LEVELS = 25  # of shade, where a drawing takes the place of the table


def cells(picture: Picture) -> list[list[float | None]]:
    """[rows][columns], None where there is no value; every row as long as the longest."""
    columns = max([len(picture.ticks), *(len(series.y) for series in picture.series)], default=0)
    rows = [[value if words.known(value) else None for value in series.y] for series in picture.series]
    return [row + [None] * (columns - len(row)) for row in rows]


def as_table(picture: Picture) -> bool:
    """Whether the grid is small enough to be read as numbers."""
    table = cells(picture)
    return len(table) <= MOST_ROWS and max(map(len, table), default=0) <= MOST_COLUMNS


def shade(value: float | None) -> float:
    return 0.0 if value is None else min(1.0, max(0.0, value))


def draw(picture: Picture, form: Form = WIDE) -> tuple[Markup, int]:
    """What stands inside the drawing, and its height; empty where there is no value."""
    table = cells(picture)
    columns = max(map(len, table), default=0)
    if not any(value is not None for row in table for value in row):
        return Markup(), 0
    named = form.name != SMALL.name and len(table) <= 40
    most = 22 if form.named else 12
    labels = [shortened(series.label, most) for series in picture.series]
    left = 10 + max(map(len, labels)) * LETTER if named else 0.0
    side = (form.width - left) / columns
    high = min(side, (form.height - 24) / len(table)) if form.name == SMALL.name else min(side, 34.0)
    parts = []
    levels: dict[int, list[str]] = {}  # one path a level of shade: a grid may have thousands of cells
    for number, row in enumerate(table):
        top = number * high
        if named and high >= 11:
            parts.append(text(left - 8, top + high / 2 + 4, labels[number], "tick", "end"))
        for index, value in enumerate(row):
            if value is not None:
                stroke = f"M{left + index * side:.1f} {top + high / 2:.1f}h{side - 0.6:.1f}"
                levels.setdefault(round(LEVELS * shade(value)), []).append(stroke)
    for level, strokes in sorted(levels.items()):
        opacity = round(0.05 + 0.95 * level / LEVELS, 2)
        parts.append(
            element("path", d="".join(strokes), class_="cells", stroke_width=high - 0.6, stroke_opacity=opacity)
        )
    bottom = len(table) * high
    if not picture.ticks or form.name == SMALL.name:
        return Markup("").join(parts), round(bottom + 2)
    every = max(1, -(-max(map(len, picture.ticks)) * 7 // max(1, int(side))))
    for index, word in enumerate(picture.ticks[:columns]):
        if index % every == 0:
            parts.append(text(left + (index + 0.5) * side, bottom + 16, shortened(word, 12), "tick", "middle"))
    return Markup("").join(parts), round(bottom + 24)


def table_of(picture: Picture) -> Markup:
    """The grid as a table that can be read with and without its colours."""
    table = cells(picture)
    columns = max(map(len, table), default=0)
    heads = [picture.ticks[index] if index < len(picture.ticks) else str(index + 1) for index in range(columns)]
    corner = element("td", element("span", picture.x_label or "", class_="corner"))
    head = element("tr", corner, *(element("th", element("span", word), scope="col") for word in heads))
    body = []
    for series, row in zip(picture.series, table, strict=True):
        written = [element("th", element("span", series.label), scope="row")]
        for value in row:
            if value is None:
                written.append(element("td", words.NONE, class_="nil"))
            else:
                style = f"--share:{100 * shade(value):.0f}%"
                written.append(element("td", said(picture, value).removesuffix("%"), style=style))
        body.append(element("tr", *written))
    inner = element(
        "table",
        element("caption", picture.title, class_="hidden"),
        element("thead", head),
        element("tbody", *body),
        class_="shades",
    )
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=picture.title)
