"""Cutting the rows of a table into train, validation and test: by class, by group, by time, or as published."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64, UInt64

from epochal.core.errors import DataError
from epochal.data.report import SPLITS
from epochal.data.split import DEFAULT_VALIDATION, TEST, TRAIN, VALIDATION, assign, join, some, straddling
from epochal.data.table.cells import Cells, of_rows
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, counted
from epochal.data.table.target import Target

BINS = 10  # ranges of a number to predict that are spread evenly over the splits
BY_NATURE = 0.1  # share of rows that have a copy from which copies are chance, as in tables of few columns
MOST_VALIDATION = 6_000  # rows cut from a published training split where nothing was said


@dataclass(frozen=True, kw_only=True, eq=False)
class Division:
    """`split`: int64 [rows], 0 train, 1 validation, 2 test, -1 set aside; `copies`: rows that repeat another one."""

    split: np.ndarray
    copies: int
    straddling: int  # rows of train or validation with a copy in a later split as published or by time


def row_hashes(cells: dict[str, Cells], rows: np.ndarray) -> UInt64[np.ndarray, " rows"]:
    """A hash of the contents of each of these rows, the same on every machine and in any order of rows."""
    total = np.zeros(len(rows), np.uint64)
    for name in sorted(cells):
        total += _cell_hashes(cells[name], rows)
        total ^= total >> np.uint64(32)
        total *= np.uint64(0xD6E8FEB86659FD93)
        total ^= total >> np.uint64(32)
    return _mixed(total)


def repeated_rows(hashes: UInt64[np.ndarray, " rows"]) -> pd.Series:
    """The hashes of the rows that are the same as another one, by the place of the row."""
    series = pd.Series(hashes)
    return series[series.duplicated(keep=False)]


def rank_rows(hashes: UInt64[np.ndarray, " rows"], repeated: pd.Series, seed: int) -> UInt64[np.ndarray, " rows"]:
    """A place in line for each row, from the seed and its contents: adding or moving rows moves no other."""
    order = hashes + np.uint64((seed * 0x9E3779B97F4A7C15 + 1) % 2**64)
    if len(repeated):  # copies get places of their own, or a split would hold few kinds of rows
        order[repeated.index] += repeated.groupby(repeated).cumcount().to_numpy(np.uint64) * np.uint64(
            0xD1B54A32D192ED03
        )
    return _mixed(order)


def divide_rows(
    raw: RawTable,
    target: Target,
    hashes: UInt64[np.ndarray, " rows"],
    options: TableOptions,
    *,
    published: Int64[np.ndarray, " rows"] | None = None,
    groups: list[str] | None = None,
    times: np.ndarray | None = None,
) -> Division:
    """The split of each row of the target. Everything given is of these rows; `times` are numbers or dates.

    Raises:
        DataError: a split would be empty.
    """
    count = len(target.rows)
    strata = _strata(target)
    repeated = repeated_rows(hashes)
    pairs = _copies(raw, repeated, count, options, published)
    units = join(count, pairs, groups) if len(pairs) or groups is not None else np.arange(count)
    order = rank_rows(hashes, repeated, options.seed)
    aside = np.zeros(count, bool)
    if times is not None and published is None:
        split = _by_time(raw, times, options)
        aside = straddling(np.maximum(split, 0), units) & (split >= 0)
    elif published is not None:
        split, aside = _published(raw, published.copy(), strata, units, order, options)
    else:
        split = assign(
            strata,
            units,
            order,
            validation=options.validation_fraction,
            test=options.test_fraction,
            classes=int(strata.max()) + 1,
        )
        shares = 1 - options.validation_fraction - options.test_fraction
        how = "by class" if target.kind == "classes" else "by ranges of the label"
        raw.decide(
            "splits",
            f"{shares:.0%} train, {options.validation_fraction:.0%} validation, {options.test_fraction:.0%} test, {how}"
            + (f", whole groups of {options.group!r}" if groups is not None else "")
            + f", seed {options.seed}",
            "no split is published",
            "--test-fraction, --validation-fraction, --split-seed, --group, --time",
        )
    split[aside] = -1
    _check(raw, target, split, int(aside.sum()))
    return Division(split=split, copies=len(repeated), straddling=int(aside.sum()))


def _strata(target: Target) -> np.ndarray:
    if target.kind == "classes":
        return target.values
    edges = np.unique(np.quantile(target.values, np.arange(1, BINS) / BINS))
    return np.searchsorted(edges, target.values).astype(np.int64)


def _copies(
    raw: RawTable, repeated: pd.Series, count: int, options: TableOptions, published: np.ndarray | None
) -> np.ndarray:
    """Pairs of rows with the same contents, to be kept on one side, int64 [pairs, 2]: the first and each later one.

    Rows are alike by nature where many have a copy in their own published split: copies in another one are leaks.
    """
    none = np.empty((0, 2), np.int64)
    if not options.duplicates or not len(repeated):
        return none
    own = repeated if published is None else _within(repeated, published)
    if len(own) > max(BY_NATURE * count, 2):
        raw.decide(
            "identical rows",
            "spread over the splits like all others",
            f"{len(own):,} of {count:,} rows are the same as another one in every column: rows of this table are "
            "alike by nature",
            "--group",
        )
        return none
    first = repeated.groupby(repeated).transform(lambda group: group.index[0]).to_numpy(np.int64)
    pairs = np.column_stack([first, repeated.index.to_numpy(np.int64)])
    raw.decide(
        "identical rows",
        "kept on one side of every split",
        f"{len(repeated):,} rows are the same as another one in every column but the label and ids",
    )
    return pairs[pairs[:, 0] != pairs[:, 1]]


def _within(repeated: pd.Series, published: np.ndarray) -> pd.Series:
    """The repeated rows that have a copy in their own published split."""
    places = pd.DataFrame({"row": repeated, "split": published[repeated.index.to_numpy(np.int64)]})
    return repeated[places.duplicated(keep=False)]


def _by_time(raw: RawTable, times: np.ndarray, options: TableOptions) -> np.ndarray:
    """Train before validation before test; rows of one moment lie on one side, and rows without one are set aside."""
    unknown = np.isnat(times) if times.dtype.kind == "M" else np.isnan(times)
    known = np.sort(times[~unknown])
    count = len(known)
    if unknown.any():
        raw.warnings.append(
            f"{counted(int(unknown.sum()), 'row', 'has', 'have')} no time in column {options.time!r}: set aside."
        )
    if count < 3:
        raise DataError(f"column {options.time!r} has {count} times: three or more rows need one to split by --time.")
    held = options.test_fraction + options.validation_fraction
    starts = [known[min(count - 1, round((1 - share) * count))] for share in (held, options.test_fraction)]
    split = np.where(times >= starts[1], TEST, np.where(times >= starts[0], VALIDATION, TRAIN)).astype(np.int64)
    split[unknown] = -1
    raw.decide(
        "splits",
        f"train before {_moment(starts[0])}, validation from there on, test from {_moment(starts[1])} on",
        f"as --time {options.time} says",
        "--test-fraction, --validation-fraction",
    )
    return split


def _moment(value: np.generic) -> str:
    return str(value.astype("datetime64[s]")).replace("T00:00:00", "") if value.dtype.kind == "M" else f"{value:g}"


def _published(
    raw: RawTable, split: np.ndarray, strata: np.ndarray, units: np.ndarray, order: np.ndarray, options: TableOptions
) -> tuple[np.ndarray, np.ndarray]:
    """The published splits with a validation split cut from train where none is there, and rows to set aside."""
    if (split == VALIDATION).any() and not (split == TEST).any():
        split[split == VALIDATION] = TEST
        raw.decide("test", "the published validation split", "one must stay sealed, and no test split is published")
    if not (split == TEST).any():
        raise DataError(f"{raw.name}: its split column names no row as test. Say --split none to have splits cut anew.")
    aside = straddling(split, units)
    if not (split == VALIDATION).any():
        free = np.flatnonzero((split == TRAIN) & ~aside)
        fraction = options.validation_fraction
        if fraction == DEFAULT_VALIDATION:
            fraction = min(fraction, MOST_VALIDATION / max(1, len(free)))
        _, within = np.unique(units[free], return_inverse=True)
        split[free] = assign(
            strata[free], within, order[free], validation=fraction, test=0, classes=int(strata.max()) + 1
        )
        raw.decide(
            "validation", f"{fraction:.0%} of the published training rows", "none is published", "--validation-fraction"
        )
    return split, aside


def _check(raw: RawTable, target: Target, split: np.ndarray, aside: int) -> None:
    """Warns of classes that a split lacks.

    Raises:
        DataError: a split is empty, train has one class, or a split one number.
    """
    for which, name in enumerate(SPLITS):
        if not (split == which).any():
            lost = (
                f" {counted(aside, 'row')} of {SPLITS[0]} and {SPLITS[1]} had a copy or their group in a later split."
            )
            raise DataError(
                f"{raw.name}: no row is left for {name}. There are {len(split):,} rows with a label: add rows, or let "
                f"groups be smaller.{lost if aside else ''}"
            )
    if target.kind != "classes":
        for which, name in enumerate(SPLITS):
            values = target.values[split == which]
            if not np.ptp(values):
                raise DataError(
                    f"{raw.name}: every label in {name} is {values[0]:g}, so "
                    + (
                        "there is nothing to learn"
                        if which == TRAIN
                        else "nothing shows there how well it is predicted"
                    )
                    + ": add rows, or have the splits cut in another way."
                )
        return
    counts = [np.bincount(target.values[split == which], minlength=len(target.labels)) for which in range(3)]
    if (counts[TRAIN] > 0).sum() == 1:
        raise DataError(
            f"{raw.name}: only one class is left in train, {target.labels[int(counts[TRAIN].argmax())]!r}, so there is "
            "nothing to tell apart: add rows of the other classes."
        )
    for which, what in (
        (TRAIN, "cannot be learned"),
        (VALIDATION, "has no part in the choice"),
        (TEST, "cannot be judged"),
    ):
        lacking = [label for label, number in zip(target.labels, counts[which], strict=True) if not number]
        if lacking:
            word = "class" if len(lacking) == 1 else f"{len(lacking)} classes:"
            raw.warnings.append(f"no row of {word} {some(lacking)} is in {SPLITS[which]}: it {what}.")


def _cell_hashes(found: Cells, rows: np.ndarray) -> np.ndarray:
    if found.texts is not None:
        texts = found.texts.fill_null("").to_numpy(zero_copy_only=False).astype(object)
        return pd.util.hash_array(texts[rows], categorize=False)
    if found.values.dtype.kind == "i":
        levels = np.append(pd.util.hash_array(np.array(found.levels, object)), np.uint64(1)) if found.levels else [1]
        return np.asarray(levels, np.uint64)[of_rows(found.values, rows)]
    values = of_rows(found.values, rows)
    if values.dtype.kind == "f":
        values = values + 0.0  # -0.0 is 0.0
        values[np.isnan(values)] = np.nan  # there are many ways to write it
    return values.view(np.uint64)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Steele, Lea and Flood's SplitMix64: neighbouring numbers become unlike ones."""
    with np.errstate(over="ignore"):
        numbers = numbers + np.uint64(0x9E3779B97F4A7C15)
        numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(numbers ^ (numbers >> np.uint64(31)))
