"""What an evaluation found: scores with intervals, recall by class, and whether the bundle kept its promise."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from epochal.core.metric import Metric
from epochal.core.record import Record
from epochal.data.labels import shown

CLASSES_SHOWN = 30  # in text; the record has all


@dataclass(frozen=True, kw_only=True)
class Measured(Record):
    """One metric with its 95% interval."""

    metric: Metric
    value: float
    low: float
    high: float

    def to_text(self) -> tuple[str, str]:
        """The value, and its interval."""
        value, low, high = (_text(self.metric, number) for number in (self.value, self.low, self.high))
        unit = f" {self.metric.unit}" if self.metric.unit and not self.metric.percent else ""
        return value + unit, f"{low} to {high}"


@dataclass(frozen=True, kw_only=True)
class Recall(Record):
    """The share of one class's items that is found, with its 95% interval."""

    label: str
    items: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Promise(Record):
    """What the bundled model scored on data of its own, with its 95% interval: the accuracy, of classes; of
    numbers, the metric by which it was chosen."""

    split: str  # "test" | "validation"
    items: int
    value: float
    low: float
    high: float
    right: int | None = None  # items, of an accuracy
    part: bool = False  # only the classes that the evaluated data has


@dataclass(frozen=True, kw_only=True)
class Difference(Record):
    """The score here minus the promised one, with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Evaluation(Record):
    """The scores of a bundle on labelled data that are not its own."""

    bundle: str
    data: str
    split: str  # of the data: "test", "validation", "train", or "all"
    item: str = "image"  # what one of them is called
    items: int
    metrics: tuple[Measured, ...]  # the bundle's own first
    recalls: tuple[Recall, ...] = ()  # of the classes that the data has, in the bundle's order
    promise: Promise | None
    difference: Difference | None
    sentence: str
    unknown: Mapping[str, int] = field(default_factory=dict)  # labels that are no class of the bundle, and their items
    missing: tuple[str, ...] = ()  # classes of the bundle without an item
    problems: Mapping[str, str] = field(default_factory=dict)  # what is wrong, by the name of the item
    notes: tuple[str, ...] = ()

    def __getitem__(self, metric: str) -> Measured:
        """One of the metrics, by its name.

        Raises:
            KeyError: it was not measured.
        """
        return {one.metric.name: one for one in self.metrics}[metric]

    def to_text(self) -> str:
        """Tables of the metrics and of the classes, and what they say."""
        scores = [("metric", "value", "95% interval"), *((one.metric.title, *one.to_text()) for one in self.metrics)]
        classes = ["", *self._classes()] if self.recalls else []
        return "\n".join([*_table(scores), *classes, "", self.sentence, *self.notes])

    def _classes(self) -> list[str]:
        """The table of the classes with the lowest recall."""
        lowest = sorted(self.recalls, key=lambda one: (one.value, -one.items))[:CLASSES_SHOWN]
        listed = [one for one in self.recalls if one in lowest]
        rows = [
            (shown(one.label), f"{one.items:,}", f"{one.value:.1%}", f"{one.low:.1%} to {one.high:.1%}")
            for one in listed
        ]
        lines = _table([("class", f"{self.item}s", "recall", "95% interval"), *rows])
        if more := len(self.recalls) - len(listed):
            lines.append(f"These {len(listed)} classes have the lowest recall; {more:,} more are in the JSON.")
        return lines

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_text())}</pre>"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def sentence(found: Measured, items: int, item: str, promise: Promise | None, difference: Difference | None) -> str:
    """Whether the score agrees with what was promised."""
    metric = found.metric
    value, interval = found.to_text()
    here = f"{metric.title[0].upper()}{metric.title[1:]} {value} (95% interval {interval}) on {items:,} {item}s."
    if promise is None or difference is None:
        return f"{here} The bundle holds no score of its own to compare with."
    of = "these classes in its" if promise.part else "its"
    own, least, most = (_text(metric, number) for number in (promise.value, promise.low, promise.high))
    promised = (
        f"The bundle promised {own} ({least} to {most}) on the {promise.items:,} {item}s of {of} {promise.split} split"
    )
    apart = _apart(difference, metric)
    worst, best = sorted((metric.sign * difference.low, metric.sign * difference.high))
    if best < 0:
        return f"{here} {promised}: this data is harder, or different ({apart})."
    if worst > 0:
        return f"{here} {promised}: this data is easier, or holds {item}s of the training ({apart})."
    return f"{here} {promised}: the two agree within chance ({apart})."


def _apart(found: Difference, metric: Metric) -> str:
    numbers = (found.value, found.low, found.high)
    if metric.percent:
        value, low, high = (f"{100 * number:+.1f}" for number in numbers)
        return f"the difference is {value} points, 95% interval {low} to {high}"
    value, low, high = (("" if number < 0 else "+") + _text(metric, number) for number in numbers)
    return f"the difference is {value}, 95% interval {low} to {high}"


def _text(metric: Metric, number: float) -> str:
    """A score without its unit: "93.1%", "0.231", "1,835", "0.00231"."""
    if metric.percent:
        return f"{number:.1%}"
    if abs(number) >= 1000:
        return f"{number:,.0f}"
    return f"{number:.3f}" if abs(number) >= 0.01 or number == 0 else f"{number:.3g}"
