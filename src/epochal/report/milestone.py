"""What people see of a milestone that was run: the text for the terminal, and a page of its own."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from epochal.core.claim import Check, MilestoneResult
from epochal.core.paths import absolute
from epochal.judge.claim_text import answer, effect, level, margin, needed, paired, still_learning
from epochal.judge.claims import EXACT
from epochal.report import plates as plate_words
from epochal.report import words
from epochal.report.charts.effects import strip
from epochal.report.charts.signs import sign
from epochal.report.code import coloured, source
from epochal.report.page import environment, style, write
from epochal.report.pictures import figure
from epochal.report.plates import Plate

if TYPE_CHECKING:
    from epochal.study.milestone import Milestone

WIDTH = 118  # columns of the text
PAGE = "page.html"


def to_text(milestone: "Milestone", result: MilestoneResult) -> str:
    """The verdict, then each question with its effect and what the claim needs, the published figure, and all that a
    reader needs to weigh it."""
    plate = Plate(number=0, milestone=milestone, result=result)
    lines = [
        f"{milestone.year}  {milestone.title} ({milestone.name})",
        *_wrapped(milestone.claim),
        "",
        *_wrapped(f"{plate_words.SIGNS.get(plate.verdict, '?')} {result.sentence}"),
    ]
    for check in result.checks:
        lines += ["", *_wrapped(f"{plate_words.SIGNS.get(check.verdict, '?')} {check.question}", 2)]
        lines += _wrapped(f"{who(check)}; {plate_words.counted(check)}", 6)
        lines += _wrapped(f"{check.unit} {effect(check)}; needed: {needed(check)}; {answer(check)}", 6)
    facts = [
        ("Published", milestone.published),
        ("Paper", milestone.paper),
        ("Here", milestone.setting),
        ("Differs", milestone.differs),
        *(("Note", note) for note in (*plate_words.qualified(milestone, result), *result.notes)),
        ("Seeds", f"{len(result.seeds)} ({', '.join(map(str, result.seeds))})"),
        ("Data", result.data),
        ("Run", f"{dated_moment(result)}, {words.duration(result.seconds)}, {plate_words.machine(result)}"),
        ("Again", result.command),
    ]
    lines.append("")
    for term, value in facts:
        if value:
            lines += textwrap.wrap(
                value, WIDTH, initial_indent=f"{term:<11}", subsequent_indent=" " * 11, break_on_hyphens=False
            )
    return "\n".join(lines)


def _wrapped(said: str, indent: int = 0) -> list[str]:
    space = " " * indent
    return textwrap.wrap(said, WIDTH, initial_indent=space, subsequent_indent=space + "  ", break_on_hyphens=False)


def dated_moment(result: MilestoneResult) -> str:
    return words.moment(result.started) or "at a time that was not recorded"


def who(check: Check) -> str:
    """The two that were compared, with their values: 'residual 100.0% against plain 57.0%'."""
    if check.control_mean is None:
        return check.arm
    return f"{check.arm} {level(check, check.arm_mean)} against {check.control} {level(check, check.control_mean)}"


def again(milestone: "Milestone") -> str:
    """The command that runs it, at the scale at which it was run."""
    paper, given = milestone.at_paper_scale, milestone.data_is_given
    return f"epochal milestone run {milestone.name}" + " --paper" * paper + " --data imagenet/" * given


def write_page(milestone: "Milestone", result: MilestoneResult, directory: Path | str) -> Path:
    """Write DIRECTORY/page.html, one file that needs nothing else; returns it."""
    plate = Plate(number=0, milestone=milestone, result=result)
    return write(render(plate), absolute(directory) / PAGE)


def render(
    plate: Plate, *, before: Plate | None = None, after: Plate | None = None, total: int = 0, home: str = ""
) -> str:
    """The page of a milestone that has been run.

    Args:
        before, after: its neighbours in the atlas, where it has any with a page.
        total: how many plates the atlas has.
        home: the file of the atlas's first page, "" for a page by itself.
    """
    assert plate.result is not None
    code = source(plate.milestone.code)
    context: dict[str, Any] = {
        "plate": plate,
        "milestone": plate.milestone,
        "result": plate.result,
        "deciding": plate.deciding,
        "checks": [(check, strip(check, check.verdict.replace(" ", "-"))) for check in plate.result.checks],
        "figures": [figure(each, f"{number}") for number, each in enumerate(plate.result.pictures, 1)],
        "qualified": plate_words.qualified(plate.milestone, plate.result),
        "code": coloured(code),
        "code_lines": len(code.splitlines()),
        "again": again(plate.milestone),
        "facts": facts(plate),
        "before": before,
        "after": after,
        "total": total,
        "home": home,
    }
    return environment().get_template("milestone.html.j2").render(shared() | context)


def facts(plate: Plate) -> list[tuple[str, str]]:
    """All that is needed to repeat the run."""
    result = plate.result
    assert result is not None
    length = "as the milestone has it" if 0.995 <= result.scale <= 1.005 else f"{result.scale:.3g} of the milestone's"
    named = {"device": "Hardware"}
    own = "" if result.paper_scale else f" (about {plate.milestone.minutes:g} min on two cores in full)"
    return [
        ("Date", dated_moment(result)),
        ("Time", words.duration(result.seconds) + own),
        ("Seeds", ", ".join(map(str, result.seeds)) or "none"),
        ("Data", result.data),
        ("Length", length),
        *((named.get(key, key.replace("_", " ").capitalize()), value) for key, value in result.environment.items()),
    ]


def shared() -> dict[str, Any]:
    """What the pages of the atlas have in common."""
    return {
        "style": Markup(style("atlas.css")),
        "plate_words": plate_words,
        "tidy": plate_words.tidy,
        "effect": effect,
        "needed": needed,
        "margin": margin,
        "level": level,
        "paired": paired,
        "still_learning": still_learning,
        "exact": EXACT,
        "who": who,
        "sign": sign,
    }
