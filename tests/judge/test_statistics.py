"""The crossed layout against textbook answers, and intervals that stay honest at the edges."""

import numpy as np
import pytest
from scipy import stats
from signatures import unchecked

from epochal.judge.statistics import (
    CrossedMean,
    SeedSquares,
    crossed_difference,
    crossed_mean,
    half_width,
    mean_squares,
    score_interval,
    tail_freedom,
)


def crossed(seeds, items, seed_spread, item_spread, noise, mean=0.0, random=None):
    random = random or np.random.default_rng(0)
    rows, columns = random.standard_normal((seeds, 1)), random.standard_normal((1, items))
    return mean + seed_spread * rows + item_spread * columns + noise * random.standard_normal((seeds, items))


def test_mean_squares_agree_with_the_definition():
    table = crossed(4, 30, 1.0, 2.0, 0.5)
    by_item, seed_square, residual_square = mean_squares(table)
    residual = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    assert by_item == pytest.approx(table.mean(axis=0))
    assert seed_square == pytest.approx(30 * table.mean(axis=1).var(ddof=1))
    assert residual_square == pytest.approx((residual**2).sum() / (3 * 29))


def test_mean_squares_of_a_batch_are_those_of_its_tables():
    batch = np.stack([crossed(3, 20, 1, 1, 1, random=np.random.default_rng(seed)) for seed in range(4)])
    one_by_one = [np.asarray(mean_squares(table)[1:]) for table in batch]
    np.testing.assert_allclose(np.stack(mean_squares(batch)[1:], axis=1), one_by_one)


def test_variance_components_are_recovered():
    layout = crossed_mean(crossed(400, 400, 0.7, 1.5, 1.0))
    assert layout.seed_variances[0] == pytest.approx(0.49, rel=0.25)
    assert layout.item_variance == pytest.approx(2.25, rel=0.25)


def test_one_row_is_the_one_sample_t_interval():
    values = np.random.default_rng(0).normal(0.3, 1, size=40)
    expected = stats.ttest_1samp(values, 0.0)
    layout = crossed_mean(values[None])
    assert layout.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert layout.p_value() == pytest.approx(expected.pvalue, rel=1e-6)


def test_deterministic_arms_are_the_paired_t_test():
    random = np.random.default_rng(0)
    first, second = (random.random((1, 200)) < 0.8).astype(float), (random.random((1, 200)) < 0.9).astype(float)
    expected = stats.ttest_rel(second[0], first[0])
    layout = crossed_difference(first, second, pseudo=0.0)
    assert layout.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert layout.p_value() == pytest.approx(expected.pvalue, rel=1e-6)


def test_seeds_alone_are_the_t_test_on_their_means():
    seeds_only = np.repeat(np.random.default_rng(0).normal(0.3, 1, size=(6, 1)), 50, axis=1)
    expected = stats.ttest_1samp(seeds_only[:, 0], 0.0)
    layout = crossed_mean(seeds_only)
    assert layout.interval() == pytest.approx(tuple(expected.confidence_interval()))
    assert layout.p_value() == pytest.approx(expected.pvalue, rel=1e-6)


def test_seeds_alone_of_two_arms_are_welchs_t_test_to_95_percent():
    random = np.random.default_rng(1)
    first = np.repeat(random.normal(0, 1, size=(5, 1)), 20, axis=1)
    second = np.repeat(random.normal(1, 2, size=(7, 1)), 20, axis=1)
    for shift, smallest in ((0.0, 0.0), (0.5, 0.05)):
        expected = stats.ttest_ind(second[:, 0], first[:, 0] + shift, equal_var=False)
        layout = crossed_difference(first + shift, second, pseudo=0.0)
        assert layout.interval() == pytest.approx(tuple(expected.confidence_interval()))
        assert layout.interval(0.8) == pytest.approx(tuple(expected.confidence_interval(0.8)))
        if expected.pvalue > smallest > 0:
            assert layout.p_value() == pytest.approx(expected.pvalue, rel=1e-6)
        else:
            assert expected.pvalue < layout.p_value() < 0.05


def test_beyond_95_percent_the_degrees_of_freedom_approach_the_least():
    """By the cube root: half the way at an eighth of the error."""
    parts, freedoms = np.array([1.0, 3.0]), np.array([2.0, 4.0])
    welch = 4.0**2 / (1.0 / 2 + 9.0 / 4)
    assert tail_freedom(parts, freedoms, 0.8) == tail_freedom(parts, freedoms, 0.95) == pytest.approx(welch)
    assert tail_freedom(parts, freedoms, 1 - 0.05 / 8) == pytest.approx((2 + welch) / 2)
    assert tail_freedom(parts, freedoms, 1 - 1e-12) == pytest.approx(2, abs=0.01)
    assert tail_freedom(np.array([2.0]), np.array([2.0]), 0.999) == 2


@pytest.mark.parametrize("spreads", [(1.0, 1.0), (0.1, 1.0), (0.5, 1.0), (1.0, 0.2)])
def test_an_interval_for_many_comparisons_misses_no_more_often_than_it_says(spreads):
    """Seeds only, three of each arm, one of them less steady: Welch's degrees of freedom miss 0.9% in place of 0.4%."""
    random, level, rounds = np.random.default_rng(0), 1 - 0.05 / 12, 40_000
    means = np.array(spreads) * random.standard_normal((rounds, 3, 2))
    difference = means.mean(axis=1) @ np.array([-1.0, 1.0])
    halves = half_width(np.zeros(rounds), means.var(axis=1, ddof=1) / 3, np.array([2.0, 2.0]), 1_000, level)
    assert (np.abs(difference) > halves).mean() < 1.7 * 0.05 / 12


def test_what_is_borrowed_is_weighted_by_its_degrees_of_freedom():
    own = SeedSquares(seeds=3, seed_square=8.0, residual_square=1.0)
    lent = SeedSquares(seeds=3, seed_square=8.0, residual_square=1.0, prior_square=2.0, prior_freedom=2.0)
    assert (own.square, own.freedom) == (8.0, 2.0)
    assert (lent.square, lent.freedom) == ((2 * 2.0 + 2 * 8.0) / 4, 4.0)
    alone = CrossedMean(mean=0.0, items=100, item_square=1.0, arms=(own,))
    helped = CrossedMean(mean=0.0, items=100, item_square=1.0, arms=(lent,))
    assert helped.alone == alone
    assert helped.half_width(0.996) < 0.5 * alone.half_width(0.996)
    assert helped.half_width(0.95) == alone.half_width(0.95)  # its own seeds must agree at 95%
    assert helped.half_width(0.951) == alone.half_width(0.95)
    assert helped.project().half_width(0.996) == pytest.approx(helped.half_width(0.996))
    level = 1 - helped.p_value(null=0.9)
    assert helped.half_width(level) == pytest.approx(0.9, rel=1e-6)


def test_close_to_mcnemar_for_deterministic_arms():
    random = np.random.default_rng(0)
    first = random.random((1, 1000)) < 0.5
    second = first ^ (random.random((1, 1000)) < 0.1)
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    mcnemar = 2 * stats.norm.sf(abs(gained - lost) / np.sqrt(gained + lost))
    assert crossed_difference(first, second).p_value() == pytest.approx(mcnemar, rel=0.05)


def test_equal_rows_count_as_one_seed():
    row = (np.random.default_rng(0).random((1, 100)) < 0.8).astype(float)
    assert crossed_mean(np.repeat(row, 5, axis=0)) == crossed_mean(row)
    assert crossed_mean(row).arms == ()


def test_equal_predictions_do_not_give_an_interval_of_zero_width():
    layout = crossed_difference(np.ones((3, 360)), np.ones((3, 360)))
    assert layout.mean == 0
    assert layout.half_width() == pytest.approx(1.967 / 360, rel=1e-3)
    assert layout.p_value() == 1.0


def test_p_value_and_interval_agree():
    layout = crossed_difference(
        crossed(3, 50, 0.3, 1, 1), crossed(3, 50, 0.3, 1, 1, mean=0.5, random=np.random.default_rng(5))
    )
    level = 1 - layout.p_value()
    assert layout.half_width(level) == pytest.approx(abs(layout.mean), rel=1e-6)
    assert layout.p_value(null=layout.interval(0.9)[0]) == pytest.approx(0.1, rel=1e-5)


def test_width_grows_with_the_level_and_shrinks_with_items_and_seeds():
    layout = crossed_difference(crossed(3, 100, 0.1, 1, 1), crossed(3, 100, 0.1, 1, 1, random=np.random.default_rng(5)))
    widths = [layout.half_width(level) for level in (0.5, 0.8, 0.95, 0.99, 0.9999)]
    assert widths == sorted(widths)
    assert layout.project(items=1000).half_width() < layout.project(items=200).half_width()
    assert layout.project(seeds=10).half_width() < layout.project(seeds=4).half_width()


def test_projection_to_the_same_size_keeps_the_layout():
    layout = crossed_difference(crossed(5, 100, 0.5, 1, 1), crossed(5, 100, 0.5, 1, 1, random=np.random.default_rng(5)))
    assert min(layout.seed_variances) > 0
    assert layout.project().half_width() == pytest.approx(layout.half_width())


def test_detectable_effect_is_detected_with_the_power_that_it_says():
    """Planted: known components, so that the estimate of power can be checked by simulating them."""
    seeds, items, random = 4, 300, np.random.default_rng(0)
    truth = CrossedMean(
        mean=0.0,
        items=items,
        item_square=1 + 1 / seeds * 2,
        arms=(SeedSquares(seeds=seeds, seed_square=items * 0.01 + 1, residual_square=1.0),) * 2,
    )
    effect = truth.detectable(0.95, 0.8)
    found = 0
    for _ in range(400):
        items_effect = random.standard_normal((1, items)) / np.sqrt(2)
        first = 0.1 * random.standard_normal((seeds, 1)) + items_effect + random.standard_normal((seeds, items))
        second = effect + 0.1 * random.standard_normal((seeds, 1)) - items_effect * (np.sqrt(2) - 1)
        second = second + random.standard_normal((seeds, items))
        found += crossed_difference(first, second, pseudo=0.0).interval()[0] > 0
    assert 0.72 < found / 400 < 0.88


def test_strata_give_balanced_accuracy():
    random = np.random.default_rng(0)
    targets = np.array([0] * 90 + [1] * 10)
    right = random.random((3, 100)) < np.where(targets == 0, 0.95, 0.5)
    layout = crossed_mean(right, strata=targets)
    assert layout.mean == pytest.approx((right[:, :90].mean() + right[:, 90:].mean()) / 2)
    # The ten rare items carry half of the weight, so the interval must be far wider than that of plain accuracy.
    assert layout.half_width() > 1.5 * crossed_mean(right).half_width()


def test_variance_of_a_stratified_mean_is_the_textbook_one():
    targets = np.repeat([0, 1, 2], [50, 30, 20])
    values = np.random.default_rng(0).random((1, 100)) + targets
    expected = sum(values[0, targets == one].var(ddof=1) / (targets == one).sum() for one in range(3)) / 9
    assert crossed_mean(values, strata=targets).standard_error ** 2 == pytest.approx(expected, rel=0.05)


def test_equal_weights_change_nothing():
    table = crossed(3, 40, 1, 1, 1)
    weighted = crossed_mean(table, weights=np.full(40, 7.0))
    assert weighted.interval() == pytest.approx(crossed_mean(table).interval())
    heavy = crossed_mean(table, weights=np.arange(1.0, 41.0))
    assert heavy.mean == pytest.approx(np.average(table.mean(axis=0), weights=np.arange(1.0, 41.0)))


def test_score_interval_near_the_edges():
    assert score_interval(np.ones((3, 360)))[0] == 1.0
    assert score_interval(np.ones((3, 360)))[1] == pytest.approx(0.9894, abs=1e-3)
    assert score_interval(np.ones((3, 360)))[2] == 1.0
    mean, low, high = score_interval(np.zeros((1, 360)))
    assert (mean, low) == (0.0, 0.0)
    assert high == pytest.approx(0.0106, abs=1e-3)


def test_a_rare_class_without_error_leaves_more_doubt():
    targets = np.array([0] * 350 + [1] * 10)
    low = score_interval(np.ones((1, 360)), strata=targets)[1]
    assert 0.85 < low < score_interval(np.ones((1, 360)))[1] - 0.05
    doubt = crossed_difference(np.ones((1, 360)), np.ones((1, 360)), strata=targets).half_width()
    assert doubt > 2.5 * crossed_difference(np.ones((1, 360)), np.ones((1, 360))).half_width()


def test_score_interval_of_one_row_is_close_to_wilsons():
    right = np.zeros((1, 400))
    right[0, :340] = 1
    wilson = stats.binomtest(340, 400).proportion_ci(method="wilson")
    assert score_interval(right) == pytest.approx((0.85, wilson.low, wilson.high), abs=2e-3)


def test_refusals():
    with unchecked(), pytest.raises(ValueError, match=r"\[seeds, items\]; got the shape \(3,\)"):
        crossed_mean(np.zeros(3))
    with pytest.raises(ValueError, match="Leave out the seeds that diverged"):
        crossed_mean(np.array([[0.0, np.nan]]))
    with pytest.raises(ValueError, match="weights or strata, and got both"):
        crossed_mean(np.eye(3), weights=np.ones(3), strata=np.arange(3))
    with pytest.raises(ValueError, match="Expected 3 weights, none negative"):
        crossed_mean(np.eye(3), weights=np.array([1.0, -1.0, 1.0]))
    with unchecked(), pytest.raises(ValueError, match="one stratum for each of 3 items"):
        crossed_mean(np.eye(3), strata=np.arange(2))
    with unchecked(), pytest.raises(ValueError, match="same items in both arms; got 3 and 4"):
        crossed_difference(np.eye(3), np.eye(4))
    with pytest.raises(ValueError, match="correctness as zeros and ones"):
        score_interval(np.full((1, 10), 0.5))
