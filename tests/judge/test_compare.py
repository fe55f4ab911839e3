"""Planted gains, harms and nulls get the verdict they deserve."""

import numpy as np
import pytest

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding
from epochal.judge.compare import Pair, compare, compare_family
from epochal.judge.verdict_text import what_would_settle


def networks(accuracy, *, seeds=5, items=2000, difficulty_seed=0, seed=1):
    """Correctness [seeds, items] in which the same items are hard for every network."""
    random = np.random.default_rng(seed)
    score = np.random.default_rng(difficulty_seed).random(items) + 0.1 * random.standard_normal(items)
    score = score + 0.02 * random.standard_normal((seeds, items))
    return score < np.quantile(score, accuracy)


def judge(control, arm, **options):
    return compare(control, arm, **{"control": "old", "arm": "new", "margin": 0.01} | options)


def test_a_planted_gain_is_better_and_a_planted_harm_is_worse():
    low, high = networks(0.90), networks(0.94, seed=2)
    gain, harm = judge(low, high), judge(high, low)
    assert (gain.verdict, harm.verdict) == (BETTER, WORSE)
    assert gain.effect == pytest.approx(high.mean() - low.mean())
    assert harm.effect == pytest.approx(-gain.effect)
    assert harm.interval == pytest.approx((-gain.interval[1], -gain.interval[0]))
    assert gain.interval[0] < 0.04 < gain.interval[1]
    assert gain.p_value < 0.001
    assert gain.needed_items is None and gain.needed_seeds is None
    assert (gain.seeds, gain.items, gain.comparisons) == (5, 2000, 1)


def test_a_null_is_equivalent_when_the_margin_is_wide_and_cannot_be_told_when_it_is_narrow():
    first, second = networks(0.9), networks(0.9, seed=2)
    assert judge(first, second, margin=0.03).verdict == EQUIVALENT
    finding = judge(first, second, margin=0.0005)
    assert finding.verdict == CANNOT_TELL
    assert finding.interval[0] < 0 < finding.interval[1]


def test_a_real_but_tiny_effect_is_equivalent():
    first = networks(0.9, items=20_000)
    second = first.copy()
    second[:, np.flatnonzero(~first.any(axis=0))[:40]] = True
    finding = judge(first, second, margin=0.01)
    assert finding.effect == pytest.approx(0.002)
    assert finding.verdict == EQUIVALENT


def test_more_comparisons_widen_the_simultaneous_interval_only():
    first, second = networks(0.9), networks(0.92, seed=2)
    one, ten = judge(first, second), judge(first, second, comparisons=10)
    assert one.interval == one.simultaneous == ten.interval
    assert ten.simultaneous[0] < ten.interval[0] < ten.interval[1] < ten.simultaneous[1]
    assert ten.detectable > one.detectable
    assert ten.p_value == one.p_value


def test_a_family_shares_its_correction():
    control, arm = networks(0.9), networks(0.93, seed=2)
    pairs = [Pair(control="a", arm=name, control_correct=control, arm_correct=arm) for name in "bcd"]
    findings = compare_family(pairs, margin=0.01)
    assert [finding.arm for finding in findings] == ["b", "c", "d"]
    assert findings[0] == compare(control, arm, control="a", arm="b", margin=0.01, comparisons=3)


def test_a_deterministic_arm_may_be_one_row_or_repeated():
    control, arm = networks(0.9)[:1], networks(0.93, seed=2)
    one, repeated = judge(control, arm), judge(np.repeat(control, 5, axis=0), arm)
    assert one == repeated
    assert one.seeds == 5


def test_one_seed_gives_an_interval_over_items_only():
    finding = judge(networks(0.9, seeds=1), networks(0.95, seeds=1, seed=2))
    assert finding.seeds == 1 and finding.verdict == BETTER and finding.needed_seeds is None


def test_what_is_needed_would_settle_it():
    control, arm = networks(0.9, items=400), networks(0.92, items=400, seed=2)
    finding = judge(control, arm)
    assert finding.verdict == CANNOT_TELL
    assert 400 < finding.needed_items < 4000
    assert finding.detectable > finding.effect
    more = judge(networks(0.9, items=3 * finding.needed_items), networks(0.92, items=3 * finding.needed_items, seed=2))
    assert more.verdict == BETTER
    assert "more test images" in what_would_settle(finding)


def test_identical_predictions_on_few_items_are_not_a_proof():
    same = networks(0.9, seeds=1, items=100)
    finding = judge(same, same, margin=0.005)
    assert finding.effect == 0
    assert finding.verdict == CANNOT_TELL
    assert 100 < finding.needed_items < 1000


def test_identical_logits_are_no_effect():
    same = networks(0.9, items=100)
    finding = judge(same, same, identical=True)
    assert (finding.verdict, finding.marks, finding.interval) == (EQUIVALENT, (NO_EFFECT,), (0.0, 0.0))
    with pytest.raises(ValueError, match="said to be identical, and their correctness differs"):
        judge(same, networks(0.8, items=100), identical=True)


@pytest.mark.parametrize(
    ("accuracies", "flags", "marked"),
    [
        ((0.90, 0.95), {"control_under_trained": True}, True),  # the loser is flagged
        ((0.90, 0.95), {"arm_under_trained": True}, False),  # the winner is: it won all the same
        ((0.95, 0.90), {"arm_under_trained": True}, True),
        ((0.95, 0.90), {"control_under_trained": True}, False),
        ((0.90, 0.90), {"arm_under_trained": True}, True),  # a tie
        ((0.90, 0.90), {"control_under_trained": True}, True),
        ((0.90, 0.95), {}, False),
    ],
)
def test_the_mark_goes_where_more_training_might_turn_the_verdict(accuracies, flags, marked):
    finding = judge(networks(accuracies[0]), networks(accuracies[1], seed=2), **flags)
    assert (UNDER_TRAINED in finding.marks) == marked


def test_balanced_accuracy():
    targets = np.array([0] * 1900 + [1] * 100)
    control = np.ones((3, 2000), bool)
    control[:, 1900:] = np.random.default_rng(0).random((3, 100)) < 0.5
    arm = np.ones((3, 2000), bool)
    arm[:, :1900] = np.random.default_rng(1).random((3, 1900)) < 0.95
    assert judge(control, arm).verdict == WORSE
    balanced = judge(control, arm, targets=targets)
    assert balanced.verdict == BETTER
    assert balanced.effect == pytest.approx((1 + arm[:, :1900].mean()) / 2 - (1 + control[:, 1900:].mean()) / 2)


def test_a_finding_goes_to_json_and_back():
    finding = judge(networks(0.9), networks(0.92, seed=2))
    assert Finding.from_json(finding.to_json()) == finding


def test_refusals():
    good = networks(0.9, items=50)
    with pytest.raises(ValueError, match="old was scored on 50 items and new on 40"):
        judge(good, networks(0.9, items=40))
    with pytest.raises(ValueError, match=r"correctness of old as \[seeds, items\]; got the shape \(50,\)"):
        judge(good[0], good)
    with pytest.raises(ValueError, match="zeros and ones"):
        judge(good, good * 0.5)
    with pytest.raises(ValueError, match="margin from 0 to below 1, as a fraction; got 5"):
        judge(good, good, margin=5)
    with pytest.raises(ValueError, match="one comparison or more; got 0"):
        judge(good, good, comparisons=0)
