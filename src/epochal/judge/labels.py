"""Labels that an ingredient is worth: with how few everything together does as well as, with all, without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from epochal.core.record import Record
from epochal.judge.design import Estimate


@dataclass(frozen=True, kw_only=True)
class Labels(Record):
    """A share of the labels, with its 95% interval. The smallest share that was tried means that share or less."""

    share: float
    interval: tuple[float, float]


def labels_needed(shares: Sequence[float], leads: Sequence[Estimate]) -> Labels:
    """The smallest share of labels at which the full recipe matches the recipe that lacks the ingredient but has all
    labels.

    The interval holds the shares at which the lead may be zero: from where the upper end of its interval first reaches
    zero to where the lower end does. Between two shares that were tried a lead is taken to change evenly with the
    logarithm of the labels. Where it never reaches zero, all labels are needed: 1.

    Args:
        shares: of the labels, rising; the last is 1.
        leads: with each of these, the score of everything together less that with all labels without the ingredient,
            seed by seed.
    """
    return Labels(
        share=_reached(shares, [lead.mean for lead in leads]),
        interval=(
            _reached(shares, [lead.interval[1] for lead in leads]),
            _reached(shares, [lead.interval[0] for lead in leads]),
        ),
    )


def _reached(shares: Sequence[float], leads: Sequence[float]) -> float:
    """The share at which the lead first reaches zero."""
    if leads[0] >= 0:
        return shares[0]
    for (few, low), (many, high) in pairwise(zip(shares, leads, strict=True)):
        if high >= 0:
            return float(few * (many / few) ** (-low / (high - low)))
    return shares[-1]
