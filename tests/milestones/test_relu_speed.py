"""Rectifiers against tanh units: the level is reached by both, and the race is a fair one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from epochal.core.claim import CONFIRMED
from epochal.milestones import relu_speed
from epochal.milestones.relu_speed import CONTROL, LEVEL, MILESTONE
from epochal.study.changes import change
from epochal.study.milestone import run_milestone


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_nothing_but_the_units_differs() -> None:
    assert CONTROL.differs(change("relu").apply(CONTROL)) == ("options.activation",)


def test_both_reach_the_level_on_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relu_speed, "POINTS", 10)
    result = run_milestone(MILESTONE, source="digits", scale=0.25, seeds=2, out=tmp_path)
    (check,) = result.checks
    assert result.notes == ()
    assert check.effect > 0.5, "on digits rectifiers need more examples than tanh units, not a sixth of them"
    assert check.verdict != CONFIRMED
    (picture,) = result.pictures
    assert all(max(series.high) > LEVEL for series in picture.series)


def test_trainings_that_never_reach_it_count_as_their_whole_length(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source="digits", scale=0.01, seeds=2, out=tmp_path)
    (check,) = result.checks
    assert check.effect == pytest.approx(1.0)
    assert result.notes == (
        "tanh: 2 of 2 trainings never passed 75%; each counts as its whole length.",
        "rectifier: 2 of 2 trainings never passed 75%; each counts as its whole length.",
    )
