"""From the cells of a column to numbers, levels, dates or texts, as its reading says; the same for ever after."""

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from epochal.core.record import Record
from epochal.data.table.raw import texts_of

# Texts that stand for a missing cell. Words such as "none" may name a level: they are missing among numbers only.
PLACEHOLDERS = ("", "?", "na", "n/a", "n.a.", "nan", "<na>", "nat", "null", "#n/a", "#na", "-", "--", ".", "..")
AMONG_NUMBERS = (*PLACEHOLDERS, "none", "missing", "unknown", "nil")
PLAIN = r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$"
TRUE = ("true", "yes", "t", "y", "on")
SPACES = " \u00a0\u2009\u202f"
ISO = "ISO8601"


@dataclass(frozen=True, kw_only=True)
class Numerals(Record):
    """How the numbers of a column are written: marks, and what stands before and after each ("$", "kg")."""

    decimal: str = "."
    thousands: str = ""
    before: str = ""
    after: str = ""

    def plain(self, text: str) -> str:
        """The number in Python's own way of writing."""
        text = text.removeprefix(self.before).removesuffix(self.after) if self.before or self.after else text
        for mark in self.thousands:
            text = text.replace(mark, "")
        return text.strip().replace(self.decimal, ".") if self.decimal != "." else text.strip()


@dataclass(frozen=True, kw_only=True)
class Column(Record):
    """What a column is and how its cells are read. `placeholders` are texts, in lower case, that mean "missing"."""

    name: str
    kind: str  # number | category | boolean | date | text | constant | id | unusable
    numerals: Numerals = field(default_factory=Numerals)
    placeholders: tuple[str, ...] = PLACEHOLDERS
    dates: str = ""  # format of the dates, as in strptime, or ISO8601
    as_text: bool = False  # levels such as 007 that a reader must not take for numbers


class Cells(NamedTuple):
    """The cells of a column, read.

    Numbers and booleans: `values` float64 [rows], NaN where missing. Categories: int32 codes [rows] into `levels`, -1
    where missing. Dates: datetime64[us] [rows], NaT where missing. Texts: `texts`, and empty `values`.
    `odd` counts cells, by their text, that could not be read and are missing.
    """

    values: np.ndarray
    levels: tuple[str, ...] = ()
    texts: pa.Array | None = None
    odd: Mapping[str, int] = {}


def read_cells(array: pa.Array, column: Column) -> Cells:
    """The cells of an Arrow array as `column` says."""
    return _READERS[column.kind](array, column)


def read_numbers(array: pa.Array, column: Column) -> Cells:
    kind = array.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return Cells(_float64(array))
    if pa.types.is_decimal(kind) or pa.types.is_duration(kind):
        return Cells(_float64(array.cast(pa.int64()) if pa.types.is_duration(kind) else array.cast(pa.float64())))
    if pa.types.is_dictionary(kind):
        read = read_numbers(array.dictionary, column)
        return Cells(_looked_up(read.values, array), odd=_counted(read.odd, array))
    texts = trimmed(array)
    if column.numerals == Numerals():
        try:
            numbers = texts.cast(pa.float64())
            if np.isinf(numbers.to_numpy(zero_copy_only=False)).any():  # "inf" is no number that can be learned from
                raise pa.ArrowInvalid
            return Cells(_float64(numbers))
        except pa.ArrowInvalid:
            pass
        readable = pc.fill_null(pc.match_substring_regex(texts, PLAIN), False)
        values = _float64(pc.if_else(readable, texts, None).cast(pa.float64()))
        rest = np.flatnonzero(~readable.to_numpy(zero_copy_only=False))
        return Cells(values, odd=_odd(texts.take(pa.array(rest)), column))
    codes = pc.dictionary_encode(texts)
    plain = [column.numerals.plain(text) for text in codes.dictionary.to_pylist()]
    numbers = np.array([float(text) if re.match(PLAIN, text) else np.nan for text in plain], np.float64)
    rest = np.flatnonzero(np.isnan(_looked_up(numbers, codes)))
    return Cells(_looked_up(numbers, codes), odd=_odd(texts.take(pa.array(rest)), column))


def read_booleans(array: pa.Array, column: Column) -> Cells:
    if pa.types.is_boolean(array.type) or pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
        return Cells(_float64(array))
    read = read_levels(array, column)
    truth = {"1": 1.0, "0": 0.0, **dict.fromkeys(TRUE, 1.0), **dict.fromkeys(FALSE, 0.0)}
    values = np.array([truth.get(level.casefold(), np.nan) for level in read.levels] + [np.nan])
    numbers = values[read.values]
    odd = Counter({level: int((read.values == code).sum()) for code, level in enumerate(read.levels)})
    return Cells(numbers, odd={level: count for level, count in odd.items() if level.casefold() not in truth})


def read_levels(array: pa.Array, column: Column) -> Cells:
    codes = array if pa.types.is_dictionary(array.type) else pc.dictionary_encode(texts_of(array))
    dictionary = trimmed(texts_of(codes.dictionary)).to_pylist()
    place: dict[str, int] = {}
    mapped = np.full(len(dictionary) + 1, -1, np.int32)
    for index, text in enumerate(dictionary):
        if text is not None and text.casefold() not in column.placeholders:
            text = text if text.isascii() else unicodedata.normalize("NFC", text)
            mapped[index] = place.setdefault(text, len(place))
    return Cells(mapped[_indices(codes)], levels=tuple(place))


def read_dates(array: pa.Array, column: Column) -> Cells:
    if pa.types.is_timestamp(array.type) or pa.types.is_date(array.type):
        return Cells(_moments(array))
    codes = array if pa.types.is_dictionary(array.type) else None
    texts = trimmed(texts_of(array.dictionary if codes is not None else array))
    if column.dates in ("", ISO):
        try:
            moments = _moments(texts.cast(pa.timestamp("us")))
            return Cells(moments if codes is None else _looked_up(moments, codes))
        except pa.ArrowInvalid:
            pass
    # pandas reads dates of several zones as one clock only when told UTC; what has no zone is taken as it is written
    parsed = pd.to_datetime(texts.to_pandas(), format=column.dates or ISO, errors="coerce", utc=True)
    moments = parsed.dt.tz_localize(None).to_numpy("datetime64[us]")
    rest = np.flatnonzero(np.isnat(moments))
    odd = _odd(texts.take(pa.array(rest)), column)
    return Cells(
        moments if codes is None else _looked_up(moments, codes), odd=odd if codes is None else _counted(odd, codes)
    )


def read_texts(array: pa.Array, column: Column) -> Cells:
    texts = trimmed(array)
    placeholder = pc.is_in(pc.utf8_lower(texts), pa.array(column.placeholders))
    return Cells(np.empty(0), texts=pc.if_else(placeholder, pa.scalar(None, pa.string()), texts))


def of_rows(values: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The values of these rows, which count up; not copied where they are all rows."""
    return values if len(rows) == len(values) else values[rows]


def missing_cells(cells: Cells) -> np.ndarray:
    """bool [rows]: which cells are missing."""
    if cells.texts is not None:
        return np.asarray(pc.is_null(cells.texts).to_numpy(zero_copy_only=False))
    if cells.values.dtype.kind == "i":
        return np.asarray(cells.values < 0)
    return np.asarray(np.isnat(cells.values) if cells.values.dtype.kind == "M" else np.isnan(cells.values))


def trimmed(array: pa.Array) -> pa.Array:
    """The cells as text without blanks around them."""
    texts = texts_of(array)
    return pc.utf8_trim_whitespace(texts)


def _float64(array: pa.Array) -> np.ndarray:
    numbers = array.cast(pa.float64(), safe=False) if array.type != pa.float64() else array
    values = numbers.to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all():
        values = np.where(np.isfinite(values), values, np.nan)
    return np.asarray(values, np.float64)


def _moments(array: pa.Array) -> np.ndarray:
    return array.cast(pa.timestamp("us"), safe=False).to_numpy(zero_copy_only=False).astype("datetime64[us]")


def _indices(codes: pa.Array) -> np.ndarray:
    return np.asarray(pc.fill_null(codes.indices.cast(pa.int32()), -1).to_numpy(zero_copy_only=False))


def _looked_up(values: np.ndarray, codes: pa.Array) -> np.ndarray:
    nothing = np.full(1, "NaT", values.dtype) if values.dtype.kind == "M" else np.full(1, np.nan)
    return np.asarray(np.concatenate([values, nothing])[_indices(codes)])


def _odd(texts: pa.Array, column: Column) -> dict[str, int]:
    counts = pc.value_counts(texts).to_pylist()
    return {
        entry["values"]: entry["counts"]
        for entry in counts
        if entry["values"] is not None and entry["values"].casefold() not in column.placeholders
    }


def _counted(odd: Mapping[str, int], codes: pa.Array) -> dict[str, int]:
    """Counts of odd texts of a dictionary, as counts of cells."""
    if not odd:
        return {}
    counts = np.bincount(_indices(codes) + 1, minlength=len(codes.dictionary) + 1)[1:]
    texts = trimmed(texts_of(codes.dictionary)).to_pylist()
    return {text: int(count) for text, count in zip(texts, counts, strict=True) if text in odd}


FALSE = ("false", "no", "f", "n", "off")
_READERS = {
    "number": read_numbers,
    "boolean": read_booleans,
    "category": read_levels,
    "constant": read_levels,
    "id": read_levels,
    "date": read_dates,
    "text": read_texts,
    "unusable": read_texts,
}
