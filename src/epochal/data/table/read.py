"""Reading a table: a text file, Parquet, JSON lines, or a DataFrame."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from epochal.core.errors import DataError
from epochal.data.labels import shown
from epochal.data.table.delimited import read_delimited
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, as_table, texts_of

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".data", ".tab")
PARQUET_ENDINGS = (".parquet", ".pq")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
TOTALS = ("total", "totals", "grand total", "sum", "summe", "gesamt", "somme", "suma")  # words of a last row
PANDAS_INDEX = "__index_level_0__"  # how pandas names an index without a name in Parquet


def read_table(
    source: Any,
    options: TableOptions | None = None,
    as_text: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
) -> RawTable:
    """The columns of a table.

    `source`: the path of a CSV, TSV, Parquet or JSON-lines file, a DataFrame, an Arrow table, or a list of rows as
    dicts. `as_text`: columns whose cells are levels, which a text file may write as numbers (see `TableCodec.as_text`).
    `known`: columns that it must have, where that is known.

    Raises:
        DataError: it cannot be read; the message says what to do.
    """
    options = options or TableOptions()
    options.validate()
    as_text = (*as_text, *(name for name, kind in options.columns.items() if kind in ("category", "text")))
    if isinstance(source, str | Path):
        raw = _read_file(Path(source), options, as_text, known)
    else:
        raw = RawTable(name="table", kind="table in memory", table=as_table(source))
    if not raw.columns:
        raise DataError(f"{raw.name}: the table has no columns.")
    if not len(raw):
        raise DataError(f"{raw.name}: the table has no rows.")
    _tell_totals(raw)
    return raw


def _tell_totals(raw: RawTable) -> None:
    """Warns of a last row that holds totals, as spreadsheets have them."""
    for name in raw.columns:
        kind = raw.table.schema.field(name).type
        if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
            (last,) = texts_of(raw.column(name)[-1:]).to_pylist()
            if last is not None and last.strip(" :").casefold() in TOTALS:
                raw.warnings.append(
                    f"the last row says {last!r} in column {name!r}: if it holds totals, it is no example. Delete it."
                )


def _read_file(path: Path, options: TableOptions, as_text: tuple[str, ...], known: tuple[str, ...]) -> RawTable:
    if path.is_dir():
        raise DataError(f"{path} is a folder. Expected one file: CSV, TSV, Parquet or JSON lines.")
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty. Expected a line of column names and a line for each row.")
    ending = path.suffix.lower()
    if ending in PARQUET_ENDINGS:
        return _read_parquet(path)
    if ending in JSON_ENDINGS:
        return _read_json(path)
    if ending in TEXT_ENDINGS:
        return read_delimited(path, options, as_text, known)
    endings = ", ".join((*TEXT_ENDINGS, *PARQUET_ENDINGS, *JSON_ENDINGS))
    raise DataError(
        f"epochal cannot read {path.name} as a table. Save it as CSV or Parquet; its ending should be one of {endings}."
    )


def _read_parquet(path: Path) -> RawTable:
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} cannot be read as Parquet: {str(error).strip()[:200]}.") from error
    names = list(table.column_names)
    double = sorted({name for name in names if names.count(name) > 1})
    if double:
        raise DataError(f"{path} has {names.count(double[0])} columns {double[0]!r}. Give each a name of its own.")
    raw = RawTable(name=shown(path.stem), kind="Parquet", table=table)
    if PANDAS_INDEX in names:
        raw.table = table.drop_columns([PANDAS_INDEX])
        raw.decide("the index that pandas wrote", "left out", "it has no name")
    return raw


def _read_json(path: Path) -> RawTable:
    """The rows of a file with one JSON object a line, or of one JSON list of objects.

    Raises:
        DataError: a line is no object; the message names it.
    """
    from pyarrow import json as arrow_json

    with path.open("rb") as file:
        first = file.read(4096).lstrip()[:1]
    if first == b"{":
        try:
            options = arrow_json.ReadOptions(use_threads=False, block_size=2**24)
            return RawTable(name=shown(path.stem), kind="JSON lines", table=arrow_json.read_json(path, options))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass  # a column of mixed types, which Arrow refuses, or a bad line, which is named below
    rows = []
    try:
        text = path.read_text(encoding="utf-8-sig")
        if first == b"[":
            rows = json.loads(text)
        else:
            for number, line in enumerate(text.splitlines(), start=1):
                if line.strip():
                    rows.append(json.loads(line))
                    if not isinstance(rows[-1], dict):
                        raise DataError(
                            f"{path}: line {number} is no JSON object. Expected one row a line, as {{...}}."
                        )
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}" if first == b"[" else f"line {number}"
        raise DataError(f"{path}: {place} is no JSON ({error.msg}). Expected one object a line, as {{...}}.") from error
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path} holds no rows. Expected one JSON object a line, or a list of objects.")
    return RawTable(name=shown(path.stem), kind="JSON lines", table=as_table(rows))
