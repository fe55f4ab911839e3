"""Numbers as a bundle answers them: a row for each input, with the interval that its calibration promises."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Float

from epochal.core.protocols import Given
from epochal.core.record import Record
from epochal.data.labels import shown
from epochal.ship.predictions import SHOWN, Joined, renamed, with_ids

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, kw_only=True)
class PredictedNumber(Record):
    """The number for one input, or the reason why there is none."""

    input: str
    number: float | None = None
    low: float | None = None
    high: float | None = None
    error: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberPredictions:
    """One row for each input, in the order in which they were given; a row is made when it is asked for.

    `numbers` are in the unit of the targets, NaN for an input that could not be read; `reasons` says why, by row. The
    truth lies between `low` and `high`, the number minus and plus `width`, for the share of unseen inputs that the
    calibration promises. `ids` are the cells by which the user tells the inputs apart, by column, and `notes` say what
    is odd about them.
    """

    inputs: tuple[str, ...]
    numbers: Float[np.ndarray, " inputs"] = field(repr=False)
    width: float
    reasons: Mapping[int, str]
    ids: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    columns = ("number", "low", "high", "error")  # of a file of answers, apart from ids

    @staticmethod
    def of(given: Given, numbers: Float[np.ndarray, " read"], width: float) -> "NumberPredictions":
        """The answers for inputs, from the numbers of those that could be read."""
        values = np.full(len(given.names), np.nan)
        values[given.read] = numbers
        return NumberPredictions(
            inputs=given.names, numbers=values, width=width, reasons=given.reasons, ids=given.ids, notes=given.notes
        )

    @property
    def low(self) -> Float[np.ndarray, " inputs"]:
        return self.numbers - self.width

    @property
    def high(self) -> Float[np.ndarray, " inputs"]:
        return self.numbers + self.width

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[PredictedNumber]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> PredictedNumber: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[PredictedNumber, ...]: ...
    def __getitem__(self, index: int | slice) -> PredictedNumber | tuple[PredictedNumber, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(len(self))[index])
        index = range(len(self))[index]
        if index in self.reasons:
            return PredictedNumber(input=self.inputs[index], error=self.reasons[index])
        number = float(self.numbers[index])
        return PredictedNumber(
            input=self.inputs[index], number=number, low=number - self.width, high=number + self.width
        )

    @property
    def rows(self) -> tuple[PredictedNumber, ...]:
        """All rows at once."""
        return self[:]

    @property
    def errors(self) -> tuple[PredictedNumber, ...]:
        """The rows of inputs that could not be read."""
        return tuple(self[index] for index in sorted(self.reasons))

    def to_list(self) -> list[dict[str, Any]]:
        """Plain data: input, ids where there are some, and number, low and high, or error."""
        return [
            with_ids(self.ids, place, row.input)
            | (
                {"error": row.error}
                if row.error is not None
                else {"number": row.number, "low": row.low, "high": row.high}
            )
            for place, row in enumerate(self)
        ]

    def to_frame(self) -> "pandas.DataFrame":
        """A data frame: input, the columns of ids, number, low, high and error."""
        import pandas

        return pandas.DataFrame(
            {
                "input": list(self.inputs),
                **renamed(self.ids, ("input", *self.columns)),
                "number": self.numbers,
                "low": self.low,
                "high": self.high,
                "error": [self.reasons.get(row) for row in range(len(self))],
            }
        )

    def cells(self) -> Iterator[list[str]]:
        """The cells of each row, as a file of answers has them."""
        for row in self:
            numbers = ["" if value is None else f"{value:.6g}" for value in (row.number, row.low, row.high)]
            yield [*numbers, row.error or ""]

    def to_text(self) -> str:
        """Lines for a terminal: input, number and interval, or what is wrong with the input."""
        names = [shown(name) for name in self.inputs]
        width = max((len(name) for name in names), default=0)
        return "\n".join(
            f"{name:<{width}}  {_said(row) if row.error is None else f'not predicted: {row.error}'}"
            for name, row in zip(names, self, strict=True)
        )

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{html.escape(shown(row.input))}</td>"
            + (
                f'<td colspan="2">not predicted: {html.escape(row.error)}</td></tr>'
                if row.error is not None
                else f"<td>{row.number:,.6g}</td><td>{row.low:,.6g} to {row.high:,.6g}</td></tr>"
            )
            for row in self[:SHOWN]
        )
        more = f"<p>and {len(self) - SHOWN} more</p>" if len(self) > SHOWN else ""
        return f"<table><tr><th>input</th><th>number</th><th>interval</th></tr>{cells}</table>{more}"


def _said(row: PredictedNumber) -> str:
    return f"{row.number:,.6g}  ({row.low:,.6g} to {row.high:,.6g})"


def gathered_numbers(parts: Iterable[NumberPredictions], width: float) -> NumberPredictions:
    """One for all parts, taken as they come."""
    joined, numbers = Joined(), [np.zeros(0)]
    for part in parts:
        numbers.append(part.numbers)
        joined.add(part)
    return NumberPredictions(numbers=np.concatenate(numbers), width=width, **joined.fields())
