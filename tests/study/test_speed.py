"""Best rate against best rate: no seed has a say in the rate that it is judged at."""

from pathlib import Path

import numpy as np
import pytest
import torch

from epochal.core.recipe import Recipe
from epochal.study.lab import Lab
from epochal.study.speed import at_best_rate, at_rates, pace
from epochal.train.store import open_store


def test_no_seed_has_a_say_in_its_own_rate() -> None:
    times = np.array([[1.0, 9.0, 9.0], [4.0, 4.0, 4.0], [8.0, 8.0, 8.0]])  # [rates, seeds]
    assert at_best_rate(times).tolist() == [4.0, 9.0, 9.0]
    assert at_best_rate(np.array([[2.0, 3.0], [5.0, 5.0]])).tolist() == [2.0, 3.0]


def test_the_fastest_rate_is_found_and_what_never_gets_there_counts_whole(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    recipe = Recipe(model="mlp", options={"hidden": 32}, schedule="constant")
    recipes = at_rates("net", recipe, (1e-4, 0.3))
    assert list(recipes) == ["net, rate 0.0001", "net, rate 0.3"]
    with open_store(tmp_path) as store:
        lab = Lab(store=store, seeds=(0, 1))
        arms = list(lab.train(lab.data("digits"), recipes, examples=64 * 60).values())
        found = pace(lab, "net", arms, 0.7)
        assert found.rate == 0.3 and found.arm is arms[1]
        assert (found.examples < 64 * 60).all()
        assert lab.notes == []
        slow = pace(lab, "net", arms[:1], 0.7)
        assert slow.examples == pytest.approx(64 * 60)
        assert lab.notes == ["net, rate 0.0001: 2 of 2 trainings never passed 70.0%; each counts as its whole length."]
