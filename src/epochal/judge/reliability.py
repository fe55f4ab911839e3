"""Can the confidence be relied on? Reliability table, calibration error with its interval, recall of each class, and
when to abstain.

The confidence of an item is its largest probability; it is right where the label of that probability is the target's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY
from epochal.core.record import Record
from epochal.judge.calibration import checked_chances
from epochal.judge.claims import wilson
from epochal.judge.goals.classes import doubt, ranking
from epochal.judge.score import score
from epochal.judge.statistics import score_interval

LEVEL = 0.95
BINS, FEWEST = 10, 30  # bins at most, and items in each at least: with fewer, chance alone makes the gaps
DRAWS = 2_000  # of the noise that chance puts into the gaps of the bins
RANKING = ACCURACY.replace(name="auroc", title="area under the ROC curve", levels=())

Confidence = Float[np.ndarray, " items"]
Right = Bool[np.ndarray, " items"]


@dataclass(frozen=True, kw_only=True)
class Bin(Record):
    """Items of neighbouring confidence: how many, their least and greatest confidence, its mean, their accuracy."""

    count: int
    least: float
    most: float
    confidence: float
    accuracy: Interval


@dataclass(frozen=True, kw_only=True)
class Reliability(Record):
    """The bins, from the least to the most confident; the calibration error; and whether confidence tells right from
    wrong: its AUROC for being right, None where all are right or all are wrong."""

    bins: tuple[Bin, ...]
    error: Interval
    ranking: Interval | None


@dataclass(frozen=True, kw_only=True)
class Recall(Record):
    """How many of a class's items are found; `label` is the place of the class."""

    label: int
    items: int
    recall: Interval


@dataclass(frozen=True, kw_only=True)
class Abstaining(Record):
    """What answering only at a confidence of `threshold` or more gives: the share of the items that is answered, and
    how often those answers are right; None where none is answered."""

    threshold: float
    items: int
    answered: int
    coverage: Interval
    accuracy: Interval | None


def confidence_and_right(
    chances: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"]
) -> tuple[Confidence, Right]:
    """Of each item."""
    chances = checked_chances(chances, targets)
    return chances.max(axis=1), chances.argmax(axis=1) == np.asarray(targets)


def reliability(
    chances: Float[np.ndarray, "items classes"], targets: Int[np.ndarray, " items"], *, bins: int = BINS
) -> Reliability:
    """The reliability of one model on one split."""
    confidence, right = confidence_and_right(chances, targets)
    order = np.argsort(confidence, kind="stable")
    confidence, right = confidence[order], right[order]
    starts = bin_starts(confidence, bins)
    groups = [slice(start, stop) for start, stop in zip(starts, [*starts[1:], len(order)], strict=True)]
    table = tuple(
        Bin(
            count=len(right[group]),
            least=float(confidence[group][0]),
            most=float(confidence[group][-1]),
            confidence=float(confidence[group].mean()),
            accuracy=_share(right[group]),
        )
        for group in groups
    )
    return Reliability(bins=table, error=_error(confidence - right, groups), ranking=_ranking(confidence, right))


def bin_starts(ordered: Confidence, bins: int) -> list[int]:
    """Where each bin begins among rising confidences: bins of equally many items, `FEWEST` or more, and items of equal
    confidence together."""
    count = max(1, min(bins, len(ordered) // FEWEST))
    edges = np.linspace(0, len(ordered), count + 1).astype(int)[1:-1]
    return sorted({0, *np.searchsorted(ordered, ordered[edges], side="left").tolist()})


def recalls(labels: Shaped[np.ndarray, "seeds items"], targets: Int[np.ndarray, " items"]) -> tuple[Recall, ...]:
    """The recall of each class that the targets have, over seeds and items, with its score interval."""
    right, found = np.asarray(labels) == targets, []
    for one in np.unique(targets):
        own = right[:, targets == one]
        mean, low, high = score_interval(own) if own.shape[1] > 1 else wilson(float(own.mean()), 1)
        recall = Interval(mean=float(mean), low=float(low), high=float(high))
        found.append(Recall(label=int(one), items=own.shape[1], recall=recall))
    return tuple(found)


def threshold_for_coverage(confidence: Confidence, share: float = 0.9) -> float:
    """The highest confidence at which at least this share of the items is answered.

    Raises:
        ValueError: the share is no fraction.
    """
    if not 0 < share <= 1:
        raise ValueError(f"Expected a share above 0 and up to 1; got {share}. 0.9 answers 90%.")
    ordered = np.sort(confidence)[::-1]
    return float(ordered[int(np.ceil(share * len(ordered) - 1e-9)) - 1])


def abstaining(confidence: Confidence, right: Right, threshold: float) -> Abstaining:
    """What a threshold, chosen on other items, gives on these."""
    answered = np.asarray(confidence) >= threshold
    return Abstaining(
        threshold=threshold,
        items=len(answered),
        answered=int(answered.sum()),
        coverage=_share(answered),
        accuracy=_share(np.asarray(right)[answered]) if answered.any() else None,
    )


def _share(values: Shaped[np.ndarray, " items"]) -> Interval:
    share, low, high = wilson(float(values.sum()), len(values), LEVEL)
    return Interval(mean=float(share), low=min(low, float(share)), high=max(high, float(share)))


def _error(gaps: Float[np.ndarray, " items"], groups: Sequence[slice]) -> Interval:
    """The mean over bins of the size of the gap between confidence and accuracy, as measured, with an interval of the
    true one.

    Chance alone makes gaps, so the measured error is larger than the true one, and the interval may lie below it. It
    holds the errors under which the measured one is none of the 2.5% least or greatest: the true gaps are taken to be
    the measured ones times a factor, from zero up, and the factors are found at which it would be (a test inverted;
    Davison & Hinkley 1997, chapter 5). The noise is normal, of each bin's own size, smoothed by one right and one
    wrong item. An interval that begins at zero says that nothing speaks against perfect calibration. It covers 90 to
    97% (simulated, 150 to 2,000 items).
    """
    counts = np.array([len(gaps[group]) for group in groups])
    shares = counts / counts.sum()
    sizes = np.array([gaps[group].mean() for group in groups])
    squares = np.array([(gaps[group].var() * len(gaps[group]) + 0.5) / (len(gaps[group]) + 2) for group in groups])
    noise = np.random.default_rng(0).standard_normal((DRAWS, len(groups))) * np.sqrt(squares / counts)
    error = float(np.abs(sizes) @ shares)

    def measured(factor: float, quantile: float) -> float:
        """What is measured this often or less, were the true gaps the measured ones times `factor`."""
        return float(np.quantile(np.abs(factor * sizes + noise) @ shares, quantile))

    def factor(quantile: float) -> float:
        """The largest factor at which that is what was measured; zero where it would be more at any."""
        low, high = 0.0, 1.0
        if error == 0 or measured(low, quantile) >= error:
            return low
        while measured(high, quantile) < error:
            high *= 2
        for _ in range(20):
            middle = (low + high) / 2
            low, high = (middle, high) if measured(middle, quantile) < error else (low, middle)
        return high

    return Interval(mean=error, low=factor((1 + LEVEL) / 2) * error, high=factor((1 - LEVEL) / 2) * error)


def _ranking(confidence: Confidence, right: Right) -> Interval | None:
    if right.all() or not right.any():
        return None
    mean, low, high = score(ranking(confidence, right)[None], RANKING, doubt=doubt(RANKING, right.astype(int)))
    return Interval(mean=mean, low=low, high=high)
