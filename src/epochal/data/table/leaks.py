"""Leaks, named before anything is trained: what a column tells of the label that it will not tell of a new row."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from epochal.core.record import Record
from epochal.data.table.cells import Cells, Column, missing_cells, of_rows
from epochal.data.table.raw import counted, kind_option
from epochal.data.table.target import Target

FEWEST = 20  # rows below which nothing is concluded from a column
CERTAIN = 1e-6  # chance of a finding, were the column unrelated to the label
MOST_OF_RANGE = 0.9  # share of the rows that a range of a number may have to be one value, so to say
COPIES = 0.5  # share of the rows that must have the cell for a column to be a copy of the label
SORTED = 0.5  # runs of one label in the order of the rows, of those that chance would give
ALIKE = 0.9  # correlation of the labels of neighbouring rows


@dataclass(frozen=True, kw_only=True)
class Leak(Record):
    """Something that may make scores better than they will be. `drop`: it is certain enough to leave the column out."""

    kind: str  # id | copy | strong | missing | late | repeated | order
    column: str = ""
    what: str  # a sentence: the column and the evidence
    advice: str
    drop: bool = False

    def __str__(self) -> str:
        return f"{self.what} {self.advice}"


def find_ids(columns: Mapping[str, Column], why: Mapping[str, str]) -> list[Leak]:
    """Columns that name the rows, as recognised while reading."""
    return [
        Leak(
            kind="id",
            column=name,
            what=f"column {name!r} is an id: {why[name]}.",
            advice=f"It is left out; say {kind_option(name, 'number', 'category')} to keep it.",
            drop=True,
        )
        for name, column in columns.items()
        if column.kind == "id"
    ]


def find_copies(cells: Mapping[str, Cells], target: Target) -> list[Leak]:
    """Columns that are one-to-one with the label: each value stands with one label, and each label with one value."""
    found = []
    for name, column in cells.items():
        if column.texts is not None or len(target.rows) < FEWEST:
            continue
        if not _maybe_one_to_one(column.values[target.rows[:2000]], target.values[:2000], target.kind):
            continue
        values = of_rows(column.values, target.rows)
        present = ~missing_cells(Cells(values))
        if present.sum() < max(FEWEST, COPIES * len(values)):
            continue
        how = _one_to_one(values[present], target.values[present], target.kind)
        if how:
            share = "" if present.all() else f" in the {present.mean():.0%} of the training rows that have it"
            found.append(
                Leak(
                    kind="copy",
                    column=name,
                    what=f"column {name!r} is a copy of the label: {how}{share}.",
                    advice="It is left out; say --keep " + name + " if it is known before the label is.",
                    drop=True,
                )
            )
    return found


def _maybe_one_to_one(values: np.ndarray, labels: np.ndarray, kind: str) -> bool:
    """A look at the first rows, which spares most columns the rest."""
    present = ~missing_cells(Cells(values))
    values, labels = values[present], labels[present]
    if kind == "classes" or len(labels) < FEWEST or np.ptp(labels) == 0 or (values == values[0]).all():
        return kind != "classes" or len(np.unique(values)) <= max(len(np.unique(labels)), 2)
    return bool(abs(np.corrcoef(values.astype(np.float64), labels)[0, 1]) > 0.99)


def _one_to_one(values: np.ndarray, labels: np.ndarray, kind: str) -> str:
    if kind == "number":
        numbers = values.astype(np.float64)
        if np.ptp(numbers) == 0 or np.ptp(labels) == 0:
            return ""
        correlation = float(np.corrcoef(numbers, labels)[0, 1])
        return f"their correlation is {correlation:.6f}" if 1 - abs(correlation) < 1e-9 else ""
    classes = np.flatnonzero(np.bincount(labels))
    different = np.unique(values)
    if len(different) != len(classes) or len(classes) < 2:
        return ""
    codes = np.searchsorted(different, values)
    pairs = np.count_nonzero(np.bincount(codes * (int(classes[-1]) + 1) + labels))
    if pairs != len(classes):
        return ""
    return f"each of its {len(different)} values stands with one label only, and each label with one value"


def find_missing(cells: Mapping[str, Cells], target: Target) -> list[Leak]:
    """Columns whose cells are missing, or filled, only where the label is one value (or lies in one range)."""
    found = []
    for name, column in cells.items():
        missing = of_rows(missing_cells(column), target.rows)
        number = int(missing.sum())
        if min(number, len(missing) - number) < FEWEST:
            continue
        for where, word in ((missing, "missing"), (~missing, "filled")):
            what = _only(target, where)
            if what:
                found.append(
                    Leak(
                        kind="missing",
                        column=name,
                        what=(
                            f"column {name!r} is {word} in {int(where.sum()):,} training rows, and in all of them "
                            f"{what}."
                        ),
                        advice=f"If it is written once the label is known, drop it: {kind_option(name, 'drop')}.",
                    )
                )
                break
    return found


def _only(target: Target, where: np.ndarray) -> str:
    inside, outside = target.values[where], target.values[~where]
    if target.kind == "classes":
        first = inside[0]
        if (inside != first).any() or (outside == first).all():
            return ""
        base = float((target.values == first).mean())
        return f"the label is {target.labels[int(first)]!r}" if base ** len(inside) < CERTAIN else ""
    for edge, word, share in (
        (inside.max(), "below", float((target.values <= inside.max()).mean())),
        (inside.min(), "above", float((target.values >= inside.min()).mean())),
    ):
        if share < MOST_OF_RANGE and share ** len(inside) < CERTAIN:
            return f"the label is {edge:g} or {word}, as in only {share:.0%} of these rows"
    return ""


def find_late(cells: Mapping[str, Cells], time: str, times: np.ndarray, rows: np.ndarray) -> list[Leak]:
    """Columns of dates that lie after the row's own time."""
    found = []
    for name, column in cells.items():
        if name == time or column.values.dtype.kind != "M" or times.dtype.kind != "M":
            continue
        dates, own = column.values[rows], times[rows]
        both = ~np.isnat(dates) & ~np.isnat(own)
        after = both & (dates > own)
        if after.any():
            example = int(np.flatnonzero(after)[0])
            found.append(
                Leak(
                    kind="late",
                    column=name,
                    what=(
                        f"column {name!r} lies after {time!r} in {int(after.sum()):,} of {int(both.sum()):,} rows, "
                        f"such as row {rows[example] + 1:,}: {_day(dates[example])} after {_day(own[example])}."
                    ),
                    advice=f"It was not known at that time: drop it with {kind_option(name, 'drop')}.",
                )
            )
    return found


def _day(moment: np.datetime64) -> str:
    return str(moment.astype("datetime64[s]")).replace("T00:00:00", "").replace("T", " ")


def find_order(target: Target, *, by_time: bool) -> list[Leak]:
    """Whether the order of the rows tells the label: rows sorted by it, or neighbours that are alike."""
    values, count = target.values, len(target.values)
    if count < 2 * FEWEST:
        return []
    if target.kind == "classes":
        shares = np.bincount(values) / count
        expected = 1 + (count - 1) * (1 - float((shares**2).sum()))
        runs = 1 + int((values[1:] != values[:-1]).sum())
        if runs >= SORTED * expected or expected - runs < 6 * expected**0.5:
            return []
        what = f"the order of the rows tells the label: it changes {counted(runs - 1, 'time')} from row to row, where "
        what += f"rows in chance order would change {expected - 1:,.0f} times."
    else:
        before, after = values[:-1] - values.mean(), values[1:] - values.mean()
        alike = float((before * after).sum() / max((before**2).sum() ** 0.5 * (after**2).sum() ** 0.5, 1e-300))
        if alike < ALIKE:
            return []
        what = f"the order of the rows tells the label: the correlation of neighbouring rows' labels is {alike:.2f}."
    if by_time:
        return []
    return [
        Leak(
            kind="order",
            what=what,
            advice=(
                "If the rows follow time, name its column with --time, so that the test lies after what is learned "
                "from; if they come in groups, name them with --group."
            ),
        )
    ]


def find_repeated(split: np.ndarray, straddling: int, repeated: int) -> list[Leak]:
    """Rows that stand on both sides of a published or dated split."""
    if not straddling:
        return []
    return [
        Leak(
            kind="repeated",
            what=(
                f"{straddling:,} rows have a row in a later split that is the same in every column but the label, or "
                f"is of the same group ({repeated:,} of {len(split):,} rows have a copy somewhere)."
            ),
            advice="They are set aside from the earlier split.",
        )
    ]
