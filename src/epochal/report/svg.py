"""A few functions that make inline SVG: elements, axes, marks, and labels that keep out of each other's way."""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup, escape

CLASSICAL, NETWORK = "classical", "network"


def element(name: str, *children: object, **attributes: object) -> Markup:
    """One element, everything escaped. `class_` gives class, `stroke_width` gives stroke-width; None is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = Markup("").join(escape(child) for child in children)  # what is markup already stays as it is
    return Markup(f"<{name}{written}>{inner}</{name}>") if children else Markup(f"<{name}{written}/>")


def _number(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def picture(*children: object, width: int, height: int, title: str, description: str, name: str, class_: str) -> Markup:
    """A drawing that scales with its column, with its title and description for those who do not see it."""
    return element(
        "svg",
        element("title", title, id=f"picture-{name}-title"),
        element("desc", description, id=f"picture-{name}-desc"),
        *children,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby=f"picture-{name}-title picture-{name}-desc",
        class_=class_,
    )


def text(x: float | str, y: float | str, words: object, class_: str = "", anchor: str | None = None) -> Markup:
    return element("text", words, x=x, y=y, class_=class_ or None, text_anchor=anchor)


def line(x1: object, y1: object, x2: object, y2: object, class_: str) -> Markup:
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(places: Iterable[tuple[float, float]], class_: str, close: bool = False) -> Markup:
    """A line through the places; nothing where there are fewer than two."""
    steps = [f"{x:.1f} {y:.1f}" for x, y in places]
    return (
        element("path", d="M" + "L".join(steps) + ("Z" if close else ""), class_=class_) if len(steps) > 1 else Markup()
    )


def mark(x: object, y: object, kind: str, *, hollow: bool = False, chosen: bool = False, radius: float = 5.5) -> Markup:
    """A circle for a network and a square for a classical rung; x and y may be percentages."""
    half = radius * 0.9
    style = f"mark {kind}" + (" hollow" if hollow else "")
    shapes = []
    if chosen:
        shapes.append(element("circle", r=radius + 4.5, class_="ring"))
    if kind == NETWORK:
        shapes.append(element("circle", r=radius, class_=style))
    else:
        shapes.append(element("rect", x=-half, y=-half, width=2 * half, height=2 * half, class_=style))
    return element("svg", *shapes, x=x, y=y, overflow="visible", aria_hidden="true")


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Values from `low` to `high` laid on places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (math.log(v) if self.log else v for v in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + min(1.0, max(0.0, share)) * (self.end - self.start)

    def percent(self, value: float) -> str:
        """The place as a percentage, for drawings that stretch with their column."""
        return f"{self(value):.2f}%"

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round values from low to high, `about` of them, or nearly."""
    if high <= low:
        return [low]
    rough = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 12) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def log_ticks(low: float, high: float, dense: bool = False) -> list[float]:
    """Powers of ten from low to high, with 2 and 5 between them where there is room or need."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    powers = [10.0**e for e in exponents if low <= 10.0**e <= high]
    if len(powers) >= 3 and not dense:
        return powers
    return [f * 10.0**e for e in exponents for f in (1, 2, 5) if low <= f * 10.0**e <= high]


def wrap(words: str, width: int, lines: int = 3) -> list[str]:
    """Break a title into at most `lines` lines of about `width` characters."""
    broken: list[str] = []
    for word in re.findall(r"[^\s-]+-?|-", words):  # a line may end after a hyphen too
        space = "" if broken and broken[-1].endswith("-") else " "
        if broken and len(broken[-1]) + len(space) + len(word) <= width:
            broken[-1] += space + word
        else:
            broken.append(word)
    if len(broken) > lines:
        broken = [*broken[: lines - 1], " ".join(broken[lines - 1 :])]
    return [part if len(part) <= width + 6 else part[: width + 4] + "\u2026" for part in broken]


Box = tuple[float, float, float, float]  # left, top, right, bottom


def overlap(first: Box, second: Box) -> float:
    """The area that two boxes share."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return width * height if width > 0 and height > 0 else 0.0


def place_labels(
    anchors: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    clearances: Sequence[float],
    area: Box,
    taken: Sequence[Box] = (),
) -> list[Box]:
    """A box for each label, as near to its anchor as its clearance lets it, off what is taken and off each other.

    Labels are set in order of how crowded their anchor is, each at the cheapest of the places on rings around it,
    and then again, now that the others are known, until none moves.
    """
    crowd = [sum(math.hypot(x - u, y - v) < 90 for u, v in anchors) for x, y in anchors]
    order = sorted(range(len(anchors)), key=lambda index: -crowd[index])
    choices = [_places(index, anchors, sizes[index], clearances[index], area, taken) for index in range(len(anchors))]
    placed: dict[int, Place] = {}
    for _ in range(8):
        before = dict(placed)
        for index in order:
            others = [place for key, place in placed.items() if key != index]
            best, least = choices[index][0], math.inf
            for place in choices[index]:  # the cheapest first, so that the search may stop early
                if place.price >= least:
                    break
                price = place.price + sum(_conflict(place, other) for other in others)
                if price < least:
                    best, least = place, price
            placed[index] = best
        if placed == before:
            break
    return [placed[index].box for index in range(len(anchors))]


class Place(NamedTuple):
    """Where a label may go: what this costs whatever the other labels do, its box, and points along its pointer."""

    price: float
    box: Box
    trail: tuple[tuple[float, float], ...]


def _places(
    index: int,
    anchors: Sequence[tuple[float, float]],
    size: tuple[float, float],
    clearance: float,
    area: Box,
    taken: Sequence[Box],
) -> list[Place]:
    """The places of one label, the cheapest first."""
    (x, y), (width, height) = anchors[index], size
    others = [anchor for key, anchor in enumerate(anchors) if key != index]
    places = []
    for further in (0, 6, 16, 28, 42, 58, 76, 100, 130):
        reach = clearance + further
        for step in range(24):
            dx, dy = math.cos(math.tau * step / 24), math.sin(math.tau * step / 24)
            left, top = x + dx * (reach + width / 2) - width / 2, y + dy * (reach + height / 2) - height / 2
            box = (left, top, left + width, top + height)
            price = 1.2 * reach + 3 * abs(dy)
            price += 60 * sum(max(0.0, a - b) for a, b in zip(area[:2], box[:2], strict=True))
            price += 60 * sum(max(0.0, b - a) for a, b in zip(area[2:], box[2:], strict=True))
            # Lines may run behind a label, which has a halo; marks may not.
            price += 0.8 * sum(overlap(box, other) for other in taken)
            price += 5 * sum(overlap(box, (u - 8, v - 8, u + 8, v + 8)) for u, v in anchors)
            trail: tuple[tuple[float, float], ...] = ()
            if further:  # the label will have a pointer, which should not run across other marks
                end_x, end_y = min(max(x, box[0]), box[2]), min(max(y, box[1]), box[3])
                trail = tuple((x + (end_x - x) * part / 8, y + (end_y - y) * part / 8) for part in range(1, 8))
                price += 40 * sum(math.hypot(u - a, v - b) < 8 for u, v in trail for a, b in others)
            places.append(Place(price, box, trail))
    return sorted(places)


def _conflict(first: Place, second: Place) -> float:
    """What two labels cost each other: boxes that overlap, pointers that run through boxes."""
    through = sum(_within(place, second.box) for place in first.trail)
    through += sum(_within(place, first.box) for place in second.trail)
    return 40 * overlap(first.box, second.box) + 30 * through


def _within(place: tuple[float, float], box: Box) -> bool:
    return box[0] < place[0] < box[2] and box[1] < place[1] < box[3]
