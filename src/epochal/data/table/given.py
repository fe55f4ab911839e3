"""Rows that a user gives to a bundle: read as its codec says and encoded some at a time, or with labels."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from jaxtyping import Float

from epochal.core.errors import DataError
from epochal.core.protocols import Given, Labelled
from epochal.core.task import Task
from epochal.data.report import SPLITS
from epochal.data.table.cells import Cells
from epochal.data.table.codec import TableCodec
from epochal.data.table.opened import published_splits, read_source
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, as_table, named_column, texts_of
from epochal.data.table.read import read_table
from epochal.data.table.target import read_labels, read_weights

ROWS = 2**14  # encoded at a time


def given_rows(codec: TableCodec, inputs: Any, options: TableOptions, target: str = "") -> Iterator[Given]:
    """The rows of a table, up to `ROWS` at a time, in order. The table is read, and refused, at once.

    A row goes by the cell of the first column of ids (see `id_columns`), or else by its number. Lines of a text file
    that are no rows come last, each with its reason.

    Args:
        inputs: the path of a CSV, TSV, Parquet or JSON-lines file, a DataFrame, an Arrow table, a row as a dict, or a
            list of such rows.
        target: the column that the model predicts, which may be there too.

    Raises:
        DataError: it cannot be read, or a column that the model learned from is missing.
    """
    raw = _read(codec, inputs, options)
    if not raw.columns and not len(raw):
        return iter(())
    cells = codec.read(raw.table)
    others = [name for name in raw.columns if name != codec.weights]
    notes = (*raw.warnings, *codec.examine_cells(cells, others, len(raw)))
    ids = id_columns(raw, (*codec.columns, target, codec.weights))
    return _parts(codec, cells, ids, np.arange(len(raw)), notes, {each.file: each.what for each in raw.problems})


def _read(codec: TableCodec, inputs: Any, options: TableOptions) -> RawTable:
    if isinstance(inputs, list | tuple) and any(isinstance(one, str | Path) for one in inputs):
        if len(inputs) > 1:
            raise DataError(f"Expected one table, got {len(inputs)}. Predict each by itself.")
        inputs = inputs[0]
    if isinstance(inputs, str | Path):
        return read_table(Path(inputs).expanduser(), options, codec.as_text, codec.columns)
    return RawTable(name="table", kind="table in memory", table=as_table(inputs))


def id_columns(raw: RawTable, used: Sequence[str]) -> dict[str, list[Any]]:
    """The columns apart from those used whose cells are texts or whole numbers, all filled and all different."""
    found = {}
    for name in raw.columns:
        if name in used:
            continue
        array = raw.column(name)
        if array.null_count or not len(array):
            continue
        if pa.types.is_floating(array.type):  # as text files have whole numbers
            whole = pc.all(pc.equal(pc.floor(array), array)).as_py()
            array = array.cast(pa.int64()) if whole and pc.max(pc.abs(array)).as_py() < 2**53 else None
        elif not pa.types.is_integer(array.type):
            array = texts_of(array) if _is_text(array.type) else None
        if array is not None and len(array.unique()) == len(array):
            found[name] = array.to_pylist()
    return found


def _is_text(kind: pa.DataType) -> bool:
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _parts(
    codec: TableCodec,
    cells: Mapping[str, Cells],
    ids: Mapping[str, list[Any]],
    rows: np.ndarray,
    notes: tuple[str, ...] = (),
    bad: Mapping[str, str] | None = None,
) -> Iterator[Given]:
    """These rows (places) and, after them, what is no row: names, and reasons."""
    named = next(iter(ids.values()), None)
    for start in range(0, len(rows), ROWS):
        chosen = rows[start : start + ROWS]
        places = chosen.tolist()
        yield Given(
            names=tuple(f"row {place + 1}" if named is None else str(named[place]) for place in places),
            encoded=codec.encode_cells(cells, chosen),
            ids={name: tuple(found[place] for place in places) for name, found in ids.items()},
            notes=notes if start == 0 else (),
        )
    if bad:
        yield Given(
            names=tuple(bad),
            encoded=codec.encode_cells(cells, rows[:0]),
            reasons=dict(enumerate(bad.values())),
            ids={name: ("",) * len(bad) for name in ids},
        )


def labelled_rows(codec: TableCodec, source: Any, options: TableOptions, task: Task) -> Labelled:
    """The rows of a table with their labels, neither split nor judged; of a named table, too.

    Raises:
        DataError: it cannot be read, or lacks a column that the model learned from, or that of the labels.
    """
    own = options.label
    raw, options = read_source(
        source, options.replace(label=own or task.target), as_text=codec.as_text, known=codec.columns
    )
    label = named_column(own or task.target, raw.columns, "the label", "--label")
    cells = codec.read(raw.table)
    published = published_splits(raw, options, label)
    texts, numbers = read_labels(raw, label, options, numbers=not task.labels)
    names = [f"row {place + 1}" for place in range(len(raw))]
    problems = {each.file: each.what for each in raw.problems}
    problems |= {name: "has no label" for name, text in zip(names, texts, strict=True) if not text}
    if numbers is not None:
        for place in np.flatnonzero(np.isnan(numbers)).tolist():
            problems.setdefault(names[place], f"has the label {texts[place]!r}, which is no number")
    weights = _weights(raw, codec, options, np.flatnonzero([bool(text) for text in texts]))
    others = [name for name in raw.columns if name not in (label, options.weights, codec.weights)]
    return Labelled(
        name=raw.name,
        names=names,
        labels=texts,
        given=lambda chosen: _parts(codec, cells, {}, np.asarray(chosen, np.int64)),
        numbers=numbers,
        weights=weights,
        published=None if published is None else [SPLITS[place] for place in published.tolist()],
        problems=problems,
        notes=(*raw.warnings, *codec.examine_cells(cells, others, len(raw))),
        loose=not isinstance(source, str | Path),
    )


def _weights(
    raw: RawTable, codec: TableCodec, options: TableOptions, labelled: np.ndarray
) -> Float[np.ndarray, " rows"] | None:
    """The weight of each row, 0 for those without a label; by the column that is asked for, else by that of the
    training. None where neither is there, which is said if the training had one.

    Raises:
        DataError: the column that is asked for is not there, or a labelled row has no usable weight.
    """
    name = options.weights or codec.weights
    if options.weights is not None:
        named_column(name, raw.columns, "the weights", "--weights")
    if name not in raw.columns:
        if name:
            raw.warnings.append(f"There is no column {name!r} with the weights of the rows: each counts once.")
        return None
    weights = np.zeros(len(raw))
    weights[labelled] = read_weights(raw, name, labelled, options)
    return weights
