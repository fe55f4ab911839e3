"""Labels that an ingredient is worth, on curves whose answers are known."""

import numpy as np
import pytest

from epochal.judge.design import Estimate, estimates
from epochal.judge.labels import labels_needed

SHARES, RISING = (0.125, 0.25, 0.5, 1.0), (0.6, 0.7, 0.8, 0.9)


def leads(without: float, width: float = 0.0, scores: tuple[float, ...] = RISING) -> list[Estimate]:
    """Of these scores over the one without the ingredient, known to within a width."""
    found = [score - without for score in scores]
    return [
        Estimate(mean=lead, interval=(lead - width, lead + width), simultaneous=(lead - width, lead + width))
        for lead in found
    ]


def test_the_share_at_which_the_curve_has_caught_up() -> None:
    needed = labels_needed(SHARES, leads(0.7, 0.05))
    assert needed.share == pytest.approx(0.25)
    assert needed.interval == pytest.approx((0.125 * 2**0.5, 0.25 * 2**0.5))


def test_between_two_shares_the_lead_rises_with_the_logarithm() -> None:
    needed = labels_needed(SHARES, leads(0.85, 0.05))
    assert needed.share == pytest.approx(0.5**0.5)
    assert needed.interval == pytest.approx((0.5, 1.0))


@pytest.mark.parametrize("without", [0.9, 1.2])
def test_what_loses_nothing_is_worth_no_labels(without: float) -> None:
    assert labels_needed(SHARES, leads(without)).share == 1.0


def test_more_than_the_curve_covers_is_the_smallest_share() -> None:
    needed = labels_needed(SHARES, leads(0.4, 0.3))
    assert needed.share == 0.125
    assert needed.interval == pytest.approx((0.125, 0.25))


def test_the_smallest_share_counts_where_the_curve_dips() -> None:
    assert labels_needed(SHARES, leads(0.8, scores=(0.6, 0.8, 0.75, 0.9))).share == pytest.approx(0.25)


def test_the_interval_covers_the_share_when_the_curve_is_as_uncertain_as_the_loss() -> None:
    """The score without the ingredient is reached at a quarter of the labels; every score has noise of its own."""
    random, truth, times = np.random.default_rng(0), np.array(RISING), 600
    held = 0
    for _ in range(times):
        scores = truth + 0.02 * random.normal(size=(5, 4))
        without = 0.7 + 0.02 * random.normal(size=(5, 1))
        low, high = labels_needed(SHARES, estimates(scores - without)).interval
        held += low <= 0.25 <= high
    assert 0.92 < held / times < 0.99
