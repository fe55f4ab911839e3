"""What is said where no rung is shown to beat the one that does not look at its inputs."""

import pytest

from epochal.core.experiment import CANNOT_TELL, WORSE, Finding
from epochal.core.metric import ACCURACY
from epochal.judge.nothing_text import nothing_learned, unless_nothing_learned
from epochal.judge.verdict_text import RungSummary, recommend

FLOOR = RungSummary(name="majority", title="Majority class", deep=False, score=0.51, low=0.44, high=0.58, seconds=0.1)
TREES = RungSummary(name="trees", title="Trees", deep=False, score=0.54, low=0.47, high=0.61, seconds=2.0, answer=1.0)


def found(verdict, effect, best=TREES, other=FLOOR):
    said = Finding(
        control=best.name, arm=other.name, effect=effect, interval=(-0.1, 0.1), simultaneous=(-0.1, 0.1),
        verdict=verdict, comparisons=1, seeds=3, items=200, margin=0.005, detectable=0.05, p_value=0.4,
    )  # fmt: skip
    rungs = (FLOOR, TREES)
    advice = recommend(rungs, {other.name: said}, margin=0.005)
    return advice, unless_nothing_learned(advice, rungs, "majority", metric=ACCURACY)


def test_nothing_is_recommended_where_the_floor_may_be_as_good():
    _, advice = found(CANNOT_TELL, -0.03)
    assert not advice.learned and advice.chosen == "trees"
    assert advice.sentence == (
        "Trees had the best validation accuracy, 54.0% (47.0 to 61.0%), but is not shown to be better than Majority "
        "class, at 51.0% (44.0 to 58.0%). Nothing is recommended; the bundle holds Trees."
    )


def test_a_floor_that_is_the_best_is_said_to_be():
    _, advice = found(CANNOT_TELL, -0.01, best=FLOOR, other=TREES)
    assert advice.sentence == (
        "No rung had a better validation accuracy than Majority class, 51.0% (44.0 to 58.0%). Nothing is recommended; "
        "the bundle holds Majority class."
    )


@pytest.mark.parametrize("rungs", [(FLOOR, TREES), (TREES,)])
def test_what_beats_the_floor_is_recommended_as_before(rungs):
    before, advice = found(WORSE, -0.2)
    assert advice is before and advice.learned
    alone = recommend(rungs[-1:], {}, margin=0.005)
    assert unless_nothing_learned(alone, rungs[-1:], "majority", metric=ACCURACY) is alone


def test_the_headline_names_the_items():
    assert nothing_learned("Mean", item="picture") == (
        "Nothing to learn was found: no rung is shown to be better than Mean, which does not look at the pictures. "
        "Nothing is recommended."
    )
