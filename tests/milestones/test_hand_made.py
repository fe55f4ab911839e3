"""Hand-made features win where digits are few, learned ones gain by more of them; and where lines of error cross."""

from pathlib import Path

import pytest

from epochal.milestones.hand_made import HAND_MADE, LEARNED, MILESTONE, crossing, sizes, where
from epochal.study.milestone import run_milestone


def test_on_digits_neither_is_far_ahead_and_both_gain_by_more_images(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source="digits", seeds=3, scale=40 / (60 * MILESTONE.minutes), out=tmp_path)
    lead, gain = result.checks
    assert gain.control_mean < 0.02, "at 100 digits HOG and a linear machine are not behind"
    assert lead.effect > -0.03, "and with all of them the network is not"
    (picture,) = result.pictures
    assert [series.label for series in picture.series] == [HAND_MADE, LEARNED]
    assert picture.series[0].x == pytest.approx((100, 700, 1079), abs=2)
    assert all(series.y[0] > series.y[-1] for series in picture.series)


def test_sizes_follow_what_there_is() -> None:
    assert sizes(44_000) == [100, 700, 5_000]
    assert sizes(5_000) == [100, 700, 5_000]
    assert sizes(1_079) == [100, 700, 1_079]
    assert sizes(60) == [60]


def test_lines_cross_on_the_logarithmic_axis() -> None:
    at = (100, 1_000, 10_000)
    assert crossing(at, (0.3, 0.2, 0.1), (0.4, 0.1, 0.05)) == pytest.approx(10**2.5)
    assert crossing(at, (0.3, 0.2, 0.1), (0.4, 0.3, 0.2)) is None
    assert crossing(at, (0.3, 0.2, 0.1), (0.2, 0.1, 0.05)) is None
    assert where(at, (0.3, 0.2, 0.1), (0.4, 0.1, 0.05)) == "The lines cross at about 316 images."
    assert f"{HAND_MADE} ends with the lower" in where(at, (0.3, 0.2, 0.1), (0.4, 0.3, 0.2))
    assert f"{LEARNED} ends with the lower" in where(at, (0.3, 0.2, 0.1), (0.2, 0.1, 0.05))
