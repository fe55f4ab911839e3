"""A metric: what a score is called, in which unit it is given, which direction is better, and what difference matters.

A metric computes nothing. A goal of `epochal.judge.goals` turns predictions into one value an item, whose plain mean is
the metric; intervals and verdicts come from tables [seeds, items] of them, whatever the metric.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from epochal.core.record import Record

HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True, kw_only=True)
class Metric(Record):
    """The words and the numbers of one metric.

    `percent` says that it is a fraction from 0 to 1, shown as per cent, whose differences are shown in points; else
    values are shown in `unit`. `levels` are the values other than zero that an item can take, where they are few: 1 for
    right or wrong; empty where they are many. Where values are `averaged`, they lie between the levels too. `options`
    holds what a goal needs to compute it, such as the costs of mistakes and the place of the positive class.
    """

    name: str
    title: str
    unit: str = "points"
    better: str = HIGHER
    percent: bool = True
    levels: tuple[float, ...] = ()
    averaged: bool = False  # over several points of a training
    top: float | None = None  # what a perfect answer scores, of a metric that is no share; what is left to it is a loss
    margin: float = 0.005  # differences smaller than this do not matter, unless the user says otherwise
    options: Mapping[str, float] = field(default_factory=dict)

    @property
    def counted(self) -> tuple[float, ...]:
        """The levels, where every item's value is 0 or one of them; else empty."""
        return () if self.averaged else self.levels

    @property
    def binary(self) -> bool:
        """Whether every item's value is 0 or 1."""
        return self.counted == (1.0,)

    @property
    def sign(self) -> int:
        """1 where more is better, -1 where less is."""
        return 1 if self.better == HIGHER else -1


ACCURACY = Metric(name="accuracy", title="accuracy", levels=(1.0,))
