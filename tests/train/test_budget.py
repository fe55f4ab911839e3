"""Budgets: durations as people write them, and what a promise of seconds comes to in examples."""

import math
import time
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest

from epochal.core.errors import BudgetError
from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.data.feed import ArrayFeed
from epochal.data.image.opened import open_dataset
from epochal.judge.learning_curve import LEAST_POINTS
from epochal.kinds.image_ladder import RUNGS
from epochal.train.budget import FEWEST_GLANCE, LOOKING, Rate, measure, seconds
from epochal.train.fit import fit
from epochal.train.members import least
from epochal.train.trainee import prepare


@pytest.mark.parametrize(
    "text, expected",
    [
        ("90", 90),
        (90, 90),
        (0.5, 0.5),
        ("90s", 90),
        ("20m", 1200),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5h", 5400),
        (" 20M ", 1200),
        ("10 m", 600),
    ],
)
def test_durations_are_read_as_people_write_them(text: str | float, expected: float) -> None:
    assert seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "20x",
        "m",
        "-5",
        "-5m",
        "1,5h",
        "1h30",
        "1 2",
        "1d",
        "20 minutes",
        "nan",
        "inf",
        "1e3",
        "..",
        "5m-",
        "1:30",
    ],
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(BudgetError) as caught:
        seconds(text)
    assert str(caught.value) == f"budget: expected a duration such as 90s, 20m or 1h30m, got {text!r}."


@pytest.mark.parametrize("text", ["0", 0, "0s", "0h0m", 0.0])
def test_zero_is_too_little(text: str | float) -> None:
    with pytest.raises(BudgetError) as caught:
        seconds(text)
    assert str(caught.value) == f"budget: expected more than zero seconds, got {text!r}."


def rate(**fields: object) -> Rate:
    """A rate of 10 ms an example, with a thousand examples to validate on, each a millisecond."""
    usual = {"recipe": Recipe(model="mlp").to_dict(), "answering": 1e-3, "validation": 1000, "scale": 0.01}
    return Rate.from_dict(usual | fields)


def test_seconds_become_examples_and_back() -> None:
    # 4% of 12 s buy 480 answers: four points of 120. They and the score at the end take 1.48 s.
    expected = Budget(examples=1052, seconds=12.0, glance=120, points=4, keep_best=True)
    assert rate().budget(12.0) == expected
    assert rate().seconds(expected) == pytest.approx(12.0)
    assert rate(power=2.0).budget(12.0) == expected.replace(examples=32)
    assert rate(power=2.0).seconds(rate(power=2.0).budget(12.0)) == pytest.approx(1.48 + 0.01 * 32**2)


def test_the_points_of_the_curve_take_a_small_share() -> None:
    # Four percent of the promise, at a millisecond an example: first more points, up to ten, of a hundred examples;
    # then more examples for each, up to 2,000, and never more than there are.
    looks = [rate(validation=5000).budget(promise) for promise in (1.0, 12.0, 20.0, 60.0, 1e6)]
    assert [(look.points, look.glance) for look in looks] == [(4, 50), (4, 120), (8, 100), (10, 240), (10, 2000)]
    assert rate(validation=40).budget(60.0).glance == 40
    assert rate(points=1, most=700).budget(60.0).points == 1, "a rung that fits itself has one point"


@pytest.mark.parametrize("count", [60, 1_000, 60_000, 1_000_000])
def test_looking_never_takes_more_than_about_a_tenth(count: int) -> None:
    """Whatever the speed and the data, of a training that is long enough to be made: an answer takes a share of what
    learning from an example does, and a fifth of the data validates, for three fifths that train."""
    for forward, scale, batch_size in product((0.1, 0.33, 0.6), (1e-7, 1e-4, 1e-1), (16, 64, 512)):
        recipe = Recipe(model="mlp", batch_size=batch_size)
        found = rate(recipe=recipe.to_dict(), scale=scale, answering=forward * scale, validation=count // 3)
        fewest = FEWEST_GLANCE * LEAST_POINTS * found.answering
        for longer in (1.0, 1.5, 3.0, 10.0, 1000.0):
            promised = longer * found.learning(least(recipe, count))
            budget = found.budget(promised)
            along_the_way = found.asking(budget.glance, budget.points) - found.asking(0)
            assert 0 < along_the_way <= 1.001 * max(LOOKING * promised, fewest) < 0.1 * promised
            if longer >= 3:  # a single pass over much data is followed by as much of an answer to all of validation
                assert found.asking(budget.glance, budget.points) < 0.12 * promised
            assert LEAST_POINTS <= budget.points <= 10
            assert found.seconds(budget) <= 1.001 * promised


def test_a_rung_that_sees_each_example_once_is_never_given_more() -> None:
    assert rate(most=700).budget(1e6).examples == 700
    assert rate(most=700).budget(1e-9).examples == 50  # fewer measure nothing
    assert rate(most=20).budget(1e-9).examples == 20


@pytest.mark.parametrize(
    "fields", [{}, {"power": 1.7}, {"power": 0.7}, {"most": 300}, {"answering": 1e-9}, {"scale": 1e-9}]
)
def test_more_seconds_never_buy_fewer_examples(fields: dict[str, float]) -> None:
    promises = [10**exponent for exponent in range(-6, 7)] + [1.9, 2.0, 2.1]
    bought = [rate(**fields).budget(promise).examples for promise in sorted(promises)]
    assert bought == sorted(bought)
    assert min(bought) >= 1


def test_a_rate_survives_the_store() -> None:
    assert Rate.from_json(rate(most=7, power=1.5).to_json()) == rate(most=7, power=1.5)


@cache
def digits() -> Dataset:
    return open_dataset("digits")


def test_a_network_is_measured() -> None:
    found = measure(digits(), RUNGS["lenet"].recipe, 0.8)
    assert found.most is None
    assert found.power == 1.0
    assert found.scale > 0
    assert found.answering > 0
    assert (found.points, found.validation) == (10, len(digits().validation))
    assert 0.4 < found.measured < 20
    assert (found.recipe.precision, found.recipe.memory_format) in {
        ("float32", "contiguous"),
        ("bfloat16", "channels_last"),
    }
    assert set(found.recipe.differs(RUNGS["lenet"].recipe)) <= {"precision", "memory_format"}


def test_a_promise_of_seconds_is_about_kept() -> None:
    ratios: list[float] = []
    while len(ratios) < 3 and not any(1 / 2.5 < ratio < 2.5 for ratio in ratios):
        found = measure(digits(), RUNGS["lenet"].recipe, 0.5)
        budget = found.budget(1.5)
        _, run = fit(prepare(digits(), found.recipe, 0, budget), budget, 0)
        # Generous, and three times: the machine may be busy in one of the two and not in the other.
        ratios.append(run.cost.seconds / found.seconds(budget))
    assert 1 / 2.5 < ratios[-1] < 2.5, ratios


def test_what_making_batches_takes_is_charged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a kind that samples its own data: its seconds buy fewer examples."""
    quick = ArrayFeed.batches

    def slow(feed: ArrayFeed, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        for batch in quick(feed, model, seed, start):
            time.sleep(0.02)
            yield batch

    monkeypatch.setattr(ArrayFeed, "batches", slow)
    recipe = RUNGS["perceptron"].recipe
    found = measure(digits(), recipe, 0.1, precisions=False)
    assert found.scale >= 0.02 / recipe.batch_size


def test_a_precision_that_was_asked_for_is_kept() -> None:
    recipe = RUNGS["perceptron"].recipe.replace(precision="bfloat16")
    assert measure(digits(), recipe, 0.1).recipe == recipe


@pytest.mark.parametrize("name", ["majority", "nearest-neighbours", "hog-svm"])
def test_a_classical_rung_is_measured_and_can_use_each_example_once(name: str) -> None:
    found = measure(digits(), RUNGS[name].recipe, 0.3)
    count = len(digits().train)
    assert found.recipe == RUNGS[name].recipe
    assert found.most == count
    assert found.scale > 0
    assert (found.points, found.answering > 0) == (1, True)
    assert 0.7 <= found.power <= 2.2
    assert found.budget(1e6).examples == count
    assert 1 <= found.budget(1e-6).examples <= 50
    assert math.isfinite(found.seconds(Budget(examples=count)))


def test_measuring_leaves_no_trace_on_what_is_trained() -> None:
    budget, curves = Budget(examples=64 * 10), []
    for measured in (False, True):
        if measured:
            measure(digits(), RUNGS["mlp"].recipe, 0.05)
        curves.append(fit(prepare(digits(), RUNGS["mlp"].recipe, 0, budget), budget, 0)[1].curve)
    assert curves[0] == curves[1]
