"""Tiers hold what cannot be told apart, in both directions of a metric."""

from epochal.core.metric import ACCURACY, LOWER
from epochal.judge.tiers import tiers

MEANS = {"linear": 0.80, "resnet": 0.95, "vgg": 0.94, "boosted": 0.93, "majority": 0.10, "nearest": 0.81}


def by_more_than(gap):
    return lambda first, second: abs(MEANS[second] - MEANS[first]) > gap


def test_each_tier_is_held_against_its_best():
    assert tiers(MEANS, by_more_than(0.015)) == (
        ("resnet", "vgg"),
        ("boosted",),
        ("nearest", "linear"),
        ("majority",),
    )


def test_nothing_told_apart_is_one_tier_and_all_told_apart_are_as_many_as_rungs():
    assert tiers(MEANS, by_more_than(1)) == (("resnet", "vgg", "boosted", "nearest", "linear", "majority"),)
    assert [len(tier) for tier in tiers(MEANS, by_more_than(0))] == [1] * 6


def test_a_worse_rung_above_one_that_cannot_be_told_does_not_take_it_along():
    """A rung with few seeds may not be shown to be worse where one with a higher mean is."""
    shown = {("vgg", "resnet"), ("majority", "resnet"), ("linear", "resnet"), ("majority", "vgg"), ("linear", "vgg")}
    assert tiers(MEANS, lambda first, second: (first, second) in shown) == (
        ("resnet", "boosted", "nearest"),
        ("vgg",),
        ("linear", "majority"),
    )


def test_a_loss_is_best_where_it_is_lowest():
    lower = ACCURACY.replace(better=LOWER)
    assert tiers({"a": 0.5, "b": 0.2, "c": 0.21}, lambda first, second: first == "a", lower) == (("b", "c"), ("a",))


def test_equals_keep_their_order_and_none_has_none():
    assert tiers({"b": 0.5, "a": 0.5}, lambda first, second: False) == (("b", "a"),)
    assert tiers({}, lambda first, second: True) == ()
