"""LeNet-5 against nearest neighbours and a linear classifier, on a part of MNIST."""

import os
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from epochal.milestones.lenet5 import LENET, LINEAR, MILESTONE, NEIGHBOURS, SMALL, measure
from epochal.study.milestone import run_milestone

needs_mirror = pytest.mark.skipif(
    not os.environ.get("EPOCHAL_MIRROR"), reason="EPOCHAL_MIRROR names no folder with the published data sets"
)


@needs_mirror
def test_lenet_makes_fewer_errors(tmp_path: Path) -> None:
    few = replace(MILESTONE, measure=partial(measure, scale=replace(SMALL, items=4_000)))
    result = run_milestone(few, seeds=2, out=tmp_path)
    neighbours, linear = result.checks
    assert (neighbours.control, neighbours.arm, linear.control) == (NEIGHBOURS, LENET, LINEAR)
    assert neighbours.control_mean > 0.9
    assert linear.interval[0] > 0.02
