"""Batch normalisation: fewer steps at the best rate of each, and more rates and starts that train."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.milestones import batch_norm
from epochal.milestones.batch_norm import MILESTONE, RATES
from epochal.study.milestone import run_milestone


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_fewer_steps_and_more_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_norm, "RATES", RATES[2:4])
    monkeypatch.setattr(batch_norm, "STARTS", {name: batch_norm.STARTS[name] for name in ("gaussian", "glorot")})
    result = run_milestone(MILESTONE, scale=1 / 3, seeds=3, out=tmp_path)
    sooner, wider = result.checks
    assert sooner.effect < 0.6
    assert wider.effect > 0.3
    curves, plain, normalised = result.pictures
    assert len(curves.series) == 2
    assert np.mean([row.y for row in normalised.series]) > np.mean([row.y for row in plain.series])
