"""The column to predict: which one it is, whether it names classes or measures a number, and which rows have it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from epochal.core.errors import DataError
from epochal.data.labels import MANY, as_label, order_labels
from epochal.data.split import some
from epochal.data.table.cells import PLACEHOLDERS, Column, read_cells
from epochal.data.table.guess import guess
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, counted, named_column, split_column, texts_of

# Names that the column to predict may have, the likeliest first.
LABEL_NAMES = ("label", "target", "class", "y", "outcome", "response", "labels", "species", "diagnosis")
ROWS_A_NUMBER = 5  # rows that each of few whole numbers needs, on average, to be a class unasked
FEW_ROWS = 10  # of a class: told
JOINTS = ("|", ";", ",")  # marks that may join several labels of one row


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """The answers of the rows that have one.

    `values`: int64 indices into `labels` for classes, float64 for a number, [n]. `rows`: the rows of the table that
    have an answer, int64 [n]. `weights`: float64 [n], or None.
    """

    column: Column
    kind: str  # "classes" | "number"
    values: np.ndarray
    rows: np.ndarray
    labels: tuple[str, ...] = ()
    weights: np.ndarray | None = None

    def at(self, places: np.ndarray) -> "Target":
        """The answers of some of these rows only."""
        weights = self.weights[places] if self.weights is not None else None
        return replace(self, values=self.values[places], rows=self.rows[places], weights=weights)


def find_label(raw: RawTable, options: TableOptions) -> str:
    """The name of the column to predict: as --label says, else by its name, else the last one.

    Raises:
        DataError: there is no such column, or no other one to learn from.
    """
    if options.label is not None:
        label = named_column(options.label, raw.columns, "the label", "--label")
    else:
        aside = {options.group, options.time, options.weights, options.split or split_column(raw)}
        columns = [name for name in raw.columns if name not in aside]
        columns = [name for name in columns if not pa.types.is_nested(raw.column(name).type)] or columns
        if not columns:
            raise DataError(f"{raw.name} has no column to predict. Name one with --label.")
        folded = {name.strip().casefold(): name for name in reversed(columns)}
        known = [folded[name] for name in LABEL_NAMES if name in folded]
        label = known[0] if known else columns[-1]
        why = "it is named so" if known else "it is the last column, and none is named label, target or class"
        if len(known) > 1:
            why += f"; so {'is' if len(known) == 2 else 'are'} {some(known[1:])}"
        raw.decide("column to predict", repr(label), why, "--label")
    for option in ("group", "time", "weights", "split"):
        named = getattr(options, option)
        if named is not None and not (option == "split" and named == "none"):
            named_column(named, raw.columns, f"the {option}", f"--{option}")
            if named == label:
                raise DataError(f"Column {label!r} cannot be both the label and --{option}. Name another one.")
    return label


def read_target(raw: RawTable, label: str, options: TableOptions) -> Target:
    """The answers of the table, and whether they are classes or numbers; rows without one are set aside and counted.

    Raises:
        DataError: no row has a label, there is one class only, or the cells are no labels.
    """
    array = raw.column(label)
    if pa.types.is_nested(array.type):
        raise DataError(
            f"column {label!r} holds several labels a row. epochal learns one answer a row: make a table for each "
            "label."
        )
    found = _labels(array)
    filled = np.flatnonzero(found.codes >= 0)
    lost = len(raw) - len(filled)
    if not len(filled):
        raise DataError(f"column {label!r} is empty: no row has a label. Name another one with --label.")
    if lost:
        raw.warnings.append(
            f"{lost:,} of {len(raw):,} rows have no label in column {label!r}: they are set aside, and only the other "
            f"{len(filled):,} are learned from and judged."
        )
        found = found._replace(codes=found.codes[filled])
    column, numbers, kind = _kind(raw, label, array, found, options)
    if kind == "number":
        assert numbers is not None
        values = numbers[found.codes]
        finite = np.isfinite(values)
        read = np.flatnonzero(finite)
        if len(read) < len(filled):
            wrong = counted(len(filled) - len(read), "label", "is no number", "are no numbers")
            raw.warnings.append(
                f"{wrong} in column {label!r}, such as "
                f"{found.names[int(found.codes[~finite][0])].as_py()!r}: their rows are set aside."
            )
        if not len(read) or np.ptp(values[read]) == 0:
            raise DataError(f"column {label!r} holds a single number, so there is nothing to learn: name another one.")
        labels: tuple[str, ...] = ()
        rows, values = filled[read], values[read]
    else:
        labels, values = _classes(raw, label, found, options)
        rows = filled
    rows, values, weights = _weighted(raw, rows, values, options)
    return Target(column=column, kind=kind, values=values, rows=rows, labels=labels, weights=weights)


def read_labels(
    raw: RawTable, label: str, options: TableOptions, *, numbers: bool
) -> tuple[list[str], np.ndarray | None]:
    """The label of each row as training reads it, for an evaluation: as text, empty where it is missing; and, where
    numbers are predicted, as float64 [rows], NaN where it is missing or no number.

    Raises:
        DataError: rows have several labels each.
    """
    array = raw.column(label)
    if pa.types.is_nested(array.type):
        raise DataError(f"column {label!r} holds several labels a row. Expected one answer a row.")
    found = _labels(array)
    texts = [*found.names.to_pylist(), ""]
    each = [texts[code] for code in found.codes.tolist()]
    if not numbers:
        return each, None
    values = found.numbers
    if values is None:
        column, _ = guess(label, texts[:-1], options.decimal or raw.decimal, options.day_first)
        column = column.replace(kind="number", placeholders=("",))
        values = read_cells(found.names, column).values
    return each, np.append(values, np.nan)[found.codes]


class _Labels(NamedTuple):
    """The labels of rows: `codes` [rows] into the different ones, -1 where missing; their `names` and `counts`; and
    their `numbers`, where the column is one of numbers."""

    codes: np.ndarray
    names: pa.Array
    counts: np.ndarray
    numbers: np.ndarray | None


def _labels(array: pa.Array) -> _Labels:
    """The labels of a column; only nothing is missing, words such as NA name classes."""
    if pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type):
        values = read_cells(array, Column(name="", kind="number")).values
        filled = ~np.isnan(values)
        different, inverse, counts = np.unique(values[filled], return_inverse=True, return_counts=True)
        codes = np.full(len(values), -1, np.int64)
        codes[filled] = inverse
        return _Labels(codes, texts_of(pa.array(different)), counts, different)
    if not pa.types.is_dictionary(array.type):
        array = pc.dictionary_encode(texts_of(array))
    place: dict[str, int] = {}
    mapped = np.full(len(array.dictionary) + 1, -1, np.int64)
    for index, text in enumerate(texts_of(array.dictionary).to_pylist()):
        name = as_label(text) if text is not None else ""
        if name:
            mapped[index] = place.setdefault(name, len(place))
    codes = mapped[pc.fill_null(array.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False)]
    counts = np.bincount(codes + 1, minlength=len(place) + 1)[1:]
    used = np.flatnonzero(counts)  # a dictionary may list levels that no row has
    again = np.full(len(place) + 1, -1, np.int64)
    again[used] = np.arange(len(used))
    names = pa.array([*place], pa.string()).take(pa.array(used))
    return _Labels(again[codes], names, counts[used], None)


def _kind(
    raw: RawTable, label: str, array: pa.Array, found: _Labels, options: TableOptions
) -> tuple[Column, np.ndarray | None, str]:
    """How the labels are read, the numbers of the different ones where they are such, and "classes" or "number"."""
    several = found.names.take(pa.array(np.arange(0, len(found.names), max(1, len(found.names) // 4_000)))).to_pylist()
    guessed, _ = guess(label, several, options.decimal or raw.decimal, options.day_first)
    dated = pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)
    if dated or (guessed.kind == "date" and len(found.names) > 2):
        raise DataError(
            f"column {label!r} holds dates, such as {several[0]!r}. epochal predicts classes or numbers: write the "
            "date as a number (days from another date), or name another column with --label."
        )
    numbers, column = found.numbers, Column(name=label, kind="number", placeholders=("",))
    if numbers is None and guessed.kind == "number":
        column = guessed.replace(placeholders=("",))
        numbers = read_cells(found.names, column).values
    kind, why = _decided(found, numbers)
    if options.target == "number" and numbers is None:
        raise DataError(
            f"column {label!r} holds words such as {several[0]!r}, which are no numbers. Say --target classes, or name "
            "another column with --label."
        )
    if options.target != "auto":
        kind = options.target
        raw.decide(f"what {label!r} is", _named(kind, len(found.names)), f"as --target {kind} says")
    else:
        other = "classes" if kind == "number" else "number"
        override = f"--target {other}" if numbers is not None else ""
        raw.decide(f"what {label!r} is", _named(kind, len(found.names)), why, override)
    return column if kind == "number" else column.replace(kind="category"), numbers, kind


def _named(kind: str, different: int) -> str:
    return "a number to predict" if kind == "number" else f"{different:,} class{'' if different == 1 else 'es'}"


def _decided(found: _Labels, numbers: np.ndarray | None) -> tuple[str, str]:
    """ "classes" or "number", and why."""
    different, rows = len(found.names), int(found.counts.sum())
    if numbers is None:
        return "classes", f"its cells are words, such as {found.names[int(found.counts.argmax())].as_py()!r}"
    if different <= 2:
        return "classes", "it has two values"
    finite = numbers[np.isfinite(numbers)]
    if (finite != np.floor(finite)).any():
        return "number", f"its cells are numbers with fractions, {different:,} different ones"
    if different <= MANY and rows >= ROWS_A_NUMBER * different:
        return "classes", f"it has {different} different whole numbers, each {rows / different:,.0f} times on average"
    return "number", f"it has {different:,} different whole numbers in {rows:,} rows"


def _classes(raw: RawTable, label: str, found: _Labels, options: TableOptions) -> tuple[tuple[str, ...], np.ndarray]:
    """The names of the classes in order, and the index of each row's class."""
    names = found.names.to_pylist()
    counts = Counter(dict(zip(names, found.counts.tolist(), strict=True)))
    if len(names) == 1:
        raise DataError(
            f"column {label!r} has one class only, {names[0]!r}, so there is nothing to tell apart. Name another "
            "column with --label, or add rows of the other classes."
        )
    single = sum(count == 1 for count in counts.values())
    if options.target == "auto":
        _refuse_several(label, counts)
    if single > MANY and single > len(found.codes) / 2:
        raise DataError(
            f"column {label!r} has {len(names):,} different labels in {len(found.codes):,} rows: they look like names "
            "of the rows, not like classes. Name another column with --label."
        )
    order = order_labels(names)
    place = {name: index for index, name in enumerate(order)}
    values = np.array([place[name] for name in names], np.int64)[found.codes]
    few = [name for name in order if 1 < counts[name] < FEW_ROWS]
    alone = [name for name in order if counts[name] == 1]
    if alone:
        raw.warnings.append(
            f"{_plural(alone, 'class')} {some(alone)} {'has' if len(alone) == 1 else 'have'} one row"
            f"{'' if len(alone) == 1 else ' each'}, which cannot be both learned and judged. Add rows, or leave "
            f"{'it' if len(alone) == 1 else 'them'} out."
        )
    if few:
        raw.warnings.append(
            f"{_plural(few, 'class')} {some(few)} {'has' if len(few) == 1 else 'have'} fewer than {FEW_ROWS} rows: "
            "scores of so few mean little."
        )
    for name in order:
        if name.casefold() in PLACEHOLDERS and re.search(r"\w|\?", name):
            raw.warnings.append(
                f"{name!r} is a class of its own, with {counted(counts[name], 'row')}. If it means that the label is "
                "missing, empty these cells."
            )
    folded: dict[str, list[str]] = {}
    for name in order:
        folded.setdefault(name.casefold(), []).append(name)
    for alike in folded.values():
        if len(alike) > 1:
            raw.warnings.append(
                f"classes {some(alike)} differ in capital letters only and are told apart. If they are one class, "
                "write them alike."
            )
    return order, values


def _refuse_several(label: str, counts: Counter[str]) -> None:
    """Raises DataError where cells join several labels: their parts are fewer than the cells that differ."""
    for joint in JOINTS:
        joined = [text for text in counts if joint in text]
        parts = {part.strip() for text in counts for part in text.split(joint)}
        if len(joined) >= 3 and len(joined) > 0.3 * len(counts) and len(parts) < len(counts):
            raise DataError(
                f"column {label!r} seems to hold several labels a row, joined by {joint!r}, such as {joined[0]!r}. "
                "epochal learns one answer a row: make a column for each label and choose one with --label, or say "
                "--target classes if each such cell is one class."
            )


def _plural(names: Sequence[str], word: str) -> str:
    return word if len(names) == 1 else f"{len(names)} {word}es"


def _weighted(
    raw: RawTable, rows: np.ndarray, values: np.ndarray, options: TableOptions
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Rows, values and their weights, without rows of weight 0; errors as of `read_weights`."""
    if options.weights is None:
        return rows, values, None
    weights = read_weights(raw, options.weights, rows, options)
    raw.decide(
        f"column {options.weights!r}",
        "the weight of each row in learning and in scores, left out of what models see",
        "as --weights says",
    )
    zero = weights == 0
    if zero.any():
        raw.warnings.append(f"{counted(int(zero.sum()), 'row', 'has', 'have')} the weight 0: set aside.")
    return rows[~zero], values[~zero], weights[~zero]


def read_weights(raw: RawTable, name: str, rows: np.ndarray, options: TableOptions) -> np.ndarray:
    """The weights of these rows, float64 [n], 0 or more, from the column of this name.

    Raises:
        DataError: a weight is missing, negative, infinite or no number, or all are 0.
    """
    column = guess(name, ["1"], options.decimal, None)[0]
    array = raw.column(name)
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type) or pa.types.is_decimal(array.type)):
        texts = [text or "" for text in texts_of(array).to_pylist()]
        column = guess(name, texts, options.decimal or raw.decimal, None)[0]
        if column.kind != "number":
            raise DataError(
                f"column {name!r} holds no numbers and cannot be the --weights. Expected a number of 0 or more in "
                "every row."
            )
    weights = np.asarray(read_cells(array, column).values, np.float64)[rows]
    wrong = np.flatnonzero(~((weights >= 0) & np.isfinite(weights)))
    if len(wrong):
        found = "missing" if np.isnan(weights[wrong[0]]) else f"{weights[wrong[0]]:g}"
        raise DataError(
            f"column {name!r}: the weight of row {rows[wrong[0]] + 1:,} is {found}. Expected a number of 0 or more in "
            "every row that has a label."
        )
    if not weights.any():
        raise DataError(f"column {name!r}: every weight is 0. Give some rows a weight above 0.")
    return weights
