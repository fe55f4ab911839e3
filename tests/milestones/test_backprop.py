"""Back-propagation: hidden units solve XOR and parity, and nothing does without them."""

from pathlib import Path

import pytest
import torch
from torch import nn

from epochal.core.claim import CONFIRMED
from epochal.core.protocols import Batch
from epochal.milestones.backprop import (
    HIDDEN,
    MILESTONE,
    XOR,
    SquaredError,
    label,
    parity,
    solve,
)
from epochal.study.milestone import run_milestone


def test_hidden_units_solve_xor_and_parity(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, seeds=60, scale=0.3, out=tmp_path)
    assert result.verdict == CONFIRMED, result.checks
    for check in result.checks:
        assert check.control_mean == 0
        assert check.arm_mean > 0.6
    shares = {series.label: series.y for series in result.pictures[0].series}
    assert shares[label(XOR, 0)][-1] == 0
    assert shares[label(XOR, HIDDEN[XOR])][-1] == result.checks[0].arm_mean
    output = result.pictures[1].series[-1].y
    assert [round(answer) for answer in output] == [0, 1, 1, 0]


def test_the_patterns_are_all_there_with_their_parity() -> None:
    patterns, targets = parity(2)
    assert patterns.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert targets.tolist() == [0, 1, 1, 0]
    assert parity(4)[1].sum() == 8


def test_the_objective_is_half_the_squared_error_of_all_patterns() -> None:
    patterns, targets = parity(2)
    model = nn.Linear(2, 1)
    expected = 0.5 * ((torch.sigmoid(model(patterns))[:, 0] - targets) ** 2).sum()
    found = SquaredError().loss("all", model, Batch(patterns, targets))
    assert found.item() == pytest.approx(expected.item())


def test_too_few_sweeps_solve_nothing() -> None:
    found = solve(2, HIDDEN[XOR], range(3), 10)
    assert found == {"solved": [None] * 3, "responses": []}
