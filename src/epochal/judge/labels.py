"""Labels that an ingredient is worth: with how few everything together does as well as, with all, without it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from epochal.core.record import Record
from epochal.judge.design import Estimate


@dataclass(frozen=True, kw_only=True)
class Labels(Record):
    """A share of the labels, with its 95% interval. The smallest share that was tried stands for it and any less."""

    share: float
    interval: tuple[float, float]


def labels_needed(shares: Sequence[float], scores: Sequence[float], loss: Estimate) -> Labels:
    """The smallest share of the labels with which everything together scores at most `loss` less than with all.

    Between two shares that were tried the score is taken to change evenly with the logarithm of the labels. The
    interval is that of the loss; the chance in the curve of the scores is not in it.

    Args:
        shares: of the labels, rising; the last is 1.
        scores: of everything together, with each of these.
        loss: what everything together loses without the ingredient. Where it gains, all labels are needed: 1.
    """
    low, high = loss.interval
    share = _share(shares, scores, loss.mean)
    return Labels(share=share, interval=(_share(shares, scores, high), _share(shares, scores, low)))


def _share(shares: Sequence[float], scores: Sequence[float], lost: float) -> float:
    target = scores[-1] - lost
    if lost <= 0:
        return 1.0
    if scores[0] >= target:
        return shares[0]
    for (few, low), (many, high) in pairwise(zip(shares, scores, strict=True)):
        if high >= target:
            return float(few * (many / few) ** ((target - low) / (high - low)))
    raise AssertionError("the last score reaches what is less than itself")
