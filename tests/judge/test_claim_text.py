"""Checks of a claim in words: the effect, what was needed, and the sentence of the verdict."""

import pytest

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, LESS, REFUTED, VERDICTS, Check
from epochal.core.experiment import EQUIVALENT
from epochal.judge.claim_text import (
    answer,
    comparison,
    deciding,
    effect,
    level,
    needed,
    number,
    sentence,
    still_learning,
)


def check(**options):
    fields = {
        "question": "Do shortcuts make 56 layers train?",
        "kind": "difference",
        "unit": "training accuracy",
        "control": "plain",
        "arm": "residual",
        "control_mean": 0.57,
        "arm_mean": 1.0,
        "effect": 0.43,
        "interval": (0.381, 0.479),
        "simultaneous": (0.37, 0.49),
        "predicted": "more",
        "size": 0.1,
        "margin": 0.01,
        "verdict": CONFIRMED,
        "seeds": 5,
        "percent": True,
    }
    return Check(**(fields | options))


RATIO = {"kind": "ratio", "percent": False, "effect": 0.0951, "interval": (0.08, 0.1104), "size": 2.0, "margin": 1.1}
ALONE = {"control": "", "control_mean": None}


def test_number_has_three_digits():
    assert [number(value) for value in (0, 0.1234, 12.34, 967, 64660.0, 2.6e-6, 3e9)] == [
        "0",
        "0.123",
        "12.3",
        "967",
        "64,660",
        "2.6e-6",
        "3e9",
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "+43.0 points [+38.1, +47.9]"),
        ({"effect": -0.0002, "interval": (-0.01, 0.01)}, "-0.02 points [-1.0, +1.0]"),
        (RATIO, "0.0951 times [0.08, 0.11]"),
        ({"percent": False, "effect": 12.0, "interval": (-1.5, 25.5)}, "+12 [-1.5, +25.5]"),
        ({**ALONE, "kind": "share", "effect": 0.8, "interval": (0.71, 0.87)}, "80.0% [71.0, 87.0]"),
        ({**ALONE, "kind": "value", "percent": False, "effect": 9760.0, "interval": (9000.0, 9999.0)}, None),
        ({**ALONE, "kind": "exact", "percent": False, "effect": 14.0}, "14"),
        ({"kind": "value", "percent": False, "effect": 2.0, "interval": (1.0, 3.0)}, "+2 [+1, +3]"),
    ],
)
def test_effect_with_its_interval(options, said):
    assert effect(check(**options)) == (said or "9,760 [9,000, 9,999]")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "at least 10 points more"),
        ({"predicted": "less", "size": 0.01}, "at least 1 point less"),
        ({"size": 0.0}, "any more"),
        ({"predicted": "same"}, "no difference beyond 1 point"),
        ({"predicted": "same", "percent": False, "margin": 0.2}, "no difference beyond 0.2"),
        (RATIO, "at least 2 times"),
        (RATIO | {"predicted": "less"}, "at most 0.5 times"),
        (RATIO | {"predicted": "same"}, "no difference beyond a factor of 1.1"),
        (RATIO | {"size": 0.0}, "more than 1 time"),
        ({**ALONE, "kind": "share", "size": 0.95}, "at least 95.0%"),
        ({**ALONE, "kind": "value", "percent": False, "size": 3.0, "predicted": "less"}, "at most 3"),
        ({**ALONE, "kind": "exact", "percent": False, "size": 14.0}, "exactly 14"),
    ],
)
def test_needed(options, said):
    assert needed(check(**options)) == said


def test_level_is_no_effect():
    assert level(check(), 0.57) == "57.0%"
    assert level(check(**RATIO), 967) == "967"


def test_comparison_names_the_control_where_there_is_one():
    assert comparison(check()) == (
        "residual against plain, training accuracy +43.0 points [+38.1, +47.9]; the claim needs at least 10 points more"
    )
    alone = check(**ALONE, kind="share", effect=0.8, interval=(0.7, 0.9))
    assert comparison(alone).startswith("residual, training accuracy 80.0%")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_sentence_gives_the_check_that_decided(verdict):
    other = REFUTED if verdict == CONFIRMED else CONFIRMED
    checks = (check(verdict=other, arm="first"), check(verdict=verdict, arm="second"))
    assert deciding(verdict, checks).arm == "second"
    said = sentence(verdict, checks)
    assert "(on 1 of 2 questions): second against plain" in said
    assert said.endswith("more.")


def test_sentence_opens_with_the_verdict():
    assert sentence(CONFIRMED, [check()]).startswith("Confirmed: residual against plain, ")
    assert sentence(CONFIRMED, [check(), check()]).startswith("Confirmed (on both questions): ")
    for verdict in (REFUTED, EQUIVALENT, INCONCLUSIVE):
        assert " at this scale: " in sentence(verdict, [check(verdict=verdict)])


def test_what_was_under_trained_is_told():
    slow = check(verdict=INCONCLUSIVE, effect=-0.168, interval=(-0.218, -0.118), under_trained="residual")
    noisy = check(verdict=INCONCLUSIVE)
    assert [answer(each) for each in (slow, noisy, check())] == [
        "inconclusive: under-trained",
        "inconclusive",
        "confirmed",
    ]
    assert still_learning(noisy) == ""
    rivals = (check(under_trained="plain"), check(under_trained="residual", predicted=LESS, effect=-0.4))
    assert all(still_learning(each).endswith("a longer one may refute the claim.") for each in rivals)
    assert deciding(INCONCLUSIVE, [noisy, slow]) is slow
    assert sentence(INCONCLUSIVE, [noisy, slow, check()]) == (
        "Inconclusive, under-trained (on 1 of 3 questions): residual against plain, training accuracy -16.8 points "
        "[-21.8, -11.8]; the claim needs at least 10 points more. The training of residual ended while it was still "
        "learning; a longer one may confirm the claim."
    )
