"""The atlas: the history of the field as a static site, drawn from results alone."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from epochal.core.claim import MilestoneResult
from epochal.core.paths import absolute
from epochal.report import plates as plate_words
from epochal.report import words
from epochal.report.charts.signs import sign
from epochal.report.milestone import render, shared
from epochal.report.page import environment, write
from epochal.report.pictures import small
from epochal.report.plates import Plate, plates
from epochal.report.svg import element, line, text

if TYPE_CHECKING:
    from epochal.study.milestone import Milestone

INDEX = "index.html"
DECADE, YEAR_HEIGHT, LEAST_GAP = 10, 9, 2  # years that a ruler numbers; pixels of a year; years worth a ruler
SIDE, STEM = 6.0, 18.0  # of the map: its margin in per cent, and the height of one claim in pixels


def write_atlas(milestones: Sequence["Milestone"], results: Mapping[str, MilestoneResult], out: Path | str) -> Path:
    """Write OUT/index.html, and OUT/NAME.html for each milestone that has a result; returns the former."""
    out, shown = absolute(out), plates(milestones, results)
    paged = [plate for plate in shown if plate.result]
    for index, plate in enumerate(paged):
        before = paged[index - 1] if index else None
        after = paged[index + 1] if index + 1 < len(paged) else None
        write(render(plate, before=before, after=after, total=len(shown), home=INDEX), out / plate.file)
    return write(render_index(shown), out / INDEX)


def render_index(shown: Sequence[Plate]) -> str:
    """The timeline as one page."""
    years = [(year, list(group)) for year, group in groupby(shown, key=lambda plate: plate.milestone.year)]
    gaps = {after: _gap(before, after) for (before, _), (after, _) in pairwise(years)}
    pictures = {
        plate.name: small(plate.result.pictures[0], plate.name)
        for plate in shown
        if plate.result and plate.result.pictures
    }
    script = files("epochal.report").joinpath("templates", "atlas.js").read_text(encoding="utf-8")
    context: dict[str, Any] = {
        "shown": shown,
        "years": years,
        "gaps": gaps,
        "pictures": pictures,
        "tally": plate_words.tally(shown),
        "lead": lead(shown),
        "overview": overview(shown),
        "colophon": colophon(shown),
        "run": [plate for plate in shown if plate.result],
        "script": Markup(script),  # our own file: no user's text in it
    }
    return environment().get_template("atlas.html.j2").render(shared() | context)


def lead(shown: Sequence[Plate]) -> str:
    """What there is, how it came out, and what it took: counted from the results."""
    if not shown:
        return "There are no milestones yet."
    results = [plate.result for plate in shown if plate.result]
    first, last = shown[0].milestone.year, shown[-1].milestone.year
    span = f"from {first} to {last}" if first != last else f"of {first}"
    opening = f"{plate_words.spelled(len(shown)).capitalize()} claim{'s' if len(shown) > 1 else ''} {span}"
    if not results:
        return f"{opening}. None of them has been run here yet."
    counts = [f"{plate_words.spelled(count)} {plate_words.COUNTED[kind]}" for kind, count in plate_words.tally(shown)]
    took = plate_words.minutes(sum(result.seconds for result in results))
    days = sorted(found for result in results if (found := plate_words.day(result.started)))
    when = ""
    if days:
        first_day, last_day = (plate_words.dated(each.isoformat()) for each in (days[0], days[-1]))
        when = f", on {last_day}" if days[0] == days[-1] else f", between {first_day} and {last_day}"
    machines = words.listed(dict.fromkeys(plate_words.machine(result) for result in results))
    return (
        f"{opening}, each put to the test again as a controlled experiment at a scale that fits a desk: "
        f"{words.listed(counts)}. All of it took {took} on {machines}{when}. "
        "A claim that does not hold at this scale stays, and says so."
    )


def overview(shown: Sequence[Plate]) -> Markup:
    """Every claim as a mark above its year, on a scale that is true: the silences show, and the rush."""
    if not shown:
        return Markup()
    first = shown[0].milestone.year // DECADE * DECADE
    last = max(shown[-1].milestone.year, first + DECADE)
    tallest = max(len(list(group)) for _, group in groupby(shown, key=lambda plate: plate.milestone.year))
    base, parts = 10 + tallest * STEM + 8, []

    def across(year: int) -> str:
        return f"{SIDE / 2 + (100 - SIDE) * (year - first) / (last - first):.2f}%"

    parts.append(line("0%", base, "100%", base, "axis"))
    for year in range(first, last + 1):
        tall = year % DECADE == 0
        parts.append(line(across(year), base, across(year), base + (9 if tall else 4), "axis" if tall else "grid"))
        if tall:
            parts.append(text(across(year), base + 25, year, "tick decade", "middle"))
    for year, group in groupby(shown, key=lambda plate: plate.milestone.year):
        for index, plate in enumerate(group):
            y = base - 14 - index * STEM
            inner = element("g", sign(plate.slug), class_="sign")
            at = element("svg", inner, x=across(year), y=y, overflow="visible")
            title = element("title", f"{year}: {plate.milestone.title}. {plate.said}.")
            parts.append(
                element("a", title, at, href=f"#{plate.name}", class_=f"stop {plate.slug}", data_verdict=plate.slug)
            )
    return element(
        "svg",
        *parts,
        width="100%",
        height=round(base + 32),
        class_="overview",
        role="group",
        aria_label="Every claim above its year; each leads to its place below.",
    )


def _gap(before: int, after: int) -> dict[str, Any] | None:
    """The years between two entries as a ruler along the spine, and in words; None where there are few."""
    years = after - before
    if years < LEAST_GAP:
        return None
    height = years * YEAR_HEIGHT
    parts = []
    for year in range(before + 1, after):
        y, tall = (year - before) * YEAR_HEIGHT, year % DECADE == 0
        parts.append(line(0, y, 16 if tall else 7, y, "axis" if tall else "grid"))
        if tall:
            parts.append(text(23, y + 4, year, "tick decade"))
    ruler = element("svg", *parts, width=64, height=height, class_="ruler", aria_hidden="true")
    return {"ruler": ruler, "words": f"{plate_words.spelled(years)} years" if years >= 5 else "", "height": height}


def colophon(shown: Sequence[Plate]) -> list[tuple[str, str]]:
    """Hardware, versions, seeds and dates behind every figure of the site."""
    results = [plate.result for plate in shown if plate.result]

    def each(values: list[str]) -> str:
        return "; ".join(dict.fromkeys(value for value in values if value)) or "not recorded"

    if not results:
        return []
    keys = list(dict.fromkeys(key for result in results for key in result.environment))
    rows = [
        ("Dates", each([plate_words.dated(result.started) for result in results])),
        ("Time", plate_words.minutes(sum(result.seconds for result in results))),
        ("Seeds", each([words.plural(len(result.seeds), "seed") for result in results])),
        ("Data", each([result.data for result in results])),
    ]
    for key in keys:
        title = "Hardware" if key == "device" else key.replace("_", " ").capitalize()
        rows.append((title, each([result.environment.get(key, "") for result in results])))
    return rows
