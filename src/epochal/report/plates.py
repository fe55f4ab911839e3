"""Plates: a milestone and its outcome, in the words that its page, the atlas and the terminal share."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from epochal.core.claim import Check, MilestoneResult
from epochal.judge.claim_text import deciding
from epochal.judge.claims import EXACT, SHARE
from epochal.report import verdicts, words
from epochal.report.verdicts import COUNTED as COUNTED
from epochal.report.verdicts import NOT_RUN, SAID
from epochal.report.verdicts import SIGNS as SIGNS

if TYPE_CHECKING:
    from epochal.study.milestone import Milestone

_ONES = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@dataclass(frozen=True, kw_only=True)
class Plate:
    """A milestone, its place in the order of history from 1, and its result where it has been run."""

    number: int
    milestone: "Milestone"
    result: MilestoneResult | None

    @property
    def name(self) -> str:
        return self.milestone.name

    @property
    def file(self) -> str:
        return f"{self.name}.html"

    @property
    def verdict(self) -> str:
        return self.result.verdict if self.result else NOT_RUN

    @property
    def slug(self) -> str:
        return self.verdict.replace(" ", "-")

    @property
    def said(self) -> str:
        return SAID.get(self.verdict, self.verdict)

    @property
    def deciding(self) -> Check | None:
        """The check that the verdict rests on."""
        return deciding(self.verdict, self.result.checks) if self.result and self.result.checks else None


def plates(milestones: Sequence["Milestone"], results: Mapping[str, MilestoneResult]) -> list[Plate]:
    """In the order of history; milestones of one year in the order given."""
    ordered = sorted(milestones, key=lambda milestone: milestone.year)
    return [
        Plate(number=number, milestone=milestone.as_run(result) if result else milestone, result=result)
        for number, milestone in enumerate(ordered, 1)
        for result in (results.get(milestone.name),)
    ]


def tally(shown: Sequence[Plate]) -> list[tuple[str, int]]:
    """How many plates have each verdict, those that none has left out."""
    return verdicts.tally([plate.verdict for plate in shown])


def spelled(number: int) -> str:
    """'seven', 'twenty-two'; from a hundred on, in digits."""
    small = (*_ONES, *_TEENS)
    if number < len(small):
        return small[number]
    tens, ones = divmod(number, 10)
    if number >= 100:
        return f"{number:,}"
    return _TENS[tens] + (f"-{small[ones]}" if ones else "")


def day(stamp: str) -> date | None:
    try:
        return datetime.fromisoformat(stamp).date()
    except ValueError:
        return None


def dated(stamp: str) -> str:
    """'26 November 2026'; whatever is no date, as it is."""
    found = day(stamp)
    return f"{found.day} {found:%B} {found.year}" if found else stamp


def minutes(seconds: float) -> str:
    """'58 minutes', '2 hours 5 minutes', '40 seconds'."""
    if seconds < 89.5:
        return words.plural(max(1, round(seconds)), "second")
    hours, rest = divmod(round(seconds / 60), 60)
    parts = [words.plural(hours, "hour")] if hours else []
    return " ".join([*parts, words.plural(rest, "minute")] if rest or not parts else parts)


def machine(result: MilestoneResult) -> str:
    """The processor, or accelerator, and the number of cores."""
    device, cores = result.environment.get("device", ""), result.environment.get("cores", "")
    counted = f"{cores} core{'' if cores == '1' else 's'}" if cores else ""
    return ", ".join(part for part in (device, counted) if part) or "hardware that was not recorded"


def qualified(milestone: "Milestone", result: MilestoneResult) -> list[str]:
    """What sets this run apart from the milestone's own: its length, its data, its seeds."""
    facts = ["as large as in the paper"] if result.paper_scale else []
    if not 0.995 <= result.scale <= 1.005:
        facts.append(f"trainings at {result.scale:.2g} of their length")
    if not result.published_data:
        facts.append(f"on {result.data}" + (f" in place of {milestone.data}" if milestone.data else ""))
    if len(result.seeds) < milestone.seeds:
        facts.append(f"{words.plural(len(result.seeds), 'seed')} in place of {milestone.seeds}")
    return facts


def counted(check: Check) -> str:
    """What the interval rests on: '5 seeds, 359 items', '100 trials'."""
    if check.kind == EXACT:
        return "counted, not sampled: there is no interval"
    items = f", {check.items:,} items" if check.items else ""
    return words.plural(check.seeds, "trial" if check.kind == SHARE else "seed") + items


def tidy(said: object) -> str:
    """A minus before a number where there is a hyphen."""
    return re.sub(r"(?<![\w.])-(?=\.?\d)", words.MINUS, str(said))
