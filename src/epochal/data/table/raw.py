"""A table as it was read: Arrow columns by name, and what was decided and noticed on the way."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from epochal.core.errors import DataError
from epochal.data.labels import missing_label, shown
from epochal.data.report import Decision, Problem
from epochal.data.split import SPLIT_COLUMNS, SPLIT_OF

SHOWN_COLUMNS = 20  # names that an error lists


@dataclass(kw_only=True)
class RawTable:
    """The columns of a source, each an Arrow array, in the order of the source."""

    name: str
    kind: str
    table: pa.Table
    decimal: str | None = None  # the mark that its numbers seem to have, where they tell
    published: np.ndarray | None = None  # int64 [rows]: the split of each row as published, as in data/split.py
    decisions: list[Decision] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        return list(self.table.column_names)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def decide(self, what: str, chosen: str, why: str, override: str = "") -> None:
        self.decisions.append(Decision(what=what, chosen=chosen, why=why, override=override))

    def problem(self, place: str, what: str, action: str = "set aside") -> None:
        self.problems.append(Problem(file=place, what=what, action=action))

    def column(self, name: str) -> pa.Array:
        """The cells of a column as one Arrow array."""
        return one_array(self.table.column(name))


def split_column(raw: RawTable, label: str | None = None) -> str | None:
    """A column that is named like a split and says train, validation or test, and nothing else."""
    folded = {name.strip().casefold(): name for name in reversed(raw.columns) if name != label}
    for known in SPLIT_COLUMNS:
        if known in folded:
            texts = {str(text).strip().casefold() for text in texts_of(raw.column(folded[known])).unique().to_pylist()}
            if texts <= set(SPLIT_OF) and {"train", "test"} <= {SPLIT_OF[text] for text in texts}:
                return folded[known]
    return None


def counted(number: int, noun: str, one: str = "", several: str = "") -> str:
    """Such as "1 row has" and "2 rows have": a number, its noun, and the verb that goes with it."""
    verb = one if number == 1 else several
    return f"{number:,} {noun}{'' if number == 1 else 's'}" + (f" {verb}" if verb else "")


def kind_option(name: str, *kinds: str) -> str:
    """How to say that a column is of one of these kinds."""
    return " or ".join(f'--column "{name}={kind}"' if " " in name else f"--column {name}={kind}" for kind in kinds)


def named_column(name: str, columns: Sequence[str], purpose: str, option: str) -> str:
    """`name` itself, where it is among the columns.

    Raises:
        DataError: it is not; the message names the nearest columns.
    """
    if name in columns:
        return name
    near = nearest(name, columns)
    shown = ", ".join(columns[:SHOWN_COLUMNS]) + (
        f" and {len(columns) - SHOWN_COLUMNS:,} more" if len(columns) > SHOWN_COLUMNS else ""
    )
    meant = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise DataError(f"There is no column {name!r} for {purpose} ({option}).{meant} The columns are: {shown}.")


def nearest(name: str, columns: Sequence[str]) -> list[str]:
    """Up to three columns whose names are most like `name`, whatever the case."""
    folded: dict[str, list[str]] = {}
    for column in columns:
        folded.setdefault(column.strip().casefold(), []).append(column)
    found = difflib.get_close_matches(name.strip().casefold(), list(folded), n=3, cutoff=0.6)
    return [column for key in found for column in folded[key]][:3]


def one_array(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """The chunks of a column as one array."""
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # no chunk at all, or text of more than 2 GB
            column = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
    return column


def as_table(rows: Any) -> pa.Table:
    """An Arrow table of an Arrow table, a DataFrame, a row (a mapping), rows (mappings), or columns (of sequences).

    Raises:
        DataError: it is none of these, or two columns have one name.
    """
    if isinstance(rows, RawTable):
        return rows.table
    if isinstance(rows, pa.Table):
        return rows
    if hasattr(rows, "columns") and hasattr(rows, "iloc"):
        return _from_frame(rows)
    if isinstance(rows, Mapping):
        whole = all(isinstance(value, list | tuple | np.ndarray) or hasattr(value, "iloc") for value in rows.values())
        columns = dict(rows) if whole and rows else {name: [value] for name, value in rows.items()}
        return pa.table({str(name): as_array(values) for name, values in columns.items()})
    if isinstance(rows, Sequence) and not isinstance(rows, str | bytes) and all(isinstance(r, Mapping) for r in rows):
        rows = [{str(name): value for name, value in row.items()} for row in rows]
        names = list(dict.fromkeys(name for row in rows for name in row))
        return pa.table({name: as_array([row.get(name) for row in rows]) for name in names})
    raise DataError(
        f"Expected a DataFrame, a row as a dict, or a list of such rows; got {type(rows).__name__}. "
        "Name the columns of an array by making it a DataFrame."
    )


def as_array(values: Any) -> pa.Array:
    """An Arrow array of a pandas column, an array or a list; what has mixed types becomes text."""
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return one_array(values)
    values = list(values) if isinstance(values, tuple) else values
    try:
        array = one_array(pa.array(values, from_pandas=True))
        if isinstance(array.type, pa.BaseExtensionType):  # such as uuid: only its texts are of use
            raise pa.ArrowNotImplementedError
        return array
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError):
        return pa.array([None if missing_label(value) else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    """A cell as text; whole numbers as such, so that 3 and 3.0 are one level."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return f"{value:.0f}"
    return shown(str(value))


def texts_of(array: pa.Array) -> pa.Array:
    """The cells as Arrow text; whole numbers are written as such in any type of number."""
    if pa.types.is_dictionary(array.type):
        array = array.cast(array.type.value_type)
    if pa.types.is_boolean(array.type):
        return pc.if_else(array, "True", "False")
    if pa.types.is_floating(array.type):
        whole = pc.and_(pc.equal(pc.floor(array), array), pc.less(pc.abs(array), 2.0**62))
        numbers = pc.if_else(whole, array, None).cast(pa.int64())
        return pc.coalesce(numbers.cast(pa.string()), array.cast(pa.string()))
    if pa.types.is_nested(array.type) or pa.types.is_null(array.type):
        return pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return as_array([None if value is None else _text(value) for value in array.to_pylist()]).cast(pa.string())
    return array.cast(pa.string()) if array.type != pa.string() else array


def _from_frame(frame: Any) -> pa.Table:
    names = [str(name) for name in frame.columns]
    double = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if double:
        raise DataError(f"Two columns have the name {double[0]!r}. Give each column a name of its own.")
    return pa.table({name: as_array(frame.iloc[:, place]) for place, name in enumerate(names)})


def join_tables(train: RawTable, test: RawTable) -> RawTable:
    """One table of two, of which the second is the published test split; columns are joined by name.

    Raises:
        DataError: the second lacks a column of the first.
    """
    lacking = [name for name in train.columns if name not in test.columns]
    if lacking:
        hints = [
            f"{name!r}" + "".join(f" (is it {near!r}?)" for near in nearest(name, test.columns)[:1]) for name in lacking
        ]
        raise DataError(
            f"{test.name}: the test rows lack {counted(len(lacking), 'column')} of {train.name}: "
            f"{', '.join(hints[:5])}. They need the same columns, the label among them."
        )
    extra = [name for name in test.columns if name not in train.columns]
    if extra:
        train.warnings.append(
            f"{counted(len(extra), 'column', 'is', 'are')} only in {test.name} and left out: {extra[:5]}."
        )
    columns = {}
    for name in train.columns:
        parts = [train.column(name), test.column(name)]
        if parts[0].type != parts[1].type or pa.types.is_dictionary(parts[0].type):
            numeric = all(pa.types.is_integer(part.type) or pa.types.is_floating(part.type) for part in parts)
            parts = [part.cast(pa.float64()) if numeric else texts_of(part) for part in parts]
        columns[name] = pa.concat_arrays(parts)
    mark = train.decimal or test.decimal
    joined = RawTable(name=train.name, kind=train.kind, table=pa.table(columns), decimal=mark)
    joined.published = np.repeat(np.array([0, 2], np.int64), [len(train), len(test)])
    joined.decisions, joined.problems = [*train.decisions], [*train.problems, *test.problems]
    joined.warnings = [*train.warnings, *test.warnings]
    return joined
