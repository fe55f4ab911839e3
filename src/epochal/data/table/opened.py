"""A table, opened: read, checked for leaks, split and encoded, with every decision said."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Float64, Int, Shaped

from epochal.core.errors import DataError
from epochal.data.report import SPLITS, Decision, Problem
from epochal.data.split import SPLIT_OF, TRAIN, some
from epochal.data.table.cells import Cells, Column, missing_cells, read_cells
from epochal.data.table.codec import TableCodec
from epochal.data.table.columns import LEFT_OUT, Read, inspect
from epochal.data.table.leaks import Leak, find_copies, find_ids, find_late, find_missing, find_order, find_repeated
from epochal.data.table.named import NAMED_TABLES, named_table
from epochal.data.table.options import TableOptions
from epochal.data.table.raw import RawTable, counted, join_tables, named_column, split_column, texts_of
from epochal.data.table.read import read_table
from epochal.data.table.split import Division, divide_rows, row_hashes
from epochal.data.table.strong import find_strong
from epochal.data.table.target import Target, find_label, read_target


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """The rows of one split: `inputs` at rest, `targets`, which are int64 classes or float64 numbers, and the places of
    the `rows` in the source."""

    inputs: Float32[np.ndarray, "rows columns"]
    targets: Shaped[np.ndarray, " rows"]
    rows: Int[np.ndarray, " rows"]
    weights: Float64[np.ndarray, " rows"] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class OpenedTable:
    """A table with its splits, its codec, and all that was found out. `contents` are hashes of the rows of each split,
    uint64 [n]."""

    name: str
    kind: str
    label: str
    target: str  # "classes" | "number"
    labels: tuple[str, ...]
    codec: TableCodec
    parts: Mapping[str, Part]
    contents: Mapping[str, np.ndarray]
    leaks: tuple[Leak, ...]
    decisions: tuple[Decision, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def open_table(source: Any, options: TableOptions | None = None, *, test: Any = None) -> OpenedTable:
    """Read, check, split and encode a table.

    `source`: what `read_table` takes, or the name of a named table; `test`: rows of a published test split, read the
    same way.

    Raises:
        DataError: the table cannot be used as it is; the message says what to do.
    """
    options = options or TableOptions()
    options.validate()
    raw, options = read_source(source, options, test=test)
    label = find_label(raw, options)
    target = read_target(raw, label, options)
    published = published_splits(raw, options, label)
    options = options if published is None or options.split else options.replace(split=split_column(raw, label))
    for name in options.keep:
        named_column(name, raw.columns, "the columns to keep", "--keep")
    aside = {label, options.group, options.weights, options.split}
    reads = inspect(raw, [name for name in raw.columns if name not in aside], options)
    reads |= _kept_ids(raw, reads, options)
    groups, times = _groups(raw, target, options), _times(raw, reads, options)
    ids = find_ids({name: read.column for name, read in reads.items()}, {name: r.why for name, r in reads.items()})
    cells = {name: read.cells for name, read in reads.items() if read.column.kind not in LEFT_OUT}
    hashes = row_hashes(cells, target.rows)
    own_times = times[target.rows] if times is not None else None
    own = published[target.rows] if published is not None else None
    division = divide_rows(raw, target, hashes, options, published=own, groups=groups, times=own_times)
    learned = target.at(np.flatnonzero(division.split == TRAIN))  # no label of a held-out row decides anything
    copies = [leak for leak in find_copies(cells, learned) if leak.column not in options.keep]
    cells = {name: found for name, found in cells.items() if name not in {leak.column for leak in copies}}
    if not cells:
        reasons = " ".join(leak.what for leak in (*ids, *copies))
        raise DataError(f"{raw.name}: no column is left to learn from. {reasons} Name columns to keep with --keep.")
    raw.table = pa.table({})  # the cells are read: what they were read from may go
    codec = TableCodec.fitted({name: reads[name].column for name in cells}, cells, learned.rows)
    codec = codec.replace(weights=options.weights or "")
    for name in cells:
        if name not in codec.columns:
            raw.decide(f"column {name!r}", "left out", "no word stands in two of its cells, or each in nearly all")
    parts, contents = _parts(codec, cells, target, division, hashes)
    leaks = [*ids, *copies, *find_missing(cells, learned)]
    if times is not None and options.time is not None:
        leaks += find_late(cells, options.time, times, target.rows)
    leaks += find_repeated(division.split, division.straddling, division.copies)
    leaks += find_order(learned, by_time=times is not None)
    train = parts["train"]
    leaks += [
        leak
        for leak in find_strong(codec, train.inputs, train.targets, classes=target.kind == "classes")
        if leak.column not in options.keep
    ]
    return OpenedTable(
        name=raw.name,
        kind=raw.kind,
        label=label,
        target=target.kind,
        labels=target.labels,
        codec=codec,
        parts=parts,
        contents=contents,
        leaks=tuple(leaks),
        decisions=tuple(raw.decisions),
        problems=tuple(raw.problems),
        warnings=tuple(raw.warnings),
    )


def read_source(
    source: Any,
    options: TableOptions,
    *,
    test: Any = None,
    as_text: tuple[str, ...] = (),
    known: tuple[str, ...] = (),
) -> tuple[RawTable, TableOptions]:
    """The columns of a source or of a named table, of which the options name the label; arguments as of `open_table`
    and `read_table`."""
    if isinstance(source, str) and source in NAMED_TABLES and not Path(source).exists():
        raw, label = named_table(source, mirror=Path(options.mirror) if options.mirror else None)
        options = options if options.label else options.replace(label=label)
    else:
        raw = read_table(source, options, as_text, known)
    return (raw if test is None else join_tables(raw, read_table(test, options))), options


def _kept_ids(raw: RawTable, reads: dict[str, Read], options: TableOptions) -> dict[str, Read]:
    """The columns that look like ids and that --keep names, read as numbers or levels."""
    kept = [name for name, read in reads.items() if read.column.kind == "id" and name in options.keep]
    raw.decisions = [
        decision for decision in raw.decisions if decision.what not in {f"column {name!r}" for name in kept}
    ]
    numbers = {name: read_cells(raw.column(name), Column(name=name, kind="number")).odd for name in kept}
    kinds = {name: "category" if odd else "number" for name, odd in numbers.items()}
    return inspect(raw, kept, options.replace(columns={**options.columns, **kinds}))


def published_splits(raw: RawTable, options: TableOptions, label: str) -> np.ndarray | None:
    """The split of each row as published, its place in `SPLITS`; or None.

    Raises:
        DataError: the column says something else than train, validation and test.
    """
    if options.split == "none" or options.time is not None:
        return None
    column = options.split or (split_column(raw, label) if raw.published is None else None)
    if column is None:
        return raw.published
    cells = read_cells(raw.column(column), Column(name=column, kind="category", placeholders=("",)))
    unknown = [level for level in cells.levels if level.casefold() not in SPLIT_OF]
    if unknown or missing_cells(cells).any():
        says = f"it also says {some(unknown)}" if unknown else "some of its cells are empty"
        raise DataError(
            f"column {column!r} must say train, validation or test in every row; {says}. Correct it, or use --split "
            "none to have splits cut anew."
        )
    if options.split is None:
        raw.decide("splits", f"column {column!r}", "it is named so and says train and test", "--split none")
    return np.array([SPLITS.index(SPLIT_OF[level.casefold()]) for level in cells.levels])[cells.values]


def _groups(raw: RawTable, target: Target, options: TableOptions) -> list[str] | None:
    if options.group is None:
        return None
    texts = texts_of(raw.column(options.group)).take(pa.array(target.rows))
    groups = [(text or "").strip() for text in texts.to_pylist()]
    empty = sum(not group for group in groups)
    if empty:
        raw.warnings.append(
            f"{counted(empty, 'row', 'has', 'have')} no group in column {options.group!r}: each is a group of its own."
        )
    raw.decide(f"column {options.group!r}", "left out of what models see", "it names the groups")
    return groups


def _times(raw: RawTable, reads: dict[str, Read], options: TableOptions) -> np.ndarray | None:
    """The time of each row of the table, dates or numbers.

    Raises:
        DataError: the column holds neither.
    """
    if options.time is None:
        return None
    array = raw.column(options.time)
    read = reads.get(options.time)
    kind = read.column.kind if read is not None else "id"
    if read is not None and kind in ("date", "number"):
        return read.cells.values
    values = read_cells(array, Column(name=options.time, kind="number")).values
    if kind != "id" or np.isnan(values).all():
        raise DataError(
            f"column {options.time!r} holds neither dates nor numbers and cannot be the --time; it was read as {kind}. "
            f"If it holds dates, say --column {options.time}=date."
        )
    return values


def _parts(
    codec: TableCodec, cells: Mapping[str, Cells], target: Target, division: Division, hashes: np.ndarray
) -> tuple[dict[str, Part], dict[str, np.ndarray]]:
    chosen = [np.flatnonzero(division.split == which) for which in range(len(SPLITS))]
    encoded = codec.encode_cells(cells, target.rows[np.concatenate(chosen)])
    parts, start = {}, 0
    for name, places in zip(SPLITS, chosen, strict=True):
        parts[name] = Part(
            inputs=encoded[start : start + len(places)],
            targets=target.values[places],
            rows=target.rows[places],
            weights=target.weights[places] if target.weights is not None else None,
        )
        start += len(places)
    return parts, {name: hashes[places] for name, places in zip(SPLITS, chosen, strict=True)}
