"""What pages show of the model that ships, apart from its score: each part where its goal has it."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from epochal.core.interval import Interval
from epochal.core.record import Record
from epochal.judge.reliability import Abstaining, Recall, Reliability

BINS = 24  # of the picture of residuals
SHOWN = 400  # points of it


@dataclass(frozen=True, kw_only=True)
class Residuals(Record):
    """How far predicted numbers are from the true ones, in their unit: true minus predicted.

    `quantiles` are those of 5, 25, 50, 75 and 95% of the items. `edges` and `counts` make the histogram, of all but the
    outermost hundredth at each end, which its first and last bins hold. `points` are (true, predicted) of some items,
    evenly spread over the true ones. A prediction plus or minus `width` holds the truth for `promised` of the
    validation items, and for `covered` of those that are shown.
    """

    quantiles: tuple[float, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    points: tuple[tuple[float, float], ...]
    width: float
    promised: float
    covered: Interval


@dataclass(frozen=True, kw_only=True)
class Shown(Record):
    """The parts that a goal may show of the answers on the test split."""

    recalls: tuple[Recall, ...] = ()  # of each class
    reliability: Reliability | None = None
    abstaining: tuple[Abstaining, ...] = ()  # thresholds were chosen on validation
    residuals: Residuals | None = None


def residuals(
    predicted: Float[np.ndarray, " items"],
    true: Float[np.ndarray, " items"],
    *,
    width: float,
    promised: float,
    covered: Interval,
) -> Residuals:
    """The residuals of these numbers; arguments as the fields of `Residuals`."""
    left = true - predicted
    low, high = np.quantile(left, (0.01, 0.99))
    edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    counts, _ = np.histogram(np.clip(left, edges[0], edges[-1]), edges)
    order = np.argsort(true, kind="stable")[np.linspace(0, len(true) - 1, min(len(true), SHOWN)).astype(int)]
    return Residuals(
        quantiles=tuple(float(value) for value in np.quantile(left, (0.05, 0.25, 0.5, 0.75, 0.95))),
        edges=tuple(float(edge) for edge in edges),
        counts=tuple(int(count) for count in counts),
        points=tuple((float(true[k]), float(predicted[k])) for k in order),
        width=width,
        promised=promised,
        covered=covered,
    )
