"""Metrics of predicted numbers: R2, mean absolute error and RMSE, each as one influence value an item.

The plain mean of the values is the metric, and their spread is its own. With the error e_i = y_i - p_i, its square
s_i, MSE = mean(s), the distance d_i = (y_i - mean(y))^2 and V = mean(d):

    MAE     value_i = |e_i|
    RMSE    value_i = RMSE + (s_i - MSE) / (2 RMSE)
    R2      value_i = R2 - (s_i - MSE) / V + (MSE / V^2) (d_i - V),    R2 = 1 - MSE / V

Where items have weights, the means are weighted ones, and what a value adds to the metric is multiplied by the item's
weight, as a share of the mean weight.

The last two are the delta method: a smooth function of means over items, linearised at those means (Sarndal, Swensson &
Wretman 1992, section 5.5; van der Vaart 1998, chapter 3). V is random, too, as other items have another one; mean(y)
acts on V only to second order.

By simulation (normal errors and targets, 50, 200 and 1,000 items, 1 and 3 seeds, 400 repetitions) the intervals of
scores and of differences cover 93 to 98%. Where few items hold most of the squared errors, as with log-normal targets,
intervals of a score are too short for RMSE (79 to 91%) and for R2 of 50 items (87 to 91%; 93 to 96% of more); those of
the mean absolute error cover 92 to 97%.

The median absolute error is not among them. Its value needs the density of the errors at their median (Hampel 1974),
which does not exist where errors tie, as those of rounded predictions do: the interval would then have no width.
"""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from epochal.core.metric import LOWER, Metric
from epochal.core.weighed import relative
from epochal.judge.statistics import influence

SHARE = 0.01  # of the target's standard deviation: differences of errors smaller than that do not matter

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(name="r2", title="R2", unit="", percent=False, top=1.0, margin=0.01),
        Metric(name="mae", title="mean absolute error", unit="", better=LOWER, percent=False),
        Metric(name="rmse", title="RMSE", unit="", better=LOWER, percent=False),
    )
}

Numbers = Float[np.ndarray, " items"]
Values = Float[np.ndarray, " items"]


def with_spread(metric: Metric, targets: Numbers, weights: Values | None = None) -> Metric:
    """The metric with its margin for these targets: of errors, a hundredth of their standard deviation.

    R2 is relative to the spread already, and keeps its margin.
    """
    if metric.name == "r2":
        return metric
    return metric.replace(margin=SHARE * float(np.sqrt(variance(targets, weights))))


def variance(targets: Numbers, weights: Values | None = None) -> float:
    """The mean squared distance of numbers from their mean, both weighted where there are weights."""
    true, shares = np.asarray(targets, dtype=np.float64), relative(weights, len(targets))
    return float(np.mean(shares * (true - np.mean(shares * true)) ** 2))


def items(metric: Metric, predictions: Numbers, targets: Numbers, weights: Values | None = None) -> Values:
    """One influence value an item; their plain mean is the metric. See the head of this module.

    Args:
        weights: how much each item counts; None: all alike.

    Raises:
        ValueError: the shapes differ, something is not finite, all targets are equal (R2), or the metric is unknown.
    """
    compute = _COMPUTE.get(metric.name)
    if compute is None:
        raise ValueError(f"Expected one of the metrics {', '.join(_COMPUTE)}; got {metric.name}.")
    predicted, true = np.asarray(predictions, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if predicted.ndim != 1 or predicted.shape != true.shape or len(true) == 0:
        raise ValueError(f"Expected one prediction for each target; got the shapes {predicted.shape} and {true.shape}.")
    if not (np.isfinite(predicted).all() and np.isfinite(true).all()):
        raise ValueError("Expected finite predictions and targets; got NaN or infinity.")
    return compute(predicted, true, relative(weights, len(true)))


def _mae(predicted: Numbers, true: Numbers, shares: Values) -> Values:
    return influence(np.abs(true - predicted)[None], weights=None if (shares == 1).all() else shares)[0]


def _rmse(predicted: Numbers, true: Numbers, shares: Values) -> Values:
    squares = (true - predicted) ** 2
    root = float(np.sqrt((shares * squares).mean()))
    return root + shares * (squares - root**2) / (2 * root) if root else np.zeros_like(squares)


def _r2(predicted: Numbers, true: Numbers, shares: Values) -> Values:
    squares, distances = (true - predicted) ** 2, (true - (shares * true).mean()) ** 2
    left, spread = (shares * squares).mean(), (shares * distances).mean()
    if not np.ptp(true):
        raise ValueError("Expected targets that differ for R2; got equal ones. Choose mae or rmse.")
    return 1 - left / spread - shares * ((squares - left) / spread) + shares * (left / spread**2 * (distances - spread))


_COMPUTE: Mapping[str, Callable[[Numbers, Numbers, Values], Values]] = {"r2": _r2, "mae": _mae, "rmse": _rmse}
