"""Machine learning against deep learning, as people see it: a sentence, a table of two columns, and a picture."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from markupsafe import Markup

from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.judge.verdict_text import listed
from epochal.report import words
from epochal.report.charts.rivals import rivals_chart
from epochal.report.result import ClimbResult, Rivals
from epochal.report.rivals_text import rivals_sentence
from epochal.report.svg import CLASSICAL, NETWORK


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
    better: str
    rows: tuple[Compared, ...]
    wide: Markup
    narrow: Markup
    points: tuple[tuple[int, str], ...]  # training items, and the score of the better


def rivals_view(result: ClimbResult) -> RivalsView | None:
    """None where the climb did not come that far, or has no rung of one family."""
    found = result.rivals
    if found is None:
        return None
    pair, item = found.ordered, result.task.item
    kind, other = (CLASSICAL, NETWORK) if pair[0] is found.classical else (NETWORK, CLASSICAL)
    drawn = partial(rivals_chart, found, (kind, other), result.metric, item=item)
    return RivalsView(
        sentence=rivals_sentence(found, item),
        classical=found.classical.title,
        deep=found.deep.title,
        better=pair[0].title,
        rows=tuple(_rows(found, result.metric, item)),
        wide=drawn(narrow=False),
        narrow=drawn(narrow=True),
        points=tuple(
            (size, words.value(float(np.mean([row[k] for row in found.scores])), result.metric))
            for k, size in enumerate(found.sizes)
        ),
    )


def _rows(found: Rivals, metric: Metric, item: str) -> list[Compared]:
    sides = (found.classical, found.deep)
    unit = f", in {words.unit(metric)}" if metric.percent or metric.unit else ""

    def row(what: str, how: str, cells: list[tuple[str, str]]) -> Compared:
        return Compared(what=what, how=how, classical=cells[0], deep=cells[1])

    rows = [
        row(
            "Score with all of the data",
            f"On validation, the mean over seeds, as in the table: {metric.title}.",
            [(words.value(side.score, metric), "") for side in sides],
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


def _gain(gain: Interval, metric: Metric) -> tuple[str, str]:
    return words.difference(gain.mean, metric), words.span((gain.low, gain.high), metric)


def _share(share: Interval) -> tuple[str, str]:
    return words.percent(share.mean, 0), words.interval(share, digits=0)
