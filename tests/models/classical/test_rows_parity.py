"""The classical rungs of tables against scikit-learn's own models, called directly."""

import numpy as np
import pytest
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeCV
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from epochal.core.task import Task
from epochal.models.classical import (
    Forest,
    ForestConfig,
    HistogramTrees,
    HistogramTreesConfig,
    Linear,
    LinearConfig,
    Tree,
    TreeConfig,
)
from epochal.models.classical.forest import MOST_NUMBERS, NODES, bounded_leaf
from epochal.models.classical.linear import ridge
from epochal.models.classical.rows import smoothed
from epochal.models.classical.shared import all_columns
from epochal.models.classical.tree import first_leaves

LEVELS = (0, 0, 0, 6)


def task_of(classes: int) -> Task:
    labels = tuple(f"class {index}" for index in range(classes))
    return Task(name="t", item="row", input_shape=(4,), levels=LEVELS, labels=labels, counts={}, fingerprint="0")


def rows_of(count: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Noisy rows: three numbers, of which a tenth of the second is missing, and a category of six codes."""
    random = np.random.default_rng(2)
    rows = random.normal(0, 1, (count, 4)).astype(np.float32)
    rows[:, 3] = random.integers(0, 6, count)
    worth = rows[:, 0] * rows[:, 2] + np.array([0, 2, -2, 1, -1, 0])[rows[:, 3].astype(int)]
    rows[random.random(count) < 0.1, 1] = np.nan
    worth = worth + random.normal(0, 0.7, count)
    if not classes:
        return rows, ((worth - worth.mean()) / worth.std()).astype(np.float32)
    return rows, np.argsort(np.argsort(worth)) * classes // count


@pytest.mark.parametrize("classes", [2, 4])
def test_logistic_regression_is_scikit_learns(classes: int):
    rows, targets = rows_of(500, classes)
    rows = np.nan_to_num(rows)
    model = Linear(LinearConfig(c=0.5), task_of(classes))
    model.fit(rows[:400], targets[:400], seed=0)
    peer = LogisticRegression(C=0.5, max_iter=500).fit(rows[:400], targets[:400])
    np.testing.assert_allclose(model.outputs(rows[400:]), peer.predict_log_proba(rows[400:]), atol=1e-4)
    assert model.converged
    short = Linear(LinearConfig(steps=2), task_of(classes))
    short.fit(rows, targets, seed=0)
    assert not short.converged


@pytest.mark.parametrize("count", [400, 3])
def test_ridge_regression_is_scikit_learns(count: int):
    rows, targets = rows_of(500, 0)
    rows = np.nan_to_num(rows) * np.float32(3) + 5
    model = Linear(LinearConfig(penalty=0.02), task_of(0))
    model.fit(rows[:count], targets[:count], seed=0)
    peer = Ridge(alpha=0.02 * count).fit(rows[:count].astype(np.float64), targets[:count])
    np.testing.assert_allclose(model.outputs(rows[400:])[:, 0], peer.predict(rows[400:]), atol=1e-5)


def test_the_penalty_of_ridge_regression_predicts_as_well_as_the_one_of_leaving_one_out():
    random = np.random.default_rng(0)
    rows = random.normal(0, 1, (140, 60)).astype(np.float32)
    truth = random.normal(0, 0.2, 60)
    targets = rows @ truth + random.normal(0, 1, 140)
    fresh = random.normal(0, 1, (4000, 60))
    weights, bias = ridge(rows, targets)
    peer = RidgeCV(np.geomspace(0.01, 1e4, 40)).fit(rows, targets)
    plain = Ridge(1e-9).fit(rows, targets)
    mine, leaving_one_out, none = (
        float(((predicted - fresh @ truth) ** 2).mean())
        for predicted in (fresh @ weights[:, 0] + bias, peer.predict(fresh), plain.predict(fresh))
    )
    assert mine < 1.05 * leaving_one_out
    assert mine < 0.9 * none
    noise = random.normal(0, 1, 140)
    assert np.abs(ridge(rows, noise)[0]).max() < 0.5 * np.abs(Ridge(1e-9).fit(rows, noise).coef_).max()


@pytest.mark.parametrize("classes", [2, 4, 0])
def test_a_tree_without_pruning_is_scikit_learns(classes: int):
    rows, targets = rows_of(800, classes)
    model = Tree(TreeConfig(leaves=40, pruned=False), task_of(classes))
    model.fit(rows[:600], targets[:600], seed=5)
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    peer = kind(max_leaf_nodes=40, min_samples_leaf=5, random_state=5).fit(rows[:600], targets[:600])
    if classes:
        leaves = peer.apply(rows[600:])
        chances = smoothed(peer.tree_.value[leaves, 0], peer.tree_.n_node_samples[leaves])
        np.testing.assert_allclose(np.exp(model.outputs(rows[600:])), chances, atol=1e-6)
    else:
        np.testing.assert_allclose(model.outputs(rows[600:])[:, 0], peer.predict(rows[600:]), atol=1e-6)


def test_smoothing_adds_one_example_of_each_class():
    shares, counts = np.array([[1.0, 0.0, 0.0], [0.5, 0.25, 0.25]]), np.array([3, 8])
    np.testing.assert_allclose(smoothed(shares, counts), [[4 / 6, 1 / 6, 1 / 6], [5 / 11, 3 / 11, 3 / 11]])


@pytest.mark.parametrize("classes", [3, 0])
def test_the_first_leaves_of_a_tree_are_the_smaller_tree(classes: int):
    rows, targets = rows_of(800, classes)
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    large = kind(max_leaf_nodes=64, random_state=0).fit(rows, targets)
    for leaves in (2, 5, 16, 64):
        small = kind(max_leaf_nodes=leaves, random_state=0).fit(rows, targets)
        said = large.tree_.value[first_leaves(large.tree_, leaves)[large.apply(rows)], 0]
        np.testing.assert_allclose(said, small.tree_.value[small.apply(rows), 0])
    assert (first_leaves(large.tree_, 1) == 0).all()


@pytest.mark.parametrize("classes", [2, 0])
def test_pruning_leaves_noise_alone_and_keeps_what_is_there(classes: int):
    random = np.random.default_rng(0)
    rows, targets = rows_of(600, classes)
    model = Tree(TreeConfig(), task_of(classes))
    model.fit(rows, random.permutation(targets), seed=0)
    assert len(model.arrays()["values"]) <= 2
    model.fit(rows, targets, seed=0)
    assert 8 <= len(model.arrays()["values"]) < 100


@pytest.mark.parametrize("classes", [2, 4, 0])
def test_a_forest_is_scikit_learns(classes: int):
    rows, targets = rows_of(800, classes)
    model = Forest(ForestConfig(trees=15), task_of(classes))
    model.fit(rows[:600], targets[:600], seed=5)
    if classes:
        forest = RandomForestClassifier(15, min_samples_leaf=3, random_state=5).fit(rows[:600], targets[:600])
        chances = (15 * forest.predict_proba(rows[600:]) + 1 / classes) / 16
        expected = all_columns(np.log(chances), np.arange(classes), classes, 600)
        np.testing.assert_allclose(model.outputs(rows[600:]), expected, atol=2e-3)  # chances are kept in half precision
    else:
        forest = RandomForestRegressor(15, min_samples_leaf=5, max_features=1 / 3, random_state=5)
        forest.fit(rows[:600], targets[:600])
        np.testing.assert_allclose(model.outputs(rows[600:])[:, 0], forest.predict(rows[600:]), atol=1e-5)


def test_leaves_of_a_forest_grow_so_that_a_bundle_stays_small():
    assert bounded_leaf(3, 26_533, 2, 300) == 3
    assert bounded_leaf(3, 1_000_000, 2, 300) == 72
    for examples, outputs, trees in ((1_000_000, 2, 300), (60_000, 100, 300), (10_000_000, 1, 30)):
        assert examples / bounded_leaf(3, examples, outputs, trees) * (outputs + NODES) * trees <= MOST_NUMBERS


@pytest.mark.parametrize("classes", [2, 4, 0])
def test_boosted_trees_are_scikit_learns(classes: int):
    rows, targets = rows_of(1500, classes)
    model = HistogramTrees(HistogramTreesConfig(rounds=30), task_of(classes))
    model.fit(rows[:1200], targets[:1200], seed=5)
    settings = {
        "max_iter": 30,
        "categorical_features": [3],
        "early_stopping": True,
        "validation_fraction": 0.1,
        "n_iter_no_change": 20,
        "tol": 1e-5,
        "random_state": 5,
    }
    if classes:
        peer = HistGradientBoostingClassifier(**settings).fit(rows[:1200], targets[:1200])
        np.testing.assert_allclose(np.exp(model.outputs(rows[1200:])), peer.predict_proba(rows[1200:]), atol=1e-6)
    else:
        peer = HistGradientBoostingRegressor(**settings).fit(rows[:1200], targets[:1200])
        np.testing.assert_allclose(model.outputs(rows[1200:])[:, 0], peer.predict(rows[1200:]), atol=1e-6)


def test_levels_of_a_category_are_a_set_and_not_a_scale():
    """Every second of 40 levels: two leaves as sets, and no good place to cut as a scale."""
    random = np.random.default_rng(0)
    codes = random.integers(0, 40, 800)
    rows, targets = codes.astype(np.float32)[:, None], codes % 2
    task = task_of(2).replace(input_shape=(1,))
    right = {}
    for levels in ((40,), (0,)):
        model = HistogramTrees(HistogramTreesConfig(rounds=1), task.replace(levels=levels))
        model.fit(rows, targets, seed=0)
        right[levels] = (model.outputs(rows).argmax(axis=1) == targets).mean()
    assert right[(40,)] > 0.95
    assert right[(0,)] < 0.9


def test_boosted_trees_stop_when_nothing_is_left_to_learn():
    random = np.random.default_rng(0)
    rows, targets = rows_of(1200, 2)
    model = HistogramTrees(HistogramTreesConfig(rounds=200), task_of(2))
    model.fit(rows, random.permutation(targets), seed=0)
    assert model.converged
    assert len(model.estimators()["trees"]._predictors) < 60
    short = HistogramTrees(HistogramTreesConfig(rounds=3), task_of(2))
    short.fit(rows, targets, seed=0)
    assert not short.converged
