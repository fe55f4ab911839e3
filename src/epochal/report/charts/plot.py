"""What the drawings of a picture share: forms, colours, axes that fit their values, and labels that keep apart."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from epochal.core.claim import Picture, Series
from epochal.judge.claim_text import number
from epochal.report import words
from epochal.report.svg import Axis, log_ticks, ticks

HUES, CONTROLS = 6, 3  # colours that the style sheet has
LETTER = 6.9  # width of a letter of 13 pixels, about
FEW = 0.02  # a share below this is shown to a hundredth of a per cent: LeNet-5 has 0.95% errors, and not 0.9%
Item = TypeVar("Item")
SUPERSCRIPTS = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


@dataclass(frozen=True, kw_only=True)
class Form:
    """How large a drawing is, and how much it says: for a wide column, a telephone, or a place on the timeline."""

    name: str
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    across: int  # ticks, about
    up: int
    points: int  # of a line, at most
    named: bool  # whether lines have their names at their ends
    labelled: bool = True  # whether axes have theirs


WIDE = Form(
    name="wide", width=760, height=400, left=54, right=20, top=34, bottom=50, across=6, up=5, points=160, named=True
)
NARROW = Form(
    name="narrow", width=340, height=270, left=44, right=12, top=32, bottom=46, across=3, up=4, points=80, named=False
)
SMALL = Form(
    name="small",
    width=340,
    height=190,
    left=40,
    right=10,
    top=10,
    bottom=24,
    across=3,
    up=2,
    points=48,
    named=False,
    labelled=False,
)


class Place(NamedTuple):
    """A value at its place, with the bounds around it, the same as the value where there are none."""

    x: float
    y: float
    low: float
    high: float


def places(series: Series) -> list[Place]:
    """The finite values of a series; places are counted from 0 where none are given."""
    across = series.x if len(series.x) == len(series.y) else range(len(series.y))
    found = []
    for index, (x, y) in enumerate(zip(across, series.y, strict=True)):
        low = series.low[index] if len(series.low) == len(series.y) else y
        high = series.high[index] if len(series.high) == len(series.y) else y
        if words.known(x) and words.known(y):
            found.append(Place(x, y, low if words.known(low) else y, high if words.known(high) else y))
    return found


def thin(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of the items, evenly, with the first and the last."""
    if len(items) <= most:
        return list(items)
    step = (len(items) - 1) / (most - 1)
    return [items[round(index * step)] for index in range(most)]


def hues(series: Sequence[Series]) -> list[str]:
    """A class for each series that gives its colour, and its dashes where the colours are used up."""
    used = {"control": 0, "arm": 0}
    classes = []
    for one in series:
        if one.role == "published":
            classes.append("hue-published dash-1")
            continue
        role, letter, most = ("control", "c", CONTROLS) if one.role == "control" else ("arm", "a", HUES)
        turn, hue = divmod(used[role], most)
        used[role] += 1
        dashes = min(turn + (role == "control" and hue > 0), 2)  # one control differs from the next by more than colour
        classes.append(f"hue-{letter}{hue}" + (f" dash-{dashes}" if dashes else ""))
    return classes


def fitted(
    values: Iterable[float], *, log: bool, start: float, end: float, percent: bool = False, zero: bool = False
) -> Axis:
    """An axis that holds the values with a little room, whatever they are; zeros lie at the edge of a logarithmic one.

    Args:
        percent: never beyond 0 or 1, unless the values are.
        zero: 0 is on the axis.
    """
    known = [value for value in values if words.known(value)]
    if log:
        positive = [value for value in known if value > 0]
        low, high = (min(positive), max(positive)) if positive else (0.1, 1.0)
        if len(positive) < len(known):
            low /= 3
        room = max((high / low) ** 0.04, 1.1)
        return Axis(low=low / room, high=high * room, start=start, end=end, log=True)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    bounds = (min(low, 0.0), max(high, 1.0)) if percent else (-math.inf, math.inf)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    room = 0.05 * (high - low) or 0.05 * abs(high) or 0.5
    below = 0.0 if zero and low == 0 else room
    return Axis(low=max(bounds[0], low - below), high=min(bounds[1], high + room), start=start, end=end)


def put(axis: Axis, value: float) -> float:
    """The place of a value; what a logarithm cannot show is at the edge."""
    return axis(max(value, axis.low) if axis.log else value)


def marks(axis: Axis, about: int) -> list[float]:
    """Round values along an axis, `about` of them, or nearly."""
    if not axis.log:
        return ticks(axis.low, axis.high, about)
    found = log_ticks(axis.low, axis.high)
    if len(found) < 2:
        return ticks(axis.low, axis.high, about)
    if len(found) > about + 2:
        powers = [value for value in found if math.isclose(math.log10(value), round(math.log10(value)))]
        found = powers if len(powers) > 1 else found
        found = found[:: math.ceil(len(found) / (about + 1))]
    return found


def tick(value: float, *, percent: bool = False, step: float | None = None, largest: float = 0.0) -> str:
    """A value at an axis: '40%', '12.5k', '10⁻⁶'. Where the largest is written in thousands, all are."""
    if percent:
        least = abs(step or value)
        digits = 0 if abs(100 * least - round(100 * least)) < 1e-6 else 1 if least >= 0.001 else 2
        return words.percent(value, digits).replace("-", words.MINUS)
    if value and not 1e-3 <= abs(value) < 1e6 and math.isclose(math.log10(abs(value)) % 1, 0, abs_tol=1e-9):
        sign = words.MINUS if value < 0 else ""
        return f"{sign}10{str(round(math.log10(abs(value)))).translate(SUPERSCRIPTS)}"
    if abs(value) >= 10_000 or (abs(value) >= 1000 and largest >= 10_000):
        return words.short_count(value).replace(".0", "").replace("-", words.MINUS)
    return number(value).replace("-", words.MINUS)


def said(picture: Picture, value: float) -> str:
    """A value of a picture in words; small shares, and the shades of a grid, to two digits after the point."""
    if picture.percent:
        shown = words.percent(value, 2 if 0 < abs(value) < FEW else 1)
    else:
        shown = f"{value:.2f}" if picture.kind == "grid" and abs(value) <= 1 else number(value)
    return shown.replace("-", words.MINUS)


def shortened(label: str, most: int) -> str:
    """A label of at most `most` letters, with an ellipsis where some are left out."""
    label = " ".join(label.split())
    return label if len(label) <= most else label[: max(1, most - 1)].rstrip(" ,;") + "\u2026"


def spread(wanted: Sequence[float], heights: Sequence[float], low: float, high: float) -> list[float]:
    """Centres as near to those wanted as they can be, in the same order, none on another, all from low to high.

    Neighbours that would touch are pooled, and the pool is centred on what its members want.
    """
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    pools: list[tuple[float, float, list[int]]] = []  # centre, height, members
    for index in order:
        centre, height, members = wanted[index], heights[index], [index]
        while True:
            centre = min(max(centre, low + height / 2), max(high - height / 2, low + height / 2))
            if not pools or pools[-1][0] + pools[-1][1] / 2 <= centre - height / 2 + 1e-9:
                break
            before = pools.pop()
            members = [*before[2], *members]
            height += before[1]
            offset, total = 0.0, 0.0
            for member in members:  # the centre at which the members are nearest to where they want to be
                total += wanted[member] - (offset + heights[member] / 2) + height / 2
                offset += heights[member]
            centre = total / len(members)
        pools.append((centre, height, members))
    set_at = [0.0] * len(wanted)
    for centre, height, members in pools:
        top = centre - height / 2
        for member in members:
            set_at[member] = top + heights[member] / 2
            top += heights[member]
    return set_at
