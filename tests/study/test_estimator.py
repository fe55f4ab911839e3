"""A rung is a scikit-learn classifier: fitted, asked, cloned, and put into a pipeline like any other."""

import contextlib
import enum

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.metrics import log_loss
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
        ({"rung": "oracle"}, UserError, "rung: oracle not known"),
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


@pytest.fixture(scope="module")
def few(digits):
    """Digits 0 to 2, of 0 to 255, and their numbers: enough for nearest neighbours to tell them apart."""
    train, _, labels, _ = digits
    numbers = np.array([list(NAMES).index(label) for label in labels])
    chosen = np.flatnonzero(numbers < 3)[:150]
    return train[chosen], numbers[chosen]


def quick(**settings):
    return RungClassifier(rung="nearest-neighbours", budget="1s", **settings)


class Odd(enum.Enum):
    NONE = "none"
    NAN = "nan"
    THIRD = 3


@pytest.mark.parametrize(
    "names",
    [
        (0, 1, 2),
        (10, -3, 2),
        (0.5, 10.5, 2.0),
        ("none", "nan", "NA"),
        (False, True, True),
        (b"b", b"a", b"c"),
        (1, "one", 2.5),
        tuple(Odd),
    ],
)
def test_labels_come_back_as_they_were_given(few, names):
    images, numbers = few
    y = [names[number] for number in numbers]
    classifier = quick().fit(images, y)
    classes = list(classifier.classes_)
    assert set(classes) == set(names)
    with contextlib.suppress(TypeError):  # labels of many types have no order
        assert classes == sorted(names) or classes == sorted(set(names))
    assert np.mean([one == two for one, two in zip(classifier.predict(images), y, strict=True)]) > 0.95
    assert classifier.predict_proba(images[:2]).shape == (2, len(classes))


def test_the_type_of_numbers_is_kept_and_scores_can_be_computed(few):
    images, numbers = few
    for y in (numbers.astype(np.int16), pd.Series(numbers, dtype="Int64"), numbers.astype(np.float32)[:, None]):
        classifier = quick().fit(images, y)
        assert classifier.score(images, numbers) > 0.95
        assert log_loss(numbers, classifier.predict_proba(images)) < 0.3
    assert quick().fit(images, numbers.astype(np.int16)).classes_.dtype == np.int16


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, np.ma.masked, ""])
def test_images_without_a_label_are_set_aside_and_are_no_class(few, missing):
    images, numbers = few
    labels = np.array([f"class {number}" for number in numbers], dtype=object)
    if missing is np.ma.masked:
        labels = np.ma.array(labels, mask=np.arange(len(labels)) < 5)
    else:
        labels[:5] = missing
    classifier = quick().fit(images, labels)
    assert list(classifier.classes_) == ["class 0", "class 1", "class 2"]
    counts = classifier.bundle_.task.counts
    assert counts["train"] + counts["validation"] == len(images) - 5


def test_a_class_whose_pictures_cannot_be_used_shifts_no_name(few):
    images, numbers = few
    broken = np.where((numbers == 1)[:, None, None], np.nan, images / 255)
    classifier = quick().fit(broken, np.array(["a", "b", "c"])[numbers])
    assert list(classifier.classes_) == list(classifier.bundle_.labels) == ["a", "c"]
    assert (classifier.predict(broken[numbers == 2]) == "c").mean() > 0.9
    assert classifier.predict_proba(broken[numbers == 0]).shape == ((numbers == 0).sum(), 2)


@pytest.mark.parametrize("of_training", [np.uint8, np.int64, np.float64])
def test_the_same_pixels_are_the_same_picture_in_any_type(few, of_training):
    images, numbers = few
    classifier = quick().fit(images.astype(of_training), numbers)
    expected = classifier.predict_proba(images)
    for other in (images.astype(np.int64), images.astype(np.float32), torch.from_numpy(images), images.tolist()):
        np.testing.assert_array_equal(classifier.predict_proba(other), expected)
    np.testing.assert_array_equal(classifier.predict_proba(images[:1].astype(np.int32)), expected[:1])


def test_white_is_what_the_caller_says(few):
    images, numbers = few
    dark = images.astype(np.int64) * 8  # 12-bit pixels in an integer array: by themselves they look like 16 bits
    classifier = quick(white=255 * 8).fit(dark, numbers)
    assert classifier.bundle_.codec.white == 255 * 8
    np.testing.assert_array_equal(classifier.predict_proba(dark), quick().fit(images, numbers).predict_proba(images))


def test_an_image_that_cannot_be_answered_is_named(few):
    images, numbers = few
    classifier = quick().fit(images / 255, numbers)
    broken = images[:3] / 255
    broken[1, 2, 2] = np.inf
    with pytest.raises(DataError, match=r"X\[1\]: holds pixels that are not finite numbers"):
        classifier.predict(broken)


def test_the_random_numbers_of_the_caller_stay_as_they_were(few):
    images, numbers = few
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    quick().fit(images, numbers).predict(images)
    RungClassifier(rung="mlp", budget="1s").fit(images, numbers).predict(images)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
