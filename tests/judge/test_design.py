"""Designs hold the runs they promise, and effects planted in scores are found, with intervals that cover the truth."""

import math
from itertools import permutations

import numpy as np
import pytest
from signatures import unchecked

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE
from epochal.judge import design
from epochal.judge.design import Estimate

SEEDS = range(5)


def game(factors: int, order: int, seed: int):
    """A random function of rows of booleans with interactions of up to `order` factors: rows [runs, k] -> [runs]."""
    random = np.random.default_rng(seed)
    sets = [np.array(bits) for bits in design.full_factorial(factors) if bits.sum() <= order]
    weights = random.standard_normal(len(sets))
    return lambda rows: sum(
        weight * np.all(rows[:, chosen], axis=1) for weight, chosen in zip(weights, sets, strict=True)
    )


def by_definition(factors: int, value) -> np.ndarray:
    """Shapley values as Shapley defined them: the mean gain over all orders."""
    table = value(design.full_factorial(factors)).reshape((2,) * factors)
    total = np.zeros(factors)
    for order in permutations(range(factors)):
        place = [0] * factors
        for factor in order:
            before = table[tuple(place)]
            place[factor] = 1
            total[factor] += table[tuple(place)] - before
    return total / math.factorial(factors)


@pytest.mark.parametrize("factors", range(1, 7))
def test_a_full_factorial_has_every_combination_once(factors):
    runs = design.full_factorial(factors)
    assert runs.shape == (2**factors, factors)
    assert len({tuple(row) for row in runs.tolist()}) == 2**factors
    assert not runs[0].any()
    assert runs[-1].all()
    assert design.is_full(runs)


@pytest.mark.parametrize("factors", [5, 6, 7])
def test_a_half_fraction_keeps_effects_of_one_and_two_apart(factors):
    runs = design.half_fraction(factors)
    assert runs.shape == (2 ** (factors - 1), factors)
    signs = np.where(runs, 1, -1)
    assert (signs.prod(axis=1) == 1).all()  # the generator of the highest order
    columns = [signs[:, i] for i in range(factors)] + [signs[:, i] * signs[:, j] for i, j in design.pairs(factors)]
    table = np.array([np.ones(len(runs)), *columns])
    assert (table @ table.T == len(runs) * np.eye(len(table))).all()


@pytest.mark.parametrize("factors, count", [(2, 4), (5, 22), (6, 44), (7, 72)])
def test_corners_and_their_neighbours_are_added_once(factors, count):
    runs = design.with_corners(design.half_fraction(factors))
    assert len(runs) == len({tuple(row) for row in runs.tolist()}) == count
    assert {0, 1, factors - 1, factors} <= set(runs.sum(axis=1).tolist())
    assert (design.with_corners(runs) == runs).all()


def test_the_designs_of_few_factors_are_full():
    assert [len(runs) for runs in design.designs(4)] == [16]
    assert [len(runs) for runs in design.designs(6)] == [64, 44]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("factors", range(1, 6))
def test_shapley_values_of_a_full_factorial_are_those_of_the_definition(factors, seed):
    value, runs = game(factors, factors, seed), design.full_factorial(factors)
    found = design.shapley(runs, value(runs)[None])
    assert found[0] == pytest.approx(by_definition(factors, value))
    assert found.sum() == pytest.approx(design.joint(runs, value(runs)[None])[0])  # efficiency


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("factors", [5, 6])
def test_a_half_fraction_gives_the_exact_values_where_at_most_two_interact(factors, seed):
    value, every = game(factors, 2, seed), design.full_factorial(factors)
    runs = design.with_corners(design.half_fraction(factors))
    half, full = value(runs)[None], value(every)[None]
    assert design.shapley(runs, half) == pytest.approx(design.shapley(every, full))
    assert design.shapley(runs, half)[0] == pytest.approx(by_definition(factors, value))
    assert design.shapley(runs, half).sum() == pytest.approx(design.joint(runs, half)[0])  # efficiency
    for found, exact in zip(design.effects(runs, half), design.effects(every, full), strict=True):
        assert found == pytest.approx(exact)
    estimated = design.attribute(runs, np.concatenate([half, half]))
    assert estimated.rest.mean == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("factors", [3, 5])
def test_order_of_runs_and_of_factors_does_not_matter(factors):
    random = np.random.default_rng(0)
    runs = random.permutation(design.full_factorial(factors))
    scores, order = game(factors, factors, 1)(runs)[None], random.permutation(factors)
    assert design.shapley(runs[:, order], scores) == pytest.approx(design.shapley(runs, scores)[:, order])


@pytest.mark.parametrize("runs", [design.full_factorial(6), design.with_corners(design.half_fraction(6))])
def test_symmetry_and_a_null_player(runs):
    scores = (2.0 * (runs[:, 0] & runs[:, 1]) + runs[:, 2])[None]  # the last three do nothing
    found = design.shapley(runs, scores)[0]
    assert found == pytest.approx([1, 1, 1, 0, 0, 0])
    assert design.add_one_in(runs, scores)[0] == pytest.approx([0, 0, 1, 0, 0, 0])
    assert design.leave_one_out(runs, scores)[0] == pytest.approx([2, 2, 1, 0, 0, 0])
    main, interactions = design.effects(runs, scores)
    assert main[0] == pytest.approx([1, 1, 1, 0, 0, 0])
    assert interactions[0] == pytest.approx([2.0] + [0.0] * 14)


def test_what_three_do_together_is_left_over_by_a_half_fraction():
    every, half = design.full_factorial(6), design.with_corners(design.half_fraction(6))
    exact, fitted = ((runs[:, :3].all(axis=1) * 1.0)[None].repeat(2, axis=0) for runs in (every, half))
    assert design.attribute(every, exact).rest.mean == pytest.approx(0)
    assert design.attribute(half, fitted).rest.mean == pytest.approx(1 / 4)  # three main effects of a quarter
    assert design.attribute(half, fitted).joint.mean == pytest.approx(1)


def test_intervals_of_a_half_fraction_cover_the_truth():
    random, value = np.random.default_rng(7), game(6, 2, 3)
    runs = design.with_corners(design.half_fraction(6))
    truth, inside, together = by_definition(6, value), [], []
    for _ in range(400):
        scores = value(runs) + random.standard_normal((5, len(runs)))
        found = design.attribute(runs, scores).shapley
        inside += [one.interval[0] < true < one.interval[1] for one, true in zip(found, truth, strict=True)]
        together.append(
            all(one.simultaneous[0] < true < one.simultaneous[1] for one, true in zip(found, truth, strict=True))
        )
    assert 0.93 < np.mean(inside) < 0.97
    assert 0.92 < np.mean(together) < 0.99  # Bonferroni's promise is at least 95%


@pytest.mark.parametrize(
    "interval, verdict",
    [((0.1, 0.3), BETTER), ((-0.3, -0.1), WORSE), ((-0.004, 0.008), EQUIVALENT), ((-0.1, 0.1), CANNOT_TELL)],
)
def test_verdicts_come_from_the_simultaneous_interval(interval, verdict):
    assert Estimate(mean=0.0, interval=(0.0, 0.0), simultaneous=interval).verdict(0.01) == verdict


def test_an_idle_factor_is_one_that_changes_no_output():
    runs = design.full_factorial(3)
    outputs = [np.array([row[0], row[0] & row[1]], np.float32) for row in runs]
    assert [design.idle(runs, outputs, factor) for factor in range(3)] == [False, False, True]


def test_designs_that_cannot_tell_are_refused():
    scores = np.zeros((2, 16))
    with pytest.raises(ValueError, match=r"Expected all 16 combinations of 4 factors, got 8"):
        design.effects(design.half_fraction(4), scores[:, :8])
    with pytest.raises(ValueError, match=r"Expected the run 000000 \(1 is on\).*`with_corners`"):
        design.joint(design.half_fraction(6)[1:], np.zeros((2, 31)))
    with unchecked(), pytest.raises(ValueError, match=r"Expected scores \[seeds, 16 runs\], got the shape \(2, 15\)"):
        design.shapley(design.full_factorial(4), scores[:, :15])
    with pytest.raises(ValueError, match="Expected two seeds or more, got 1"):
        design.attribute(design.full_factorial(4), scores[:1])
