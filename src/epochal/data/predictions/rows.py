"""Rows of a file of any format (CSV, Parquet, JSON lines), or of a data frame, with cells as texts or as numbers."""

import csv
import difflib
import gzip
import io
import json
import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Float

from epochal.core.errors import DataError
from epochal.core.paths import absolute
from epochal.data.delimited import cells_of, read_delimited
from epochal.data.labels import NOTHING, as_label, label_texts, shown

LARGEST = 1e30  # beyond it powers of errors leave the range of numbers
FEW = 3  # ids that a message names
WHOLE = re.compile(r"([-+]?\d+)(\.0*)?")
DECIMAL_COMMA = re.compile(r"([-+]?\d*),(\d+)((?:e[-+]?\d+)?)", re.I)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """A table whose columns are named by texts, and the name of its file for messages."""

    name: str
    table: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        return list(self.table.columns)

    def take(self, places: Sequence[int] | np.ndarray) -> "Rows":
        """These rows only, in this order."""
        return Rows(name=self.name, table=self.table.iloc[list(places)])

    def cells(self, column: str) -> pd.Series:
        """The cells of a column.

        Raises:
            DataError: several columns have that name.
        """
        if (count := self.columns.count(column)) > 1:
            raise DataError(f"{self.name} has {count} columns {column!r}: give one of them another name.")
        return self.table[column]

    def require(self, column: str, option: str) -> None:
        """Raises DataError where there is no such column, or more than one."""
        if column not in self.columns:
            folded = {one.casefold(): one for one in self.columns}
            near = difflib.get_close_matches(column.casefold(), folded, n=1)
            meant = f" Did you mean {folded[near[0]]!r}?" if near else ""
            raise DataError(
                f"{self.name} has no column {column!r} ({option}).{meant} Its columns are: {self.listed()}."
            )
        self.cells(column)

    def listed(self) -> str:
        """The names of the columns, for a message."""
        return few(self.columns, 12)

    def texts(self, column: str) -> list[str]:
        """The cells of a column as texts, empty where missing; whole numbers that were written 3.0 are "3".

        Raises:
            DataError: a cell is no single value.
        """
        self.cells(column)
        try:
            cells = cells_of(self.table, column, "one value")
        except DataError as error:
            raise DataError(f"{self.name}: {error}") from error
        texts = label_texts(np.fromiter(cells, dtype=object, count=len(cells)))
        whole = [WHOLE.fullmatch(text) for text in texts if text]
        if None not in whole:
            texts = [WHOLE.sub(r"\1", text) for text in texts]
        return texts

    def numbers(self, column: str, ids: Sequence[str] | np.ndarray, what: str) -> Float[np.ndarray, " rows"]:
        """The cells of a column as numbers, NaN where missing.

        Args:
            ids: of the rows, for messages.
            what: is expected in each cell, for messages.

        Raises:
            DataError: a cell is no number, or one beyond all measure; or commas in the column may be decimal commas or
                mark thousands.
        """
        cells = self.cells(column)
        values = _parsed(cells)
        doubtful = np.flatnonzero(np.isnan(values))  # empty, words for it, decimal commas, or no number
        texts = [
            "" if text.casefold() in NOTHING else text
            for text in Rows(name=self.name, table=self.table[[column]].iloc[doubtful]).texts(column)
        ]
        values[doubtful] = _parsed(pd.Series(self._with_points(texts, column), dtype=object))
        missing = np.zeros(len(values), dtype=bool)
        missing[doubtful] = [not text for text in texts]
        bad = np.flatnonzero(~missing & ~(np.abs(values) < LARGEST))
        if len(bad):
            raise DataError(
                f"{self.name}: expected {what} in each cell of column {column!r}; got "
                f"{shown(str(cells.iloc[bad[0]]))!r} for item {shown(ids[bad[0]])}"
                f"{such(len(bad), 'cells')}. Correct or empty these cells, or name another column."
            )
        return values

    def is_numeric(self, column: str) -> bool:
        """Whether a column can be read as finite numbers, and has some."""
        try:
            values = self.numbers(column, [""] * len(self.table), "")
        except DataError:
            return False
        return bool(np.isfinite(values).any())

    def _with_points(self, texts: list[str], column: str) -> list[str]:
        """Decimal commas as points, where every comma of the column can be one."""
        found = [DECIMAL_COMMA.fullmatch(text) for text in texts if "," in text]
        if not found or None in found:
            return texts
        if all(match is not None and len(match[2]) == 3 and not match[3] for match in found):
            example = next(text for text in texts if "," in text)
            raise DataError(
                f"{self.name}: a comma in column {column!r}, as in {example!r}, may be a decimal comma or mark "
                "thousands. Write the numbers with a decimal point, and without marks for thousands."
            )
        return [DECIMAL_COMMA.sub(r"\1.\2\3", text) for text in texts]


def read_rows(source: Any, name: str = "") -> Rows:
    """The rows of a file or of a data frame; of a file every cell of CSV is text.

    What a file is follows from its first bytes, not from its name. The index of a data frame is a column where it has a
    name.

    Args:
        name: of a data frame, for messages.

    Raises:
        DataError: the file is not there, is empty, or cannot be read; or the source is neither a file nor a data frame.
    """
    if isinstance(source, pd.DataFrame):
        return _checked(source if source.index.names == [None] else source.reset_index(), name or "the data frame")
    if not isinstance(source, str | os.PathLike):
        raise DataError(
            f"{name or 'predictions'}: expected a file or a data frame with a column of ids; got "
            f"{type(source).__name__}. Items are joined by id, never by their order."
        )
    name, path = shown(os.fspath(source)), absolute(source)
    if path.is_dir():
        raise DataError(f"{name}: expected a file (CSV, Parquet or JSON lines); got a folder. Name the file in it.")
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        return _checked(_read(content, name), name)
    except FileNotFoundError as error:
        raise DataError(f"{name}: there is no such file. Check the path, which starts at {path.parent}.") from error
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text ({error.reason} at byte {error.start}). Save it as UTF-8."
        ) from error
    except DataError:
        raise
    except (ValueError, OSError, EOFError, csv.Error) as error:
        raise DataError(
            f"{name}: expected a table as CSV, Parquet or JSON lines; it cannot be read ({str(error).strip()})."
        ) from error


def _read(content: bytes, name: str) -> pd.DataFrame:
    if content[:4] == b"PAR1":
        table = pd.read_parquet(io.BytesIO(content), dtype_backend="numpy_nullable")
        return table if table.index.names == [None] else table.reset_index()
    if content[:4] == b"PK\x03\x04":
        raise DataError(f"{name}: expected CSV, Parquet or JSON lines; got a spreadsheet or zip file. Save it as CSV.")
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")  # a mark by which UTF-16 begins
    text = content.decode("utf-16" if wide else "utf-8-sig")
    if not text.strip():
        raise DataError(f"{name}: expected a header and a row for each item; the file is empty.")
    if text.lstrip()[0] in "{[":
        return pd.DataFrame(_objects(text, name), dtype=object)
    return read_delimited(Path(name), text)


def _objects(text: str, name: str) -> list[dict[str, Any]]:
    """The objects of JSON lines, or of one list; the entries of an object inside are columns "p(ENTRY)"."""
    if text.lstrip()[0] == "[":
        objects = json.loads(text)
    else:
        objects = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    objects.append(json.loads(line))
                except ValueError as error:
                    raise DataError(
                        f"{name}: line {number} is no JSON ({error}). Expected one object for each item, each on a "
                        "line of its own."
                    ) from error
    for number, found in enumerate(objects, start=1):
        if not isinstance(found, dict):
            raise DataError(f"{name}: expected an object for each item; number {number} is {type(found).__name__}.")
    if len(objects) == 1 and objects[0] and all(isinstance(value, dict) for value in objects[0].values()):
        raise DataError(
            f"{name}: expected one object for each item; got one object with a column in each entry. Write the rows "
            'one by one, as pandas does by to_json(orient="records", lines=True).'
        )
    return [_flat(found) for found in objects]


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in found.items():
        flat.update({f"p({inner})": each for inner, each in value.items()} if isinstance(value, dict) else {key: value})
    return flat


def _checked(table: pd.DataFrame, name: str) -> Rows:
    table = table.set_axis([as_label(str(column)) for column in table.columns], axis=1)
    if table.empty:
        raise DataError(f"{name}: expected a row for each item; the table has no rows.")
    return Rows(name=name, table=table)


def _parsed(cells: pd.Series) -> Float[np.ndarray, " rows"]:
    """Cells as numbers, NaN where they are none; times are none, though pandas would count their nanoseconds."""
    if cells.dtype.kind in "mM":
        return np.full(len(cells), np.nan)
    return pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)


def counted(count: int, one: str, several: str) -> str:
    """'1 row has', '12 rows have'."""
    return f"{count:,} {one if count == 1 else several}"


def such(count: int, what: str) -> str:
    """' (12 such cells)', and nothing for one."""
    return f" ({count:,} such {what})" if count > 1 else ""


def few(names: Iterable[str], count: int = FEW) -> str:
    """The first few names, and how many more there are."""
    listed = [shown(name) or "(no name)" for name in names]
    more = len(listed) - count
    return ", ".join(listed[:count]) + (f" and {more:,} more" if more > 0 else "")
