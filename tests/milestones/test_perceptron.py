"""The perceptron: it learns what is separable within the bound, and never XOR."""

from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.claim import CONFIRMED
from epochal.core.seeds import stream
from epochal.milestones.perceptron import (
    EPOCHS,
    MILESTONE,
    bound,
    half_difference,
    learn,
    learn_logic,
    separable,
    untrained,
)
from epochal.study.milestone import run_milestone


def test_separable_sets_are_learned_within_the_bound_and_xor_is_not(tmp_path: Path) -> None:
    epochs = 150
    result = run_milestone(MILESTONE, seeds=60, scale=epochs / EPOCHS, out=tmp_path)
    assert result.verdict == CONFIRMED, result.checks
    separate, logic, xor = result.checks
    assert (separate.effect, logic.effect, xor.effect) == (1, 1, 0)
    mistakes = {series.label: series.y for series in result.pictures[0].series}
    assert mistakes["AND"][-1] == mistakes["OR"][-1] == 0
    assert min(mistakes["XOR"][1:]) >= 1, "every set of weights is wrong on a pattern at least"


def test_the_loop_makes_the_mistakes_of_rosenblatts_rule_on_half_the_difference_of_the_rows() -> None:
    inputs, targets = separable(3)
    found = learn(inputs[None], targets[None], [3], epochs=200)
    weights = half_difference(untrained(5, seed=3)).double().numpy()
    assert found["start"] == pytest.approx([np.linalg.norm(weights)], rel=1e-5)
    turned = np.column_stack([inputs, np.ones(len(inputs))]) * (2 * targets - 1)[:, None]
    mistakes = []
    while (turned @ weights <= 0).any():
        generator = torch.Generator().manual_seed(stream(3, "order", len(mistakes)))
        mistakes.append(0)
        for place in torch.rand(1, len(turned), generator=generator).argsort(dim=1)[0]:
            if turned[place] @ weights <= 0:
                weights += turned[place]
                mistakes[-1] += 1
    assert found["learned"] == [True]
    assert (found["mistakes"], found["epochs"]) == ([sum(mistakes)], [len(mistakes)])
    assert [row[0] for row in found["first"][: len(mistakes)]] == mistakes[: len(found["first"])]


def test_the_bound_is_the_squared_ratio_of_length_and_margin_and_the_start_adds_to_it() -> None:
    inputs, targets = np.array([[1.0], [-1.0]]), np.array([1, 0])  # with the constant 1: length sqrt(2), margin 1
    assert bound(inputs, targets, 0.0) == pytest.approx(2, rel=1e-3)
    assert bound(inputs, targets, 0.5) == pytest.approx(3, rel=1e-3)


def test_no_answer_ties_at_the_start() -> None:
    assert all(half_difference(untrained(2, seed)).all() for seed in range(20))


def test_what_is_not_separable_has_no_bound() -> None:
    with pytest.raises(AssertionError, match="separable"):
        bound(np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([0, 1, 1, 0]), 0.0)


def test_learning_ends_once_all_is_learned() -> None:
    found = learn_logic("OR", range(5), epochs=100)
    assert all(found["learned"])
    assert max(found["epochs"]) < 15
