"""Reading a text file of rows: the mark between cells, the encoding, the header, and every bad row named."""

import csv
import io
import re
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from epochal.core.errors import DataError
from epochal.data.labels import shown
from epochal.data.split import some
from epochal.data.table.cells import AMONG_NUMBERS, PLAIN
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, counted

SEPARATORS = ",;\t|"
HEAD = 2**15  # bytes from which marks, header and kinds of cells are judged
WIDE_HEAD = 2**22  # the same where rows are so long that these hold fewer than a hundred
SNIFFED = 200  # rows of them for the separator
MOST_EVEN = 0.9  # share of the rows that must have as many cells as the first one below a title
TYPED = 40_000  # cells of them for the kinds of cells, in 50 to 200 rows
MOST_RAGGED = 0.01  # share of rows of a wrong length that are set aside; of more, the file is refused
BLOCK = 2**22  # bytes read at once
NAMED_ROWS = 5
TITLES = 5  # lines above the names of the columns that are looked for

_DATE = re.compile(r"^\d{4}-\d{1,2}-\d{1,2}|^\d{1,2}[./]\d{1,2}[./]\d{2,4}")
_NUMBER = re.compile(PLAIN)
_COMMA_NUMBER = re.compile(r"^[-+]?\d+,\d+$")
_DOTTED = re.compile(r"^[-+]?\d{1,3}(\.\d{3})+$")  # thousands, where the decimal mark is a comma
_PRECISE = 15  # digits that a float64 keeps


class _NotUtf8(Exception):
    """Bytes after the first ones are not UTF-8."""


class _Layout(NamedTuple):
    separator: str
    names: list[str]
    skip: int  # lines before the first row
    quoted: bool  # cells may hold line ends in quotes


def read_delimited(
    path: Path, options: TableOptions, as_text: tuple[str, ...] = (), known: tuple[str, ...] = ()
) -> RawTable:
    """The rows of a CSV file, or one separated by semicolons, tabs or bars; `as_text` columns are read as text.

    `known` are names that the columns have: a first line that holds them all is a header without doubt, and a file with
    one of them alone is no file whose cells are separated by another mark.

    Plain numbers become float64, words that repeat Arrow dictionaries, and everything else text.

    Raises:
        DataError: it is empty, has no header, or its rows are of different lengths.
    """
    raw = RawTable(name=shown(path.stem), kind="text file", table=pa.table({}))
    with path.open("rb") as file:
        start = file.read(HEAD)
        if start.count(b"\n") < 100:
            start += file.read(WIDE_HEAD)
        whole = not file.read(1)
    if not start.strip():
        raise DataError(f"{path} is empty. Expected a line of column names and a line for each row.")
    encoding = options.encoding or _encoding(path, start)
    try:
        text = start.decode(encoding, "strict" if whole else "ignore")
    except (UnicodeDecodeError, LookupError) as error:
        raise DataError(f"{path} is not {encoding} text ({error}). Say which with --encoding.") from error
    text = text.removeprefix("\ufeff")
    told = re.match(r"sep=(.)\r?\n", text)  # a line by which spreadsheets say what separates cells
    text = text[told.end() :] if told else text
    separator = options.separator or (told[1] if told else sniff_separator(text))
    rows = _head(path, text, separator, whole, known)
    _refuse_title(path, rows)
    if known and options.header == "auto" and {cell.strip() for cell in rows[0]} >= set(known):
        options = options.replace(header="yes")
    raw.kind = {",": "CSV", "\t": "TSV"}.get(separator, f"text separated by {separator!r}")
    if separator != "," and options.separator is None:
        raw.decide("separator", repr(separator), "it cuts the first rows most evenly", "--separator")
    names = _names(path, rows, separator, options, raw)
    body = rows if options.header == "no" else rows[1:]
    if not body and whole:
        raise DataError(f"{path} has column names and no rows.")
    body = body[: int(np.clip(TYPED // len(names), 50, 200))]
    raw.decimal = options.decimal or _decimal(body, separator)
    types = _types(names, body, as_text, raw.decimal)
    bad: list[tuple[int | None, int, str]] = []
    layout = _Layout(separator=separator, names=names, skip=bool(told) + (options.header != "no"), quoted=_quoted(path))
    try:
        table = _arrow(path, encoding, layout, types, bad)
    except _NotUtf8:
        encoding = _western(path.read_bytes())
        table = _arrow(path, encoding, layout, types, bad)
    if encoding not in ("utf-8", options.encoding):
        raw.decide("encoding", encoding, "it is not UTF-8 text", "--encoding")
    _tell_ragged(path, raw, bad, len(names), table.num_rows, separator)
    nameless = [] if options.header == "no" else [name for name, cell in zip(names, rows[0], strict=True) if not cell]
    if empty := [name for name in nameless if table.column(name).null_count == table.num_rows]:
        table = table.drop_columns(empty)
        raw.decide(
            some(empty), "left out", "the column has neither a name nor a cell, as where lines end in a separator"
        )
    raw.table = table
    return raw


def sniff_separator(text: str) -> str:
    """The mark that cuts the first rows into as many cells as the header; of several, the one that cuts most."""

    def fit(mark: str) -> tuple[float, int, bool]:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, skipinitialspace=True)
        try:
            widths = [len(row) for row in islice(lines, SNIFFED) if row]
        except csv.Error:
            return 0.0, 0, False
        header = widths[0] if widths else 0
        even = sum(width == header for width in widths) / len(widths) if header > 1 else 0.0
        return round(even, 1), header, mark == ","

    first = max(SEPARATORS, key=fit)
    if fit(first)[0] > 0:
        return first
    for _ in range(TITLES):  # a title above the names hides the separator
        text = text.partition("\n")[2]
        mark = max(SEPARATORS, key=fit)
        if fit(mark)[0] >= MOST_EVEN:
            return mark
    return first


def _encoding(path: Path, start: bytes) -> str:
    """The encoding that the first bytes have, as far as they tell."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if start.startswith(b"PK\x03\x04") or b"\0" in start:
        raise DataError(f"{path} is no text. Export the table as CSV or Parquet (a spreadsheet: save as CSV UTF-8).")
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4:  # the last character may be cut
            return _western(start)
    return "utf-8"


def _quoted(path: Path) -> bool:
    """Whether the file has a quote anywhere, within which a cell may hold line ends."""
    with path.open("rb") as file:
        return any(b'"' in block for block in iter(lambda: file.read(BLOCK), b""))


def _western(part: bytes) -> str:
    """Windows' encoding of western Europe, or latin-1 where it has bytes that Windows does not use."""
    return "latin-1" if any(byte in part for byte in b"\x81\x8d\x8f\x90\x9d") else "cp1252"


def _head(path: Path, text: str, separator: str, whole: bool, known: tuple[str, ...]) -> list[list[str]]:
    """The rows of the start of the file, without the last one where it may be cut."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True)
        rows = [row for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise DataError(f"{path} cannot be read as rows separated by {separator!r}: {error}.") from error
    if len(rows) > 1 and max(map(len, rows[:SNIFFED])) == 1 and rows[0][0].strip() not in known:
        raise DataError(
            f"{path} has a single column, {rows[0][0]!r}. Expected columns separated by a comma, semicolon, tab or "
            "bar: name another mark with --separator."
        )
    return rows if whole else rows[:-1]


def _refuse_title(path: Path, rows: list[list[str]]) -> None:
    """Raises DataError where the first line has one cell and those below have several: it names no columns."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[: TITLES + 1]]
    first = rows[0]
    width = max(filled)
    if filled[0] == 1 and first[0].strip() and (len(first) == 1 < width or 2 < width == len(first)):
        raise DataError(
            f"{path}: line 1, {shown(first[0].strip())!r}, seems to be a title: it has one cell, and lines below have "
            f"{width}. Delete the lines above the one that names the columns."
        )


def _names(path: Path, rows: list[list[str]], separator: str, options: TableOptions, raw: RawTable) -> list[str]:
    """The names of the columns, from the header where there is one.

    Raises:
        DataError: there is none.
    """
    if options.header == "no":
        names = [f"column {place}" for place in range(1, len(rows[0]) + 1)]
        raw.decide("column names", f"{names[0]} to {names[-1]}", "as --header no says")
        return names
    header, body = [name.strip() for name in rows[0]], rows[1:]
    if options.header == "auto" and body and (why := _no_header(header, body)):
        raise DataError(
            f"{path} seems to have no header: {why}. Put a first line with the names of the {len(header)} columns into "
            "the file, or say --header no to have them named column 1, column 2 and so on, or --header yes if the "
            "first line does name them."
        )
    names = [name or f"column {place}" for place, name in enumerate(header, start=1)]
    names, double = _apart(names)
    if double:
        raw.decide("column names", ", ".join(double[:NAMED_ROWS]), "the header has these names more than once")
    blank = [f"column {place}" for place, name in enumerate(header, start=1) if not name]
    if blank:
        raw.decide("column names", ", ".join(blank[:NAMED_ROWS]), "the header leaves these names empty")
    return names


def _apart(names: list[str]) -> tuple[list[str], list[str]]:
    """The names, each once: the second "age" becomes "age.1", as pandas does; and which ones did."""
    apart: list[str] = []
    for name in names:
        other, number = name, 0
        while other in apart or (number and other in names):
            number += 1
            other = f"{name}.{number}"
        apart.append(other)
    return apart, [other for name, other in zip(names, apart, strict=True) if name != other]


def _no_header(header: list[str], body: list[list[str]]) -> str:
    """Why the first line looks like a row of data, or nothing."""
    numbers = [float(cell) for cell in header if _NUMBER.match(cell)]
    counting = len(numbers) > 2 and len({after - before for before, after in pairwise(numbers)}) == 1
    found = ""
    for place, cell in enumerate(header):
        below = [row[place].strip() for row in body[:SNIFFED] if place < len(row) and row[place].strip()]
        if not below or cell.casefold() in AMONG_NUMBERS:
            continue
        for pattern, word in ((_NUMBER, "a number"), (_COMMA_NUMBER, "a number"), (_DATE, "a date")):
            if sum(bool(pattern.match(text)) for text in below) >= 0.9 * len(below):
                if not pattern.match(cell):
                    return ""  # a word above numbers is a name
                found = found or f"its first line holds {cell!r} where the lines below have {word}, too"
    if found and not counting:  # years, or places in a signal, name columns, too
        return found
    again = [
        cell
        for place, cell in enumerate(header)
        if cell and sum(place < len(r) and r[place].strip() == cell for r in body[:SNIFFED]) > 1
    ]
    if len(again) > len(header) / 2:
        return f"the cells of its first line, such as {again[0]!r}, stand again in the lines below"
    return ""


def _is_code(cell: str) -> bool:
    """Whether the text of a number says more than the number: leading zeros, or more digits than float64 keeps."""
    if len(cell) > 1 and cell[0] == "0" and cell[1].isdigit():
        return True
    return len(cell) > _PRECISE and "." not in cell and sum(map(str.isdigit, cell)) > _PRECISE


def _decimal(body: list[list[str]], separator: str) -> str | None:
    """A comma where the numbers of a column have one as their decimal mark, else None."""
    for column in zip(*body, strict=False) if separator != "," else ():
        cells = [cell.strip() for cell in column if cell.strip()]
        if cells and sum(bool(_COMMA_NUMBER.match(cell)) for cell in cells) >= 0.9 * len(cells):
            return ","
    return None


def _types(
    names: list[str], body: list[list[str]], as_text: tuple[str, ...], decimal: str | None
) -> dict[str, pa.DataType]:
    """How Arrow reads each column, from the first rows: plain numbers, words that repeat, or any text."""
    types: dict[str, pa.DataType] = {}
    for place, name in enumerate(names):
        cells = [row[place] for row in body if place < len(row) and row[place] != ""]
        different = set(cells)
        plain = bool(cells) and all(_NUMBER.match(cell) for cell in different)
        long = plain and any(_is_code(cell) for cell in different if cell[0] == "0" or len(cell) > _PRECISE)
        if name in as_text:
            types[name] = pa.string()
        elif plain and not long and not (decimal == "," and all(map(_DOTTED.match, different))):
            types[name] = pa.float64()
        elif len(different) <= max(2, len(cells) // 3):
            types[name] = pa.dictionary(pa.int32(), pa.string())
        else:
            types[name] = pa.string()
    return types


def _arrow(
    path: Path, encoding: str, layout: _Layout, types: dict[str, pa.DataType], bad: list[tuple[int | None, int, str]]
) -> pa.Table:
    """The table by Arrow's reader, with `bad` rows left out and listed.

    Numbers that turn out to be none after the first rows are read again as text; rows of a wrong length are found by
    several threads, and a second reading by one of them tells their lines.
    """

    def ragged(row: arrow_csv.InvalidRow) -> str:
        bad.append((row.number, row.actual_columns, row.text or ""))
        return "skip"

    def read(types: dict[str, pa.DataType], threads: bool) -> pa.Table:
        bad.clear()
        return arrow_csv.read_csv(
            path,
            read_options=arrow_csv.ReadOptions(
                use_threads=threads,
                block_size=BLOCK,
                column_names=layout.names,
                skip_rows_after_names=layout.skip,
                encoding=encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator, newlines_in_values=layout.quoted, invalid_row_handler=ragged
            ),
            convert_options=arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
        )

    try:
        try:
            table = read(types, True)
        except pa.ArrowInvalid as error:
            if "conversion error" not in str(error) or "UTF8" in str(error):
                raise
            types = {name: pa.string() if kind == pa.float64() else kind for name, kind in types.items()}
            table = read(types, True)
        return read(types, False) if bad else table
    except pa.ArrowInvalid as error:
        if "UTF8" in str(error) and encoding == "utf-8":
            raise _NotUtf8 from error
        raise DataError(
            f"{path} cannot be read as rows separated by {layout.separator!r}: {str(error)[:300]}. A quote that is "
            "opened and not closed does this, too."
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not {encoding} text ({error}). Say which with --encoding.") from error


def _tell_ragged(
    path: Path, raw: RawTable, bad: list[tuple[int | None, int, str]], width: int, kept: int, separator: str
) -> None:
    """Names rows of a wrong length.

    Raises:
        DataError: they are too many to be slips.
    """
    if not bad:
        return
    number, found, text = bad[0]
    for line, _, row in bad:
        if row.strip().count("\n"):
            raise DataError(
                f"{path}: line {line} opens a quote that is not closed there, so that the lines after it are taken "
                f"for one cell: {row[:40]!r}. Close the quote, or write a quote inside a cell twice."
            )
    place = f"line {number}" if number is not None else f"the row {text[:40]!r}"
    if len(bad) > max(1, kept) and all(
        cells == width + 1 and row.rstrip().endswith(separator) for _, cells, row in bad
    ):
        raise DataError(
            f"{path}: {len(bad):,} rows end with {separator!r}, and the header does not. Put {separator!r} at the end "
            "of the header, too, or delete it from the end of every row."
        )
    if len(bad) > max(1, MOST_RAGGED * (kept + len(bad))):
        raise DataError(
            f"{path}: {len(bad):,} of {kept + len(bad):,} rows have more or fewer cells than the header, which has "
            f"{width}; {place} has {found}. Give every row {counted(width, 'cell')}, and put a cell that holds "
            f"{separator!r} itself, such as a decimal comma, in double quotes."
        )
    for number, found, text in bad:
        raw.problem(f"line {number}", f"has {found} cells where the header has {width}: {text[:60]!r}")
