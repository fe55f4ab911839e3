"""The report of a table: what it holds, how its columns are read, and what would make scores too good."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from epochal.core.record import Record
from epochal.data.report import SPLITS, Decision, Problem, class_table, section
from epochal.data.table.leaks import Leak
from epochal.data.table.opened import OpenedTable

PLURALS = {"number": "numbers", "boolean": "booleans", "date": "dates", "category": "categories", "text": "texts"}


@dataclass(frozen=True, kw_only=True)
class TableReport(Record):
    """All that was found out about a table while opening it.

    `counts` has the rows of each split: by class, or all under "" where a number is predicted; then `spread` has its
    least value, its quartiles and its greatest value on the training rows. `columns` says what each column is that
    models see.
    """

    name: str
    kind: str
    label: str
    target: str  # "classes" | "number"
    labels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    spread: tuple[float, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    decisions: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def to_text(self) -> str:
        """The report for a terminal."""
        rows = {split: sum(self.counts[split].values()) for split in SPLITS}
        lines = [f"{self.name}: {sum(rows.values()):,} rows, {len(self.columns):,} columns ({self.kind})"]
        if self.target == "classes":
            lines += [f"Predicts {self.label}: {len(self.labels)} classes", "", *class_table(self.labels, self.counts)]
        else:
            low, first, middle, third, high = (f"{value:,.4g}" for value in self.spread)
            lines += [
                f"Predicts {self.label}: a number, from {low} to {high}; half of its values lie between {first} and "
                f"{third}, around {middle}",
                "Rows: " + ", ".join(f"{count:,} {split}" for split, count in rows.items()),
            ]
        kinds = Counter(self.columns.values())
        read = ", ".join(f"{count} {kind if count == 1 else PLURALS[kind]}" for kind, count in kinds.most_common())
        lines += ["", f"Columns that models see: {read}."]
        lines += section("Leaks", [str(leak) for leak in self.leaks], limit=None) or ["", "Leaks: none was found."]
        lines += section("Decided from the data", [str(item) for item in self.decisions], limit=None)
        lines += section("Take note", list(self.warnings), limit=None)
        lines += section("Rows with problems", [str(item) for item in self.problems], count=True)
        return "\n".join(lines) + "\n"


def report_of(opened: OpenedTable) -> TableReport:
    """What there is to say of an opened table."""
    targets = {split: opened.parts[split].targets for split in SPLITS}
    if opened.target == "classes":
        tallies = {split: np.bincount(found, minlength=len(opened.labels)) for split, found in targets.items()}
        counts = {
            split: {label: int(count) for label, count in zip(opened.labels, tally, strict=True)}
            for split, tally in tallies.items()
        }
        spread: tuple[float, ...] = ()
    else:
        counts = {split: {"": len(found)} for split, found in targets.items()}
        spread = tuple(float(value) for value in np.quantile(targets["train"], (0, 0.25, 0.5, 0.75, 1)))
    return TableReport(
        name=opened.name,
        kind=opened.kind,
        label=opened.label,
        target=opened.target,
        labels=opened.labels,
        counts=counts,
        spread=spread,
        columns={part.column.name: part.column.kind for part in opened.codec.parts},
        leaks=opened.leaks,
        decisions=opened.decisions,
        problems=opened.problems,
        warnings=opened.warnings,
    )
