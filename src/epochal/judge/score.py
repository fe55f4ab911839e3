"""The score of one arm with its interval, for any metric, from its table of values [seeds, items].

Seeds and items are crossed as `statistics` says; the metrics differ in what keeps the interval honest near their ends:

    zeros and ones      Wilson's score interval (`score_interval`)
    few other levels    as a cost: the shares of the items at each level have their score intervals, and those of the
                        weighted sum come from their distances (MOVER; Zou & Donner 2008)
    other fractions     an interval of the logit, with a quarter of a pseudo-item in each class
    other values        which are not below zero, as a loss: an interval of the logarithm. What has a top, as R2 has, is
                        the loss that is left to it

In the last two the spread of the items is itself estimated, from values that may be rare and large: it has about
2 N / (kurtosis - 1) degrees of freedom, N - 1 only where values are normal (Box 1953). bench/coverage.py measures it.
"""

import numpy as np
from jaxtyping import Float, Shaped
from scipy import special

from epochal.core.metric import ACCURACY, Metric
from epochal.judge.claims import wilson
from epochal.judge.statistics import CrossedMean, crossed_mean, score_interval

LEVEL = 0.95


def score(
    values: Shaped[np.ndarray, "seeds items"],
    metric: Metric = ACCURACY,
    *,
    doubt: float = 1.0,
    level: float = LEVEL,
) -> tuple[float, float, float]:
    """Mean, low and high of a metric over seeds and items.

    Args:
        values: of `goals.classes.items`, a row a seed; a deterministic arm may be one row.
        doubt: of `goals.classes.doubt`.

    Raises:
        ValueError: as `crossed_mean`, or an item's value is none of the metric's levels.
    """
    if metric.binary:
        return score_interval(values, level=level)
    table = np.asarray(values, dtype=np.float64)
    layout = crossed_mean(table)
    if metric.counted:
        return _of_levels(table, metric, layout.mean, level)
    if metric.top is not None:
        left, low, high = _loss(metric.top - table, metric.top - layout.mean, level)
        return metric.top - left, metric.top - high, metric.top - low
    if metric.percent:
        return _fraction(layout, freedom(table), doubt, level)
    return _loss(table, layout.mean, level)


def freedom(values: Float[np.ndarray, "seeds items"]) -> float:
    """Degrees of freedom of the variance between items of their means over seeds: 2 N / (kurtosis - 1), 1 to N - 1."""
    if values.shape[1] == 1:
        return 1.0  # and no variance, to which they would belong
    deviations = values.mean(axis=0) - values.mean()
    count, square = len(deviations), float(np.mean(deviations**2))
    if square == 0:
        return count - 1.0
    kurtosis = float(np.mean(deviations**4)) / square**2
    return float(np.clip(2 * count / max(kurtosis - 1, 1e-9), 1.0, count - 1.0))


def _loss(table: Float[np.ndarray, "seeds items"], mean: float, level: float) -> tuple[float, float, float]:
    """An interval of the logarithm."""
    half = crossed_mean(table).half_width(level, item_freedom=freedom(table))
    if half == 0 or mean <= 0:
        return mean, mean - half, mean + half
    factor = float(np.exp(half / mean))
    return mean, mean / factor, mean * factor


def _of_levels(
    table: Float[np.ndarray, "seeds items"], metric: Metric, mean: float, level: float
) -> tuple[float, float, float]:
    if not np.isin(table, (0.0, *metric.levels)).all():
        known = ", ".join(f"{one:g}" for one in metric.levels)
        raise ValueError(f"Expected values of {metric.title} that are 0 or one of {known}; got others.")
    shares = [score_interval(table == one, level=level) for one in metric.levels]
    parts = [(one, *share) for one, share in zip(metric.levels, shares, strict=True)]
    below = float(np.sqrt(sum((one * (share - low)) ** 2 for one, share, low, _ in parts)))
    above = float(np.sqrt(sum((one * (high - share)) ** 2 for one, share, _, high in parts)))
    return mean, max(mean - below, 0.0), min(mean + above, max(metric.levels))


def _fraction(layout: CrossedMean, items: float, doubt: float, level: float) -> tuple[float, float, float]:
    mean = float(np.clip(layout.mean, 0.0, 1.0))
    if layout.standard_error < 1e-12 or not 0 < mean < 1:  # nothing varies: Wilson's, of as many items as count
        count = layout.items / np.sqrt(max(doubt, 1.0))
        _, low, high = wilson(mean * count, count, level)
        return mean, min(low, mean), max(high, mean)
    slope = mean * (1 - mean)
    half = layout.with_pseudo(doubt * slope / 4).half_width(level, item_freedom=items) / slope
    centre = special.logit(mean)
    return mean, float(special.expit(centre - half)), float(special.expit(centre + half))
