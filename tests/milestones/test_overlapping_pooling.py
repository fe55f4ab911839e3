"""Overlapping pooling: too small an effect to be told from none by a few digits."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from epochal.core.claim import CONFIRMED
from epochal.milestones import overlapping_pooling
from epochal.study.milestone import run_milestone


def test_half_a_point_is_not_confirmed_by_a_few_digits(tmp_path: Path) -> None:
    scale = replace(overlapping_pooling.FEW_PASSES, items=500, passes=4)
    few = replace(overlapping_pooling.MILESTONE, measure=partial(overlapping_pooling.measure, scale=scale))
    result = run_milestone(few, source="digits", scale=1, seeds=2, out=tmp_path)
    (check,) = result.checks
    assert (check.control, check.arm) == overlapping_pooling.LABELS
    assert min(check.control_mean, check.arm_mean) > 0.3
    assert check.verdict != CONFIRMED
    assert check.simultaneous[1] - check.simultaneous[0] > 2 * check.size  # which is why
