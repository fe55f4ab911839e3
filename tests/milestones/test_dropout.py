"""Dropout hurts where training is short, and the less the longer it is; that it helps in the end takes a full run."""

import os
from pathlib import Path

import pytest

from epochal.milestones.dropout import MILESTONE
from epochal.study.milestone import run_milestone

needs_mirror = pytest.mark.skipif(
    not os.environ.get("EPOCHAL_MIRROR"), reason="EPOCHAL_MIRROR names no folder with the published data sets"
)


@pytest.mark.parametrize("source", ["digits", pytest.param(None, marks=needs_mirror)])
def test_it_hurts_short_trainings_and_not_longer_ones(source: str | None, tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, source=source, scale=12 / (60 * MILESTONE.minutes), seeds=2, out=tmp_path)
    long, short = result.checks
    assert (long.predicted, short.predicted) == ("more", "less")
    assert short.effect < -0.01
    assert long.effect > max(-0.01, short.effect + 0.01)
    assert [len(picture.series) for picture in result.pictures] == [2, 2]
    assert result.pictures[0].series[0].x[-1] > 5 * result.pictures[1].series[0].x[-1]
