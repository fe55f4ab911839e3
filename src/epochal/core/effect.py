"""An effect with its interval and its verdict: what a finding and an answer to a question of a claim have in common."""

from abc import ABC
from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Effect(Record, ABC):
    """The effect of an arm, against a control where there is one.

    Effects are in `unit`; where `percent`, they are fractions, shown in per cent and points. `interval` is the 95%
    interval of this effect alone; `simultaneous` is the one that decided the verdict, because it holds for all effects
    of its family together: print it next to the verdict. Effects within `margin` do not matter.
    """

    control: str = ""
    arm: str
    effect: float
    interval: tuple[float, float]
    simultaneous: tuple[float, float]
    margin: float
    verdict: str
    unit: str
    percent: bool = False
    seeds: int
    items: int | None = None
