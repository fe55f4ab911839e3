"""Depth: what the networks differ in, and how much harder the deepest is to train without normalisation."""

from pathlib import Path

import numpy as np

from epochal.milestones.depth import PUBLISHED, SMALL, gains, label, recipe
from epochal.study.lab import Lab, shares
from epochal.train.store import open_store

PASSES = 10


def test_depth_is_all_that_differs() -> None:
    assert {recipe(11, SMALL).differs(recipe(depth, SMALL)) for depth in PUBLISHED if depth != 11} == {
        ("options.depth",)
    }
    assert (recipe(19, SMALL).augment, list(PUBLISHED)) == ((), [11, 13, 16, 19])
    assert recipe(19, SMALL).options["width"] == 1 / 16


def test_nineteen_layers_of_random_weights_learn_later_than_eleven(tmp_path: Path) -> None:
    """Halfway, when 11 layers have learned most of it, 19 are well behind: the claim meets its own obstacle."""
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0,))
        digits = lab.data("digits")
        arms = lab.train(
            digits,
            {label(depth): recipe(depth, SMALL) for depth in (11, 19)},
            examples=PASSES * len(digits.train),
            points=4,
        )
    (shallow,), (deep,) = (arms[label(depth)].runs for depth in (11, 19))
    halfway = [run.curve[1].values["score"] for run in (shallow, deep)]
    assert halfway[0] > 0.8
    assert halfway[1] < halfway[0] - 0.1
    assert shallow.scores["score"] > 0.9


def test_gains_are_those_over_eleven_layers(tmp_path: Path) -> None:
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0,))
        digits = lab.data("digits", train=64)
        arms = lab.train(digits, {label(depth): recipe(depth, SMALL) for depth in PUBLISHED}, examples=64, points=1)
        here, published = gains(arms, digits).series
        scores = [float(shares(arms[label(depth)], digits).mean()) for depth in PUBLISHED]
    assert np.allclose(here.y, np.array(scores) - scores[0])
    assert np.allclose(published.y, (0, 0.009, 0.026, 0.023))
