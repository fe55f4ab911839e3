"""Weighted metrics against scikit-learn's `sample_weight` and repeated items; without weights no bit is another."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from epochal.core.metric import ACCURACY
from epochal.core.protocols import ClassScores, Numbers
from epochal.core.task import Task
from epochal.core.weighed import Weighed
from epochal.judge.goals import classes, numbers
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.number_goal import OneNumber
from epochal.judge.score import score

OF_CLASSES = {name: classes.with_positive(metric, 1) for name, metric in classes.METRICS.items()}
OF_CLASSES["cost"] = classes.cost_metric(500, 20, positive=1)
COUNT = 400


def answered(several=2, seed=0):
    """Chances, some of them tied, targets, and weights that have to do with both."""
    random = np.random.default_rng(seed)
    targets = random.choice(several, size=COUNT)
    logits = np.round(random.normal(size=(COUNT, several)) + 1.2 * np.eye(several)[targets], 1)
    chances = np.exp(logits)
    weights = random.integers(1, 5, COUNT) + 3.0 * targets
    return chances / chances.sum(axis=1, keepdims=True), targets, weights


def by_scikit_learn(name, chances, targets, weights):
    labels, binary = chances.argmax(axis=1), chances.shape[1] == 2
    truth, scores = (targets, chances[:, 1]) if binary else (np.eye(chances.shape[1])[targets], chances)
    if name == "cost":
        missed, called = targets == 1, chances[:, 1] >= 20 / 520
        return np.average(500 * (missed & ~called) + 20 * (called & ~missed), weights=weights)
    if name == "auroc":
        return oracle.roc_auc_score(truth, scores, sample_weight=weights)
    return {
        "accuracy": lambda: oracle.accuracy_score(targets, labels, sample_weight=weights),
        "balanced-accuracy": lambda: oracle.balanced_accuracy_score(targets, labels, sample_weight=weights),
        "macro-f1": lambda: oracle.f1_score(targets, labels, average="macro", sample_weight=weights),
        "log-loss": lambda: oracle.log_loss(targets, chances, sample_weight=weights),
        "average-precision": lambda: oracle.average_precision_score(truth, scores, sample_weight=weights),
    }[name]()


@pytest.mark.parametrize(
    ("name", "several"), [(name, n) for name in OF_CLASSES for n in (2, 4) if name != "cost" or n == 2]
)
def test_the_mean_of_the_values_is_the_weighted_metric(name, several):
    chances, targets, weights = answered(several)
    values = classes.items(OF_CLASSES[name], chances, targets, weights)
    assert values.mean() == pytest.approx(by_scikit_learn(name, chances, targets, weights), abs=1e-12)
    assert values.mean() != pytest.approx(classes.items(OF_CLASSES[name], chances, targets).mean(), abs=1e-4)


@pytest.mark.parametrize("name", OF_CLASSES)
def test_a_value_is_what_the_metric_changes_by_as_its_weight_grows(name):
    chances, targets, weights = answered(seed=1)
    metric, step = OF_CLASSES[name], 1e-4
    values = classes.items(metric, chances, targets, weights)
    for one in range(0, COUNT, 37):
        more = weights + step * (np.arange(COUNT) == one)
        grown = classes.items(metric, chances, targets, more).mean() - values.mean()
        near = 0.01 if name == "auroc" else 1e-4  # its values are those of the unbiased variance
        assert values[one] - values.mean() == pytest.approx(COUNT * weights[one] * grown / step, rel=near, abs=1e-5)


@pytest.mark.parametrize("name", numbers.METRICS)
def test_weighted_errors_of_numbers_are_those_of_scikit_learn(name):
    random = np.random.default_rng(2)
    true, weights = random.normal(3, 2, COUNT), random.exponential(1, COUNT) + 0.1
    predicted = true + random.normal(0, 1, COUNT) * (1 + (weights > 1))
    expected = {
        "r2": lambda: oracle.r2_score(true, predicted, sample_weight=weights),
        "mae": lambda: oracle.mean_absolute_error(true, predicted, sample_weight=weights),
        "rmse": lambda: oracle.root_mean_squared_error(true, predicted, sample_weight=weights),
    }[name]()
    metric = numbers.METRICS[name]
    assert numbers.items(metric, predicted, true, weights).mean() == pytest.approx(expected, abs=1e-12)
    same = numbers.items(metric, predicted, true, np.full(COUNT, 7.0))
    np.testing.assert_array_equal(same, numbers.items(metric, predicted, true))


@pytest.mark.parametrize("name", OF_CLASSES)
def test_equal_weights_are_none(name):
    chances, targets, _ = answered()
    metric = OF_CLASSES[name]
    same = classes.items(metric, chances, targets, np.full(COUNT, 7.0))
    np.testing.assert_array_equal(same, classes.items(metric, chances, targets))
    assert classes.doubt(metric, targets, np.full(COUNT, 7.0)) == classes.doubt(metric, targets)


def test_a_goal_scores_watches_and_calibrates_by_weights():
    chances, targets, weights = answered()
    answer, truth = ClassScores(logits=np.log(chances).astype(np.float32)), Weighed(targets, weights)
    task = Task(name="t", item="row", input_shape=(1,), labels=("a", "b"), counts={}, fingerprint="")
    counts = {split: {"a": 200, "b": 200} for split in ("train", "validation", "test")}
    goal = Classes().settled(ACCURACY, "", task, truth, counts)
    assert not goal.metric.binary and Classes().settled(ACCURACY, "", task, targets, counts).metric.binary
    right = np.average(chances.argmax(axis=1) == targets, weights=weights)
    assert goal.look(answer, truth)["score"] == pytest.approx(right)
    assert goal.items(answer, truth, 1.0).mean() == pytest.approx(right)
    repeated = np.repeat(np.arange(COUNT), weights.astype(int))
    again = ClassScores(logits=answer.logits[repeated])
    assert goal.look(answer, truth)["loss"] == pytest.approx(goal.look(again, targets[repeated])["loss"])
    # one item more, of all classes alike, is a larger part of fewer items
    assert goal.calibrate(answer, truth) == pytest.approx(goal.calibrate(again, targets[repeated]), rel=0.01)
    assert goal.calibrate(answer, truth) != pytest.approx(goal.calibrate(answer, targets), rel=0.001)
    said = goal.caveats(task, truth, counts)[0]
    as_many = round(weights.sum() ** 2 / (weights**2).sum())
    assert said.startswith("Learning and all scores weigh each row by its weight; recalls, the confusion table, ")
    assert f"as uneven as if there were {as_many:,} that count alike" in said
    assert sum(map(sum, goal.confusion(answer, truth, 1.0, 2))) == COUNT


def test_a_number_is_calibrated_by_the_weighted_quantile():
    random = np.random.default_rng(3)
    true, weights = random.normal(size=COUNT), random.integers(1, 6, COUNT).astype(float)
    answer, goal = Numbers(values=true + random.normal(size=COUNT) * weights), OneNumber()
    width = goal.calibrate(answer, Weighed(true, weights))
    inside = np.abs(true - answer.values) <= width
    assert np.average(inside, weights=weights) == pytest.approx(0.9, abs=0.02)
    assert inside.mean() > 0.92 and width > goal.calibrate(answer, true)
    assert goal.calibrate(answer, Weighed(true, np.full(COUNT, 3.0))) == goal.calibrate(answer, true)
    missing = goal.missing(Weighed(true, weights))
    assert missing.mean() == pytest.approx(0, abs=1e-12)
    found = goal.look(answer, Weighed(true, weights))["score"]
    assert found == pytest.approx(oracle.r2_score(true, answer.values, sample_weight=weights))


def test_the_interval_of_a_weighted_share_covers_it():
    """Weights as uneven as those of surveys, which go with being right; 200 items, 400 repetitions."""
    random = np.random.default_rng(4)
    metric, covered, repetitions = classes.unlevelled(ACCURACY), 0, 400
    many = random.lognormal(0, 0.7, 10**6)
    truth = np.average(0.9 - 0.3 * (many > 1.5), weights=many)
    for _ in range(repetitions):
        weights = random.lognormal(0, 0.7, 200)
        right = random.random(200) < 0.9 - 0.3 * (weights > 1.5)
        chances, targets = np.eye(2)[right.astype(int)], np.ones(200, int)
        values = classes.items(metric, chances, targets, weights)[None]
        _, low, high = score(values, metric, doubt=classes.doubt(metric, targets, weights))
        covered += low <= truth <= high
    assert 0.925 <= covered / repetitions <= 0.98
