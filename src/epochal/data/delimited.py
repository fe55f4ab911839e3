"""Delimited text as a table of texts, whatever separates its cells."""

import csv
import io
import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epochal.core.errors import DataError

SEPARATORS = "\t;,|"
SNIFFED = 100  # rows that decide which mark separates cells


def read_delimited(path: Path, text: str) -> pd.DataFrame:
    """The table in a text, every cell as text: a label "03" stays "03", and only an empty cell is missing.

    Raises:
        DataError: a row has more cells than there are columns.
        ValueError: the text is empty.
    """
    stated = re.match(r"sep=(.)\r?\n", text)  # a line by which spreadsheets say what separates cells
    text = text[stated.end() :] if stated else text
    separator = stated[1] if stated else _separator(text)
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator) if any(map(str.strip, row))]
    if not rows:
        raise ValueError("it is empty")
    columns = [name.strip() for name in _without_blank_end(rows[0])]
    cells = []
    for number, row in enumerate(rows[1:], start=1):
        kept = _without_blank_end(row)
        if len(kept) > len(columns):
            raise DataError(
                f"{path}: row {number} has {len(kept)} cells, and the header names {len(columns)} columns "
                f"({', '.join(columns)}). Name every column in the header, and put a cell that holds {separator!r} "
                "itself, such as a decimal comma, in double quotes."
            )
        cells.append(kept + [""] * (len(columns) - len(kept)))
    return pd.DataFrame(cells, columns=pd.Index(columns, dtype=object), dtype=object)


def _separator(text: str) -> str:
    """The mark that cuts the first rows into as many cells as the header; of several, the one that cuts most."""

    def fit(mark: str) -> tuple[float, int, bool]:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        widths = [len(_without_blank_end(row)) for row in islice(lines, SNIFFED) if row]
        header = widths[0] if widths else 0
        even = sum(width == header for width in widths) / len(widths) if header > 1 else 0.0
        return even, header, mark == ","

    return max(SEPARATORS, key=fit)


def _without_blank_end(row: list[str]) -> list[str]:
    """Cells without the blank ones at the end, which a separator at the end of a line gives."""
    length = len(row)
    while length and not row[length - 1].strip():
        length -= 1
    return row[:length]


def cells_of(table: pd.DataFrame, column: str, what: str) -> list[Any]:
    """The cells of a column, bytes as text.

    Raises:
        DataError: a cell holds several values, or bytes that are no text.
    """
    cells = table[column].tolist()
    for row, cell in enumerate(cells):
        found = ""
        if isinstance(cell, bytes | bytearray):
            try:
                cells[row] = bytes(cell).decode("utf-8")
            except UnicodeDecodeError:
                found = "bytes that are no text"
        elif isinstance(cell, list | tuple | set | dict | np.ndarray):
            found = "structs" if isinstance(cell, dict) else "lists"
        if found:
            raise DataError(
                f"column {column!r} holds {found} (row {row + 1}). Expected {what} in each cell"
                + (": write pictures that the table itself holds to files, and name those." if "file" in what else ".")
            )
    return cells
