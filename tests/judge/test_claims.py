"""Claims: verdicts come from intervals alone; a planted null is equivalent, a planted harm refuted; intervals cover."""

from dataclasses import replace

import numpy as np
import pytest

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, LESS, MORE, REFUTED, SAME
from epochal.core.experiment import EQUIVALENT
from epochal.judge.claims import Question, judge, newcombe, overall, student, verdict, welch, wilson


def correct(accuracy: float, seeds: int = 5, items: int = 10_000, seed: int = 0) -> np.ndarray:
    """[seeds, items] of answers that are right this often, the same items hard for all."""
    random = np.random.default_rng(seed)
    hard = random.random(items)
    return (hard + random.normal(0, 0.05, (seeds, items))) < accuracy


def accuracy_question(control: float, arm: float, predicted: str = MORE, size: float = 0.02) -> Question:
    return Question(
        text="Does it help?", unit="accuracy", control="without", control_values=correct(control, seed=1), arm="with",
        values=correct(arm, seed=1), predicted=predicted, size=size, margin=0.01, percent=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "control, arm, expected",
    [(0.7, 0.8, CONFIRMED), (0.7, 0.7, EQUIVALENT), (0.8, 0.7, REFUTED), (0.8, 0.815, REFUTED)],
    ids=["help", "planted null", "planted harm", "smaller than claimed"],
)
def test_accuracy(control: float, arm: float, expected: str) -> None:
    (check,) = judge([accuracy_question(control, arm)])
    assert check.verdict == expected
    assert check.effect == pytest.approx(arm - control, abs=0.02)
    assert check.interval[0] <= check.effect <= check.interval[1]
    assert (check.seeds, check.items) == (5, 10_000)
    assert check.control_mean == pytest.approx(control, abs=0.03)


@pytest.mark.parametrize("control, arm, alone", [(0.8, 0.7, REFUTED), (0.7, 0.7, EQUIVALENT), (0.7, 0.8, CONFIRMED)])
def test_what_was_still_learning_is_not_refuted(control: float, arm: float, alone: str) -> None:
    asked = accuracy_question(control, arm)
    (plain,) = judge([asked])
    (excused,) = judge([replace(asked, under_trained="with")])
    (raced,) = judge([replace(asked, under_trained="with", fixed_time=True)])
    assert (plain.verdict, plain.under_trained) == (alone, "")
    assert (raced.verdict, raced.under_trained) == (alone, ""), "where time is fixed, being slow is an answer"
    if alone == CONFIRMED:
        assert (excused.verdict, excused.under_trained) == (CONFIRMED, "")
    else:
        assert (excused.verdict, excused.under_trained) == (INCONCLUSIVE, "with")
    assert excused.interval == plain.interval


@pytest.mark.parametrize("control, arm, alone", [(0.8, 0.7, REFUTED), (0.7, 0.7, EQUIVALENT), (0.7, 0.8, CONFIRMED)])
def test_nothing_wins_against_what_was_still_learning(control: float, arm: float, alone: str) -> None:
    asked = replace(accuracy_question(control, arm), rival_under_trained="without")
    (check,) = judge([asked])
    (raced,) = judge([replace(asked, fixed_time=True)])
    held = (INCONCLUSIVE, "without") if alone == CONFIRMED else (alone, "")
    assert (check.verdict, check.under_trained) == held
    assert (raced.verdict, raced.under_trained) == (alone, "")


def test_a_change_that_changes_nothing_does_nothing_however_long_the_training() -> None:
    asked = replace(accuracy_question(0.7, 0.7), identical=True, under_trained="with")
    assert judge([asked])[0].verdict == EQUIVALENT


def test_a_predicted_fall_is_confirmed_by_a_fall() -> None:
    (check,) = judge([accuracy_question(0.8, 0.7, predicted=LESS)])
    assert check.verdict == CONFIRMED and check.effect < 0


def test_few_seeds_that_scatter_are_inconclusive() -> None:
    values = np.array([0.5, 0.9, 0.7])
    question = Question(text="?", unit="score", control="a", control_values=values - 0.1, arm="b", values=values)
    assert judge([question])[0].verdict == INCONCLUSIVE


def test_questions_are_corrected_together() -> None:
    one = accuracy_question(0.7, 0.8)
    alone, (joint, _) = judge([one])[0], judge([one, one])
    assert joint.interval == alone.interval
    assert joint.simultaneous[0] < alone.simultaneous[0] < alone.simultaneous[1] < joint.simultaneous[1]
    exact = Question(text="?", unit="parameters", kind="exact", arm="net", values=60_000, size=60_000)
    assert judge([one, exact])[0].simultaneous == alone.simultaneous, "what is exact needs no correction"


@pytest.mark.parametrize(
    "factor, predicted, size, expected",
    [(10, MORE, 2, CONFIRMED), (0.1, LESS, 2, CONFIRMED), (1.2, MORE, 6, REFUTED), (1, MORE, 2, EQUIVALENT),
     (5, LESS, 2, REFUTED)],
)  # fmt: skip
def test_ratios(factor: float, predicted: str, size: float, expected: str) -> None:
    steps = np.array([90.0, 100, 110, 95, 105])
    question = Question(
        text="How much faster?", unit="steps", kind="ratio", control="a", control_values=steps, arm="b",
        values=factor * steps[::-1], predicted=predicted, size=size, margin=1.3,
    )  # fmt: skip
    (check,) = judge([question])
    assert check.verdict == expected
    assert check.effect == pytest.approx(factor)
    assert check.interval[0] < factor < check.interval[1]
    assert check.control_mean == pytest.approx(np.exp(np.log(steps).mean()))


def test_shares() -> None:
    solved, never = np.r_[np.ones(80), np.zeros(20)], np.zeros(100)
    shares = {"text": "?", "unit": "seeds that solve it", "kind": "share", "arm": "hidden units", "values": solved}
    (alone,) = judge([Question(**shares, size=0.5)])
    assert (alone.verdict, alone.effect) == (CONFIRMED, 0.8)
    assert alone.interval == pytest.approx((0.711, 0.867), abs=2e-3), "Wilson"
    (against,) = judge([Question(**shares, control="none", control_values=never, size=0.5)])
    assert against.verdict == CONFIRMED and 0.69 < against.interval[0] < 0.8 < against.interval[1] < 0.88
    (at_most,) = judge([Question(**(shares | {"values": never}), size=0.1, predicted=LESS)])
    assert at_most.verdict == CONFIRMED
    assert judge([Question(**shares, size=0.9)])[0].verdict == REFUTED


def test_values() -> None:
    question = Question(
        text="?", unit="mistakes over the bound", kind="value", arm="perceptron", values=[0.2, 0.3, 0.25],
        predicted=LESS, size=1.0,
    )  # fmt: skip
    assert judge([question])[0].verdict == CONFIRMED


@pytest.mark.parametrize("found, expected", [(9760, CONFIRMED), (9761, REFUTED)])
def test_exact(found: int, expected: str) -> None:
    (check,) = judge([Question(text="?", unit="parameters", kind="exact", arm="net", values=found, size=9760)])
    assert check.verdict == expected and check.interval == (found, found)


def test_the_same() -> None:
    bounds = {"predicted": SAME, "size": 0.0, "margin": 0.01}
    assert verdict(-0.005, 0.005, **bounds) == CONFIRMED
    assert verdict(0.02, 0.03, **bounds) == REFUTED
    assert verdict(-0.02, 0.03, **bounds) == INCONCLUSIVE


def test_a_claim_needs_all_of_its_checks() -> None:
    good, null, harm = (judge([accuracy_question(0.7, arm)])[0] for arm in (0.8, 0.7, 0.6))
    assert overall([good, good]) == CONFIRMED
    assert overall([good, null]) == EQUIVALENT
    assert overall([good, null, harm]) == REFUTED


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_intervals_cover(seeds: int) -> None:
    """Over 4,000 simulated experiments, whose arms differ in spread: 95% intervals hold the truth."""
    random = np.random.default_rng(seeds)
    tables = random.normal(0, 1, (4000, seeds)), random.normal(1, 2, (4000, seeds))
    hits = [low <= 1 <= high for _, low, high in (welch(a, b) for a, b in zip(*tables, strict=True))]
    assert 0.93 <= np.mean(hits) <= 0.975
    hits = [low <= 1 <= high for _, low, high in map(student, tables[1])]
    assert 0.935 <= np.mean(hits) <= 0.965
    first, second = random.random((2, 4000, 50)) < np.array([0.3, 0.6])[:, None, None]
    hits = [low <= 0.3 <= high for _, low, high in map(newcombe, first, second)]
    assert 0.93 <= np.mean(hits) <= 0.97


def test_a_null_is_seldom_called() -> None:
    random = np.random.default_rng(0)
    told = []
    for _ in range(1000):
        first, second = random.normal(0, 1, (2, 5))
        (check,) = judge([Question(text="?", unit="score", control="a", control_values=first, arm="b", values=second)])
        told.append(check.verdict)
    assert told.count(CONFIRMED) / 1000 <= 0.035, "one side of a 95% interval"


def test_wilson_at_the_ends() -> None:
    assert wilson(0, 20)[1] == 0 and 0.1 < wilson(0, 20)[2] < 0.2
    assert wilson(20, 20)[2] == 1 and 0.8 < wilson(20, 20)[1] < 0.9


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"values": [1.0, np.nan]}, "finite"),
        ({"values": [1.0]}, "two seeds or more"),
        ({"values": [1.0, 2.0], "kind": "ratio", "control_values": [0.0, 1.0]}, "above zero"),
        ({"values": [[1.0, 2.0]], "kind": "value"}, r"\[seeds\]"),
        ({"values": [1.0, 2.0]}, "values of a control"),
        ({"values": [1.0, 2.0], "kind": "exact"}, "one number"),
    ],
)
def test_bad_values_are_refused(wrong: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        judge([Question(text="?", unit="score", arm="b", **wrong)])


def values_question(random: np.random.Generator, effect: float) -> Question:
    """Values of items that are no zeros and ones, such as losses: small ones, so that pseudo-items would show."""
    items = 0.05 * random.standard_normal((1, 150))
    table = [items + 0.02 * random.standard_normal((3, 150)) + shift for shift in (0.3, 0.3 + effect)]
    return Question(text="?", unit="loss", arm="b", values=table[1], control="a", control_values=table[0])


def test_values_that_are_not_zeros_and_ones_get_no_pseudo_items() -> None:
    """Made for zeros and ones, they would give a width of 2 * 1.98 / 150 at least."""
    random = np.random.default_rng(0)
    inside, widths = [], []
    for _ in range(400):
        (check,) = judge([values_question(random, 0.01)])
        inside.append(check.interval[0] <= 0.01 <= check.interval[1])
        widths.append(check.interval[1] - check.interval[0])
    assert 0.925 < np.mean(inside) < 0.98
    assert np.mean(widths) < 0.4 * 2 * 1.98 / 150


def test_zeros_and_ones_keep_theirs() -> None:
    right = correct(0.9, seeds=1, items=100)
    (check,) = judge([Question(text="?", unit="accuracy", arm="b", values=right, control="a", control_values=right)])
    assert check.interval[1] == pytest.approx(1.98 / 100, rel=0.01)
