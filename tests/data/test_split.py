"""Splits: stratified, group-aware, and the same on every machine."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from epochal.data.split import (
    TEST,
    TRAIN,
    VALIDATION,
    assign,
    join,
    rank,
    share,
    small_classes,
    straddling,
    stratified,
    wanted,
)


def split(targets, units=None, *, validation=0.2, test=0.2, seed=0):
    targets = np.asarray(targets)
    units = np.arange(len(targets)) if units is None else np.asarray(units)
    order = rank(seed, [f"item {index}" for index in range(len(targets))])
    classes = int(targets.max()) + 1
    return assign(targets, units, order, validation=validation, test=test, classes=classes)


def test_the_line_is_the_same_on_every_machine():
    assert rank(0, ["a", "b/c.png", "é"]).tolist() == [
        8167458624584103502,
        18280795419658534201,
        13044816979282343210,
    ]
    assert rank(1, ["a"]) != rank(0, ["a"])


def test_every_class_is_split_in_proportion():
    targets = np.repeat([0, 1, 2], [100, 50, 10])
    found = split(targets)
    for target, counts in ((0, [60, 20, 20]), (1, [30, 10, 10]), (2, [6, 2, 2])):
        assert np.bincount(found[targets == target], minlength=3).tolist() == counts
    assert not np.array_equal(found, split(targets, seed=1))
    assert np.array_equal(found, split(targets))


@pytest.mark.parametrize(
    ("count", "expected"),
    [(1, (0, 0)), (2, (0, 1)), (3, (1, 1)), (4, (1, 1)), (5, (1, 1)), (10, (2, 2)), (1000, (200, 200))],
)
def test_what_small_classes_give(count, expected):
    assert wanted(count, (0.2, 0.2)) == expected
    assert wanted(count, (0.2, 0))[1] == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), min_size=4, max_size=120), st.integers(0, 5))
def test_groups_are_never_cut(pairs, seed):
    targets = np.array([target for target, _ in pairs])
    units = join(len(pairs), np.empty((0, 2), np.int64), [f"g{group}" if group else "" for _, group in pairs])
    found = split(targets, units, seed=seed)
    assert set(found) <= {TRAIN, VALIDATION, TEST}
    for unit in np.unique(units):
        assert len(set(found[units == unit])) == 1


def test_groups_come_near_the_fractions():
    generator = np.random.default_rng(0)
    units = np.repeat(np.arange(60), generator.integers(3, 30, 60))
    targets = generator.integers(0, 2, 60)[units]
    found = split(targets, units)
    assert np.bincount(found) / len(found) == pytest.approx([0.6, 0.2, 0.2], abs=0.03)
    for target in (0, 1):
        mine = found[targets == target]
        assert np.bincount(mine) / len(mine) == pytest.approx([0.6, 0.2, 0.2], abs=0.05)


def test_single_examples_make_up_for_groups():
    units = np.concatenate([np.zeros(20, int), np.arange(1, 81)])
    found = split(np.zeros(100, int), units)
    assert np.bincount(found).tolist() == [60, 20, 20]


def test_joining():
    units = join(6, np.array([[0, 1], [1, 2]]), ["", "", "x", "x", "", ""])
    assert units[0] == units[1] == units[2] == units[3]
    assert len(set(units)) == 3


def test_straddling_gives_way_to_what_is_held_out():
    known = np.array([TRAIN, TEST, TRAIN, VALIDATION, VALIDATION, TEST, TRAIN])
    units = np.array([0, 0, 1, 1, 2, 2, 3])
    assert straddling(known, units).tolist() == [True, False, True, False, True, False, False]


def test_stratified_subsets_nest():
    targets = np.repeat([0, 1], [90, 10])
    order = rank(3, list(map(str, range(100))))
    small, large = stratified(targets, order, 10), stratified(targets, order, 50)
    assert set(small) <= set(large)
    assert np.bincount(targets[small]).tolist() == [9, 1]
    assert np.bincount(targets[large]).tolist() == [45, 5]
    assert np.bincount(targets[stratified(targets, order, 2)]).tolist() == [2, 1]


def test_small_classes_are_told():
    targets = np.array([0, 0, 1, 1, 2, 3, 3, 3])
    found = np.array([TRAIN, TEST, VALIDATION, TEST, TRAIN, TRAIN, VALIDATION, TEST])
    notes = small_classes(["a", "b", "c", "d"], targets, found)
    assert notes == [
        "class 'b' has 2 images, none of them in train: it cannot be learned.",
        "class 'c' has 1 image: it cannot be in both train and test; it stays in train and cannot be judged.",
        "class 'a' has 2 images, none of them in validation: the choice between rungs cannot see it.",
        "2 classes ('a', 'd') have a single image to learn from, because the others are held out: add images.",
    ]


def test_many_small_classes_are_told_in_one_line_each():
    targets = np.repeat(np.arange(1000), 2)
    notes = small_classes([f"c{index}" for index in range(1000)], targets, split(targets))
    assert notes == [
        "500 classes ('c3', 'c7', 'c8' and 497 more) have no image in test: they cannot be judged.",
        "500 classes ('c0', 'c1', 'c2' and 497 more) have no image in validation: the choice between rungs cannot see "
        "them.",
        "1,000 classes ('c0', 'c1', 'c2' and 997 more) have a single image to learn from, because the others are held "
        "out: add images.",
    ]


@pytest.mark.parametrize(("validation", "test"), [(0.2, 0.2), (0.1, 0.3), (0.3, 0.1), (0.1, 1e-9)])
def test_classes_of_two_are_shared_between_validation_and_test(validation, test):
    targets = np.repeat(np.arange(200), 2)
    found = split(targets, validation=validation, test=test)
    counts = np.bincount(found, minlength=3)
    assert counts[TRAIN] == 200 and (np.bincount(targets[found == TRAIN]) == 1).all()
    assert counts[VALIDATION] == pytest.approx(200 * validation / (validation + test), abs=1) and counts[TEST] >= 1
    assert np.array_equal(found, split(targets, validation=validation, test=test))
    assert np.bincount(split(np.array([0, 0, 1, 1, 1]))).tolist() == [2, 1, 2]  # one class of two serves the test


def test_one_class_of_two_is_moved_where_the_line_says():
    held = np.array([[0, 1], [2, 2], [0, 1], [0, 1], [0, 1]])
    share(held, np.array([4, 0, 3, 2]), 0.5)
    assert held.tolist() == [[1, 0], [2, 2], [1, 0], [0, 1], [0, 1]]
