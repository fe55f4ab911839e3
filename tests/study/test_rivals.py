"""Machine learning against deep learning: what is withheld says nothing, and a tree is grown on what was answered."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import epochal
from epochal.core.errors import UserError
from epochal.core.protocols import ClassScores, Numbers
from epochal.data.table.options import TableOptions
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.number_goal import OneNumber
from epochal.study.rivals import blank, repeated, require_parts
from epochal.study.scoring import Scoring


@pytest.fixture(scope="module")
def dataset():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"a": draw.normal(size=1500), "b": draw.normal(size=1500), "c": draw.choice(list("xyz"), 1500)}
    )
    frame["y"] = np.where(frame["a"] + frame["b"] > 0, "yes", "no")
    return epochal.open_dataset(frame, options=TableOptions(label="y"))


def here(dataset, goal):
    return SimpleNamespace(dataset=dataset, scoring=Scoring(goal=goal, targets=dataset.validation.targets))


def test_what_is_withheld_is_the_same_in_every_row(dataset):
    without = blank(dataset, [1])
    for before, after in ((dataset.train, without.train), (dataset.validation, without.validation)):
        assert len(np.unique(after.inputs[:, 1])) == 1
        assert np.array_equal(after.inputs[:, [0, 2]], before.inputs[:, [0, 2]])
        assert np.array_equal(after.targets, before.targets)
    assert len(np.unique(dataset.train.inputs[:, 1])) > 800
    assert without.task.fingerprint != dataset.task.fingerprint


def test_a_small_tree_repeats_what_a_step_answers_and_not_what_noise_does(dataset):
    column = dataset.validation.inputs[:, 0]
    step = np.where(column > 0, 3.0, -3.0)
    found = repeated(here(dataset, Classes()), ClassScores(logits=np.stack([-step, step], axis=1).astype(np.float32)))
    assert found.low > 0.95
    noise = np.random.default_rng(0).normal(size=(len(column), 2)).astype(np.float32)
    assert repeated(here(dataset, Classes()), ClassScores(logits=noise)).high < 0.3


def test_numbers_are_repeated_as_they_are(dataset):
    targets = dataset.validation.inputs[:, 0].astype(np.float64)
    changed = replace(dataset, validation=replace(dataset.validation, targets=targets))
    found = repeated(here(changed, OneNumber()), Numbers(values=targets))
    assert found.low > 0.9 and found.mean < 1  # sixteen steps of a line


def test_hand_made_parts_are_parts_of_the_inputs():
    require_parts((), (), "digits")
    require_parts(("a",), ("a", "b"), "rows")
    with pytest.raises(UserError, match="--hand-made: the inputs of digits have no parts with a name"):
        require_parts(("a",), (), "digits")
    with pytest.raises(UserError, match="--hand-made: d not known. The inputs have a, b."):
        require_parts(("a", "d"), ("a", "b"), "rows")
    with pytest.raises(UserError, match="nothing would be left to learn from"):
        require_parts(("b", "a"), ("a", "b"), "rows")
