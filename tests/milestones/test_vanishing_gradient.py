"""Eight layers: the gradient that sigmoids lose and rectifiers keep, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from epochal.data.image.opened import open_dataset
from epochal.milestones.vanishing_gradient import FADES, MILESTONE, gradients, recipe
from epochal.study.milestone import run_milestone


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_deep_sigmoids_do_not_train_and_rectifiers_do(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, scale=1 / 3, seeds=3, out=tmp_path)
    rectified, deep, kept = result.checks
    assert rectified.effect > 0.5
    assert deep.effect < -0.3
    assert kept.effect > FADES
    assert [len(picture.series) for picture in result.pictures] == [3, 2]


def test_the_gradient_shrinks_with_every_layer_of_sigmoids() -> None:
    norms = gradients(open_dataset("digits"), recipe(8), seed=0)
    assert len(norms) == 8
    assert norms == sorted(norms)
    assert norms[0] < norms[-1] / FADES
