"""The metrics against scikit-learn, and their refusals."""

import numpy as np
import pytest
from sklearn import metrics as oracle

from epochal.judge import metrics


@pytest.fixture
def predictions():
    random = np.random.default_rng(0)
    targets = random.choice(5, size=400, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    logits = random.normal(size=(400, 5)) + 1.5 * np.eye(5)[targets]
    return logits, logits.argmax(axis=1), targets


def test_agree_with_scikit_learn(predictions):
    logits, labels, targets = predictions
    assert metrics.accuracy(labels, targets) == pytest.approx(oracle.accuracy_score(targets, labels))
    assert metrics.balanced_accuracy(labels, targets) == pytest.approx(oracle.balanced_accuracy_score(targets, labels))
    assert (metrics.confusion_matrix(labels, targets, 5) == oracle.confusion_matrix(targets, labels)).all()
    for k in (1, 2, 4):
        assert metrics.top_k_accuracy(logits, targets, k) == pytest.approx(
            oracle.top_k_accuracy_score(targets, logits, k=k)
        )
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert metrics.log_loss(logits, targets) == pytest.approx(oracle.log_loss(targets, chances))


def test_class_scores_agree_with_scikit_learn(predictions):
    _, labels, targets = predictions
    ours = metrics.class_scores(labels, targets, 5)
    precision, recall, f1, support = oracle.precision_recall_fscore_support(targets, labels)
    np.testing.assert_allclose([ours.precision, ours.recall, ours.f1], [precision, recall, f1])
    assert (ours.support == support).all()


def test_a_class_that_is_never_predicted_has_no_precision():
    scores = metrics.class_scores(np.array([0, 0, 0]), np.array([0, 0, 1]), 3)
    assert scores.precision[0] == pytest.approx(2 / 3)
    assert np.isnan(scores.precision[1]) and scores.recall[1] == 0 and scores.f1[1] == 0
    assert np.isnan(scores.recall[2]) and np.isnan(scores.f1[2])


def test_correct_keeps_the_axis_of_seeds():
    right = metrics.correct(np.array([[0, 1, 2], [0, 0, 0]]), np.array([0, 1, 1]))
    assert right.tolist() == [[True, True, False], [True, False, False]]


def test_ties_count_against_the_model():
    assert metrics.top_k_accuracy(np.zeros((4, 3)), np.array([0, 0, 0, 0]), 1) == 0
    assert metrics.top_k_accuracy(np.zeros((4, 3)), np.array([0, 0, 0, 0]), 3) == 1


def test_log_loss_of_huge_logits_is_finite():
    assert metrics.log_loss(np.array([[1e4, 0.0]]), np.array([1])) == pytest.approx(1e4)


def test_refusals():
    with pytest.raises(ValueError, match="one label for each target"):
        metrics.accuracy(np.zeros(3, int), np.zeros(4, int))
    with pytest.raises(ValueError, match="one item or more; got none"):
        metrics.accuracy(np.zeros(0, int), np.zeros(0, int))
    with pytest.raises(ValueError, match="k from 1 to 3, the number of classes; got 4"):
        metrics.top_k_accuracy(np.zeros((2, 3)), np.zeros(2, int), 4)
    with pytest.raises(ValueError, match="targets from 0 to 2; got 0 to 3"):
        metrics.log_loss(np.zeros((2, 3)), np.array([0, 3]))
    with pytest.raises(ValueError, match="finite logits; got NaN"):
        metrics.log_loss(np.array([[np.nan, 1.0]]), np.array([0]))
    with pytest.raises(ValueError, match="classes from 0 to 1; got 0 to 2"):
        metrics.confusion_matrix(np.array([2]), np.array([0]), 2)
