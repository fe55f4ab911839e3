"""Metrics of classes against scikit-learn; their influence values against the jackknife; refusals in words."""

import time

import numpy as np
import pytest
from sklearn import metrics as oracle

from epochal.core.errors import UserError
from epochal.judge.goals.classes import (
    METRICS,
    Costs,
    cost_metric,
    items,
    parse_cost,
    positive_class,
    with_positive,
)

EVERY = {**METRICS, "cost": cost_metric(500, 20, positive=1)}


def cases(classes):
    """Each metric with each number of classes; a cost is one of two."""
    return [(name, count) for name in EVERY for count in classes if name != "cost" or count == 2]


def predictions(classes=2, count=400, seed=0, rare=0.2, ties=False):
    """Chances [items, classes] and targets, of a classifier that knows something."""
    random = np.random.default_rng(seed)
    weights = np.full(classes, (1 - rare) / (classes - 1))
    weights[-1] = rare
    targets = random.choice(classes, size=count, p=weights)
    logits = random.normal(size=(count, classes)) + 1.2 * np.eye(classes)[targets]
    if ties:
        logits = np.round(logits)
    chances = np.exp(logits)
    return chances / chances.sum(axis=1, keepdims=True), targets


def by_scikit_learn(name, chances, targets):
    labels, binary = chances.argmax(axis=1), chances.shape[1] == 2
    if name == "cost":
        missed, called = targets == 1, chances[:, 1] >= 20 / 520
        return (500 * (missed & ~called) + 20 * (called & ~missed)).mean()
    if name == "average-precision":
        truth = targets if binary else np.eye(chances.shape[1])[targets]
        return oracle.average_precision_score(truth, chances[:, 1] if binary else chances)
    if name == "auroc":
        return oracle.roc_auc_score(targets, chances[:, 1] if binary else chances, multi_class="ovr")
    return {
        "accuracy": lambda: oracle.accuracy_score(targets, labels),
        "balanced-accuracy": lambda: oracle.balanced_accuracy_score(targets, labels),
        "macro-f1": lambda: oracle.f1_score(targets, labels, average="macro"),
        "log-loss": lambda: oracle.log_loss(targets, chances),
    }[name]()


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("name", "classes"), cases([2, 5]))
def test_the_mean_is_the_metric(name, classes, ties):
    chances, targets = predictions(classes, ties=ties)
    values = items(EVERY[name], chances, targets)
    assert values.shape == targets.shape
    assert values.mean() == pytest.approx(by_scikit_learn(name, chances, targets), abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize(("name", "classes"), cases([2, 3]))
def test_the_values_are_those_of_the_jackknife(name, classes, ties):
    """Leave-one-out pseudo-values agree with influence values to first order, so their spreads do."""
    chances, targets = predictions(classes, count=300, ties=ties)
    metric = EVERY[name]
    values, whole = items(metric, chances, targets), np.arange(300)
    without = np.array([items(metric, chances[whole != i], targets[whole != i]).mean() for i in whole])
    pseudo = 300 * values.mean() - 299 * without
    assert values.std(ddof=1) == pytest.approx(pseudo.std(ddof=1), rel=0.03)
    assert np.corrcoef(values, pseudo)[0, 1] > 0.99


@pytest.mark.parametrize("name", EVERY)
def test_the_spread_is_that_of_fresh_data(name):
    """The standard error that the values give is the spread of the metric over test splits drawn anew."""
    scores, errors = [], []
    for seed in range(300):
        values = items(EVERY[name], *predictions(2, seed=seed))
        scores.append(values.mean())
        errors.append(values.std(ddof=1) / np.sqrt(len(values)))
    assert np.mean(errors) == pytest.approx(np.std(scores, ddof=1), rel=0.15)


def test_a_class_that_no_item_has_is_left_out():
    chances, targets = predictions(4)
    chances, targets = chances[targets != 2], targets[targets != 2]
    labels, there = chances.argmax(axis=1), [0, 1, 3]
    areas = [oracle.roc_auc_score(targets == one, chances[:, one]) for one in there]
    precisions = [oracle.average_precision_score(targets == one, chances[:, one]) for one in there]
    f1 = oracle.f1_score(targets, labels, labels=there, average="macro")
    recall = oracle.recall_score(targets, labels, labels=there, average="macro")
    for name, expected in (
        ("auroc", np.mean(areas)),
        ("average-precision", np.mean(precisions)),
        ("macro-f1", f1),
        ("balanced-accuracy", recall),
    ):
        assert items(METRICS[name], chances, targets).mean() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["auroc", "average-precision"])
def test_ranks_of_one_class_are_refused_in_words(name):
    chances, targets = predictions(2)
    with pytest.raises(ValueError, match="items of two classes or more for .*; got one class only"):
        items(METRICS[name], chances[targets == 0], targets[targets == 0])


def test_one_class_has_an_accuracy_and_a_loss():
    chances, targets = predictions(2)
    chances, targets = chances[targets == 0], targets[targets == 0]
    right = (chances.argmax(axis=1) == 0).mean()
    assert items(METRICS["accuracy"], chances, targets).mean() == right
    assert items(METRICS["balanced-accuracy"], chances, targets).mean() == pytest.approx(right)
    assert items(METRICS["log-loss"], chances, targets).mean() == pytest.approx(-np.log(chances[:, 0]).mean())


def test_the_positive_class_is_the_rarer_unless_it_is_said():
    chances, targets = predictions(2)
    rarer = items(METRICS["average-precision"], chances, targets).mean()
    other = items(with_positive(METRICS["average-precision"], 0), chances, targets).mean()
    assert rarer == pytest.approx(oracle.average_precision_score(targets, chances[:, 1]))
    assert other == pytest.approx(oracle.average_precision_score(targets == 0, chances[:, 0]))
    dear, cheap = (items(cost_metric(9, 1, positive=one), chances, targets) for one in (1, 0))
    assert set(np.unique(dear[targets == 1])) <= {0, 9} and set(np.unique(dear[targets == 0])) <= {0, 1}
    assert set(np.unique(cheap[targets == 0])) <= {0, 9} and set(np.unique(cheap[targets == 1])) <= {0, 1}
    assert (items(cost_metric(9, 1), chances, targets) == dear).all()
    assert [positive_class(("cat", "dog"), counts) for counts in ((9, 1), (1, 9), (5, 5))] == [1, 0, 1]
    assert positive_class(("cat", "dog"), (9, 1), named="cat") == 0


def test_the_decision_of_lowest_expected_cost():
    chances = np.array([[0.97, 0.03], [0.95, 0.05], [1 - 20 / 520, 20 / 520]])
    assert items(EVERY["cost"], chances, np.array([0, 0, 0])).tolist() == [0, 20, 20]
    assert items(EVERY["cost"], chances, np.array([1, 1, 1])).tolist() == [500, 0, 0]


def test_a_chance_of_zero_costs_no_infinity():
    values = items(METRICS["log-loss"], np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([1, 0]))
    assert values == pytest.approx([34.5388, 0], abs=1e-3)


def test_ten_classes_of_six_thousand_items_take_little_time():
    chances, targets = predictions(10, count=6_000)
    for name, metric in METRICS.items():
        started = time.process_time()
        items(metric, chances, targets)
        assert time.process_time() - started < 0.2, name


@pytest.mark.parametrize(
    ("text", "costs"),
    [
        ("miss=500 alarm=20", Costs(miss=500, alarm=20)),
        (" alarm = 0.5,miss=1e3 ", Costs(miss=1000, alarm=0.5)),
        ("miss=5 alarm=2 positive=cat on a mat", Costs(miss=5, alarm=2, positive="cat on a mat")),
    ],
)
def test_costs_are_read(text, costs):
    assert parse_cost(text) == costs


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected costs as name=number; got ''. Give what a missed positive and a false alarm cost"),
        ("500 20", "Expected costs as name=number; got '500 20'"),
        ("miss=500", "alarm is missing in 'miss=500'"),
        ("miss=500 alarm=cheap", "a number for alarm; got 'cheap'"),
        ("miss=0 alarm=20", "a cost above zero for miss; got 0"),
        ("miss=nan alarm=20", "a cost above zero for miss; got nan"),
        ("miss=1 miss=2 alarm=20", "got miss more than once"),
        ("miss=1 hit=2 alarm=20", "got 'hit' in"),
        ("miss=1 alarm=2 positive=", "the name of a class after positive="),
    ],
)
def test_costs_that_say_something_else_are_refused(text, message):
    with pytest.raises(UserError, match=message):
        parse_cost(text)


def test_refusals():
    chances, targets = predictions(3)
    with pytest.raises(ValueError, match="Expected two classes for a cost; got 3"):
        items(EVERY["cost"], chances, targets)
    with pytest.raises(ValueError, match="rows sum to one"):
        items(METRICS["auroc"], 2 * chances, targets)
    with pytest.raises(ValueError, match="one of the metrics accuracy, .*; got bleu"):
        items(METRICS["auroc"].replace(name="bleu"), chances, targets)
    with pytest.raises(UserError, match="Expected two classes, one of them positive; got 3"):
        positive_class(("a", "b", "c"), (1, 2, 3))
    with pytest.raises(UserError, match="positive class to be cat or dog; got cow"):
        positive_class(("cat", "dog"), (1, 2), named="cow")
