"""Inception: what the networks cost at the papers' own size, and which of them learns sooner at this one."""

from pathlib import Path

import pytest

from epochal.core.claim import REFUTED
from epochal.milestones.inception import (
    ALEXNET,
    BARE,
    GOOGLENET,
    IN_USE,
    MILESTONE,
    PHOTOGRAPHS,
    RECIPES,
    SMALL,
    size,
)
from epochal.study.lab import Lab, shares
from epochal.study.milestone import run_milestone
from epochal.train.store import open_store

PASSES = 4


def test_the_published_sizes() -> None:
    """Parameters as in the tests of the models; multiplications as they are usually given."""
    assert size(IN_USE[ALEXNET], PHOTOGRAPHS) == (60_965_224, pytest.approx(0.72e9, rel=0.06))
    assert size(IN_USE[GOOGLENET], PHOTOGRAPHS) == (6_998_552, pytest.approx(1.5e9, rel=0.06))


def test_the_auxiliary_classifiers_are_all_that_differs() -> None:
    assert RECIPES[GOOGLENET].differs(RECIPES[BARE]) == ("options.auxiliary",)
    assert SMALL.recipe == {"augment": ()}
    assert {SMALL.fit(recipe).options["width"] for recipe in RECIPES.values()} == {1 / 16}


def test_the_factor_of_twelve_is_not_that_of_the_published_layers(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, budget="1s", seeds=2, out=tmp_path)
    *_, factor = result.checks
    assert (factor.verdict, factor.effect, factor.size) == (REFUTED, 9, 12)
    spent, costs, sizes = result.pictures
    assert [series.label for series in spent.series] == [GOOGLENET, BARE, ALEXNET]
    assert costs.series[1].y == (pytest.approx(1 / 8.71, rel=0.01), pytest.approx(2.1, rel=0.1))
    assert all(len(series.x) == len(series.y) == 1 for series in sizes.series)


def test_alexnet_learns_sooner_on_small_images(tmp_path: Path) -> None:
    """At this scale the claim does not hold: AlexNet is well on its way before GoogLeNet leaves chance behind."""
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0,))
        digits = lab.data("digits")
        arms = lab.train(
            digits,
            {name: SMALL.fit(RECIPES[name]) for name in (GOOGLENET, ALEXNET)},
            examples=PASSES * len(digits.train),
            points=4,
        )
    inception, dense = (float(shares(arms[name], digits).mean()) for name in (GOOGLENET, ALEXNET))
    assert dense > inception + 0.1
