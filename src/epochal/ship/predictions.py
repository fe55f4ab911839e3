"""Answers of a bundle: a row for each input, with one array of probabilities behind all of them."""

import html
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Float32, Int

from epochal.core.record import Record
from epochal.data.listing import shown

if TYPE_CHECKING:
    import pandas

SHOWN = 50  # rows of a table in a notebook
GROWTH = 8  # an array that is full gets room for an eighth more


@dataclass(frozen=True, kw_only=True)
class Predicted(Record):
    """The answer for one picture, or the reason why there is none."""

    input: str
    label: str | None = None
    probability: float | None = None
    probabilities: tuple[float, ...] = field(default=(), repr=False)  # calibrated, in the order of the labels
    error: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """One row for each input, in the order in which they were given; a row is made when it is asked for.

    `probabilities` are calibrated and in the order of `labels`, and `best` is the place of the largest; the row of an
    input that could not be read holds NaN and -1, and `reasons` says why, by row.
    """

    inputs: tuple[str, ...]
    labels: tuple[str, ...]
    probabilities: Float32[np.ndarray, "inputs labels"] = field(repr=False)
    best: Int[np.ndarray, " inputs"] = field(repr=False)
    reasons: Mapping[int, str]

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
        """Plain data: input, and label, probability and probabilities by label, or error."""
        return [
            {"input": row.input, "error": row.error}
            if row.error is not None
            else {
                "input": row.input,
                "label": row.label,
                "probability": row.probability,
                "probabilities": dict(zip(self.labels, row.probabilities, strict=True)),
            }
            for row in self
        ]

    def to_frame(self) -> "pandas.DataFrame":
        """A data frame: input, label, probability, error, and a column "p(LABEL)" for each label, of type float32."""
        import pandas

        rows = range(len(self))
        chosen = np.full(len(self), np.nan)
        there = np.flatnonzero(self.best >= 0)
        chosen[there] = self.probabilities[there, self.best[there]]
        frame = pandas.DataFrame(
            {
                "input": list(self.inputs),
                "label": [None if row in self.reasons else self.labels[self.best[row]] for row in rows],
                "probability": chosen,
                "error": [self.reasons.get(row) for row in rows],
            }
        )
        return frame.join(pandas.DataFrame(self.probabilities, columns=[f"p({label})" for label in self.labels]))

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


def gathered(parts: Iterable[Predictions], labels: tuple[str, ...]) -> Predictions:
    """One for all parts, taken as they come. The arrays grow in their place, so that memory holds them once."""
    probabilities, best = np.empty((0, len(labels)), np.float32), np.empty(0, np.int64)
    names: list[str] = []
    reasons: dict[int, str] = {}
    for part in parts:
        start, end = len(names), len(names) + len(part)
        if end > len(best):
            room = end + end // GROWTH
            probabilities.resize((room, len(labels)), refcheck=False)
            best.resize(room, refcheck=False)
        probabilities[start:end], best[start:end] = part.probabilities, part.best
        reasons.update((start + index, reason) for index, reason in part.reasons.items())
        names += part.inputs
    probabilities.resize((len(names), len(labels)), refcheck=False)
    best.resize(len(names), refcheck=False)
    return Predictions(inputs=tuple(names), labels=labels, probabilities=probabilities, best=best, reasons=reasons)
