"""The interval of one arm, for metrics of each kind; its coverage is in test_coverage.py."""

import numpy as np
import pytest
from scipy import stats

from epochal.core.metric import ACCURACY, Metric
from epochal.judge.goals.classes import METRICS, cost_metric, doubt, items
from epochal.judge.score import freedom, score
from epochal.judge.statistics import crossed_mean, score_interval


def test_right_and_wrong_keep_their_interval():
    right = np.random.default_rng(0).random((3, 200)) < 0.9
    assert score(right) == score(right, ACCURACY) == score_interval(right)


def test_the_degrees_of_freedom_of_normal_values_are_nearly_those_of_the_items():
    random = np.random.default_rng(0)
    assert freedom(random.standard_normal((1, 20_000))) == pytest.approx(20_000, rel=0.05)
    rare = np.zeros((1, 1_000))
    rare[0, :10] = 1
    assert freedom(rare) == pytest.approx(20, rel=0.05)


def test_a_fraction_stays_between_none_and_all():
    random = np.random.default_rng(0)
    targets = np.array([0] * 190 + [1] * 10)
    for shift in (0.0, 2.0, 4.0, 50.0):
        odds = np.exp(shift * (2 * targets - 1) + random.standard_normal(200))
        chances = np.stack([1 / (1 + odds), odds / (1 + odds)], axis=1)
        for name in ("auroc", "average-precision", "balanced-accuracy", "macro-f1"):
            values = items(METRICS[name], chances, targets)[None]
            mean, low, high = score(values, METRICS[name], doubt=doubt(METRICS[name], targets))
            assert 0 <= low <= mean <= high <= 1
            assert mean == pytest.approx(values.mean())
            assert high - low > 0.01


def test_all_right_on_few_of_a_class_leaves_doubt():
    targets = np.array([0] * 90 + [1] * 10)
    chances = np.eye(2)[targets]
    for name in ("auroc", "balanced-accuracy"):
        metric = METRICS[name]
        mean, low, high = score(items(metric, chances, targets)[None], metric, doubt=doubt(metric, targets))
        assert mean == high == pytest.approx(1)
        assert 0.75 < low < 0.9


def test_a_loss_is_above_zero_and_reaches_further_up():
    values = np.random.default_rng(0).exponential(0.3, (1, 60)) ** 2
    mean, low, high = score(values, METRICS["log-loss"])
    assert 0 < low < mean < high
    assert high - mean > mean - low
    wide = crossed_mean(values).interval()
    assert low > wide[0] and high > wide[1]
    uniform = np.full((1, 60), np.log(2))
    assert score(uniform, METRICS["log-loss"]) == pytest.approx((np.log(2),) * 3)


def test_a_cost_without_mistakes_may_still_have_some():
    metric = cost_metric(500, 20, positive=1)
    mean, low, high = score(np.zeros((3, 400)), metric)
    assert (mean, low) == (0, 0)
    assert high == pytest.approx(np.hypot(500, 20) * score_interval(np.zeros((3, 400)))[2])
    equal = cost_metric(5, 5, positive=1)
    wrong = np.random.default_rng(0).random((3, 400)) < 0.1
    assert score(5.0 * wrong, equal) == pytest.approx(tuple(5 * end for end in score_interval(wrong)))
    with pytest.raises(ValueError, match="0 or one of 20, 500; got others"):
        score(np.full((1, 10), 3.0), metric)


def test_one_value_a_seed_goes_to_student():
    distance = Metric(name="distance", title="distance", unit="", better="lower", percent=False)
    values = np.array([[3.0], [3.5], [4.1], [3.2], [3.7]])
    mean, low, high = score(values, distance)
    half = stats.t.ppf(0.975, 4) * values.std(ddof=1) / np.sqrt(5)
    assert (mean, low, high) == pytest.approx((3.5, 3.5 / np.exp(half / 3.5), 3.5 * np.exp(half / 3.5)))
    assert score(values[:1], distance) == (3.0, 3.0, 3.0)
