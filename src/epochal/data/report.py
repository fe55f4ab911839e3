"""The data report: what was found, what was decided, what is wrong, in plain words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from epochal.core.record import Record
from epochal.data.split import some

SPLITS = ("train", "validation", "test")
SHOWN = 20  # lines of a kind in the text, where not all of them must be named
NAMED = 3  # problems that are named at once, before a training
_OF_COLUMN = re.compile(r"(column|missing cells of) ['\"](.*)['\"]")


@dataclass(frozen=True, kw_only=True)
class Decision(Record):
    """Something that nobody said and that was chosen from the data. `override` is how to choose otherwise."""

    what: str
    chosen: str
    why: str
    override: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.chosen} ({self.why})" + (
            f" - override with {self.override}" if self.override else ""
        )


@dataclass(frozen=True, kw_only=True)
class Problem(Record):
    """A file or example that is not as it should be, and what was done with it."""

    file: str
    what: str
    action: str  # "set aside" | "used" | "ignored"

    def __str__(self) -> str:
        return f"{self.file}: {self.what} [{self.action}]"


def alike_once(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions, with one for all columns of which the same was decided for the same reason."""
    groups: dict[tuple[str, ...], list[tuple[str, Decision]]] = {}
    for made in decisions:
        found = _OF_COLUMN.fullmatch(made.what)
        what, name = (found[1], found[2]) if found else (made.what, "")
        how = made.override.replace(name, "NAME") if name else made.override
        groups.setdefault((what, made.chosen, made.why, how), []).append((name, made))
    once = []
    for (what, chosen, why, how), alike in groups.items():
        if len(alike) == 1:
            once.append(alike[0][1])
            continue
        what = f"{len(alike):,} columns" if what == "column" else what
        names = some([name for name, _ in alike])
        once.append(Decision(what=f"{what} {names}", chosen=chosen, why=why, override=how))
    return once


def class_table(labels: Sequence[str], counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    splits = [split for split in SPLITS if split in counts]
    shown = labels if len(labels) <= 40 else labels[:SHOWN]
    wide = max([len("class"), *(len(label) for label in shown)])
    lines = ["  ".join(["class".ljust(wide), *(split.rjust(10) for split in splits)])]
    for label in shown:
        numbers = [f"{counts[split].get(label, 0):,}".rjust(10) for split in splits]
        lines.append("  ".join([label.ljust(wide), *numbers]))
    if len(shown) < len(labels):
        lines.append(f"... and {len(labels) - len(shown)} more classes")
    sums = [f"{sum(classes.values()):,}".rjust(10) for classes in (counts[split] for split in splits)]
    lines.append("  ".join(["all".ljust(wide), *sums]))
    return lines


def section(title: str, entries: list[str], *, limit: int | None = SHOWN, count: bool = False) -> list[str]:
    if not entries:
        return []
    shown = entries if limit is None else entries[:limit]
    lines = ["", f"{title} ({len(entries):,}):" if count else f"{title}:", *(f"  - {entry}" for entry in shown)]
    if len(shown) < len(entries):
        lines.append(f"  ... and {len(entries) - len(shown):,} more")
    return lines
