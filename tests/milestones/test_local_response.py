"""Local response normalisation: what it does to small activations, and that nothing else tells its arms apart."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from epochal.milestones import local_response
from epochal.models.parts.normalisation import local_response as normalise
from epochal.study.milestone import run_milestone


def test_small_activations_are_divided_by_one_number() -> None:
    maps = torch.rand(8, 16, 4, 4, generator=torch.Generator().manual_seed(0)) * 10
    factors = maps / normalise(maps)
    assert factors.min() == pytest.approx(2**0.75, rel=0.01)  # the 1.7 of which the milestone speaks
    assert factors.max() < 1.03 * 2**0.75
    assert (normalise(1000 * maps) < 1000 * maps / 10).any()


def test_it_is_no_help_within_few_steps_on_digits(tmp_path: Path) -> None:
    scale = replace(local_response.SMALL, items=500, passes=4, trials=1)
    few = replace(local_response.MILESTONE, measure=partial(local_response.measure, scale=scale))
    result = run_milestone(few, source="digits", scale=1, seeds=2, out=tmp_path)
    (check,) = result.checks
    assert (check.control, check.arm) == local_response.LABELS
    assert check.control_mean > 0.3
    assert check.verdict != "confirmed"
