"""Nearest neighbours: the votes choose the label, and the distances to each class say how sure that is."""

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

from epochal.core.task import Task
from epochal.judge.calibration import fit_temperature, probabilities
from epochal.models.classical import NearestNeighbours, NearestNeighboursConfig, neighbours


def task_of(shape: tuple[int, ...], classes: int) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    return Task(name="tiny", input_shape=shape, labels=labels, counts={"train": 1}, fingerprint="0")


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    return np.rint(data.images * (255 / 16)).astype(np.uint8)[order, None], data.target[order].astype(np.int64)


def fitted(images: np.ndarray, targets: np.ndarray, k: int, classes: int) -> NearestNeighbours:
    rung = NearestNeighbours(NearestNeighboursConfig(neighbours=k), task_of(images.shape[1:], classes))
    rung.fit(images, targets, seed=0)
    return rung


@pytest.mark.parametrize("k", [1, 3, 5])
def test_the_confidence_tells_right_from_wrong(digits, k):
    images, targets = digits
    rung = fitted(images[:700], targets[:700], k, 10)
    temperature = fit_temperature(rung.outputs(images[700:1000]), targets[700:1000])
    chances = probabilities(rung.outputs(images[1000:]), temperature)
    right = chances.argmax(axis=1) == targets[1000:]
    assert 0.2 < temperature < 2  # the density is on the scale of a probability before it is calibrated
    assert len(np.unique(chances.max(axis=1).round(4))) > 60
    assert roc_auc_score(right, chances.max(axis=1)) > 0.93


def test_squared_distances_are_exact_whatever_the_pixels():
    random = np.random.default_rng(0)
    queries = random.integers(0, 256, (5, 3000), dtype=np.uint8)
    examples = np.concatenate([queries[:2], random.integers(0, 256, (7, 3000), dtype=np.uint8)])
    queries[3], examples[5] = 0, 255
    wide = queries.astype(np.int64)[:, None] - examples.astype(np.int64)[None]
    np.testing.assert_array_equal(neighbours.squared_distances(queries, examples), (wide**2).sum(axis=2))


def test_the_first_of_two_examples_that_are_as_near_gives_the_label():
    images = np.full((4, 1, 8, 8), 100, np.uint8)
    images[2:] += 50
    for targets in ([1, 0, 2, 2], [0, 1, 2, 2]):
        rung = fitted(images, np.array(targets), 1, 3)
        assert rung.outputs(images[:1]).argmax() == targets[0]


def test_votes_keep_the_label_where_one_near_example_is_denser():
    """Two examples of class 1 outvote the nearest, which is of class 0, while class 0 is the denser one."""
    images = np.full((5, 1, 8, 8), 100, np.uint8)
    for index, value in enumerate((104, 95, 105, 96, 60)):
        images[index] = value
    targets = np.array([0, 1, 1, 0, 1])
    query = np.full((1, 1, 8, 8), 100, np.uint8)
    rung = fitted(images, targets, 4, 2)
    plain = -neighbours.DIMENSIONS * np.log([8 * 4, 8 * (5 + 5 + 40) / 3])
    logits = rung.outputs(query)
    assert logits.argmax() == 0  # 2/4 against 2/5: the votes agree
    np.testing.assert_allclose(logits[0], plain, rtol=1e-5)
    more = fitted(np.concatenate([images, images[1:3]]), np.array([0, 1, 1, 0, 1, 1, 1]), 6, 2)
    assert more.outputs(query).argmax() == 1  # 4/5 against 2/4
    np.testing.assert_allclose(
        np.sort(more.outputs(query)[0]), np.sort(-10 * np.log([8 * 4, 8 * (20 + 40) / 5])), rtol=1e-5
    )


def test_a_class_with_fewer_than_k_examples_is_judged_by_those_it_has(digits):
    images, targets = digits
    few = np.concatenate([np.flatnonzero(targets == 0)[:30], np.flatnonzero(targets == 1)[:2]])
    rung = fitted(images[few], targets[few], 5, 3)
    logits = rung.outputs(images[targets < 2][:100])
    assert np.isfinite(logits).all()
    assert (logits[:, 2] < logits[:, :2].max(axis=1)).all()  # no example at all: never the answer
