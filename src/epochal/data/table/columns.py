"""What each column of a table is: by its contents before its name, with the reason and the option that overrides it."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from epochal.core.errors import DataError
from epochal.data.split import some
from epochal.data.table.cells import AMONG_NUMBERS, PLACEHOLDERS, Cells, Column, missing_cells, read_cells, trimmed
from epochal.data.table.guess import guess
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, kind_option, named_column

SAMPLE = 20_000  # rows from which it is judged whether the cells of a column differ
GUESSED = 1_000  # rows from which it is judged what they write
MANY_LEVELS = 1_000
ID_NAMES = re.compile(
    r"(^|[_\s.-])(id|ids|uid|uuid|guid|key|index|idx|nr|number|no)$|(?<=[a-z])(Id|ID|Key|Uuid)$", re.I
)
UNIQUE = 0.98  # share of different values from which a column of names has one for each row
STAND_IN = 0.005  # share of the cells of a number that stands for missing ones
LEFT_OUT = ("id", "constant", "unusable")  # kinds that no model sees
FEWEST = 20  # rows below which nothing is taken for an id


class Read(NamedTuple):
    """A column with its cells; `why` says how it was recognised."""

    column: Column
    cells: Cells
    why: str


def inspect(raw: RawTable, names: Sequence[str], options: TableOptions) -> dict[str, Read]:
    """Each of the named columns, read. What is not plain is told as a decision or a warning of `raw`."""
    for name in options.columns:
        named_column(name, raw.columns, "a kind", f"--column {name}={options.columns[name]}")
    return {name: _inspect(raw, name, options) for name in names if options.columns.get(name) != "drop"}


def _inspect(raw: RawTable, name: str, options: TableOptions) -> Read:
    array = raw.column(name)
    asked = options.columns.get(name)
    column, why = _recognised(name, array, options, asked, raw.decimal)
    cells = Cells(np.empty(0)) if column.kind in LEFT_OUT else read_cells(array, column)
    if asked is not None and column.kind not in LEFT_OUT and missing_cells(cells).all():
        raise DataError(
            f"column {name!r}: none of its {len(array):,} cells can be read as {asked}, as --column {name}={asked} "
            f"asks ({some(sorted(cells.odd)) or 'all are empty'}). Say another kind, or --column {name}=drop."
        )
    if asked is None and column.kind not in LEFT_OUT:
        kind = column.kind
        column, why = _reconsidered(column, cells, array, why)
        if column.kind in LEFT_OUT:
            cells = Cells(np.empty(0))
        elif column.kind != kind:
            cells = read_cells(array, column)
    _tell(raw, column, cells, why, asked, array)
    return Read(column, cells, why)


def sample_of(array: pa.Array, count: int = SAMPLE) -> pa.Array:
    """At most so many cells, of places that are the same for all columns of one length.

    They are drawn, because every hundredth row may be another patient where each has a hundred rows.
    """
    if len(array) <= count:
        return array
    return array.take(pa.array(np.unique(np.random.default_rng(0).integers(0, len(array), count))))


def nearly_unique(array: pa.Array, missing: int = 0) -> bool:
    """Whether at least `UNIQUE` of the filled cells differ, as far as a sample of them tells."""
    sample = sample_of(array)
    filled, share = len(sample) - sample.null_count, len(sample) / max(1, len(array))
    copies = filled - pc.count_distinct(sample, mode="only_valid").as_py()
    # a pair of copies is in the sample with the squared share; three more may be chance
    allowed = (1 - UNIQUE) * filled * share + (3 if share < 1 else 0)
    return len(array) - array.null_count - missing >= FEWEST and copies <= allowed


def _recognised(
    name: str, array: pa.Array, options: TableOptions, asked: str | None, decimal: str | None
) -> tuple[Column, str]:
    kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return Column(name=name, kind="unusable"), f"its cells hold {kind}, not one value each"
    typed, why = _typed(kind)
    if typed and pa.types.is_dictionary(array.type):
        typed, why = "category", "it is a categorical column"
    if typed and asked in (None, typed):
        return Column(name=name, kind=typed), why
    texts = trimmed(sample_of(array, GUESSED)).to_pylist()
    column, why = guess(name, [text or "" for text in texts], options.decimal or decimal, options.day_first)
    if asked is None and column.kind == "category" and not pa.types.is_dictionary(array.type) and nearly_unique(array):
        return column.replace(kind="id"), f"nearly all of its {len(array) - array.null_count:,} cells differ"
    if asked is None or asked == column.kind:
        return column, why
    placeholders = AMONG_NUMBERS if asked == "number" else PLACEHOLDERS
    return column.replace(kind=asked, placeholders=placeholders), f"as --column {name}={asked} says"


def _typed(kind: pa.DataType) -> tuple[str, str]:
    if pa.types.is_boolean(kind):
        return "boolean", "its cells are true or false"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number", "its cells are numbers"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return "date", "its cells are dates"
    return ("number", "its cells are durations") if pa.types.is_duration(kind) else ("", "")


def _reconsidered(column: Column, cells: Cells, array: pa.Array, why: str) -> tuple[Column, str]:
    """The column with kinds that only all of its cells can tell: constant, id, dates written as numbers."""
    missing = missing_cells(cells)
    filled = int(len(array) - missing.sum())
    if filled == 0:
        return column.replace(kind="constant"), "every cell is empty"
    if column.kind == "text":
        return column, why
    present = cells.values[~missing] if missing.any() else cells.values
    if (present == present[0]).all():
        return (column.replace(kind="constant"), "every cell is the same") if not missing.any() else (column, why)
    if column.kind == "category":
        different = len(cells.levels)
        if filled >= FEWEST and different >= UNIQUE * filled:
            return column.replace(kind="id"), f"{different:,} different values in {filled:,} cells"
    if column.kind == "number" and filled >= FEWEST:
        return _numbers_reconsidered(column, present, why)
    return column, why


def _numbers_reconsidered(column: Column, present: np.ndarray, why: str) -> tuple[Column, str]:
    few = present[:: max(1, len(present) // SAMPLE)]
    if (few != np.floor(few)).any():
        return column, why
    if ((few >= 19_000_101) & (few <= 21_001_231)).all() and _calendar(few) and len(np.unique(few)) > 1:
        return column.replace(kind="date", dates="%Y%m%d"), f"dates without marks, such as {few[0]:.0f}"
    if len(np.unique(few)) < UNIQUE * len(few) or (present != np.floor(present)).any():
        return column, why
    different = len(np.unique(present))
    if different < UNIQUE * len(present):
        return column, why
    span = present.max() - present.min() + 1
    if different == len(present) and span <= 2 * len(present) and len(present) > 2 * FEWEST:
        return column.replace(
            kind="id"
        ), f"whole numbers that count the rows, {present.min():.0f} to {present.max():.0f}"
    if ID_NAMES.search(column.name):
        return column.replace(
            kind="id"
        ), f"{different:,} different whole numbers in {len(present):,} cells, and its name"
    return column, why


def _stand_in(values: np.ndarray) -> float | None:
    """A number such as -999 that many cells have, far from all others: it may stand for a missing cell."""
    few = values[:: max(1, len(values) // SAMPLE)]
    few = few[~np.isnan(few)]
    for value, beyond in ((few.min(), few[few > few.min()]), (few.max(), few[few < few.max()])) if len(few) else ():
        often = len(few) - len(beyond) >= max(2, STAND_IN * len(few))
        if len(beyond) and often and re.fullmatch(r"-?(99+|88+)", f"{value:.0f}"):
            gap = min(abs(value - beyond.min()), abs(value - beyond.max()))
            if gap > np.ptp(beyond):
                return float(value)
    return None


def _calendar(numbers: np.ndarray) -> bool:
    months, days = numbers // 100 % 100, numbers % 100
    return bool(((months >= 1) & (months <= 12) & (days >= 1) & (days <= 31)).all())


def _tell(raw: RawTable, column: Column, cells: Cells, why: str, asked: str | None, array: pa.Array) -> None:
    name, kind = column.name, column.kind
    if asked is not None and asked != "drop":
        raw.decide(f"column {name!r}", kind, f"as --column {name}={asked} says")
    elif kind == "constant":
        raw.decide(f"column {name!r}", "left out", f"{why}, so it tells nothing apart")
    elif kind == "id":
        raw.decide(f"column {name!r}", "an id, left out", why, kind_option(name, "number", "category"))
    elif kind == "unusable":
        raw.decide(f"column {name!r}", "left out", why)
    elif kind in ("boolean", "date", "text") or column.as_text or (why not in _OBVIOUS and kind == "number"):
        other = "number" if column.as_text else "drop" if kind == "text" else "category"
        raw.decide(f"column {name!r}", kind, why, kind_option(name, other))
    elif kind == "category" and len(cells.levels) > MANY_LEVELS:
        raw.decide(
            f"column {name!r}",
            f"a category of {len(cells.levels):,} values",
            "its cells are words; the rarest share one code",
            kind_option(name, "text", "drop"),
        )
    if kind in LEFT_OUT:
        return
    if cells.odd:
        total = sum(cells.odd.values())
        word = {"number": "number", "date": "date", "boolean": "yes or no"}.get(kind, kind)
        raw.warnings.append(
            f"column {name!r} is read as {word}: {total:,} of {len(array):,} cells cannot be read so "
            f"({some(sorted(cells.odd, key=lambda text: -cells.odd[text]))}) and are taken as missing. "
            f"Correct them, or say {kind_option(name, 'category')}."
        )
    stand_in = _stand_in(cells.values) if kind == "number" else None
    if stand_in is not None:
        raw.warnings.append(
            f"column {name!r} is {stand_in:g} in many cells, far from all others. If that means that a cell is "
            "missing, leave those cells empty."
        )
    marks = _placeholders(array, column) if int(missing_cells(cells).sum()) > array.null_count else []
    if marks:
        raw.decide(f"missing cells of {name!r}", some(marks), "such marks stand for an empty cell")


def _placeholders(array: pa.Array, column: Column) -> list[str]:
    """The texts other than nothing that were taken as missing."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary
    elif not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return []
    texts = trimmed(array)
    found = texts.filter(pc.is_in(pc.utf8_lower(texts), pa.array(column.placeholders)))
    return sorted({text for text in found.to_pylist() if text})


_OBVIOUS = ("its cells are numbers",)
