"""What a comparison of predictions found: a score for each tool, tiers, and a sentence for each pair that matters."""

import html
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from epochal.core.experiment import CANNOT_TELL, EQUIVALENT, NO_EFFECT, Finding
from epochal.core.metric import Metric
from epochal.core.record import Record
from epochal.data.report import Decision
from epochal.judge.verdict_text import amount, difference, listed, value, what_would_settle

if TYPE_CHECKING:
    import pandas

PAIRS_SHOWN = 12  # sentences; the record has every pair
HEAD = ("tier", "tool", "", "seeds", "items")


@dataclass(frozen=True, kw_only=True)
class ToolScore(Record):
    """The score of one tool over its seeds and all items, with its 95% interval."""

    name: str
    files: tuple[str, ...]
    form: str  # "labels" | "probabilities" | "numbers"
    columns: tuple[str, ...]
    seeds: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Comparison(Record):
    """Predictions of several tools on the same items. Every pair of tools has a finding; all are corrected together."""

    truth: str
    task: str  # "classes" | "numbers"
    metric: Metric
    margin: float
    items: int
    classes: tuple[str, ...]
    tools: tuple[ToolScore, ...]  # the best first
    tiers: tuple[tuple[str, ...], ...]  # tools in a tier are not shown to be worse than the best of it
    findings: tuple[Finding, ...]  # arm minus control; the control has the better score
    decisions: tuple[Decision, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def best(self) -> str:
        """The tool with the best score."""
        return self.tools[0].name

    def finding(self, first: str, second: str) -> Finding:
        """The finding of two tools, in whichever order they are named.

        Raises:
            KeyError: they were not compared.
        """
        for one in self.findings:
            if {one.control, one.arm} == {first, second}:
                return one
        raise KeyError(f"{first} and {second}")

    @property
    def headline(self) -> str:
        """One sentence that says which tool is the best, and which ones cannot be told apart from it."""
        best, title = self.best, self.metric.title
        if len(self.tools) == 1:
            return f"{best}: {title} {self._score(self.tools[0])}."
        others = self.tiers[0][1:]
        if not others:
            than = self.tools[1].name if len(self.tools) == 2 else "every other tool"
            return f"{best} is better than {than} by {title}."
        same = all(self.finding(best, one).verdict == EQUIVALENT for one in others)
        told = f"{listed(others)} {'is level with it' if len(others) == 1 else 'are level with it'}"
        unsure = f"{listed(others)} cannot be told apart from it on these items"
        return f"{best} has the best {title}, but {told if same else unsure}."

    @property
    def sentences(self) -> tuple[str, ...]:
        """One sentence for each other tool against the best, and what these items can tell."""
        pairs = [self.finding(self.best, one.name) for one in self.tools[1:]]
        scores = {one.name: value(one.value, self.metric) for one in self.tools}
        told = [verdict(one, self.metric, scores) for one in pairs[:PAIRS_SHOWN]]
        if len(pairs) > PAIRS_SHOWN:
            told.append(f"{len(pairs) - PAIRS_SHOWN:,} more tools scored lower; --json has every pair.")
        if not pairs:
            return ()
        least = pairs[0].detectable
        which = "" if len(pairs) == 1 else f" between {self.best} and {pairs[0].arm}"
        if least >= (1 if self.metric.percent else math.inf):
            told.append(f"With so few items or seeds, no difference{which} could be detected reliably.")
        elif least > 0:
            told.append(
                f"With these items, a true difference of {amount(least, self.metric)}{which} would be detected 80% of "
                "the time."
            )
        return tuple(told)

    def to_text(self) -> str:
        """The headline, the table by tiers, a sentence for each pair that matters, and what was decided."""
        rows = [[*HEAD[:2], self.metric.title, *HEAD[3:]]]
        places: list[int] = []
        for number, tier in enumerate(self.tiers, start=1):
            for one in self._in(tier):
                rows.append([str(number), one.name, self._score(one), str(one.seeds), f"{self.items:,}"])
                places.append(number)
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        lines = [_line(rows[0], widths)]
        for row, number, before in zip(rows[1:], places, [1, *places], strict=False):
            lines += [""] * (number != before) + [_line(row, widths)]
        return "\n".join([self.headline, "", *lines, "", *self.sentences, *self._read()])

    def to_frame(self) -> "pandas.DataFrame":
        """One row a tool, the best first: tool, tier, value, low, high, seeds, items."""
        import pandas

        tier = {name: number for number, names in enumerate(self.tiers, start=1) for name in names}
        return pandas.DataFrame(
            {
                "tool": one.name,
                "tier": tier[one.name],
                "value": one.value,
                "low": one.low,
                "high": one.high,
                "seeds": one.seeds,
                "items": self.items,
            }
            for one in self.tools
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{number}</td><td>{html.escape(one.name)}</td><td>{self._score(one)}</td><td>{one.seeds}</td>"
            f"<td>{self.items:,}</td></tr>"
            for number, tier in enumerate(self.tiers, start=1)
            for one in self._in(tier)
        )
        head = (
            f"<tr><th>tier</th><th>tool</th><th>{html.escape(self.metric.title)}</th><th>seeds</th><th>items</th></tr>"
        )
        told = "".join(f"<li>{html.escape(line)}</li>" for line in (*self.sentences, *self._read()))
        return f"<p><b>{html.escape(self.headline)}</b></p><table>{head}{rows}</table><ul>{told}</ul>"

    def _in(self, tier: Sequence[str]) -> Iterator[ToolScore]:
        return (one for one in self.tools if one.name in tier)

    def _score(self, one: ToolScore) -> str:
        plain = self.metric.replace(unit="")  # the unit stands once
        low, high = (value(end, plain).rstrip("%") for end in (one.low, one.high))
        return f"{value(one.value, self.metric)} [{low} to {high}]"

    def _read(self) -> list[str]:
        """How the files were read, and what is to be kept in mind."""
        forms: dict[str, list[str]] = {}
        for one in self.tools:
            forms.setdefault(_form(one), []).append(one.name)
        read = "; ".join(f"{form} of {listed(names)}" for form, names in forms.items())
        lines = [f"Read: {read}."]
        for made in self.decisions:
            otherwise = f" ({made.override})" if made.override else ""
            lines.append(f"{made.what.capitalize()}: {made.chosen}, because {made.why}{otherwise}.")
        return lines + [f"Note: {line}" for line in self.warnings]


def verdict(finding: Finding, metric: Metric, scores: Mapping[str, str]) -> str:
    """One sentence for two tools: the verdict, the effect with the interval that decided, and what would settle it.

    Args:
        scores: of the tools, in words.
    """
    control, arm = finding.control, finding.arm
    if NO_EFFECT in finding.marks:
        return f"{arm} and {control} give the same answer to every item."
    # The better score comes first, and the difference is its own.
    told = f"{scores[control]} against {scores[arm]}, {difference(finding, turned=True)}"
    if finding.verdict == CANNOT_TELL:
        return f"Cannot tell {control} from {arm}: {told}; {what_would_settle(finding, what='items')}."
    if finding.verdict == EQUIVALENT:
        return f"{control} is level with {arm}: {told}, within the margin of {amount(finding.margin, metric)}."
    return f"{control} is better than {arm}: {told}."


def _form(one: ToolScore) -> str:
    if one.form == "probabilities" and len(one.columns) > 1:
        return f"probabilities in {len(one.columns)} columns"
    return f"{one.form} in column {', '.join(map(repr, one.columns))}"


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        f"{cell:>{width}}" if place != 1 else f"{cell:<{width}}"
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
    return "  ".join(cells).rstrip()
