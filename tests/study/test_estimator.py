"""A rung is a scikit-learn classifier: fitted, asked, cloned, and put into a pipeline like any other."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from epochal import RungClassifier
from epochal.core.errors import BudgetError, DataError, UserError

NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


@pytest.fixture(scope="module")
def digits():
    found = load_digits()
    return train_test_split(
        (found.images * 15.9375).astype(np.uint8), NAMES[found.target], random_state=0, stratify=found.target
    )


def test_a_network_learns_the_digits(digits):
    train, test, train_labels, test_labels = digits
    classifier = RungClassifier(rung="lenet", budget="4s", seed=0).fit(train, train_labels)
    assert classifier.score(test, test_labels) > 0.9
    assert list(classifier.classes_) == sorted(NAMES)
    chances = classifier.predict_proba(test)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    np.testing.assert_array_equal(classifier.classes_[chances.argmax(axis=1)], classifier.predict(test))
    assert classifier.run_.seed == 0


def test_flat_rows_and_pipelines(digits):
    train, test, train_labels, test_labels = digits
    rows, others = train.reshape(-1, 64), test.reshape(-1, 64)
    pipeline = make_pipeline(
        FunctionTransformer(), RungClassifier(rung="nearest-neighbours", budget=5, image_shape=(8, 8))
    )
    assert pipeline.fit(rows, train_labels).score(others, test_labels) > 0.95
    with pytest.raises(DataError, match=r"expected rows of 64 numbers for image_shape \(8, 8\), got rows of 63"):
        pipeline.predict(others[:, 1:])


def test_parameters_are_kept_and_cloned():
    classifier = RungClassifier(rung="resnet", depth=20, settings={"learning_rate": 0.05})
    copy = clone(classifier).set_params(seed=3)
    assert copy.get_params() == {**classifier.get_params(), "seed": 3}


def test_depth_and_settings_reach_the_recipe(digits):
    train, _, labels, _ = digits
    classifier = RungClassifier(rung="resnet", depth=8, budget="2s", settings={"learning_rate": 0.05})
    recipe = classifier.fit(train[:300], labels[:300]).run_.recipe
    assert (recipe.options["depth"], recipe.learning_rate) == (8, 0.05)


@pytest.mark.parametrize(
    "settings, error, message",
    [
        ({"rung": "oracle"}, UserError, "expected one of majority"),
        ({"rung": "mlp", "depth": 3}, UserError, "mlp has no option 'depth'"),
        ({"rung": "mlp", "budget": "soon"}, BudgetError, "expected a duration"),
    ],
)
def test_what_cannot_be_is_refused(digits, settings, error, message):
    train, _, labels, _ = digits
    with pytest.raises(error, match=message):
        RungClassifier(**settings).fit(train, labels)


def test_labels_must_fit_the_images(digits):
    train, _, labels, _ = digits
    with pytest.raises(DataError, match=r"y: expected 1347 labels, one for each image; got an array of shape \(3,\)"):
        RungClassifier(rung="majority").fit(train, labels[:3])
    with pytest.raises(DataError, match=r"reshape it: images.reshape\(-1, 8, 8\)"):
        RungClassifier(rung="majority").fit(train.reshape(-1, 64), labels)


def test_it_must_be_fitted_first(digits):
    with pytest.raises(NotFittedError):
        RungClassifier().predict(digits[1])
