"""Planted gains, harms and nulls get the verdict they deserve."""

import numpy as np
import pytest
from scipy import stats
from signatures import unchecked

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding
from epochal.core.metric import ACCURACY, LOWER, Metric
from epochal.judge.compare import Pair, compare, compare_family
from epochal.judge.goals.classes import METRICS, doubt, items
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


def family(arms, control=None, **options):
    """The findings of arms {name: values} against one control."""
    control = networks(0.9) if control is None else control
    pairs = [Pair(control="old", arm=name, control_items=control, arm_items=arm) for name, arm in arms.items()]
    return {finding.arm: finding for finding in compare_family(pairs, **{"margin": 0.01} | options)}


def test_a_family_is_told_step_by_step():
    """The k-th smallest p-value of m is tested at 5% / (m - k + 1)."""
    arms = {"far": networks(0.97, seed=4), "near": networks(0.915, seed=3), "same": networks(0.9, seed=2)}
    told = family(arms, margin=0.001)
    assert list(told) == list(arms)
    assert [finding.verdict for finding in told.values()] == [BETTER, BETTER, CANNOT_TELL]
    for name, at in (("far", 3), ("near", 2), ("same", 3)):
        alone = judge(networks(0.9), arms[name], margin=0.001, comparisons=at)
        assert told[name].simultaneous == alone.simultaneous
        assert (told[name].interval, told[name].p_value) == (alone.interval, alone.p_value)
        assert told[name].comparisons == 3


def test_a_comparison_after_one_that_was_not_told_is_not_told():
    """Its own step would have told it; Holm stops at the first that fails."""
    arms = {f"null {k}": networks(0.9, seed=20 + k) for k in range(9)} | {"near": networks(0.915, seed=3)}
    told = family(arms, margin=0.0)
    assert 0.005 < judge(networks(0.9), arms["near"], margin=0.0).p_value < 0.05
    assert {finding.verdict for finding in told.values()} == {CANNOT_TELL}


def test_one_comparison_is_a_family_of_one():
    control, arm = networks(0.9), networks(0.92, seed=2)
    assert family({"new": arm}, control)["new"] == judge(control, arm)


def test_the_interval_that_is_printed_is_the_one_that_decided():
    random, seen = np.random.default_rng(0), set()
    for _ in range(60):
        gains = random.choice([0.0, 0.005, 0.02, 0.05, -0.04], size=4)
        arms = {
            str(k): networks(0.9 + gain, seeds=3, items=1_000, seed=int(random.integers(1_000_000)))
            for k, gain in enumerate(gains)
        }
        for finding in family(arms, networks(0.9, seeds=3, items=1_000), margin=0.03).values():
            low, high = finding.simultaneous
            seen.add(finding.verdict)
            if finding.verdict == CANNOT_TELL:
                assert low <= 0 <= high and (low <= -finding.margin or high >= finding.margin)
            elif finding.verdict == EQUIVALENT:
                assert -finding.margin < low and high < finding.margin
            else:
                assert (low > 0) if finding.verdict == BETTER else (high < 0)
    assert seen == {BETTER, WORSE, EQUIVALENT, CANNOT_TELL}


def test_holm_keeps_the_nulls_of_a_family():
    """Two arms that differ leave the family, and the three nulls that are left are rarely told."""
    random, wrong, left = np.random.default_rng(0), 0, 0
    for _ in range(120):
        hard = random.random(200)

        def arm(accuracy, hard=hard):
            luck = 0.01 * random.standard_normal((3, 1))
            return hard + 0.2 * random.standard_normal((3, 200)) < accuracy + luck

        arms = {"far": arm(0.95), "farther": arm(1.0)} | {str(k): arm(0.6) for k in range(3)}
        told = family(arms, arm(0.6), margin=0.0)
        left += told["far"].verdict == told["farther"].verdict == BETTER
        wrong += any(told[str(k)].verdict != CANNOT_TELL for k in range(3))
    assert left / 120 > 0.9
    assert wrong / 120 <= 0.05 + 2.5 * np.sqrt(0.05 * 0.95 / 120)


@pytest.mark.parametrize(("rows", "others"), [(1, 0), (3, 0), (1, 4)])
def test_a_difference_of_fifty_points_is_told(rows, others):
    """Three seeds whose accuracy varies by 2 points, on 72 items, some of which are hard for all; alone, or beside
    others that differ as much."""
    random = np.random.default_rng(0)

    def arm(accuracy, seeds):
        luck = 0.02 * random.standard_normal((seeds, 1))
        return hard + 0.1 * random.standard_normal((seeds, 72)) < accuracy + luck

    for _ in range(50):
        hard = random.random(72)
        told = family({str(k): arm(0.92, 3) for k in range(1 + others)}, arm(0.42, rows), margin=0.005)
        assert {finding.verdict for finding in told.values()} == {BETTER}


def test_lower_is_better_for_a_loss():
    random = np.random.default_rng(0)
    loss = METRICS["log-loss"]
    control = random.exponential(0.5, (1, 500)) + 0.05 * random.standard_normal((3, 500))
    finding = judge(control, control - 0.1, metric=loss, arm_under_trained=True)
    assert finding.verdict == BETTER and finding.effect == pytest.approx(-0.1)
    assert finding.marks == ()  # the winner was under-trained: it won all the same
    assert (finding.unit, finding.percent, finding.better) == ("nats", False, LOWER)
    assert finding.simultaneous[1] < 0
    harm = judge(control, control + 0.1, metric=loss, arm_under_trained=True)
    assert (harm.verdict, harm.marks) == (WORSE, (UNDER_TRAINED,))
    assert Finding.from_json(finding.to_json()) == finding


def test_a_margin_is_the_metrics_own_unless_it_is_given():
    control, arm = networks(0.9), networks(0.9, seed=2)
    assert judge(control, arm, margin=None).margin == ACCURACY.margin
    with pytest.raises(ValueError, match="a margin of zero or more, in nats; got -1"):
        judge(1.0 * control, 1.0 * arm, metric=METRICS["log-loss"], margin=-1)
    assert judge(1.0 * control, 1.0 * arm, metric=METRICS["log-loss"], margin=5).verdict == EQUIVALENT


def test_equal_ranks_on_few_items_are_not_a_proof():
    """Without a pseudo-item in each class the interval would have no width."""
    targets, metric = np.array([0] * 90 + [1] * 10), METRICS["auroc"]
    chances = np.random.default_rng(0).dirichlet((1, 1), size=100)
    values = items(metric, chances, targets)[None]
    finding = judge(values, values, metric=metric, margin=0.005, doubt=doubt(metric, targets))
    assert finding.verdict == CANNOT_TELL and finding.simultaneous[1] > 0.02


def test_an_arm_without_luck_varies_over_items_only():
    control, arm = networks(0.9, seeds=1), networks(0.93, seed=2)
    repeated = judge(np.repeat(control, 3, axis=0), arm[:1])
    assert repeated.needed_seeds is None
    assert repeated == judge(control, np.repeat(arm[:1], 3, axis=0))
    assert judge(control, arm).interval != repeated.interval


def test_a_finding_of_an_earlier_run_is_one_of_accuracy():
    old = judge(networks(0.9), networks(0.92, seed=2)).to_dict()
    new = {name: old.pop(name) for name in ("metric", "unit", "percent", "better")}
    assert Finding.from_dict(old) == Finding.from_dict(old | new)


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
    assert "more test images" in what_would_settle(finding, what="test images")


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
    with pytest.raises(ValueError, match="said to be identical, and their values differ"):
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
    metric = METRICS["balanced-accuracy"]

    def values(right):
        chances = np.where(right[:, :, None], np.eye(2)[targets], np.eye(2)[1 - targets])
        return np.stack([items(metric, each, targets) for each in chances])

    balanced = judge(values(control), values(arm), metric=metric, doubt=doubt(metric, targets))
    assert balanced.verdict == BETTER
    assert (balanced.metric, balanced.unit, balanced.percent) == ("balanced-accuracy", "points", True)
    assert balanced.effect == pytest.approx((1 + arm[:, :1900].mean()) / 2 - (1 + control[:, 1900:].mean()) / 2)


def test_a_finding_goes_to_json_and_back():
    finding = judge(networks(0.9), networks(0.92, seed=2))
    assert Finding.from_json(finding.to_json()) == finding


def test_refusals():
    good = networks(0.9, items=50)
    with unchecked(), pytest.raises(ValueError, match="old was scored on 50 items and new on 40"):
        judge(good, networks(0.9, items=40))
    with unchecked(), pytest.raises(ValueError, match=r"correctness of old as \[seeds, items\]; got the shape \(50,\)"):
        judge(good[0], good)
    with pytest.raises(ValueError, match="zeros and ones"):
        judge(good, good * 0.5)
    with pytest.raises(ValueError, match="margin from 0 to below 1, as a fraction; got 5"):
        judge(good, good, margin=5)
    with pytest.raises(ValueError, match="one comparison or more; got 0"):
        judge(good, good, comparisons=0)


def test_one_value_a_seed_goes_to_welch():
    distance = Metric(name="distance", title="distance", unit="", better="lower", percent=False, margin=0.0)
    draw = np.random.default_rng(0)
    control, arm = draw.normal(3.5, 0.3, (6, 1)), draw.normal(2.5, 0.3, (6, 1))
    finding = compare(control, arm, control="DCGAN", arm="WGAN", metric=distance)
    test = stats.ttest_ind(arm[:, 0], control[:, 0], equal_var=False)
    welch = test.confidence_interval()
    assert finding.verdict == BETTER
    assert finding.interval == pytest.approx((welch.low, welch.high), rel=1e-6)
    assert test.pvalue < finding.p_value < 4 * test.pvalue  # beyond 95% the less certain arm's degrees of freedom count
    assert compare(control, control + 0.01, control="a", arm="b", metric=distance).needed_items is None
