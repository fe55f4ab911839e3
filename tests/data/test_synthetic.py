"""Synthetic tasks: seeded, balanced, learnable by what should learn them and by nothing less."""

import numpy as np
import pytest
from skimage.feature import hog
from sklearn.linear_model import LogisticRegression

from epochal.core.errors import DataError
from epochal.data.synthetic import gaussian, parity, reversal, shapes


@pytest.mark.parametrize("side, classes, channels", [(8, 2, 1), (16, 4, 3), (33, 6, 1)])
def test_shapes_are_seeded_balanced_and_visible(side, classes, channels):
    images, targets = shapes(120, side, classes, seed=3, channels=channels)
    again, _ = shapes(120, side, classes, seed=3, channels=channels)
    other, _ = shapes(120, side, classes, seed=4, channels=channels)
    assert images.shape == (120, channels, side, side)
    assert images.dtype == np.uint8
    assert targets.dtype == np.int64
    assert (np.bincount(targets) == 120 // classes).all()
    assert np.array_equal(images, again)
    assert not np.array_equal(images, other)
    assert (images.std(axis=(1, 2, 3)) > 20).all()


def test_shapes_can_be_learned_from_edges_but_not_pixel_by_pixel():
    images, targets = shapes(1000, 16, 4, seed=0)
    edges = [hog(image[0], pixels_per_cell=(4, 4), cells_per_block=(2, 2)) for image in images]
    scores = []
    for features in (np.stack(edges), images.reshape(1000, -1) / 255.0):
        linear = LogisticRegression(max_iter=3000).fit(features[:700], targets[:700])
        scores.append(linear.score(features[700:], targets[700:]))
    assert scores[0] > 0.95
    assert scores[1] < 0.6


def test_impossible_shapes_are_refused():
    with pytest.raises(DataError, match="Expected a side of 8 or more and 2 to 6 classes, got 7 and 3"):
        shapes(10, 7, 3)
    with pytest.raises(DataError, match="got 16 and 7"):
        shapes(10, 16, 7)


def test_gaussian():
    draws = gaussian(20_000, mean=4.0, deviation=0.5, seed=1)
    assert draws.shape == (20_000, 1)
    assert draws.dtype == np.float32
    assert abs(draws.mean() - 4.0) < 0.02
    assert abs(draws.std() - 0.5) < 0.02
    assert np.array_equal(draws, gaussian(20_000, seed=1))
    assert not np.array_equal(draws, gaussian(20_000, seed=2))


def test_parity_is_the_sum_and_no_single_bit_tells():
    inputs, targets = parity(4000, bits=8, seed=0)
    assert inputs.shape == (4000, 8)
    assert set(np.unique(inputs)) == {0, 1}
    np.testing.assert_array_equal(targets, inputs.astype(int).sum(axis=1) % 2)
    agreement = (inputs == targets[:, None]).mean(axis=0)
    assert (abs(agreement - 0.5) < 0.05).all()


def test_reversal_is_backwards():
    inputs, targets = reversal(50, length=7, symbols=5, seed=0)
    np.testing.assert_array_equal(inputs[:, ::-1], targets)
    assert inputs.dtype == np.int64
    assert set(np.unique(inputs)) == set(range(5))
