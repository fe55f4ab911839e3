"""The codec of a table: from rows as anybody writes them to the float32 that models see; fitted on train only."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32, Int64

from epochal.core.errors import DataError
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.data.split import some
from epochal.data.table.categories import CategoryCodec
from epochal.data.table.cells import Cells, Column, missing_cells, read_cells
from epochal.data.table.dates import DateCodec
from epochal.data.table.numbers import LARGEST, NumberCodec
from epochal.data.table.raw import as_table, counted, nearest, one_array
from epochal.data.table.words import TextCodec

if TYPE_CHECKING:
    from torch import Tensor

BLOCK = 2**14  # rows encoded at once
Part = NumberCodec | DateCodec | CategoryCodec | TextCodec


@dataclass(frozen=True, kw_only=True)
class TableCodec(Record):
    """The preprocessing of one table. The same row gives the same numbers, in training and for ever after.

    `columns` are those that a row must have; others are ignored, and their order does not matter. `weights` is the
    column, if any, that said how much each row counts: models do not see it, and an evaluation looks for it.
    """

    columns: tuple[str, ...]
    numbers: tuple[NumberCodec, ...] = ()
    dates: tuple[DateCodec, ...] = ()
    categories: tuple[CategoryCodec, ...] = ()
    texts: tuple[TextCodec, ...] = ()
    weights: str = ""

    @classmethod
    def fitted(
        cls, columns: Mapping[str, Column], cells: Mapping[str, Cells], rows: Int64[np.ndarray, " chosen"]
    ) -> "TableCodec":
        """The codec of the training rows (indices) of these columns, each a number, boolean, date, category or text.

        Raises:
            DataError: no column is left to learn from.
        """
        numbers, dates, categories, texts = [], [], [], []
        for name, column in columns.items():
            found = cells[name]
            if column.kind in ("number", "boolean"):
                numbers.append(NumberCodec.fitted(column, found.values[rows]))
            elif column.kind == "date":
                dates.append(DateCodec.fitted(column, found.values[rows]))
            elif column.kind == "category":
                categories.append(CategoryCodec.fitted(column, found.values[rows], found.levels))
            elif column.kind == "text":
                assert found.texts is not None
                text = TextCodec.fitted(column, found.texts.take(pa.array(rows)))
                texts += [text] if text.words else []
        codec = cls(
            columns=(), numbers=tuple(numbers), dates=tuple(dates), categories=tuple(categories), texts=tuple(texts)
        )
        used = {part.column.name for part in codec.parts}
        if not used:
            raise DataError(
                "no column is left to learn from: every other one is an id, the same in each row, or a copy of the "
                "label. Say --column NAME=KIND to keep one."
            )
        return codec.replace(columns=tuple(name for name in columns if name in used))

    @property
    def parts(self) -> tuple[Part, ...]:
        """The codecs of the columns, in the order of their numbers at rest."""
        parts: tuple[Part, ...] = (*self.numbers, *self.dates, *self.categories, *self.texts)
        return parts

    @property
    def levels(self) -> tuple[int, ...]:
        """For each column at rest, 0 where it is a number and else how many codes it has."""
        return tuple(level for part in self.parts for level in part.levels)

    @property
    def names(self) -> tuple[str, ...]:
        """What each column at rest is."""
        return tuple(name for part in self.parts for name in part.names)

    @property
    def sources(self) -> tuple[str, ...]:
        """The column of the table that each column at rest comes from."""
        return tuple(part.column.name for part in self.parts for _ in part.names)

    @property
    def features(self) -> tuple[str, ...]:
        """What each of the `width` numbers is that linear models and networks see."""
        return tuple(feature for part in self.parts for feature in part.features)

    @property
    def numeric(self) -> tuple[int, ...]:
        """Places among the features of scaled numbers and of their normal scores; the others are signs and words."""
        every = [numeric for part in self.parts for numeric in part.numeric]
        return tuple(place for place, numeric in enumerate(every) if numeric)

    @property
    def width(self) -> int:
        return sum(len(part.features) for part in self.parts)

    @property
    def as_text(self) -> tuple[str, ...]:
        """Columns that a text file must be read with as they are written, and not as numbers (see `read_table`)."""
        return (*(part.column.name for part in self.categories), *(part.column.name for part in self.texts))

    def encode(self, rows: Any) -> Float32[np.ndarray, "rows columns"]:
        """Rows at rest, as trees take them: numbers as they are, NaN where missing, and codes of categories.

        `rows`: a DataFrame, an Arrow table, a row as a dict, or a list of such rows.

        Raises:
            DataError: a column is missing; the message names it.
        """
        return self.encode_cells(self.read(rows))

    def encode_cells(
        self, cells: Mapping[str, Cells], rows: Int64[np.ndarray, " rows"] | None = None
    ) -> Float32[np.ndarray, "rows columns"]:
        """The same of cells that are read: of all rows, or of these."""
        if rows is None:
            first = cells[self.columns[0]]
            rows = np.arange(len(first.texts) if first.texts is not None else len(first.values))
        codes = {part.column.name: part.codes_of(cells[part.column.name].levels) for part in self.categories}
        out = np.empty((len(rows), len(self.levels)), np.float32)
        for begin in range(0, len(rows), BLOCK):  # all columns of some rows, so that they stay in the processor's cache
            chosen, start = rows[begin : begin + BLOCK], 0
            for part in self.parts:
                found = cells[part.column.name]
                block = out[begin : begin + BLOCK, start : start + len(part.levels)]
                if isinstance(part, CategoryCodec):
                    block[:, 0] = codes[part.column.name][found.values[chosen]]
                elif isinstance(part, TextCodec):
                    assert found.texts is not None
                    part.encode(found.texts.take(pa.array(chosen)), block)
                else:
                    part.encode(found.values[chosen], block)
                start += len(part.levels)
            np.clip(out[begin : begin + BLOCK], -LARGEST, LARGEST, out=out[begin : begin + BLOCK])
        return out

    def check(self, inputs: np.ndarray) -> None:
        """Refuse what is not a batch of encoded rows.

        Raises:
            ValueError: says the shape and type that were expected and those that came.
        """
        if inputs.dtype != np.float32 or inputs.ndim != 2 or inputs.shape[1] != len(self.levels):
            raise ValueError(
                f"Expected encoded rows, float32 of shape [batch, {len(self.levels)}]; got {inputs.dtype} of shape "
                f"{list(inputs.shape)}."
            )

    def fits(self, task: Task) -> bool:
        """Whether it makes as many numbers, and codes, as the task has."""
        return bool(self.columns) and (self.width,) == task.input_shape and self.levels == task.levels

    def described(self) -> tuple[str, ...]:
        """The columns that a row must have, and what becomes of them."""
        held: dict[str, list[str]] = {}
        for part in self.parts:
            held.setdefault(part.column.kind, []).append(part.column.name)
        return (
            f"a row with {counted(len(self.columns), 'column')}, in any order; other columns are ignored. It becomes "
            f"{counted(self.width, 'number')}.",
            *(f"Columns read as {name}: {', '.join(names)}." for name, names in held.items()),
        )

    def tensors(self, device: str = "cpu") -> "Callable[[Tensor], Tensor]":
        """What makes a network's inputs of encoded rows, on a device: `dense`, as a tensor."""
        import torch

        return lambda rows: torch.from_numpy(self.dense(rows.cpu().numpy())).to(device)

    def cells(self, encoded: Float32[np.ndarray, " columns"]) -> dict[str, str]:
        """What one encoded row holds, by column, as far as the codes tell: words of texts are left out."""
        found, start = {}, 0
        for part in self.parts:
            if not isinstance(part, TextCodec):
                found[part.column.name] = part.shown(encoded[start : start + len(part.levels)])
            start += len(part.levels)
        return {name: found[name] for name in self.columns if name in found}

    def dense(self, encoded: Float32[np.ndarray, "rows columns"]) -> Float32[np.ndarray, "rows width"]:
        """Encoded rows as linear models and networks see them: numbers scaled, missing cells and levels as 0 and 1."""
        out = np.empty((len(encoded), self.width), np.float32)
        start = place = 0
        for part in self.parts:
            columns, width = len(part.levels), len(part.features)
            part.dense(encoded[:, start : start + columns], out[:, place : place + width])
            start, place = start + columns, place + width
        return out

    def examine(self, rows: Any) -> tuple[str, ...]:
        """What is different about rows, in words: columns ignored, levels never seen, cells that cannot be read.

        Raises:
            DataError: a column is missing.
        """
        table = as_table(rows)
        return self.examine_cells(self.read(table), table.column_names, len(table))

    def examine_cells(self, cells: Mapping[str, Cells], names: Sequence[str], count: int) -> tuple[str, ...]:
        """The same of this many rows whose cells are read, of a table with columns of these names."""
        extra = [name for name in names if name not in self.columns]
        notes = [f"{counted(len(extra), 'column', 'is', 'are')} not used by the model: {some(extra)}."] if extra else []
        for part in self.parts:
            name, found = part.column.name, cells[part.column.name]
            if found.odd:
                notes.append(
                    f"column {name!r}: {sum(found.odd.values()):,} of {count:,} cells are no {part.column.kind} "
                    f"({some(sorted(found.odd))}) and are taken as missing."
                )
            if isinstance(part, CategoryCodec):
                unseen = part.unseen(found.values, found.levels)
                if unseen:
                    notes.append(
                        f"column {name!r}: {sum(unseen.values()):,} of {count:,} rows have a value that training "
                        f"never saw ({some(sorted(unseen))})."
                    )
            learned = not isinstance(part, NumberCodec | DateCodec | CategoryCodec) or part.missing
            if not learned and (absent := int(missing_cells(found).sum())):
                notes.append(f"column {name!r}: {absent:,} of {count:,} cells are missing, and none was in training.")
        return tuple(notes)

    def read(self, rows: Any) -> dict[str, Cells]:
        """The cells of the columns that rows must have; arguments and errors as of `encode`."""
        table = as_table(rows)
        names = table.column_names
        lacking = [name for name in self.columns if name not in names]
        if lacking:
            near = {name: nearest(name, [other for other in names if other not in self.columns]) for name in lacking}
            hints = [f"{name!r} (is it {near[name][0]!r}?)" if near[name] else repr(name) for name in lacking[:5]]
            more = f" and {len(lacking) - 5:,} more" if len(lacking) > 5 else ""
            raise DataError(
                f"{len(lacking)} of the {len(self.columns)} columns that the model learned from "
                f"{'is' if len(lacking) == 1 else 'are'} not in these rows: {', '.join(hints)}{more}. The rows have: "
                f"{', '.join(map(str, names[:20]))}. Give every column; a cell that is not known may be empty."
            )
        return {
            part.column.name: read_cells(one_array(table.column(part.column.name)), part.column) for part in self.parts
        }
