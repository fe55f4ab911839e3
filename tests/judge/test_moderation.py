"""What arms borrow from each other: against the density it comes from, Smyth's moments, and planted families."""

import numpy as np
import pytest
from scipy import special, stats

from epochal.judge.moderation import borrowed, lend, log_density
from epochal.judge.statistics import crossed_difference


def alike(arms, seeds=3, spread=5.0, random=None):
    """Variances between seeds of arms that are all as steady, in points squared."""
    random = random or np.random.default_rng(0)
    return spread**2 * random.chisquare(seeds - 1, arms) / (seeds - 1)


def two(arms):
    return np.full(arms, 2.0)


def test_the_density_is_that_of_fishers_f():
    ratios = np.array([0.01, 0.5, 1.0, 7.0, 300.0])
    expected = stats.f(2, 3.5).logpdf(ratios) + np.log(ratios)  # of the logarithm, hence the Jacobian
    assert log_density(np.log(ratios), np.float64(2), np.float64(3.5)) == pytest.approx(expected)


def test_many_arms_that_are_alike_lend_their_common_variance():
    """By Smyth's moments, with infinite d0: log s0^2 = mean(log s^2) - digamma(d / 2) + log(d / 2)."""
    variances = alike(200)
    moments = np.exp(np.mean(np.log(variances)) - special.digamma(1.0) + np.log(1.0))
    assert moments == pytest.approx(25, rel=0.2)
    squares, freedoms = borrowed(variances, two(200))
    inside = variances < 25 * np.log(100)  # those that one in a hundred exceeds may count as out of range
    assert squares[inside] == pytest.approx(moments, rel=0.15)
    assert (freedoms[inside] == 2).all()


def test_the_spread_of_the_variances_decides_how_much_is_lent():
    """By Smyth's equation trigamma(d0 / 2) = var(log s^2) - trigamma(d / 2); where d0 is a half nothing is lent."""
    random = np.random.default_rng(0)
    true = 25 * 0.5 / random.chisquare(0.5, 200)
    variances = true * random.chisquare(2, 200) / 2
    left = np.var(np.log(variances), ddof=1) - special.polygamma(1, 1.0)
    assert special.polygamma(1, 0.5 / 2) == pytest.approx(left, rel=0.4)
    assert not borrowed(variances, two(200))[1].any()


def test_in_a_climb_of_steady_and_unsteady_arms_nothing_is_lent():
    random = np.random.default_rng(0)
    spreads = np.array([0.3] * 6 + [5.0] * 6 + [10.0])
    variances = spreads**2 * random.chisquare(2, (200, 13)) / 2
    assert (borrowed(variances, two(13))[1] > 0).mean() < 0.02


def test_an_arm_out_of_the_others_range_borrows_nothing_and_the_others_do_not_suffer():
    variances = np.array([0.09, 0.05, 0.2, 0.11, 0.07, 0.02, 0.15, 0.3, 0.08, 0.1, 0.12, 0.06, 100.0])
    squares, freedoms = borrowed(variances, two(13))
    assert freedoms[-1] == 0
    assert (squares[:-1] < 0.5).all()
    assert (freedoms[:-1] >= 1).all()
    _, before = borrowed(variances[:-1], two(12))
    assert (before == 2).all()


@pytest.mark.parametrize(
    ("arms", "seeds", "lent"), [(13, 3, 2), (9, 3, 2), (8, 3, 0), (2, 3, 0), (13, 2, 0), (13, 4, 1)]
)
def test_few_arms_and_two_seeds_or_five_borrow_nothing(arms, seeds, lent):
    """An arm borrows no more degrees of freedom than it has, and not beyond four in all."""
    variances = np.linspace(20, 30, arms)
    _, freedoms = borrowed(variances, np.full(arms, seeds - 1.0))
    assert freedoms == pytest.approx(np.full(arms, lent))
    assert not borrowed(variances, np.full(arms, 4.0))[1].any()


def test_a_batch_is_its_families_one_by_one():
    random = np.random.default_rng(0)
    batch = np.stack([alike(13, random=random) for _ in range(5)])
    together = borrowed(batch, two(13))
    for place, variances in enumerate(batch):
        for whole, one in zip(together, borrowed(variances, two(13)), strict=True):
            assert whole[place] == pytest.approx(one)


def test_variances_of_zero_are_small_variances():
    squares, freedoms = borrowed(np.zeros(13), two(13))
    assert np.isfinite(squares).all() and np.isfinite(freedoms).all()
    squares, freedoms = borrowed(np.array([0.0] * 3 + [20.0, 25.0, 30.0] * 4), two(15))
    assert np.isfinite(squares).all() and np.isfinite(freedoms).all()


def arm(random, seeds=3, items=60):
    return random.random((1, items)) + 0.1 * random.standard_normal((seeds, 1)) + random.random((seeds, items))


def test_an_arm_in_many_comparisons_counts_once():
    """The best of a climb is in all of them; its variance is no evidence twelve times over."""
    random = np.random.default_rng(0)
    best, *others = (arm(random) for _ in range(13))
    layouts = lend([crossed_difference(best, other) for other in others])
    squares = np.array([layouts[0].arms[0].seed_square, *(one.arms[1].seed_square for one in layouts)]) / 60
    expected, freedoms = borrowed(squares, two(13))
    assert [one.arms[0] for one in layouts] == [layouts[0].arms[0]] * 12
    assert layouts[0].arms[0].prior_square == pytest.approx(60 * expected[0])
    assert [one.arms[1].prior_square for one in layouts] == pytest.approx(60 * expected[1:])
    assert [one.arms[1].prior_freedom for one in layouts] == pytest.approx(freedoms[1:])
    assert (freedoms > 0).any()
    assert [one.alone for one in layouts] == [crossed_difference(best, other) for other in others]


def test_arms_without_luck_neither_lend_nor_borrow():
    random = np.random.default_rng(0)
    fixed = [arm(random, seeds=1) for _ in range(12)]
    layouts = [crossed_difference(arm(random), other) for other in fixed[:3]]
    assert lend(layouts) == layouts
    assert lend([crossed_difference(fixed[0], fixed[1])]) == [crossed_difference(fixed[0], fixed[1])]
