"""The data report of images: what was found, what was decided, what is wrong, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from epochal.core.record import Record
from epochal.data.report import NAMED, SHOWN, SPLITS, Decision, Problem, class_table, section


@dataclass(frozen=True, kw_only=True)
class Pair(Record):
    """Two pictures that are the same, or nearly."""

    first: str
    second: str
    kind: str  # "exact" | "near"
    first_label: str
    second_label: str
    straddles: bool = False  # one in train, the other held out, before this was put right


@dataclass(frozen=True, kw_only=True)
class Duplicates(Record):
    """Copies among the pictures. `examples` lists at most fifty pairs of each kind."""

    exact_pairs: int = 0
    near_pairs: int = 0
    clusters: int = 0
    straddling: int = 0  # clusters that had members on both sides of a published split
    set_aside: int = 0
    conflicts: int = 0  # pairs of exact copies with different labels
    examples: tuple[Pair, ...] = ()
    method: str = ""


@dataclass(frozen=True, kw_only=True)
class DataReport(Record):
    """All that was found out about a data set while opening it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]  # split -> class -> examples
    sizes: Mapping[str, Any] = field(default_factory=dict)  # smallest, largest, distinct, used: [width, height]
    channels: int = 3
    problems: tuple[Problem, ...] = ()
    ignored: int = 0  # hidden and system files
    duplicates: Duplicates = field(default_factory=Duplicates)
    decisions: tuple[Decision, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def totals(self) -> dict[str, int]:
        """Examples in each split."""
        return {split: sum(self.counts[split].values()) for split in SPLITS if split in self.counts}

    @property
    def summary(self) -> tuple[str, ...]:
        """What whoever opens the data must hear: decisions, warnings, and how many files have problems."""
        lines = [*map(str, self.decisions), *self.warnings]
        if found := len(self.problems):
            some, more = "; ".join(map(str, self.problems[:NAMED])), found - NAMED
            lines.append(
                f"{found:,} {'file has a problem' if found == 1 else 'files have problems'}: {some}"
                + (f"; and {more:,} more, which `epochal data check` names" if more > 0 else "")
            )
        return tuple(lines)

    def to_text(self) -> str:
        """The report for a terminal."""
        totals = self.totals
        lines = [f"{self.name}: {sum(totals.values()):,} images of {len(self.labels)} classes ({self.kind})", ""]
        lines += class_table(self.labels, self.counts)
        lines += ["", *self._facts()]
        lines += section("Decided from the data", [str(item) for item in self.decisions], limit=None)
        lines += section("Take note", list(self.warnings), limit=None)
        lines += section("Files with problems", [str(item) for item in self.problems], limit=None, count=True)
        lines += section("Copies", self._copies())
        return "\n".join(lines) + "\n"

    def _facts(self) -> list[str]:
        sizes, facts = self.sizes, []
        if {"smallest", "largest", "used"} <= set(sizes):
            smallest, largest, used = ("x".join(map(str, sizes[key])) for key in ("smallest", "largest", "used"))
            found = f"all {smallest}" if smallest == largest else f"{smallest} to {largest}"
            facts.append(f"Sizes: {found}; models see {used}, {'grey' if self.channels == 1 else 'colour'}.")
        set_aside = sum(problem.action == "set aside" for problem in self.problems)
        facts.append(f"Set aside: {set_aside:,}. Hidden and system files ignored: {self.ignored:,}.")
        return facts

    def _copies(self) -> list[str]:
        found = self.duplicates
        if not (found.exact_pairs or found.near_pairs):
            return []
        lines = [
            f"{found.exact_pairs:,} exact and {found.near_pairs:,} near pairs in {found.clusters:,} clusters; "
            f"{found.straddling:,} clusters lay on both sides of a split, {found.set_aside:,} examples set aside for it"
        ]
        if found.conflicts:
            lines.append(f"{found.conflicts:,} pairs of exact copies carry different labels")
        for pair in found.examples[:10]:
            labels = "" if pair.first_label == pair.second_label else f" ({pair.first_label} / {pair.second_label})"
            lines.append(f"{pair.kind}: {pair.first} = {pair.second}{labels}")
        return lines

    def _repr_html_(self) -> str:
        splits = list(self.totals)
        head = "".join(f"<th>{escape(split)}</th>" for split in splits)
        rows = "".join(
            f"<tr><th>{escape(label)}</th>"
            + "".join(f"<td>{self.counts[split].get(label, 0):,}</td>" for split in splits)
            + "</tr>"
            for label in self.labels[:100]
        )
        notes = [*map(str, self.decisions), *self.warnings, *map(str, self.problems[:SHOWN]), *self._copies()[:2]]
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        facts = escape(" ".join(self._facts()))
        return (
            f"<h4>{escape(self.name)}</h4><p>{escape(self.kind)}. {facts}</p>"
            f"<table><tr><th></th>{head}</tr>{rows}</table><ul>{items}</ul>"
        )
