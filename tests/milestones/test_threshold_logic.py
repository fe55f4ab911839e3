"""Threshold logic: what one unit computes, what it cannot, and what two layers compute."""

from pathlib import Path

import numpy as np
import pytest

from epochal.core.claim import CONFIRMED
from epochal.milestones.threshold_logic import (
    FORBIDS,
    MILESTONE,
    NAMES,
    XOR,
    beyond_any_unit,
    by_one_unit,
    by_two_layers,
    functions_of,
    patterns_of,
)
from epochal.study.milestone import run_milestone


def test_the_claim_is_confirmed_to_the_last_function(tmp_path: Path) -> None:
    result = run_milestone(MILESTONE, out=tmp_path)
    assert result.verdict == CONFIRMED
    assert [check.effect for check in result.checks] == [14, 104, 1882, 16 + 256 + 65_536]
    assert "2, 152, 63,654 functions" in result.notes[0]
    share = {series.label: series.y for series in result.pictures[0].series}
    assert share["one threshold unit"] == pytest.approx((1, 14 / 16, 104 / 256, 1882 / 65_536))
    assert share["nets of two layers"] == (1, 1, 1, 1)
    net = result.pictures[2].series
    assert net[-1].y == (0, 1, 1, 0), "XOR"


def test_two_of_the_functions_of_two_inputs_are_beyond_a_unit() -> None:
    assert NAMES[XOR] == "xor"
    assert [NAMES[function] for function in beyond_any_unit(patterns_of(2))] == ["xor", "xnor"]


def test_the_names_are_those_of_the_truth_tables() -> None:
    x, y = patterns_of(2).T.astype(bool)
    answers = dict(zip(NAMES, functions_of(2).astype(bool), strict=True))
    expected = {"and": x & y, "or": x | y, "xor": x ^ y, "not x": ~x, "x and not y": x & ~y, "y or not x": y | ~x}
    for name, wanted in expected.items():
        assert np.array_equal(answers[name], wanted), name


def test_smaller_weights_compute_fewer_functions() -> None:
    units = [len(by_one_unit(patterns_of(3), range(-most, most + 1), range(-9, 11))) for most in (1, 2, 3)]
    assert units[0] < units[1] == units[2] == 104


def test_a_neuron_as_of_1943_computes_fewer_than_one_with_negative_weights() -> None:
    found = {NAMES[function] for function in by_one_unit(patterns_of(2), [FORBIDS, 0, 1, 2, 3], range(8))}
    assert set(NAMES) - found == {"nand", "x or not y", "y or not x", "xor", "xnor"}


def test_a_layer_too_few_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    module = "epochal.milestones.threshold_logic.hidden_layer"
    monkeypatch.setattr(module, lambda patterns: np.ones((len(patterns), len(patterns)), bool))
    assert len(by_two_layers(patterns_of(2))) == 2  # units that always fire leave only "false" and "true"
