"""The sentences that a user reads, and the rule by which a rung is recommended."""

import pytest

from epochal.core.experiment import (
    BETTER,
    CANNOT_TELL,
    EQUIVALENT,
    NO_EFFECT,
    UNDER_TRAINED,
    WORSE,
    Finding,
)
from epochal.judge.verdict_text import (
    RungSummary,
    describe,
    least_told,
    listed,
    need_deep_learning,
    recommend,
    what_would_settle,
)

HOG = RungSummary(name="hog-svm", title="HOG + SVM", deep=False, score=0.92, low=0.90, high=0.94, seconds=2.0)
NET = RungSummary(name="resnet", title="ResNet", deep=True, score=0.923, low=0.90, high=0.94, seconds=80.0)


def finding(verdict, low, effect, high, *, control="hog-svm", arm="resnet", **options):
    fields = {"comparisons": 1, "seeds": 3, "items": 360, "margin": 0.005, "detectable": 0.02, "p_value": 0.1}
    return Finding(
        control=control,
        arm=arm,
        effect=effect,
        interval=(low, high),
        simultaneous=(low, high),
        verdict=verdict,
        **(fields | options),
    )


def test_no_when_level():
    text = need_deep_learning(HOG, NET, finding(EQUIVALENT, -0.003, 0.001, 0.0045))
    assert text == (
        "No: HOG + SVM is level with the best network, ResNet "
        "(difference -0.1 points, 95% interval -0.4 to +0.3, margin 0.5), and trains 40 times faster."
    )


def test_no_when_worse():
    text = need_deep_learning(HOG, NET, finding(WORSE, -0.08, -0.05, -0.02))
    assert text.startswith("No: HOG + SVM beats the best network, ResNet (difference +5.0 points")


def test_yes_when_better():
    text = need_deep_learning(HOG, NET, finding(BETTER, 0.02, 0.05, 0.08, comparisons=9))
    assert text == (
        "Yes: ResNet beats HOG + SVM, the best without deep learning (difference +5.0 points, 95% interval for "
        "9 comparisons together +2.0 to +8.0, margin 0.5); it trains 40 times slower."
    )


def test_a_gain_that_may_be_too_small_to_matter_says_so():
    assert "may be smaller than what matters" in need_deep_learning(HOG, NET, finding(BETTER, 0.001, 0.02, 0.04))


def test_cannot_tell_says_what_would_settle_it():
    text = need_deep_learning(HOG, NET, finding(CANNOT_TELL, -0.006, 0.003, 0.012, needed_items=2240, needed_seeds=8))
    assert text == (
        "Cannot tell with this test split: ResNet against HOG + SVM (difference +0.3 points, 95% interval -0.6 "
        "to +1.2, margin 0.5); about 1,900 more test images, or about 5 more seeds, would settle it. "
        "HOG + SVM trains 40 times faster."
    )


def test_under_training_is_a_caveat_where_it_might_turn_the_answer():
    tired = RungSummary(**{**NET.__dict__, "under_trained": True})
    lost = finding(WORSE, -0.08, -0.05, -0.02, marks=(UNDER_TRAINED,))
    assert need_deep_learning(HOG, tired, lost).endswith(
        "But ResNet was under-trained at this budget: a larger one may change this."
    )
    assert "under-trained" not in need_deep_learning(HOG, tired, finding(BETTER, 0.02, 0.05, 0.08))
    assert "under-trained" not in need_deep_learning(HOG, NET, lost)


def test_a_missing_kind_is_not_an_answer():
    assert need_deep_learning(HOG, None, None) == (
        "Cannot tell whether deep learning is needed: no network finished, so there is nothing to compare."
    )
    assert "no classical approach finished" in need_deep_learning(None, NET, None)
    with pytest.raises(ValueError, match="control hog-svm and arm resnet"):
        need_deep_learning(HOG, NET, None)


def test_the_cheapest_of_those_level_with_the_best_is_recommended():
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm")
    advice = recommend([HOG, NET], {"hog-svm": level}, margin=0.005)
    assert (advice.chosen, advice.best, advice.level) == ("hog-svm", "resnet", ("resnet", "hog-svm"))
    assert advice.sentence == (
        "HOG + SVM, at 92.0% [90.0, 94.0], is level with ResNet, the best at 92.3% [90.0, 94.0] "
        "(difference -0.3 points, 95% interval -0.4 to +0.1, margin 0.5), and trains 40 times faster."
    )


def test_a_rung_shown_worse_is_out():
    worse = finding(WORSE, -0.05, -0.03, -0.01, control="resnet", arm="hog-svm")
    advice = recommend([HOG, NET], {"hog-svm": worse}, margin=0.005)
    assert advice.chosen == "resnet"
    assert advice.sentence == (
        "ResNet is the best, at 92.3% [90.0, 94.0]: each other is shown to be worse, or scored more than 0.5 points "
        "lower."
    )


def test_a_rung_that_is_out_and_was_under_trained_has_its_mark():
    tired = RungSummary(**{**HOG.__dict__, "under_trained": True})
    worse = finding(WORSE, -0.05, -0.03, -0.01, control="resnet", arm="hog-svm", marks=(UNDER_TRAINED,))
    assert recommend([tired, NET], {"hog-svm": worse}, margin=0.005).caveat == (
        "That is the verdict at this budget, at which HOG + SVM was under-trained: a larger one may change it."
    )
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm", marks=(UNDER_TRAINED,))
    assert recommend([tired, NET], {"hog-svm": level}, margin=0.005).caveat == ""


def test_the_smallest_difference_that_could_be_found():
    far, near, same = (
        finding(CANNOT_TELL, -1.0, effect, 1.0, detectable=least)
        for effect, least in ((-0.4, 1.08), (-0.01, 0.021), (0.0, 0.0))
    )
    assert least_told([far, near, same]) == (
        "A true difference of 2.1 points between the two that scored most alike would be found four times in five."
    )
    assert least_told([near]) == "A true difference of 2.1 points would be found four times in five."
    assert least_told([same]) == least_told([]) == ""


def test_words_are_listed():
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(("effect", "chosen"), [(-0.003, "hog-svm"), (-0.02, "resnet")])
def test_doubt_favours_the_cheap_only_within_the_margin(effect, chosen):
    doubt = finding(CANNOT_TELL, -0.05, effect, 0.03, control="resnet", arm="hog-svm")
    assert recommend([HOG, NET], {"hog-svm": doubt}, margin=0.005).chosen == chosen


def test_the_best_is_kept_when_it_is_the_cheapest():
    cheap = RungSummary(**{**NET.__dict__, "seconds": 1.0})
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm")
    advice = recommend([HOG, cheap], {"hog-svm": level}, margin=0.005)
    assert advice.chosen == "resnet"
    assert "cheaper than the other one level with it" in advice.sentence


def test_recommending_needs_every_finding():
    with pytest.raises(ValueError, match="Expected a finding of hog-svm against resnet, the best"):
        recommend([HOG, NET], {}, margin=0.005)
    with pytest.raises(ValueError, match="one rung or more"):
        recommend([], {}, margin=0.005)
    assert recommend([NET], {}, margin=0.005).chosen == "resnet"


@pytest.mark.parametrize(
    ("verdict", "marks", "expected"),
    [
        (BETTER, (), "resnet is better than hog-svm (difference"),
        (WORSE, (UNDER_TRAINED,), "margin 0.5, under-trained at this budget)."),
        (EQUIVALENT, (), "resnet is level with hog-svm (difference"),
        (EQUIVALENT, (NO_EFFECT,), "resnet changed nothing: every prediction is the same as that of hog-svm."),
        (CANNOT_TELL, (), "neither more test images alone nor more seeds alone would settle it."),
    ],
)
def test_describe(verdict, marks, expected):
    assert expected in describe(finding(verdict, -0.01, 0.0, 0.01, marks=marks))


def test_one_seed_more_and_items_only():
    assert what_would_settle(finding(CANNOT_TELL, -1, 0, 1, needed_seeds=4)) == "about 1 more seed would settle it"
    assert (
        what_would_settle(finding(CANNOT_TELL, -1, 0, 1, needed_items=400, needed_seeds=None))
        == "about 40 more test images would settle it"
    )
    assert what_would_settle(finding(CANNOT_TELL, -1, 0, 1, seeds=1)) == "more test images alone would not settle it"
