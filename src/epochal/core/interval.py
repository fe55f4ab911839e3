"""A number with its interval: what a score, a share and a calibration error are once they have been measured."""

from dataclasses import dataclass

from epochal.core.record import Record


@dataclass(frozen=True, kw_only=True)
class Interval(Record):
    """A mean with its 95% interval, in the unit of what is measured: for a score, that of its metric."""

    mean: float
    low: float
    high: float
