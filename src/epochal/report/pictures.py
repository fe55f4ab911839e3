"""Pictures of a milestone as figures of a page: drawn for wide and narrow columns, with a legend and their numbers."""

import re
from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.claim import Picture
from epochal.report import words
from epochal.report.charts import bars, lines, shades
from epochal.report.charts.plot import NARROW, SMALL, WIDE, Form, hues, places, said, thin
from epochal.report.svg import element, picture

LINES, BARS, GRID, IMAGES = "lines", "bars", "grid", "images"
KINDS = (LINES, BARS, GRID, IMAGES)
DATA_URI = re.compile(r"data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+")
MOST_ROWS, MOST_DESCRIBED = 40, 8  # of the folded table; of the series in a description
SMALL_IMAGES, SMALL_BYTES, SMALL_LEGEND = 12, 24_000, 4


def figure(shown: Picture, name: str) -> Markup:
    """A whole figure: title, caption, legend, drawing, and the numbers behind it folded away.

    Args:
        name: sets the figure's identifiers apart from those of others on the page.
    """
    body = _body(shown, name)
    if not body:
        body = element("p", "There is nothing to draw: no value was measured.", class_="absent")
    caption = [element("h3", shown.title)] if shown.title else []
    caption += [element("p", words_of_caption(shown), class_="caption")] if words_of_caption(shown) else []
    head = element("figcaption", *caption) if caption else Markup()
    return element("figure", head, body, numbers(shown), class_="picture")


def small(shown: Picture, name: str) -> Markup:
    """The same, as small as it goes, for a place on the timeline; empty where there is nothing to draw."""
    if _kind(shown) == IMAGES:
        return _images(shown, small=True)
    drawing = _drawing(shown, SMALL, name)
    return Markup("").join((drawing, _legend(shown, SMALL_LEGEND))) if drawing else Markup()


def words_of_caption(shown: Picture) -> str:
    """The caption, and what a logarithmic axis cannot show."""
    every = [place for series in shown.series for place in places(series)]
    hidden = (shown.log_y and any(place.y <= 0 for place in every)) or (
        shown.log_x and any(place.x <= 0 for place in every)
    )
    note = "Zeros are drawn at the edge of the logarithmic scale." if hidden and _kind(shown) != GRID else ""
    return " ".join(part for part in (shown.caption, note) if part)


def _kind(shown: Picture) -> str:
    return shown.kind if shown.kind in KINDS else LINES


def _body(shown: Picture, name: str) -> Markup:
    if _kind(shown) == IMAGES:
        return _images(shown)
    if _kind(shown) == GRID and shades.as_table(shown):
        return shades.table_of(shown) if any(shades.cells(shown)) else Markup()
    wide, narrow = (_drawing(shown, form, f"{name}-{form.name}") for form in (WIDE, NARROW))
    if not wide:
        return Markup()
    legend = _legend(shown, len(shown.series)) if len(shown.series) > 1 and _kind(shown) != GRID else Markup()
    if legend and _kind(shown) == LINES:  # a wide drawing has the names at the ends of its lines
        legend = element("div", legend, class_="narrow")
    return Markup("").join((legend, wide, narrow))


def _drawing(shown: Picture, form: Form, name: str) -> Markup:
    if _kind(shown) == LINES:
        inner, height = lines.draw(shown, form), form.height
    else:
        inner, height = (bars if _kind(shown) == BARS else shades).draw(shown, form)
    if not inner:
        return Markup()
    return picture(
        inner,
        width=form.width,
        height=height,
        title=shown.title or shown.y_label or "Picture",
        description=describe(shown),
        name=name,
        class_=f"chart {form.name}",
    )


def describe(shown: Picture) -> str:
    """What is seen, for those who do not see it."""
    sentences = []
    for series in shown.series[:MOST_DESCRIBED]:
        found = places(series)
        if not found:
            continue
        first, last = said(shown, found[0].y), said(shown, found[-1].y)
        lowest = said(shown, min(place.y for place in found))
        highest = said(shown, max(place.y for place in found))
        if _kind(shown) == LINES and len(found) > 1:
            sentences.append(f"{series.label}: from {first} to {last}")
        elif len(found) == 1:
            sentences.append(f"{series.label}: {first}")
        else:
            sentences.append(f"{series.label}: {words.plural(len(found), 'value')}, {lowest} to {highest}")
    more = len(shown.series) - MOST_DESCRIBED
    if more > 0:
        sentences.append(f"and {more} more")
    axes = [part for part in (shown.y_label, f"against {shown.x_label}" if shown.x_label else "") if part]
    return (" ".join(axes) + ". " if axes else "") + "; ".join(sentences) + ("." if sentences else "")


def _legend(shown: Picture, most: int) -> Markup:
    """The name of each series, with its colour."""
    named = [(one, hue) for one, hue in zip(shown.series, hues(shown.series), strict=True) if one.label]
    if not named or _kind(shown) == GRID:
        return Markup()
    parts = []
    for series, hue in named[:most]:
        if _kind(shown) == LINES:
            shape = element("line", x1=0, y1=6, x2=22, y2=6, class_=f"curve {hue}")
        else:
            shape = element("rect", x=5, y=0, width=12, height=12, class_=f"bar {hue}")
        swatch = element("svg", shape, viewBox="0 0 22 12", class_="swatch", aria_hidden="true")
        parts.append(element("span", swatch, " ", element("span", series.label)))
    if len(named) > most:
        parts.append(element("span", f"and {len(named) - most} more"))
    return element("p", *parts, class_="legend")


def _images(shown: Picture, small: bool = False) -> Markup:
    kept, spent = [], 0
    for index, source in enumerate(shown.images):
        if not DATA_URI.fullmatch(source) or (small and spent + len(source) > SMALL_BYTES):
            continue
        spent += len(source)
        kept.append((shown.ticks[index] if index < len(shown.ticks) else "", source))
    kept = kept[: SMALL_IMAGES if small else None]
    if not kept:
        return Markup()
    cells = []
    for number, (label, source) in enumerate(kept, 1):
        image = element("img", src=source, alt=label or f"Image {number} of {len(kept)}", loading="lazy")
        cells.append(element("li", image, *([element("span", label)] if label and not small else [])))
    return element("ul", *cells, class_="images small" if small else "images")


def numbers(shown: Picture) -> Markup:
    """The values of a picture as a table, folded; empty where they are on the page already."""
    if _kind(shown) == IMAGES or (_kind(shown) == GRID and shades.as_table(shown)):
        return Markup()
    head, rows = _by_place(shown) if _kind(shown) == LINES else _by_row(shown)
    if not rows:
        return Markup()
    kept = thin(rows, MOST_ROWS)
    columns = element(
        "tr", *(element("th", word, scope="col", class_="right" if n else None) for n, word in enumerate(head))
    )
    body = [
        element("tr", element("th", row[0], scope="row"), *(element("td", cell, class_="right") for cell in row[1:]))
        for row in kept
    ]
    table = element("table", element("thead", columns), element("tbody", *body), class_="plain")
    label = f"The numbers: {shown.title}"
    scroll = element("div", table, class_="scroll", tabindex=0, role="region", aria_label=label)
    left_out = f"{len(kept)} of {len(rows)} rows, evenly chosen." if len(kept) < len(rows) else ""
    note = element("p", left_out, class_="caption") if left_out else Markup()
    return element("details", element("summary", "The numbers"), scroll, note, class_="fold numbers")


def _by_place(shown: Picture) -> tuple[list[str], list[list[str]]]:
    """A row for each x, a column for each series."""
    tables = [{place.x: _ranged(shown, place) for place in places(series)} for series in shown.series]
    across = sorted({x for table in tables for x in table})
    whole = all(x == int(x) for x in across)
    named = shown.ticks if whole else ()
    heads = [shown.x_label or "x", *(series.label or shown.y_label for series in shown.series)]
    rows = []
    for x in across:
        label = named[int(x)] if 0 <= x < len(named) else words.count(x) if whole else f"{x:.4g}"
        rows.append([label, *(table.get(x, words.NONE) for table in tables)])
    return heads, rows


def _by_row(shown: Picture) -> tuple[list[str], list[list[str]]]:
    """A row for each place of the bars, or of the grid."""
    if _kind(shown) == GRID:
        table = shades.cells(shown)
        columns = max(map(len, table), default=0)
        heads = [shown.ticks[n] if n < len(shown.ticks) else str(n + 1) for n in range(columns)]
        written = [
            [series.label, *(words.NONE if value is None else said(shown, value) for value in row)]
            for series, row in zip(shown.series, table, strict=True)
        ]
        return [shown.x_label, *heads], written if columns else []
    rows = [
        [label, *(words.NONE if place is None else _ranged(shown, place) for place in row)]
        for label, row in bars.rows(shown)
    ]
    return [shown.x_label or "", *(series.label or shown.y_label for series in shown.series)], rows


def _ranged(shown: Picture, place: Sequence[float]) -> str:
    _, value, low, high = place
    bounds = f" ({said(shown, low)} to {said(shown, high)})" if low != high else ""
    return said(shown, value) + bounds
