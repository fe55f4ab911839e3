"""Metrics of predicted probabilities of classes, each as one influence value an item.

The plain mean of the values is the metric, and their spread is its own: the metric is a smooth function of means over
items, and a value is the metric plus the item's first-order effect on it, N times what the metric changes by when the
item's weight grows a little (Hampel 1974; Sarndal, Swensson & Wretman 1992, section 5.5). So one interval, for means
over seeds and items, serves every metric. Classes that no item has are left out of averages over classes.

Where items have weights, the means over items are weighted ones, and an item's effect is multiplied by its weight, as a
share of the mean weight: the `shares` below, which are ones where all items count alike.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from epochal.core.errors import UserError
from epochal.core.metric import ACCURACY, LOWER, Metric
from epochal.core.weighed import relative
from epochal.judge.calibration import checked_chances
from epochal.judge.statistics import influence

CLIP = 1e-15  # a chance below it counts as this much in the log-loss: at most 34.5 nats for one item

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        ACCURACY,
        Metric(name="balanced-accuracy", title="balanced accuracy", margin=0.01),
        Metric(name="macro-f1", title="macro F1", margin=0.01),
        Metric(name="auroc", title="area under the ROC curve"),
        Metric(name="average-precision", title="average precision", margin=0.01),
        Metric(name="log-loss", title="log-loss", unit="nats", better=LOWER, percent=False, margin=0.01),
    )
}
COST = "cost"
OF_RANKS = ("auroc", "average-precision")  # have no value where all items are of one class
OF_ONE_CLASS = (*OF_RANKS, COST)  # of two classes, one is looked for

Chances = Float[np.ndarray, "items classes"]
Targets = Int[np.ndarray, " items"]
Values = Float[np.ndarray, " items"]


@dataclass(frozen=True, kw_only=True)
class Costs:
    """What a missed positive costs, and a false alarm; the name of the positive class, empty where none was given."""

    miss: float
    alarm: float
    positive: str = ""


def parse_cost(text: str) -> Costs:
    """The costs of "miss=500 alarm=20", or of "miss=500 alarm=20 positive=NAME".

    Raises:
        UserError: in words, where the text says something else.
    """
    example = 'Give what a missed positive and a false alarm cost, such as "miss=500 alarm=20".'
    parts = re.split(r"(?:^|[\s,;]+)(\w+)\s*=\s*", text.strip())
    names, values = parts[1::2], [part.strip() for part in parts[2::2]]
    if parts[0] or not names:
        raise UserError(f"Expected costs as name=number; got {text!r}. {example}")
    unknown = [name for name in names if name not in ("miss", "alarm", "positive")]
    if unknown:
        raise UserError(f"Expected the costs miss and alarm, and positive; got {unknown[0]!r} in {text!r}. {example}")
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise UserError(f"Expected each cost once; got {twice[0]} more than once in {text!r}. {example}")
    given = dict(zip(names, values, strict=True))
    missing = [name for name in ("miss", "alarm") if name not in given]
    if missing:
        raise UserError(f"Expected both costs; {missing[0]} is missing in {text!r}. {example}")
    if "positive" in given and not given["positive"]:
        raise UserError(f"Expected the name of a class after positive=; got nothing in {text!r}. {example}")
    numbers = {}
    for name in ("miss", "alarm"):
        try:
            numbers[name] = float(given[name])
        except ValueError:
            raise UserError(f"Expected a number for {name}; got {given[name]!r}. {example}") from None
        if not (np.isfinite(numbers[name]) and numbers[name] > 0):
            raise UserError(f"Expected a cost above zero for {name}; got {given[name]}. {example}")
    return Costs(**numbers, positive=given.get("positive", ""))


def cost_metric(miss: float, alarm: float, positive: int | None = None) -> Metric:
    """The mean cost of an item, of two classes, with the label of the lowest expected cost.

    An item is labelled positive when its chance of being so is at least alarm / (miss + alarm) (Elkan 2001), so the
    chances must be calibrated. `positive` is a class's place; None: that of the rarer class among the targets. The
    margin is what half a mistake in a hundred items costs, of the cheaper kind.
    """
    return with_positive(
        Metric(
            name=COST,
            title="cost an item",
            unit="",
            better=LOWER,
            percent=False,
            margin=0.005 * min(miss, alarm),
            levels=tuple(sorted({float(miss), float(alarm)})),
            options={"miss": float(miss), "alarm": float(alarm)},
        ),
        positive,
    )


def with_positive(metric: Metric, positive: int | None) -> Metric:
    """The metric with its positive class fixed, so that all splits mean the same one; None leaves it as it is."""
    return metric if positive is None else metric.replace(options={**metric.options, "positive": positive})


def positive_class(labels: Sequence[str], counts: Sequence[int], named: str = "") -> int:
    """The place of the class that is named or, of two, of the rarer one (the second of equals).

    Raises:
        UserError: there are other than two classes, or none of that name.
    """
    if len(labels) != 2:
        raise UserError(f"Expected two classes, one of them positive; got {len(labels)}. Choose another metric.")
    if not named:
        return int(counts[1] <= counts[0])
    if named not in labels:
        raise UserError(f"Expected the positive class to be {labels[0]} or {labels[1]}; got {named}.")
    return list(labels).index(named)


def log_mean(
    logits: Float[np.ndarray, "members items classes"], temperatures: Sequence[float]
) -> Float[np.ndarray, "items classes"]:
    """log of the mean over the members of softmax(logits / temperature), computed without leaving the logarithms, so
    that a chance too small for a float is no infinity."""
    scaled = np.asarray(logits, np.float64) / np.asarray(temperatures, np.float64)[:, None, None]
    logarithms = scaled - np.logaddexp.reduce(scaled, axis=2, keepdims=True)
    return np.logaddexp.reduce(logarithms, axis=0) - np.log(len(logarithms))


def stakes(metric: Metric, classes: int) -> tuple[float, ...]:
    """What overlooking an item of each class costs, where the metric is a cost; else nothing, and all cost alike.

    The answer of the lowest expected cost is the class with the largest probability times its stake.
    """
    if metric.name != COST:
        return ()
    positive = int(metric.options["positive"])
    return tuple(metric.options["miss"] if place == positive else metric.options["alarm"] for place in range(classes))


def decisions(metric: Metric, chances: Chances) -> Int[np.ndarray, " items"]:
    """The class that is answered for each item: the most probable one, or that of the lowest expected cost."""
    return (chances * (stakes(metric, chances.shape[1]) or 1.0)).argmax(axis=1)


def items(metric: Metric, chances: Chances, targets: Targets, weights: Values | None = None) -> Values:
    """One influence value an item; their plain mean is the metric.

    Args:
        chances: calibrated probabilities, rows that sum to one.
        weights: how much each item counts; None: all alike.

    Raises:
        ValueError: shapes, targets or chances make no sense; a metric of ranks has items of one class only; the metric
            takes two classes; or it is unknown.
    """
    compute = _COMPUTE.get(metric.name)
    if compute is None:
        raise ValueError(f"Expected one of the metrics {', '.join(_COMPUTE)}; got {metric.name}.")
    checked, targets = checked_chances(chances, targets), np.asarray(targets)
    return compute(metric, checked, targets, relative(weights, len(targets)))


def unlevelled(metric: Metric) -> Metric:
    """The metric for items that have weights: a value is then any number, and not one of a few."""
    return metric.replace(levels=())


def doubt(metric: Metric, targets: Targets, weights: Values | None = None) -> float:
    """What one pseudo-item in each class adds to the sum of squares of the values, in units of its own variance.

    Pseudo-items keep few items that all agree from an interval of zero width. For accuracy one counts as one; in an
    average over K classes, one in a class of n of all N items counts as (N / (K n))^2; for a cost, as the mean square
    of the costs; the log-loss needs none. Items with weights count as n = sum(w)^2 / sum(w^2) equal ones (Kish 1965).
    """
    shares = relative(weights, len(targets))
    if metric.levels:
        return float(np.mean(np.square(metric.levels)))
    if metric.name == ACCURACY.name:
        return float((len(targets) / _as_many(shares)) ** 2)
    if metric.name not in OVER_CLASSES:
        return 0.0
    classes = np.unique(targets)
    counts = np.array([_as_many(shares[targets == one]) for one in classes])
    return float(((len(targets) / (len(counts) * counts)) ** 2).sum())


def _as_many(shares: Values) -> float:
    """As many equal items as these count as (Kish 1965, Survey sampling, section 11.7)."""
    return float(shares.sum() ** 2 / (shares**2).sum())


def _right(chances: Chances, targets: Targets) -> Values:
    return (chances.argmax(axis=1) == targets).astype(np.float64)


def _accuracy(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    return _averaged(_right(chances, targets), shares)


def _averaged(values: Values, shares: Values) -> Values:
    """The values of a plain mean over items; as they are where all items count alike."""
    return influence(values[None], weights=None if (shares == 1).all() else shares)[0]


def _balanced_accuracy(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    if (shares == 1).all():
        return influence(_right(chances, targets)[None], strata=targets)[0]
    classes, place = np.unique(targets, return_inverse=True)
    right, sums = _right(chances, targets), np.bincount(place, shares)
    recalls = np.bincount(place, shares * right) / sums
    effect = len(targets) * shares / (len(classes) * sums[place])
    return recalls.mean() + effect * (right - recalls[place])


def _macro_f1(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    """F1 = 2 TP / (predicted + there) of each class that the targets have, linearised as a ratio of two means."""
    labels = chances.argmax(axis=1)

    def of_class(one: int) -> Values:
        there, predicted = targets == one, labels == one
        sizes = shares * (there.astype(np.float64) + predicted)
        both = shares * (there & predicted)
        f1 = 2 * float(both.sum()) / float(sizes.sum())
        return f1 + (2 * both - f1 * sizes) / sizes.mean()

    return _mean([of_class(int(one)) for one in np.unique(targets)])


def _auroc(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    return _over_classes(metric, chances, targets, lambda scores, there: ranking(scores, there, shares))


def ranking(scores: Values, there: Bool[np.ndarray, " items"], shares: Values | None = None) -> Values:
    """Influence values of the AUROC of scores: the Mann-Whitney statistic, whose values are the share of the other
    group that an item ranks above, or below; ties count one half (DeLong, DeLong & Clarke-Pearson 1988)."""
    shares = np.ones(len(scores)) if shares is None else shares
    placement = np.empty(len(scores))
    placement[there] = _share_below(scores[there], scores[~there], shares[~there])
    placement[~there] = 1 - _share_below(scores[~there], scores[there], shares[there])
    area, other = (float((shares[group] * placement[group]).sum() / shares[group].sum()) for group in (there, ~there))
    sums = np.where(there, shares[there].sum(), shares[~there].sum())
    counts = np.where(there, _as_many(shares[there]), _as_many(shares[~there]))
    # Each group's deviations are from its own mean, which makes them too small by (count - 1) / count in the square.
    deviations = placement - np.where(there, area, other)
    return area + shares * (len(scores) / sums * np.sqrt(counts / np.maximum(counts - 1, 1)) * deviations)


def _share_below(values: np.ndarray, others: np.ndarray, shares: Values) -> np.ndarray:
    """The share of the others below each value, equal ones counting one half."""
    order = np.argsort(others, kind="stable")
    upto = np.concatenate([[0.0], np.cumsum(shares[order])])
    below, with_ties = (upto[np.searchsorted(others[order], values, side=side)] for side in ("left", "right"))
    return (below + with_ties) / (2 * upto[-1])


def _average_precision(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    return _over_classes(metric, chances, targets, lambda scores, there: _precision(scores, there, shares))


def _precision(scores: Values, there: Bool[np.ndarray, " items"], shares: Values) -> Values:
    """The mean over positives i of the precision P_i among items that score at least as high, of which A_i there are.

    AP = E[y P(s)] / E[y], with P(s) = E[y; S >= s] / P(S >= s). An item of score x acts on it as one of the positives,
    and through the precision of all positives that score no higher than x:

        value = AP + (N / m) (y (P(x) - AP) + sum over positives i with s_i <= x of (y - P_i) / A_i)

    where m is the number of positives. Both sums over items are zero.
    """
    ordered, place = np.unique(scores, return_inverse=True)
    positives = np.bincount(place, weights=shares * there, minlength=len(ordered))
    at_least = np.cumsum(np.bincount(place, weights=shares, minlength=len(ordered))[::-1])[::-1]
    precision = np.cumsum(positives[::-1])[::-1] / at_least
    average = float(positives @ precision / positives.sum())
    through_positives = np.cumsum(positives / at_least)[place]
    through_precisions = np.cumsum(positives * precision / at_least)[place]
    effect = there * (precision[place] - average) + there * through_positives - through_precisions
    return average + shares * (effect * len(scores) / positives.sum())


def _log_loss(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    return _averaged(-np.log(np.clip(chances[np.arange(len(targets)), targets], CLIP, 1.0)), shares)


def _cost(metric: Metric, chances: Chances, targets: Targets, shares: Values) -> Values:
    if chances.shape[1] != 2:
        raise ValueError(f"Expected two classes for a cost; got {chances.shape[1]}. Choose another metric.")
    positive = _positive(metric, targets)
    miss, alarm = metric.options["miss"], metric.options["alarm"]
    called, there = chances[:, positive] >= alarm / (miss + alarm), targets == positive
    return _averaged(miss * (there & ~called) + alarm * (called & ~there), shares)


def _positive(metric: Metric, targets: Targets) -> int:
    """The positive one of two classes: the metric's, or the rarer (the second of equals)."""
    return int(metric.options.get("positive", (targets == 1).sum() <= (targets == 0).sum()))


def _over_classes(
    metric: Metric,
    chances: Chances,
    targets: Targets,
    of_class: Callable[[Values, Bool[np.ndarray, " items"]], Values],
) -> Values:
    """Of two classes, the metric of the positive one; of more, the mean of each class against the rest, over the
    classes that the targets have."""
    present = np.unique(targets)
    if len(present) < 2:
        raise ValueError(
            f"Expected items of two classes or more for {metric.title}, which asks whether one class ranks above "
            "the others; got one class only. Choose accuracy or log-loss, or add items of another class."
        )
    if chances.shape[1] == 2:
        present = np.array([_positive(metric, targets)])
    return _mean([of_class(chances[:, one], targets == one) for one in present])


def _mean(values: Sequence[Values]) -> Values:
    return np.mean(np.stack(values), axis=0)


_COMPUTE: Mapping[str, Callable[[Metric, Chances, Targets, Values], Values]] = {
    "accuracy": _accuracy,
    "balanced-accuracy": _balanced_accuracy,
    "macro-f1": _macro_f1,
    "auroc": _auroc,
    "average-precision": _average_precision,
    "log-loss": _log_loss,
    COST: _cost,
}
OVER_CLASSES = ("balanced-accuracy", "macro-f1", "auroc", "average-precision")
