"""Machine learning against deep learning, as people see it: a sentence, a table of two columns, and a picture."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.judge.verdict_text import listed
from epochal.report import words
from epochal.report.charts.rivals import rivals_chart
from epochal.report.result import ClimbResult, Rivals, Side
from epochal.report.rivals_text import about, rivals_sentence
from epochal.report.view import RungView


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One line of the table: what is compared, how it was measured, and the number of each family with its interval."""

    what: str
    how: str
    classical: tuple[str, str]
    deep: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class RivalsView:
    """What the section shows."""

    sentence: str
    classical: str  # the titles
    deep: str
    rows: tuple[Compared, ...]
    wide: Markup
    narrow: Markup
    points: tuple[tuple[int, str, str], ...]  # training items, and the score of each


def rivals_view(result: ClimbResult, named: Mapping[str, RungView]) -> RivalsView | None:
    """None where the climb did not come that far, or has no rung of one family."""
    found = result.rivals
    if found is None:
        return None
    sides, item = (found.classical, found.deep), result.task.item
    return RivalsView(
        sentence=rivals_sentence(found, item),
        classical=found.classical.title,
        deep=found.deep.title,
        rows=tuple(_rows(found, result.metric, item)),
        wide=rivals_chart(sides, result.metric, item=item, narrow=False),
        narrow=rivals_chart(sides, result.metric, item=item, narrow=True),
        points=tuple(
            (size, *(words.value(float(np.mean([row[k] for row in side.scores])), result.metric) for side in sides))
            for k, size in enumerate(found.classical.sizes)
        ),
    )


def _rows(found: Rivals, metric: Metric, item: str) -> list[Compared]:
    sides = (found.classical, found.deep)
    unit = f", in {words.unit(metric)}" if metric.percent or metric.unit else ""

    def row(what: str, how: str, cells: list[tuple[str, str]]) -> Compared:
        return Compared(what=what, how=how, classical=cells[0], deep=cells[1])

    rows = [
        row(
            f"{words.capital(item)}s that it needs",
            f"Training {item}s for what the other scores with all of them.",
            [(_needed(side), "") for side in sides],
        ),
        row(
            "Gain from the last doubling",
            f"How much better it scores with all {item}s than with half of them{unit}.",
            [_gain(side.doubling, metric) for side in sides],
        ),
        row(
            "Processor time",
            "Of one processor, for one training with all the data.",
            [(words.duration(side.seconds), "") for side in sides],
        ),
    ]
    if all(side.repeated for side in sides):
        rows.append(
            row(
                "A small tree repeats",
                f"Share of the variance of its answers that a decision tree with {found.leaves} leaves gives, too.",
                [_share(side.repeated) for side in sides if side.repeated],
            )
        )
    if all(side.withheld for side in sides):
        rows.append(
            row(
                "Hand-made columns",
                f"What it loses without {listed(found.hand_made)}{unit}.",
                [_gain(side.withheld, metric) for side in sides if side.withheld],
            )
        )
    return rows


def _needed(side: Side) -> str:
    if side.enough is None:
        return f"more than {words.count(side.sizes[-1])}"
    if side.enough <= side.sizes[0]:
        return f"{words.count(side.sizes[0])} or fewer"
    return f"about {about(side.enough)}"


def _gain(gain: Interval, metric: Metric) -> tuple[str, str]:
    return words.difference(gain.mean, metric), words.span((gain.low, gain.high), metric)


def _share(share: Interval) -> tuple[str, str]:
    return words.percent(share.mean, 0), words.interval(share, digits=0)
