"""The size of the first weights: thirty layers train from one and not from the other, and signals say why."""

from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import pytest
import torch

from epochal.data.image.opened import open_dataset
from epochal.milestones import initialisation
from epochal.milestones.initialisation import DEEP, MILESTONE, deviations, recipe
from epochal.study.milestone import run_milestone


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_right_size_lets_deep_networks_learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(initialisation, "RATES", (0.1,))
    monkeypatch.setattr(initialisation, "POINTS", 30)
    result = run_milestone(MILESTONE, scale=0.5, seeds=2, out=tmp_path)
    sooner, trained, alive = result.checks
    assert sooner.effect < 0.8
    assert trained.effect > 0.15
    assert alive.effect > 1000
    assert [len(picture.series) for picture in result.pictures] == [4, 2, 2]


def test_each_layer_halves_the_signal_of_rectifiers_that_glorot_began() -> None:
    """He et al. 2015, section 2.2: the variance falls by two a layer where fan-in and fan-out are the same."""
    found = deviations(open_dataset("digits"), recipe(DEEP, "relu", "glorot", 0.1), seed=0)
    assert len(found) == DEEP
    assert (found[-1] / found[0]) ** (1 / (DEEP - 1)) == pytest.approx(sqrt(1 / 2), rel=0.1)
