"""The classical rungs against independent implementations: scikit-image's HOG and scikit-learn's models."""

import numpy as np
import pytest
from skimage.feature import hog
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import LinearSVC

from epochal.core.task import Task
from epochal.models.classical import (
    BoostedTrees,
    BoostedTreesConfig,
    ExtraTrees,
    ExtraTreesConfig,
    HogRbf,
    HogRbfConfig,
    HogSvm,
    HogSvmConfig,
    NearestNeighbours,
    NearestNeighboursConfig,
    margins,
    neighbours,
)
from epochal.models.classical.extra_trees import MOST_NUMBERS, smallest_leaf
from epochal.models.classical.hog_rbf import overlapping_histograms
from epochal.models.classical.hog_svm import cell_side, histograms, normalised, votes
from epochal.models.classical.pixels import area_reduce
from epochal.models.classical.shared import all_columns


def task_of(shape: tuple[int, ...], classes: int) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    return Task(name="tiny", input_shape=shape, labels=labels, counts={"train": 1}, fingerprint="0")


@pytest.mark.parametrize("orientations", [9, 6])
@pytest.mark.parametrize(
    "shape, cell",
    [((1, 8, 8), 2), ((1, 28, 28), 4), ((3, 32, 32), 4), ((3, 30, 37), 4), ((3, 128, 64), 8), ((1, 224, 224), 32)],
)
def test_histograms_are_those_of_scikit_image(shape, cell, orientations):
    assert cell_side(*shape[1:]) == cell
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (4, *shape), dtype=np.uint8)
    images[1] //= 64  # many equal pixels and gradients of zero
    images[2] = np.linspace(0, 255, images[2].size).reshape(shape).astype(np.uint8)
    colour = shape[0] == 3
    expected = [
        hog(
            image.transpose(1, 2, 0) if colour else image[0],
            orientations=orientations,
            pixels_per_cell=(cell, cell),
            cells_per_block=(2, 2),
            block_norm="L2-Hys",
            channel_axis=-1 if colour else None,
        )
        for image in images
    ]
    np.testing.assert_allclose(histograms(images, cell, orientations), np.stack(expected), atol=1e-6)


def test_cells_follow_the_rule_and_bound_the_features():
    sides = {8: 2, 16: 2, 20: 2, 24: 4, 28: 4, 32: 4, 40: 4, 64: 8, 80: 8, 96: 16, 160: 16, 224: 32}
    assert {side: cell_side(side, side) for side in sides} == sides
    assert cell_side(128, 64) == cell_side(64, 128) == 8
    black = [np.zeros((1, 1, side, side), np.uint8) for side in range(8, 225)]
    assert max(histograms(image, cell_side(*image.shape[2:])).shape[1] for image in black) == 2916


@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbours_are_those_of_scikit_learn(k, monkeypatch):
    data = load_digits()
    pixels = np.rint(data.images * (255 / 16)).astype(np.uint8)
    monkeypatch.setattr(neighbours, "BLOCK_NUMBERS", 64 * 300)  # several blocks of queries and of each class's examples
    monkeypatch.setattr(neighbours, "EXACT_COLUMNS", 48)  # two blocks of pixels
    rung = NearestNeighbours(NearestNeighboursConfig(neighbours=k), task_of((1, 8, 8), 10))
    rung.fit(pixels[:1200, None], data.target[:1200], seed=0)
    logits = rung.outputs(pixels[1200:, None])
    rows, queries = pixels[:1200].reshape(1200, -1).astype(np.float64), pixels[1200:].reshape(-1, 64).astype(np.float64)
    peer = KNeighborsClassifier(k, weights="distance", algorithm="brute").fit(rows, data.target[:1200])
    np.testing.assert_array_equal(logits.argmax(axis=1), peer.predict(queries))
    distances = [
        KNeighborsRegressor(k, algorithm="brute").fit(of_class, np.zeros(len(of_class))).kneighbors(queries)[0]
        for of_class in (rows[data.target[:1200] == label] for label in range(10))
    ]
    densities = -neighbours.DIMENSIONS * np.log(np.mean(distances, axis=2).T)
    # The vote's winner and the densest class may have exchanged their values: the values themselves are the same.
    np.testing.assert_allclose(np.sort(logits, axis=1), np.sort(densities, axis=1), rtol=1e-5)


def test_leave_one_out_chooses_the_better_k_and_never_counts_the_image_itself():
    random = np.random.default_rng(0)
    targets = np.arange(600) % 2
    # Two wide clouds that overlap: more neighbours are better, unless an image votes for itself.
    clouds = random.normal(0, 20, (600, 1, 8, 8)) + 110 + 6 * targets[:, None, None, None]
    images = clouds.clip(0, 255).astype(np.uint8)
    rung = NearestNeighbours(NearestNeighboursConfig(choices=(1, 15)), task_of((1, 8, 8), 2))
    rung.fit(images, targets, seed=0)
    assert rung.neighbours == 15
    copies = np.repeat(images[:20], 30, axis=0)  # more copies than neighbours: the image itself may not be found
    rung.fit(copies, np.repeat(targets[:20], 30), seed=0)
    assert rung.neighbours == 15
    assert (rung.outputs(copies).argmax(axis=1) == np.repeat(targets[:20], 30)).all()


def test_converged_tells_of_a_solver_that_stopped_at_its_limit(monkeypatch):
    random = np.random.default_rng(0)
    images, targets = random.integers(0, 256, (1000, 1, 8, 8), dtype=np.uint8), np.arange(1000) % 2
    easy = images // 8 + (targets * 200).astype(np.uint8)[:, None, None, None]
    task = task_of((1, 8, 8), 2)
    trees = BoostedTrees(BoostedTreesConfig(rounds=60), task)
    trees.fit(images, targets, seed=0)  # pure noise: the held-out loss stops falling
    assert trees.converged
    trees = BoostedTrees(BoostedTreesConfig(rounds=3), task)
    trees.fit(easy, targets, seed=0)
    assert not trees.converged
    machine = HogSvm(HogSvmConfig(c=1.0), task)
    machine.fit(images, targets, seed=0)
    assert machine.converged
    monkeypatch.setattr(margins, "STEPS", 1)
    machine.fit(images, targets, seed=0)
    assert machine.c == 1.0
    assert not machine.converged


def test_area_reduce_averages_exactly():
    images = np.arange(2 * 3 * 8 * 12, dtype=np.uint8).reshape(2, 3, 8, 12)
    halves = images.reshape(2, 3, 4, 2, 6, 2).mean(axis=(3, 5))
    np.testing.assert_allclose(area_reduce(images, 4, 6), halves, atol=1e-4)
    np.testing.assert_allclose(area_reduce(images, 8, 12), images, atol=1e-4)
    third = area_reduce(np.array([[[[0, 90, 30]]]], dtype=np.uint8), 1, 2)  # 1.5 pixels each
    np.testing.assert_allclose(third, [[[[30, 50]]]], atol=1e-4)


def test_all_columns_keeps_log_probabilities_and_never_favours_an_unseen_class():
    scores = np.array([[2.0, 1.0], [0.0, 0.0]])
    logits = all_columns(scores, np.array([1, 3]), 5, 1)
    np.testing.assert_allclose(np.exp(logits[:, [1, 3]]).sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(logits[:, 1] - logits[:, 3], [1.0, 0.0], atol=1e-6)
    assert set(logits.argmax(axis=1)) == {1}


@pytest.mark.parametrize("c", [0.01, 1.0])
@pytest.mark.parametrize("examples, classes", [(600, 10), (600, 2), (40, 10), (40, 2)])
def test_machines_are_those_of_liblinear(examples, classes, c, monkeypatch):
    """With more examples than features, and with fewer, where ours works in the space of the examples."""
    monkeypatch.setattr(margins, "GROUP_NUMBERS", 600 * 4)  # several groups of classes
    data = load_digits(n_class=classes)
    features, targets = (data.data[:examples] / 16).astype(np.float32), data.target[:examples]
    machine = margins.solve(features, targets, c)
    peer = LinearSVC(C=c, dual=False, tol=1e-8, max_iter=10_000).fit(features, targets)
    weights, bias = machine.weights.T, machine.bias
    if classes == 2:
        np.testing.assert_array_equal(weights[0], -weights[1])
        weights, bias = weights[1:], bias[1:]
    assert machine.converged
    scale = np.abs(peer.coef_).max()
    np.testing.assert_allclose(weights, peer.coef_, atol=0.02 * scale)
    np.testing.assert_allclose(bias, peer.intercept_, atol=0.02 * scale)
    signs = np.where(targets == np.unique(targets)[-len(weights) :, None], 1, -1)

    def objective(coefficients, intercepts):
        short = np.maximum(1 - signs * (coefficients @ features.T + intercepts[:, None]), 0)
        return (np.square(coefficients).sum(axis=1) + intercepts**2) / 2 + c * np.square(short).sum(axis=1)

    # The lowest value, to one part in a thousand
    np.testing.assert_allclose(objective(weights, bias), objective(peer.coef_, peer.intercept_), rtol=1e-3)


def test_with_every_example_as_landmark_the_kernel_machine_is_exact():
    data = load_digits()
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)[:, None]
    rung = HogRbf(HogRbfConfig(landmarks=400, c=1.0), task_of((1, 8, 8), 10))
    rung.fit(images[:300], data.target[:300], seed=0)
    left = np.concatenate(rung._parts(images[300:500]), axis=1)
    right = np.concatenate(rung._parts(images[:300]), axis=1)
    kernel = rbf_kernel(right, gamma=2.0)
    np.testing.assert_allclose(np.concatenate([k for _, k in rung._likeness(images[:300])]), kernel, atol=1e-5)
    apart = np.square(right[:, None] - right[None]).sum(axis=2)
    np.testing.assert_allclose(apart.mean(), 1.0, rtol=1e-3)  # the unit in which `gamma` is
    # The same machine, by liblinear in the space of the kernel's eigenvectors.
    values, vectors = np.linalg.eigh(kernel)
    root = vectors * np.sqrt(values.clip(1e-9))
    peer = LinearSVC(C=1.0, dual=False, tol=1e-8, max_iter=10_000).fit(root, data.target[:300])
    scores = (
        rbf_kernel(left, right, gamma=2.0) @ (vectors / np.sqrt(values.clip(1e-9))) @ peer.coef_.T + peer.intercept_
    )
    np.testing.assert_allclose(rung.outputs(images[300:500]), all_columns(scores, np.arange(10), 10, 300), atol=0.02)


def test_overlapping_cells_are_weighted_by_distance():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 3, 30, 37), dtype=np.uint8)  # cells of 4 pixels: 7 x 9 of them
    halves = np.pad(votes(images, 4, 2), ((0, 0), (1, 1), (1, 1), (0, 0)))
    cells = np.zeros((3, 7, 9, 9))
    for row in range(7):
        for column in range(9):
            for down, high in enumerate((1, 3, 3, 1)):
                for right, wide in enumerate((1, 3, 3, 1)):
                    cells[:, row, column] += high * wide * halves[:, 2 * row + down, 2 * column + right] / 16
    np.testing.assert_allclose(overlapping_histograms(images), normalised(cells), atol=1e-6)


@pytest.mark.parametrize("seen", [10, 2])
def test_trees_answer_as_scikit_learns(seen):
    data = load_digits(n_class=seen)
    images = np.rint(data.images * (255 / 16)).astype(np.uint8)[:, None]
    half = len(images) // 2
    rung = ExtraTrees(ExtraTreesConfig(trees=20, numbers=16), task_of((1, 8, 8), 10))
    rung.fit(images[:half], data.target[:half], seed=3)
    features = area_reduce(images, 4, 4).reshape(len(images), -1)
    peer = ExtraTreesClassifier(20, random_state=3).fit(features[:half], data.target[:half])
    chances = (20 * peer.predict_proba(features[half:]) + 1 / seen) / 21
    expected = all_columns(np.log(chances), np.arange(seen), 10, half)
    np.testing.assert_allclose(rung.outputs(images[half:]), expected, atol=2e-3)
    assert rung.parameters_count() == sum(
        2 * (t.tree_.node_count - t.tree_.n_leaves) + seen * t.tree_.n_leaves for t in peer
    )


def test_leaves_grow_so_that_trees_stay_small():
    assert smallest_leaf(240, 40, 300) == smallest_leaf(1300, 10, 300) == 1
    assert smallest_leaf(54_000, 10, 300) == 5
    for examples, classes, trees in ((54_000, 10, 300), (100_000, 1000, 300), (1200, 200, 10)):
        assert examples // smallest_leaf(examples, classes, trees) * classes * trees <= MOST_NUMBERS
