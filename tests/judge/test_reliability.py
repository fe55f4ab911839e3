"""Reliability: planted miscalibration is found, intervals hold the truth, and thresholds keep what they promise."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from epochal.judge.reliability import (
    Reliability,
    abstaining,
    bin_starts,
    recalls,
    reliability,
    threshold_for_coverage,
)


def two_classes(items=600, too_sure=0.0, seed=0):
    """Chances of two classes that claim `too_sure` more than they keep, and targets."""
    random = np.random.default_rng(seed)
    confidence = 1 - 0.4 * random.random(items)
    right = random.random(items) < confidence - too_sure
    label = random.integers(0, 2, items)
    chances = np.where(np.eye(2)[label] == 1, confidence[:, None], 1 - confidence[:, None])
    return chances, np.where(right, label, 1 - label), confidence, right


def test_the_bins_hold_every_item_once():
    chances, targets, confidence, right = two_classes()
    found = reliability(chances, targets)
    assert [one.count for one in found.bins] == [60] * 10
    assert sum(one.count * one.accuracy.mean for one in found.bins) == pytest.approx(right.sum())
    assert sum(one.count * one.confidence for one in found.bins) == pytest.approx(confidence.sum())
    assert all(one.least <= one.confidence <= one.most for one in found.bins)
    assert all(a.most < b.least for a, b in zip(found.bins, found.bins[1:], strict=False))
    wilson = stats.binomtest(round(found.bins[0].accuracy.mean * 60), 60).proportion_ci(method="wilson")
    assert (found.bins[0].accuracy.low, found.bins[0].accuracy.high) == pytest.approx((wilson.low, wilson.high))
    assert Reliability.from_json(found.to_json()) == found


def test_equal_confidences_share_a_bin():
    assert bin_starts(np.full(500, 0.7), 10) == [0]
    assert bin_starts(np.sort(np.r_[np.full(100, 0.6), np.full(100, 0.9)]), 10) == [0, 100]
    assert bin_starts(np.linspace(0, 1, 20), 10) == [0]


def test_the_error_of_one_who_is_too_sure_is_found():
    error = reliability(*two_classes(too_sure=0.15)[:2]).error
    assert error.low > 0.08 and error.high < 0.22 and error.low < 0.15 < error.high
    assert reliability(*two_classes()[:2]).error.low < 0.005  # chance alone: nothing speaks against calibration
    assert reliability(*two_classes()[:2]).error.mean > 0.01


@pytest.mark.parametrize("too_sure", [0.0, 0.1])
def test_the_interval_of_the_calibration_error_holds_the_truth(too_sure):
    """The true error is that of the bins, from chances that are known."""
    inside = []
    for seed in range(60):
        chances, targets, _, _ = two_classes(too_sure=too_sure, seed=seed)
        error = reliability(chances, targets).error
        inside.append(error.low - 0.005 <= too_sure <= error.high)
    assert np.mean(inside) > 0.85


def test_confidence_ranks_right_above_wrong():
    chances, targets, confidence, right = two_classes()
    found = reliability(chances, targets).ranking
    assert found.mean == pytest.approx(roc_auc_score(right, confidence))
    assert found.low < found.mean < found.high
    assert reliability(chances[right], targets[right]).ranking is None


def test_recalls_have_the_score_interval_of_their_own_items():
    targets = np.array([0] * 90 + [2] * 9 + [3])
    labels = np.zeros((1, 100), int)
    labels[0, 95:] = targets[95:]
    zero, two, three = recalls(labels, targets)
    assert [(one.label, one.items) for one in (zero, two, three)] == [(0, 90), (2, 9), (3, 1)]
    assert zero.recall.mean == 1 and zero.recall.low > 0.95
    assert two.recall.mean == pytest.approx(4 / 9) and two.recall.low < 0.25 and two.recall.high > 0.7
    assert three.recall.low == pytest.approx(0.2065, abs=1e-3)


def test_a_threshold_that_nothing_reaches_answers_nothing():
    nothing = abstaining(np.linspace(0.5, 1, 100), np.arange(100) % 2 == 0, 1.5)
    assert (nothing.answered, nothing.accuracy, nothing.coverage.mean) == (0, None, 0)


def test_a_threshold_for_coverage_answers_at_least_that_share():
    confidence = np.linspace(0.5, 1, 101)
    for share in (0.5, 0.9, 1.0):
        threshold = threshold_for_coverage(confidence, share)
        assert share <= (confidence >= threshold).mean() < share + 0.02


def test_refusals():
    with pytest.raises(ValueError, match="a share above 0 and up to 1; got 90"):
        threshold_for_coverage(np.ones(3), 90)
