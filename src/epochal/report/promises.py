"""What the page says of the bundled model itself: its score, classes, confidence, residuals, and what matters to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.judge.reliability import Abstaining, Recall, Reliability
from epochal.judge.reliability_text import calibration, ranking
from epochal.judge.residual_text import promise, spread
from epochal.judge.shown import Residuals
from epochal.judge.verdict_text import value
from epochal.report import words
from epochal.report.charts.reliability import reliability_chart
from epochal.report.charts.residuals import histogram, scatter
from epochal.report.charts.stripes import loss_axis, loss_stripe, share_stripe
from epochal.report.result import ClimbResult, Importance
from epochal.report.view import RungView

MOST_CLASSES, MOST_PARTS = 30, 20


@dataclass(frozen=True, kw_only=True)
class ClassRow:
    """How often a class is found."""

    label: str
    items: int
    stripe: Markup
    share: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What answering only at a confidence or above gives."""

    at: str
    answered: str
    answered_range: str
    right: str
    right_range: str


@dataclass(frozen=True, kw_only=True)
class Left:
    """How far predicted numbers are from the true ones."""

    promise: str
    spread: str
    histogram: Markup
    scatter: Markup
    points: int  # that the scatter shows


@dataclass(frozen=True, kw_only=True)
class PartRow:
    """What the metric loses without one part of the inputs."""

    name: str
    stripe: Markup
    loss: str
    interval: str


@dataclass(frozen=True, kw_only=True)
class Promises:
    """The section on the bundle, in plain words and rows."""

    view: RungView
    score: Interval
    mean: str  # over seeds; empty where there is one
    classes: tuple[ClassRow, ...]  # the one that is found least often first
    classes_left_out: str
    diagram: Markup
    calibration: str
    ranking: str
    thresholds: tuple[Threshold, ...]
    residuals: Left | None  # where numbers are predicted
    parts: tuple[PartRow, ...]  # of the inputs, the most important first; where they have parts
    parts_left_out: int


def promises(result: ClimbResult, named: Mapping[str, RungView]) -> Promises | None:
    """None where the test split was not opened, or an earlier version made the climb."""
    view, shipped = named.get(result.chosen), result.shipped
    if view is None or shipped is None:
        return None
    rows = sorted(shipped.recalls, key=lambda one: (one.recall.mean, -one.items))
    reliability, item = shipped.reliability, result.task.item
    return Promises(
        view=view,
        score=shipped.score,
        mean=_mean(view, result),
        classes=tuple(_class_row(one, result.task.labels, view.kind) for one in rows[:MOST_CLASSES]),
        classes_left_out=_left_out(rows[MOST_CLASSES:]),
        diagram=reliability_chart(reliability, view.kind, view.title, item) if reliability else Markup(),
        calibration=calibration(reliability) if reliability else "",
        ranking=ranking(reliability.ranking) if reliability and reliability.ranking else "",
        thresholds=_thresholds(shipped.abstaining, reliability),
        residuals=_residuals(shipped.residuals, view, f"{item}s") if shipped.residuals else None,
        parts=_parts(result.importance[:MOST_PARTS], view.kind, result.metric),
        parts_left_out=len(result.importance[MOST_PARTS:]),
    )


def _parts(found: tuple[Importance, ...], kind: str, metric: Metric) -> tuple[PartRow, ...]:
    axis = loss_axis([one.loss for one in found]) if found else None
    return tuple(
        PartRow(
            name=one.part,
            stripe=loss_stripe(axis, one.loss, kind),
            loss=words.difference(one.loss.mean, metric).removeprefix("+"),
            interval=words.span((one.loss.low, one.loss.high), metric).replace("+", ""),
        )
        for one in found
        if axis
    )


def _residuals(found: Residuals, view: RungView, items: str) -> Left:
    return Left(
        promise=promise(found, items),
        spread=spread(found),
        histogram=histogram(found, view.kind, view.title, items),
        scatter=scatter(found, view.kind, view.title, items),
        points=len(found.points),
    )


def _mean(view: RungView, result: ClimbResult) -> str:
    """The mean over seeds, empty where there is one."""
    if view.test is None or view.last is None or view.last.seeds < 2:
        return ""
    return f"{value(view.test.mean, result.metric)} over {words.plural(view.last.seeds, 'seed')}"


def _class_row(one: Recall, labels: tuple[str, ...], kind: str) -> ClassRow:
    return ClassRow(
        label=labels[one.label] if one.label < len(labels) else f"class {one.label}",
        items=one.items,
        stripe=share_stripe(one.recall, kind),
        share=words.percent(one.recall.mean, 0),
        interval=words.interval(one.recall, digits=0),
    )


def _left_out(rest: list[Recall]) -> str:
    """What is said of the classes that are found more often than those shown."""
    if not rest:
        return ""
    low, high = (words.percent(one.recall.mean, 0) for one in (rest[0], rest[-1]))
    return f"{words.plural(len(rest), 'more class is', 'more classes are')} found {low} to {high} of the time."


def _thresholds(found: tuple[Abstaining, ...], reliability: Reliability | None) -> tuple[Threshold, ...]:
    """A row for answering always, and one for each threshold."""
    rows = []
    if reliability and (count := sum(one.count for one in reliability.bins)):
        right = sum(one.count * one.accuracy.mean for one in reliability.bins) / count
        rows.append(
            Threshold(at="always", answered="100%", answered_range="", right=words.percent(right), right_range="")
        )
    for one in found:
        rows.append(
            Threshold(
                at=f"from {words.percent(one.threshold)} confidence",
                answered=words.percent(one.coverage.mean),
                answered_range=words.interval(one.coverage),
                right=words.percent(one.accuracy.mean) if one.accuracy else words.NONE,
                right_range=words.interval(one.accuracy) if one.accuracy else "",
            )
        )
    return tuple(rows)
