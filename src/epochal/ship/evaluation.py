"""What an evaluation found: scores with intervals, recall by class, and whether the bundle kept its promise."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from epochal.core.metric import Metric
from epochal.core.record import Record
from epochal.data.listing import shown

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
        if self.metric.percent:
            return f"{self.value:.1%}", f"{self.low:.1%} to {self.high:.1%}"
        unit = f" {self.metric.unit}" if self.metric.unit else ""
        return f"{self.value:.3f}{unit}", f"{self.low:.3f} to {self.high:.3f}"


@dataclass(frozen=True, kw_only=True)
class Recall(Record):
    """The share of one class's images that is found, with its 95% interval."""

    label: str
    images: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Promise(Record):
    """The accuracy that the bundled model had on data of its own, with its 95% interval."""

    split: str  # "test" | "validation"
    images: int
    right: int
    value: float
    low: float
    high: float
    part: bool = False  # only the classes that the evaluated data has


@dataclass(frozen=True, kw_only=True)
class Difference(Record):
    """Accuracy here minus the promised one, with its 95% interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Evaluation(Record):
    """The scores of a bundle on labelled data that are not its own."""

    bundle: str
    data: str
    split: str  # of the data: "test", "validation", "train", or "all"
    images: int
    metrics: tuple[Measured, ...]  # the bundle's own first
    recalls: tuple[Recall, ...]  # of the classes that the data has, in the bundle's order
    promise: Promise | None
    difference: Difference | None
    sentence: str
    unknown: Mapping[str, int]  # labels that are no class of the bundle, with the number of their images
    missing: tuple[str, ...]  # classes of the bundle without an image
    problems: Mapping[str, str] = field(default_factory=dict)  # what is wrong, by the name of the image
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
        lowest = sorted(self.recalls, key=lambda one: (one.value, -one.images))[:CLASSES_SHOWN]
        listed = [one for one in self.recalls if one in lowest]
        rows = [
            (shown(one.label), f"{one.images:,}", f"{one.value:.1%}", f"{one.low:.1%} to {one.high:.1%}")
            for one in listed
        ]
        classes = [("class", "images", "recall", "95% interval"), *rows]
        more = len(self.recalls) - len(listed)
        lines = [*_table(scores), "", *_table(classes)]
        if more:
            lines.append(f"These {len(listed)} classes have the lowest recall; {more:,} more are in the JSON.")
        return "\n".join([*lines, "", self.sentence, *self.notes])

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.to_text())}</pre>"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def sentence(accuracy: Measured, images: int, promise: Promise | None, difference: Difference | None) -> str:
    """Whether the score agrees with what was promised."""
    value, interval = accuracy.to_text()
    here = f"Accuracy {value} (95% interval {interval}) on {images:,} images."
    if promise is None or difference is None:
        return f"{here} The bundle holds no score of its own to compare with."
    of = "these classes in its" if promise.part else "its"
    promised = (
        f"The bundle promised {promise.value:.1%} ({promise.low:.1%} to {promise.high:.1%}) on the {promise.images:,} "
        f"images of {of} {promise.split} split"
    )
    apart = (
        f"the difference is {100 * difference.value:+.1f} points, 95% interval {100 * difference.low:+.1f} to "
        f"{100 * difference.high:+.1f}"
    )
    if difference.high < 0:
        return f"{here} {promised}: this data is harder, or different ({apart})."
    if difference.low > 0:
        return f"{here} {promised}: this data is easier, or holds images of the training ({apart})."
    return f"{here} {promised}: the two agree within chance ({apart})."
