"""Labels that an ingredient is worth: with how few everything together does as well as, with all, without it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from epochal.core.record import Record
from epochal.judge.design import Estimate


@dataclass(frozen=True, kw_only=True)
class Labels(Record):
    """A share of the labels, with its 95% interval; `least` says that it may be less, for no smaller was tried."""

    share: float
    interval: tuple[float, float]
    least: bool


def labels_needed(shares: Sequence[float], scores: Sequence[float], loss: Estimate) -> Labels:
    """The share of the labels with which everything together scores `loss` less than with all of them.

    Between the shares that were tried the score is taken to rise evenly with the logarithm of the labels, and never to
    fall. The interval is that of the loss; the chance in the curve of the scores is not in it.

    Args:
        shares: of the labels, rising; the last is 1.
        scores: of everything together, with each of these.
        loss: what everything together loses without the ingredient. Where it gains, all labels are needed: 1.
    """
    rising, logs = np.maximum.accumulate(scores), np.log(shares)

    def share(lost: float) -> float:
        return float(np.exp(np.interp(rising[-1] - lost, rising, logs))) if lost > 0 else 1.0

    low, high = loss.interval
    return Labels(
        share=share(loss.mean), interval=(share(high), share(low)), least=bool(rising[-1] - loss.mean < rising[0])
    )
