"""Metrics of numbers against scikit-learn and SciPy; their influence values against the jackknife; true intervals."""

import numpy as np
import pytest
from scipy import stats
from signatures import unchecked
from sklearn import metrics as oracle

from epochal.judge.compare import compare
from epochal.judge.goals.numbers import METRICS, items, with_spread
from epochal.judge.score import score
from epochal.judge.statistics import crossed_difference

PEERS = {"r2": oracle.r2_score, "mae": oracle.mean_absolute_error, "rmse": oracle.root_mean_squared_error}


def world(count=200, seeds=1, seed=0, random=None):
    """Targets [items], and the predictions [seeds, items] of two tools; the first is better."""
    random = random or np.random.default_rng(seed)
    known = random.normal(size=count)
    targets = 2 * known + random.normal(size=count)
    slopes = 2 + (0.05 * random.normal(size=(2, seeds, 1)) if seeds > 1 else 0.0)
    noise = np.array([0.3, 0.5])[:, None, None] * random.normal(size=(2, seeds, count))
    return targets, *(slopes * known + noise)


def table(name, predictions, targets):
    return np.array([items(METRICS[name], row, targets) for row in predictions])


@pytest.mark.parametrize("name", METRICS)
def test_the_mean_is_the_metric(name):
    targets, predictions, _ = world()
    values = items(METRICS[name], predictions[0], targets)
    assert values.shape == targets.shape
    assert values.mean() == pytest.approx(PEERS[name](targets, predictions[0]), abs=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_the_values_are_those_of_the_jackknife(name):
    targets, (predictions,), _ = world()
    values, whole = items(METRICS[name], predictions, targets), np.arange(200)
    without = [items(METRICS[name], predictions[whole != i], targets[whole != i]).mean() for i in whole]
    pseudo = 200 * values.mean() - 199 * np.array(without)
    assert values.std(ddof=1) == pytest.approx(pseudo.std(ddof=1), rel=0.03)
    assert np.corrcoef(values, pseudo)[0, 1] > 0.99


@pytest.mark.parametrize("seeds", [1, 3])
def test_intervals_cover_the_truth(seeds):
    """Of the score and of the difference of two tools; the truth is known: the variances of the two errors."""
    random, repetitions = np.random.default_rng(0), 250
    slope = 0.05**2 if seeds > 1 else 0.0
    squares = np.array([1 + 0.3**2 + slope, 1 + 0.5**2 + slope])  # mean squared errors
    # Over seeds the slope is random, too: the square root of the mean square bends by a term that is far below 0.001.
    truth = {"mae": np.sqrt(2 / np.pi * squares), "rmse": np.sqrt(squares), "r2": 1 - squares / 5}
    covered = {name: np.zeros(2) for name in METRICS}
    for _ in range(repetitions):
        targets, better, worse = world(100, seeds, random=random)
        for name, metric in METRICS.items():
            first, second = table(name, better, targets), table(name, worse, targets)
            _, low, high = score(first, metric)
            effect = crossed_difference(first, second, pseudo=0.0).interval()
            covered[name] += low <= truth[name][0] <= high, effect[0] <= truth[name] @ [-1, 1] <= effect[1]
    for name, counts in covered.items():
        assert (counts / repetitions > 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / repetitions)).all(), name


def test_one_training_agrees_with_the_paired_t_test():
    targets, better, worse = world(60)
    first, second = table("mae", better, targets), table("mae", worse, targets)
    found = compare(first, second, control="a", arm="b", metric=METRICS["mae"])
    peer = stats.ttest_rel(second[0], first[0])
    assert found.p_value == pytest.approx(peer.pvalue, rel=1e-6)
    assert found.interval == pytest.approx(tuple(peer.confidence_interval(0.95)), rel=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_the_interval_of_a_difference_agrees_with_the_bootstrap(name):
    targets, (better,), (worse,) = world(300)
    peer, random = PEERS[name], np.random.default_rng(0)
    drawn = random.integers(0, 300, size=(1_000, 300))
    effects = [peer(targets[rows], worse[rows]) - peer(targets[rows], better[rows]) for rows in drawn]
    found = compare(
        table(name, [better], targets), table(name, [worse], targets), control="a", arm="b", metric=METRICS[name]
    )
    low, high = np.quantile(effects, [0.025, 0.975])
    assert found.interval == pytest.approx((low, high), abs=0.12 * (high - low))


def test_the_interval_of_r2_never_reaches_beyond_one_and_may_be_negative():
    random = np.random.default_rng(0)
    targets = random.normal(size=40)
    mean, low, high = score(table("r2", [targets + 0.01 * random.normal(size=40)], targets), METRICS["r2"])
    assert 0.999 < low < mean < high < 1
    mean, low, high = score(table("r2", [random.normal(size=40)], targets), METRICS["r2"])
    assert low < mean < 0 and mean < high < 0.5


def test_a_perfect_prediction_has_no_error():
    targets, _, _ = world()
    for name, best in (("r2", 1.0), ("mae", 0.0), ("rmse", 0.0)):
        assert score(table(name, [targets], targets), METRICS[name]) == (best, best, best)


def test_the_margin_is_relative_to_the_spread_of_the_targets():
    targets = np.array([0.0, 200.0, 400.0, 600.0])
    assert with_spread(METRICS["mae"], targets).margin == pytest.approx(0.01 * targets.std())
    assert with_spread(METRICS["rmse"], targets).margin == with_spread(METRICS["mae"], targets).margin
    assert with_spread(METRICS["r2"], targets).margin == 0.01


def test_refusals():
    with (
        unchecked(),
        pytest.raises(ValueError, match="one prediction for each target; got the shapes \\(2,\\) and \\(3,\\)"),
    ):
        items(METRICS["mae"], np.zeros(2), np.zeros(3))
    with pytest.raises(ValueError, match="Expected finite predictions and targets"):
        items(METRICS["mae"], np.array([0.0, np.nan]), np.zeros(2))
    with pytest.raises(ValueError, match="targets that differ for R2; got equal ones. Choose mae or rmse"):
        items(METRICS["r2"], np.zeros(2), np.full(2, 0.1))
    with pytest.raises(ValueError, match="one of the metrics r2, mae, rmse; got mape"):
        items(METRICS["mae"].replace(name="mape"), np.zeros(2), np.zeros(2))
