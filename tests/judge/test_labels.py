"""Labels that an ingredient is worth, on a curve whose answers are known."""

import pytest

from epochal.judge.design import Estimate
from epochal.judge.labels import labels_needed

SHARES, RISING = (0.125, 0.25, 0.5, 1.0), (0.6, 0.7, 0.8, 0.9)


def loss(mean: float, low: float, high: float) -> Estimate:
    return Estimate(mean=mean, interval=(low, high), simultaneous=(low, high))


def test_the_share_at_which_the_curve_has_lost_as_much() -> None:
    needed = labels_needed(SHARES, RISING, loss(0.2, 0.1, 0.25))
    assert needed.share == pytest.approx(0.25)
    assert needed.interval == pytest.approx((0.125 * 2**0.5, 0.5))


def test_between_two_shares_the_score_rises_with_the_logarithm() -> None:
    needed = labels_needed(SHARES, RISING, loss(0.05, 0.0, 0.1))
    assert needed.share == pytest.approx(0.5**0.5)
    assert needed.interval == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize("mean", [0.0, -0.3])
def test_what_loses_nothing_is_worth_no_labels(mean: float) -> None:
    assert labels_needed(SHARES, RISING, loss(mean, mean, mean)).share == 1.0


def test_more_than_the_curve_covers_is_the_smallest_share() -> None:
    needed = labels_needed(SHARES, RISING, loss(0.5, 0.2, 0.8))
    assert needed.share == 0.125
    assert needed.interval == pytest.approx((0.125, 0.25))


def test_the_smallest_share_counts_where_the_curve_dips() -> None:
    needed = labels_needed(SHARES, (0.6, 0.8, 0.75, 0.9), loss(0.1, 0.1, 0.1))
    assert needed.share == pytest.approx(0.25)


def test_the_loss_is_from_the_score_with_all_labels() -> None:
    needed = labels_needed(SHARES, (0.6, 0.8, 0.92, 0.9), loss(0.04, 0.04, 0.04))
    assert needed.share == pytest.approx(0.25 * 2**0.5)  # 0.86 lies halfway between 0.8 and 0.92
