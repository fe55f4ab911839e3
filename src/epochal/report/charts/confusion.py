"""Which classes are taken for which: the confusion matrix as a table, or its largest entries where it is too large."""

from collections.abc import Sequence
from dataclasses import dataclass

LARGEST_MATRIX = 20  # classes; beyond this a matrix cannot be read, on a wall or on a phone


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell; `shade` is the share of the true class, 0 to 100, for the tint behind the number."""

    count: int
    shade: int
    right: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """One true class: its cells, how many there are, and the share of them that was found."""

    label: str
    cells: tuple[Cell, ...]
    total: int
    recall: float | None


@dataclass(frozen=True, kw_only=True)
class Confused:
    """A true class taken for another."""

    truth: str
    predicted: str
    count: int
    share: float


def matrix(confusion: Sequence[Sequence[int]], labels: Sequence[str]) -> list[Row]:
    """The rows of the matrix, one for each true class."""
    rows = []
    for index, counts in enumerate(confusion):
        total = sum(counts)
        cells = tuple(
            Cell(count=count, shade=round(100 * count / total) if total else 0, right=index == column)
            for column, count in enumerate(counts)
        )
        recall = counts[index] / total if total and index < len(counts) else None
        rows.append(Row(label=_label(labels, index), cells=cells, total=total, recall=recall))
    return rows


def most_confused(confusion: Sequence[Sequence[int]], labels: Sequence[str], limit: int = 12) -> list[Confused]:
    """The pairs that account for most errors, the largest first."""
    pairs = [
        Confused(truth=_label(labels, truth), predicted=_label(labels, column), count=count, share=count / sum(counts))
        for truth, counts in enumerate(confusion)
        for column, count in enumerate(counts)
        if truth != column and count > 0
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, -pair.share))[:limit]


def hardest(rows: Sequence[Row], limit: int = 10) -> list[Row]:
    """The classes that are found least often."""
    known = [row for row in rows if row.recall is not None]
    return sorted(known, key=lambda row: row.recall or 0.0)[:limit]


def _label(labels: Sequence[str], index: int) -> str:
    return labels[index] if index < len(labels) else f"class {index}"
