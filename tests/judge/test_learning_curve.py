"""Planted power laws are found and extrapolated; curves that bend off the law, or are flat, are said to."""

import numpy as np
import pytest
from signatures import unchecked

from epochal.judge.learning_curve import fit_power_law, under_trained, would_more_data_help

SIZES = [67, 134, 269, 539, 1078]


def planted(floor, scale, exponent, *, noise=0.0, seeds=3, seed=0, sizes=SIZES):
    random = np.random.default_rng(seed)
    truth = floor + scale * np.asarray(sizes, float) ** -exponent
    return truth + noise * random.standard_normal((seeds, len(sizes)))


def test_a_law_without_noise_is_recovered():
    law = fit_power_law(SIZES, planted(0.03, 1.5, 0.6))
    assert law.floor == pytest.approx(0.03, abs=0.004)
    assert law.exponent == pytest.approx(0.6, abs=0.03)
    for size in (*SIZES, 2156):
        assert law(size) == pytest.approx(0.03 + 1.5 * size**-0.6, abs=0.002)


def test_the_band_covers_the_doubled_size_and_the_held_out_check():
    inside = covered = 0
    repetitions = 40
    for seed in range(repetitions):
        law = fit_power_law(SIZES, planted(0.05, 1.5, 0.5, noise=0.004, seed=seed))
        truth = 0.05 + 1.5 * 2156**-0.5
        _, low, high = law.predict(2156)
        covered += low <= truth <= high
        inside += law.held_out.inside
    assert covered >= 34 and inside >= 34  # 95% of 40 is 38; three standard errors below are 34


def test_falling_curve_says_that_more_data_would_help():
    answer = would_more_data_help(fit_power_law(SIZES, planted(0.0, 1.5, 0.5, noise=0.002)))
    assert answer.answer == "yes" and answer.larger == 2156
    assert answer.low < 1.5 * 2156**-0.5 < answer.high < answer.error
    assert answer.sentence.startswith("Yes: doubling the data, to 2,156 examples, would cut the error from 4.")


def test_flat_curve_says_that_it_would_not():
    answer = would_more_data_help(fit_power_law(SIZES, planted(0.08, 0.0, 0.5, noise=0.002)))
    assert answer.answer == "no"
    assert answer.sentence.startswith("No sign that more data would help: doubling the data")


def test_a_curve_that_leaves_its_law_cannot_tell():
    errors = planted(0.0, 1.5, 0.5, noise=0.002)
    errors[:, -1] += 0.03
    answer = would_more_data_help(fit_power_law(SIZES, errors))
    assert answer.answer == "cannot tell"
    assert "the curve predicted 4." in answer.sentence and "at 1,078 examples and 7." in answer.sentence


def test_three_sizes_cannot_be_checked():
    law = fit_power_law(SIZES[:3], planted(0.0, 1.5, 0.5, sizes=SIZES[:3], noise=0.001))
    assert law.held_out is None
    answer = would_more_data_help(law)
    assert answer.answer == "cannot tell" and "could not be checked" in answer.sentence


def test_errors_of_zero_are_no_accident():
    law = fit_power_law(SIZES, np.zeros((3, 5)))
    assert law(2156) == pytest.approx(0, abs=1e-9)
    assert would_more_data_help(law).answer == "no"


def test_the_same_errors_give_the_same_law():
    errors = planted(0.02, 1.0, 0.4, noise=0.01)
    assert fit_power_law(SIZES, errors) == fit_power_law(SIZES, errors)


def test_refusals():
    with pytest.raises(
        ValueError, match=r"three training sizes or more, each larger than the one before; got \[10, 20\]"
    ):
        fit_power_law([10, 20], np.zeros((1, 2)))
    with pytest.raises(ValueError, match="each larger than the one before"):
        fit_power_law([10, 30, 20], np.zeros((1, 3)))
    with pytest.raises(ValueError, match="Divide percentages by 100"):
        fit_power_law([10, 20, 30], np.array([[30.0, 20.0, 10.0]]))
    with unchecked(), pytest.raises(ValueError, match=r"\[seeds, 3 sizes\]; got the shape \(3,\)"):
        fit_power_law([10, 20, 30], np.zeros(3))


EXAMPLES = np.arange(1, 21) * 100


def test_a_falling_loss_is_under_trained():
    flag, why = under_trained([(EXAMPLES, np.exp(-EXAMPLES / 1500))] * 3)
    assert flag and "still falling at the end of the budget" in why and "3 of 3 seeds" in why


def test_a_loss_that_levelled_off_is_not():
    random = np.random.default_rng(0)
    curves = [(EXAMPLES, 0.3 + np.exp(-EXAMPLES / 200) + 0.002 * random.standard_normal(20)) for _ in range(3)]
    flag, why = under_trained(curves)
    assert not flag and "levelled off" in why


def test_a_loss_that_rises_again_is_not():
    assert not under_trained([(EXAMPLES, (EXAMPLES - 1200.0) ** 2 / 1e6 + 1)])[0]


def test_two_thirds_of_the_seeds_must_agree():
    falling, flat = (EXAMPLES, np.exp(-EXAMPLES / 1500)), (EXAMPLES, np.full(20, 0.5))
    assert under_trained([falling, falling, flat])[0]
    assert not under_trained([falling, flat, flat])[0]


@pytest.mark.parametrize("losses", [[0.5], [1.0, 0.5], [0.5, 1.0, 2.0]])
def test_a_curve_too_short_to_show_where_it_goes_is_under_trained(losses):
    # A training that a clock left with three points has been cut short, whatever the three say.
    short = (list(range(1, len(losses) + 1)), losses)
    flag, why = under_trained([short])
    assert flag
    assert why == f"Its curve has {len(losses)} point{'s' if len(losses) > 1 else ''}; fewer than 4 count as " + (
        "under-trained."
    )
    assert under_trained([(EXAMPLES, np.full(20, 0.5)), short])[0], "one seed that was cut short is enough"


def test_four_points_are_enough_to_tell():
    assert not under_trained([([1, 2, 3, 4], [1.0, 0.5, 0.5, 0.5])])[0]
    assert under_trained([([1, 2, 3, 4], [1.0, 0.8, 0.6, 0.4])])[0]


def test_infinite_losses_say_so():
    flag, why = under_trained([(EXAMPLES, np.full(20, np.inf))])
    assert not flag and "not finite" in why
    with pytest.raises(ValueError, match="one seed or more; got none"):
        under_trained([])
    with pytest.raises(ValueError, match="as many losses as numbers of examples"):
        under_trained([([1, 2, 3], [1.0, 2.0])])
