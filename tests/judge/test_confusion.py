"""The confusion matrix against scikit-learn's, and its refusals."""

import numpy as np
import pytest
from signatures import unchecked
from sklearn import metrics as oracle

from epochal.judge.confusion import confusion_matrix


def test_agrees_with_scikit_learn():
    random = np.random.default_rng(0)
    targets, labels = random.choice(5, size=400, p=[0.5, 0.2, 0.15, 0.1, 0.05]), random.integers(0, 5, 400)
    assert (confusion_matrix(labels, targets, 5) == oracle.confusion_matrix(targets, labels)).all()
    assert confusion_matrix(labels, targets, 7).shape == (7, 7)


def test_refusals():
    with unchecked(), pytest.raises(ValueError, match="one label for each target"):
        confusion_matrix(np.zeros(3, int), np.zeros(4, int), 2)
    with pytest.raises(ValueError, match="one item or more; got none"):
        confusion_matrix(np.zeros(0, int), np.zeros(0, int), 2)
    with pytest.raises(ValueError, match="classes from 0 to 1; got 0 to 2"):
        confusion_matrix(np.array([2]), np.array([0]), 2)
