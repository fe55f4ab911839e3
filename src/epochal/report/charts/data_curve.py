"""Error against the number of training examples: what was measured, the law, its band, and the held-out check."""

from markupsafe import Markup

from epochal.report import words
from epochal.report.result import DataCurve
from epochal.report.svg import Axis, element, line, mark, path, picture, text, ticks


def usable(curve: DataCurve | None) -> bool:
    """Whether there is anything to draw: at least two sizes with a measured error."""
    return curve is not None and sum(bool(errors) for _, errors in measured(curve)) >= 2


def measured(curve: DataCurve) -> list[tuple[int, list[float]]]:
    """Each size with the errors of its seeds, as far as they are known."""
    rows = []
    for index, size in enumerate(curve.sizes):
        rows.append((size, [seed[index] for seed in curve.errors if index < len(seed) and words.known(seed[index])]))
    return rows


def data_curve_chart(curve: DataCurve, kind: str, title: str, *, items: str, narrow: bool) -> Markup:
    """The picture, in a wide and a narrow form of the same content."""
    width, height = (340, 320) if narrow else (760, 380)
    left, right, top, bottom = 40, width - 12, 16, height - 46
    rows = [(size, errors) for size, errors in measured(curve) if errors]
    band = [point for point in curve.band if all(words.known(value) for value in point) and point[0] > 0]
    sizes = [float(size) for size, _ in rows] + [point[0] for point in band]
    across = Axis(low=min(sizes) * 0.85, high=max(sizes) * 1.12, start=left, end=right, log=True)
    seen = [error for _, errors in rows for error in errors]
    highest = max(seen + [min(point[3], 1.6 * max(seen)) for point in band])
    up = Axis(low=0.0, high=highest * 1.08, start=bottom, end=top)
    largest = float(rows[-1][0])

    parts = []
    for value in ticks(0, up.high, 5):
        parts.append(line(left, up(value), right, up(value), "grid"))
        parts.append(text(left - 6, up(value) + 4, words.percent(value, 0 if up.high > 0.04 else 1), "tick", "end"))
    if band:
        outline = [(across(p[0]), up(p[3])) for p in band] + [(across(p[0]), up(p[2])) for p in reversed(band)]
        parts.append(path(outline, f"band {kind}", close=True))
        inside = [p for p in band if p[0] <= largest]
        beyond = [p for p in band if p[0] >= largest]
        joined = [inside[-1], *beyond] if inside and beyond and inside[-1] != beyond[0] else beyond
        parts.append(path([(across(p[0]), up(p[1])) for p in inside], f"curve {kind}"))
        parts.append(path([(across(p[0]), up(p[1])) for p in joined], f"curve ahead {kind}"))
    parts.append(line(across(largest), top, across(largest), bottom, "today"))
    parts.append(text(across(largest) - 5, top + 10, "all the data you have", "tick", "end"))
    parts.append(line(left, bottom, right, bottom, "axis"))
    parts += sizes_axis([float(size) for size, _ in rows] + ([band[-1][0]] if band else []), across, bottom)
    parts.append(text(right, bottom + 38, f"training {items} (log scale) \u2192", "tick faint", "end"))
    for size, errors in rows:
        parts += [element("circle", cx=across(size), cy=up(error), r=2.5, class_=f"seed {kind}") for error in errors]
        parts.append(mark(across(size), up(sum(errors) / len(errors)), kind))
    parts += _held_out(curve, across, up, narrow)
    points = "; ".join(f"{words.count(size)} {items}: {words.percent(sum(e) / len(e))} error" for size, e in rows)
    return picture(
        *parts,
        width=width,
        height=height,
        title=f"Error of {title} against the number of training {items}",
        description=f"{points}. {curve.sentence}",
        name="data-curve-narrow" if narrow else "data-curve",
        class_="chart narrow" if narrow else "chart wide",
    )


def sizes_axis(sizes: list[float], across: Axis, bottom: float) -> list[Markup]:
    """Labels at the sizes that were measured, as far as they have room; the largest are set first."""
    parts: list[Markup] = []
    taken: list[float] = []
    for size in sorted(set(sizes), reverse=True):
        x = across(size)
        parts.append(line(x, bottom, x, bottom + 5, "axis"))
        if all(abs(x - other) > 44 for other in taken):
            taken.append(x)
            parts.append(text(x, bottom + 20, words.count(size), "tick", "middle"))
    return parts


def _held_out(curve: DataCurve, across: Axis, up: Axis, narrow: bool) -> list[Markup]:
    """What the law, fitted without the largest size, predicted there: a bracket next to the measured mark."""
    held = curve.held_out
    if not all(words.known(held.get(key)) for key in ("size", "low", "high", "predicted")):
        return []
    x = across(float(held["size"])) + 13
    low, high, middle = up(held["low"]), up(held["high"]), up(held["predicted"])
    bracket = [(x - 3, high), (x + 3, high), (x + 3, low), (x - 3, low)]
    parts = [path(bracket, "bracket"), line(x - 1, middle, x + 7, middle, "bracket")]
    if not narrow:
        parts.append(text(x + 10, middle + 4, "predicted", "tick"))
    return parts
