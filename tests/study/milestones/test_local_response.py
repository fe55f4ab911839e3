"""Local response normalisation: what it does to small activations, and that nothing else tells its arms apart."""

from pathlib import Path

import pytest
import torch

from epochal.models.parts.normalisation import local_response as normalise
from epochal.study.milestone import run_milestone
from epochal.study.milestones import local_response


def test_small_activations_are_divided_by_one_number() -> None:
    maps = torch.rand(8, 16, 4, 4, generator=torch.Generator().manual_seed(0)) * 10
    factors = maps / normalise(maps)
    assert factors.min() == pytest.approx(2**0.75, rel=0.01)  # the 1.7 of which the milestone speaks
    assert factors.max() < 1.03 * 2**0.75
    assert (normalise(1000 * maps) < 1000 * maps / 10).any()


def test_it_is_no_help_within_few_steps_on_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_response, "TRIALS", 1)
    monkeypatch.setattr(local_response, "PASSES", 4)
    monkeypatch.setattr(local_response, "IMAGES", 500)
    result = run_milestone(local_response.MILESTONE, source="digits", scale=1, seeds=2, out=tmp_path)
    (check,) = result.checks
    assert (check.control, check.arm) == (local_response.CONTROL, local_response.ARM)
    assert check.control_mean > 0.3
    assert check.verdict != "confirmed"
