"""The report of a table: what it holds, how its columns are read, and what would make scores too good."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from epochal.core.record import Record
from epochal.data.report import NAMED, SPLITS, Decision, Problem, alike_once, class_table, section
from epochal.data.split import small_test
from epochal.data.table.leaks import Leak
from epochal.data.table.opened import OpenedTable

PLURALS = {"number": "numbers", "boolean": "booleans", "date": "dates", "category": "categories", "text": "texts"}
GRAVEST = ("copy", "strong", "missing", "late", "repeated", "order", "id")  # kinds of leaks, the gravest first


@dataclass(frozen=True, kw_only=True)
class TableReport(Record):
    """All that was found out about a table while opening it.

    `counts` has the rows of each split: by class, or all under "" where a number is predicted; then `spread` has its
    least value, its quartiles and its greatest value on the training rows. `columns` says what each column is that
    models see. The gravest leaks come first.
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

    @property
    def summary(self) -> tuple[str, ...]:
        """What whoever opens the table must hear: what is predicted, leaks, decisions and warnings."""
        what = f"{len(self.labels)} classes" if self.labels else "a number"
        leaks = [f"leak: {leak}" for leak in self.leaks]
        return (f"predicts column {self.label!r}: {what}", *leaks, *self._decided(), *self.warnings, *self._problems())

    def _decided(self) -> list[str]:
        """Without the columns that a leak names as an id."""
        ids = {f"column {leak.column!r}" for leak in self.leaks if leak.kind == "id"}
        return list(map(str, alike_once([one for one in self.decisions if one.what not in ids])))

    def _problems(self) -> list[str]:
        if not (found := len(self.problems)):
            return []
        some_of = "; ".join(map(str, self.problems[:NAMED]))
        more = f"; and {found - NAMED:,} more, which `epochal data check` names" if found > NAMED else ""
        return [f"{found:,} {'row has a problem' if found == 1 else 'rows have problems'}: {some_of}{more}"]

    def to_text(self) -> str:
        """The report for a terminal."""
        rows = {split: sum(self.counts[split].values()) for split in SPLITS}
        lines = [f"{self.name}: {sum(rows.values()):,} rows, {len(self.columns):,} columns ({self.kind})"]
        if self.target == "classes":
            lines += [f"Predicts {self.label}: {len(self.labels)} classes", "", *class_table(self.labels, self.counts)]
        else:
            low, first, middle, third, high = map(_number, self.spread)
            lines += [
                f"Predicts {self.label}: a number, from {low} to {high}; half of its values lie between {first} and "
                f"{third}, around {middle}",
                "Rows: " + ", ".join(f"{count:,} {split}" for split, count in rows.items()),
            ]
        kinds = Counter(self.columns.values())
        read = ", ".join(f"{count} {kind if count == 1 else PLURALS[kind]}" for kind, count in kinds.most_common())
        lines += ["", f"Columns that models see: {read}."]
        lines += section("Leaks", [str(leak) for leak in self.leaks], limit=None) or ["", "Leaks: none was found."]
        lines += section("Take note", list(self.warnings), limit=None)
        lines += section("Rows with problems", [str(item) for item in self.problems], count=True)
        lines += section("Decided from the data", self._decided(), limit=None)
        return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1e4 else f"{value:,.4g}"


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
    warnings = opened.warnings
    if opened.target == "classes":
        warnings += tuple(small_test(len(targets["test"]), "rows"))
    return TableReport(
        name=opened.name,
        kind=opened.kind,
        label=opened.label,
        target=opened.target,
        labels=opened.labels,
        counts=counts,
        spread=spread,
        columns={part.column.name: part.column.kind for part in opened.codec.parts},
        leaks=tuple(sorted(opened.leaks, key=lambda leak: GRAVEST.index(leak.kind))),
        decisions=opened.decisions,
        problems=opened.problems,
        warnings=warnings,
    )
