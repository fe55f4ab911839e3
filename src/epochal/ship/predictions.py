"""Classes as a bundle answers them: a row for each input, with one array of probabilities behind all of them."""

import html
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Float, Float32, Int

from epochal.core.protocols import Given
from epochal.core.record import Record
from epochal.data.labels import shown

if TYPE_CHECKING:
    import pandas

SHOWN = 50  # rows of a table in a notebook
GROWTH = 8  # an array that is full gets room for an eighth more


@dataclass(frozen=True, kw_only=True)
class Predicted(Record):
    """The answer for one input, or the reason why there is none."""

    input: str
    label: str | None = None
    probability: float | None = None
    probabilities: tuple[float, ...] = field(default=(), repr=False)  # calibrated, in the order of the labels
    error: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """One row for each input, in the order in which they were given; a row is made when it is asked for.

    `probabilities` are calibrated and in the order of `labels`, and `best` is the place of the label that is answered;
    the row of an input that could not be read holds NaN and -1, and `reasons` says why, by row. `ids` are the cells by
    which the user tells the inputs apart, by column, and `notes` say what is odd about them.
    """

    inputs: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: Float32[np.ndarray, "inputs labels"] = field(repr=False)
    best: Int[np.ndarray, " inputs"] = field(repr=False)
    reasons: Mapping[int, str]
    ids: Mapping[str, Sequence[Any]] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    @staticmethod
    def of(
        given: Given,
        chances: Float[np.ndarray, "read labels"],
        labels: tuple[str, ...],
        stakes: Sequence[float] = (),
    ) -> "Predictions":
        """The answers for inputs, from the calibrated probabilities of those that could be read.

        Args:
            stakes: what overlooking an input of each class costs; the answer is the label with the largest probability
                times its stake.
        """
        values = np.full((len(given.names), len(labels)), np.nan, np.float32)
        best = np.full(len(given.names), -1, np.int64)
        if len(chances):
            values[given.read], best[given.read] = chances, (chances * (stakes or 1)).argmax(axis=1)
        return Predictions(
            inputs=given.names,
            labels=labels,
            probabilities=values,
            best=best,
            reasons=given.reasons,
            ids=given.ids,
            notes=given.notes,
        )

    def __len__(self) -> int:
        return len(self.inputs)

    def __iter__(self) -> Iterator[Predicted]:
        return (self[index] for index in range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Predicted: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Predicted, ...]: ...
    def __getitem__(self, index: int | slice) -> Predicted | tuple[Predicted, ...]:
        if isinstance(index, slice):
            return tuple(self[each] for each in range(len(self))[index])
        index = range(len(self))[index]
        if index in self.reasons:
            return Predicted(input=self.inputs[index], error=self.reasons[index])
        values, best = self.probabilities[index], int(self.best[index])
        return Predicted(
            input=self.inputs[index],
            label=self.labels[best],
            probability=float(values[best]),
            probabilities=tuple(values.tolist()),
        )

    @property
    def rows(self) -> tuple[Predicted, ...]:
        """All rows at once: about 32 bytes for each probability, where the array needs 4."""
        return self[:]

    @property
    def errors(self) -> tuple[Predicted, ...]:
        """The rows of inputs that could not be read."""
        return tuple(self[index] for index in sorted(self.reasons))

    def to_list(self) -> list[dict[str, Any]]:
        """Plain data: input, ids where there are some, and label, probability and probabilities by label, or error."""
        return [
            with_ids(self.ids, place, row.input)
            | (
                {"error": row.error}
                if row.error is not None
                else {
                    "label": row.label,
                    "probability": row.probability,
                    "probabilities": dict(zip(self.labels, row.probabilities, strict=True)),
                }
            )
            for place, row in enumerate(self)
        ]

    def to_frame(self) -> "pandas.DataFrame":
        """A data frame: input, the columns of ids, label, probability, error, and a column "p(LABEL)" for each label,
        of type float32."""
        import pandas

        rows = range(len(self))
        chosen = np.full(len(self), np.nan)
        there = np.flatnonzero(self.best >= 0)
        chosen[there] = self.probabilities[there, self.best[there]]
        own = {
            "label": [None if row in self.reasons else self.labels[self.best[row]] for row in rows],
            "probability": chosen,
            "error": [self.reasons.get(row) for row in rows],
        }
        chances = pandas.DataFrame(self.probabilities, columns=self.columns[3:])
        return pandas.DataFrame(
            {"input": list(self.inputs), **renamed(self.ids, ("input", *self.columns)), **own}
        ).join(chances)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the cells of a row of a file of answers are, apart from ids."""
        return ("label", "probability", "error", *(f"p({label})" for label in self.labels))

    def cells(self) -> Iterator[list[str]]:
        """The cells of each row, as a file of answers has them."""
        for row in self:
            probability = "" if row.probability is None else f"{row.probability:.6g}"
            chances = [f"{chance:.6g}" for chance in row.probabilities] or [""] * len(self.labels)
            yield [row.label or "", probability, row.error or "", *chances]

    def to_text(self) -> str:
        """Lines for a terminal: input, label and probability, or what is wrong with the input."""
        names = [shown(name) for name in self.inputs]
        width = max((len(name) for name in names), default=0)
        label = max((len(self.labels[best]) for best in self.best if best >= 0), default=0)
        return "\n".join(
            f"{name:<{width}}  not predicted: {self.reasons[index]}"
            if index in self.reasons
            else f"{name:<{width}}  {self.labels[best]:<{label}}  {self.probabilities[index, best]:6.1%}"
            for index, (name, best) in enumerate(zip(names, self.best, strict=True))
        )

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><td>{html.escape(shown(row.input))}</td>"
            + (
                f'<td colspan="2">not predicted: {html.escape(row.error)}</td></tr>'
                if row.error is not None
                else f"<td>{html.escape(row.label or '')}</td><td>{row.probability:.1%}</td></tr>"
            )
            for row in self[:SHOWN]
        )
        more = f"<p>and {len(self) - SHOWN} more</p>" if len(self) > SHOWN else ""
        return f"<table><tr><th>input</th><th>label</th><th>probability</th></tr>{cells}</table>{more}"


def with_ids(ids: Mapping[str, Sequence[Any]], place: int, name: str) -> dict[str, Any]:
    """The start of a row of plain data: the name of the input and, where there are some, its ids by column."""
    return {"input": name} | ({"ids": {column: cells[place] for column, cells in ids.items()}} if ids else {})


def renamed(ids: Mapping[str, Sequence[Any]], taken: Sequence[str]) -> dict[str, Sequence[Any]]:
    """The columns of ids, those that have a name that is taken with "given" before it."""
    return {f"given {column}" if column in taken else column: cells for column, cells in ids.items()}


class Joined:
    """What parts of predictions have in common, put together: names, reasons, ids and notes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.reasons: dict[int, str] = {}
        self.ids: dict[str, list[Any]] = {}
        self.notes: tuple[str, ...] = ()

    def add(self, part: Any) -> None:
        start = len(self.names)
        self.reasons.update((start + index, reason) for index, reason in part.reasons.items())
        self.names += part.inputs
        self.notes += part.notes
        for column, cells in part.ids.items():
            self.ids.setdefault(column, []).extend(cells)

    def fields(self) -> dict[str, Any]:
        return {"inputs": tuple(self.names), "reasons": self.reasons, "ids": self.ids, "notes": self.notes}


def gathered(parts: Iterable[Predictions], labels: tuple[str, ...]) -> Predictions:
    """One for all parts, taken as they come. The arrays grow in their place, so that memory holds them once."""
    probabilities, best = np.empty((0, len(labels)), np.float32), np.empty(0, np.int64)
    joined = Joined()
    for part in parts:
        start, end = len(joined.names), len(joined.names) + len(part)
        if end > len(best):
            room = end + end // GROWTH
            probabilities.resize((room, len(labels)), refcheck=False)
            best.resize(room, refcheck=False)
        probabilities[start:end], best[start:end] = part.probabilities, part.best
        joined.add(part)
    probabilities.resize((len(joined.names), len(labels)), refcheck=False)
    best.resize(len(joined.names), refcheck=False)
    return Predictions(labels=labels, probabilities=probabilities, best=best, **joined.fields())
