"""The sentences that a user reads, and the rule by which a rung is recommended."""

from dataclasses import replace
from functools import partial

import pytest

from epochal.core.experiment import (
    BETTER,
    CANNOT_TELL,
    EQUIVALENT,
    UNDER_TRAINED,
    WORSE,
    Finding,
)
from epochal.judge import verdict_text
from epochal.judge.goals.classes import METRICS, cost_metric
from epochal.judge.verdict_text import (
    RungSummary,
    amount,
    detectable_sentence,
    difference,
    listed,
    recommend,
    value,
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


headline, need_deep_learning = (
    partial(said, item="image") for said in (verdict_text.headline, verdict_text.need_deep_learning)
)
what_would_settle = partial(verdict_text.what_would_settle, what="test images")
LOSS = METRICS["log-loss"]
COST = cost_metric(500, 20)


def changed(rung, **fields):
    return replace(rung, **fields)


def test_no_when_level():
    text = need_deep_learning(HOG, NET, finding(EQUIVALENT, -0.003, 0.001, 0.0045), pretrained=True)
    assert text == (
        "No: HOG + SVM is level with the best network, ResNet "
        "(difference -0.1 points, 95% interval -0.4 to +0.3). Training ResNet takes 40 times as long."
    )


def test_no_when_worse():
    text = need_deep_learning(HOG, NET, finding(WORSE, -0.08, -0.05, -0.02))
    assert text.startswith("No: HOG + SVM beats the best network, ResNet (difference +5.0 points")
    assert text.endswith("No rung used pre-trained weights, which often help on small data (--pretrained).")


def test_a_network_that_is_recommended_all_the_same_is_told():
    found = finding(WORSE, -0.012, -0.008, -0.004)
    text = need_deep_learning(HOG, NET, found, pretrained=True, chosen="resnet")
    assert "on validation it was within the margin, and is cheaper to use. Training ResNet takes 40 times" in text
    assert "all the same" not in need_deep_learning(HOG, NET, found, pretrained=True, chosen="hog-svm")


def test_yes_when_better():
    text = need_deep_learning(HOG, NET, finding(BETTER, 0.02, 0.05, 0.08, comparisons=9), left_out=["GoogLeNet"])
    assert text == (
        "Yes: ResNet beats HOG + SVM, the best without deep learning (difference +5.0 points, 95% interval "
        "+2.0 to +8.0, corrected for 9 comparisons). Training ResNet takes 40 times as long."
    )


def test_a_gain_that_may_be_too_small_to_matter_says_so():
    assert "The gain may be smaller than the margin." in need_deep_learning(
        HOG, NET, finding(BETTER, 0.001, 0.02, 0.04)
    )


def test_cannot_tell_says_what_would_settle_it():
    text = need_deep_learning(
        HOG,
        NET,
        finding(CANNOT_TELL, -0.006, 0.003, 0.012, needed_items=2240, needed_seeds=8),
        left_out=["VGG", "GoogLeNet"],
        pretrained=True,
    )
    assert text == (
        "Cannot tell with this test split whether deep learning is needed: ResNet against HOG + SVM, difference +0.3 "
        "points, 95% interval -0.6 to +1.2; about 1,900 more test images, or about 5 more seeds, would settle it. "
        "Training ResNet takes 40 times as long. VGG and GoogLeNet were not climbed at this budget."
    )


@pytest.mark.parametrize("verdict", [WORSE, EQUIVALENT, CANNOT_TELL])
def test_a_network_that_was_still_learning_has_not_lost(verdict):
    tired = changed(NET, under_trained=True, score=0.85)
    text = need_deep_learning(HOG, tired, finding(verdict, -0.08, -0.05, -0.02), left_out=["VGG"], pretrained=True)
    assert text == (
        "Cannot tell whether deep learning is needed: ResNet, the best network, was still learning when its budget "
        "ended, at 85.0% (90.0 to 94.0%) against 92.0% (90.0 to 94.0%) for HOG + SVM. A larger budget may settle it. "
        "VGG was not climbed at this budget."
    )


def test_a_network_that_won_has_won_though_it_was_still_learning():
    tired = changed(NET, under_trained=True)
    assert need_deep_learning(HOG, tired, finding(BETTER, 0.02, 0.05, 0.08)).startswith("Yes: ResNet beats HOG + SVM")


def test_a_missing_kind_is_not_an_answer():
    assert need_deep_learning(HOG, None, None) == (
        "Cannot tell whether deep learning is needed: no network was trained, so there is nothing to compare."
    )
    assert need_deep_learning(HOG, None, None, left_out=["VGG", "ResNet"]) == (
        "Cannot tell whether deep learning is needed: no network was trained, so there is nothing to compare. "
        "VGG and ResNet were not climbed at this budget."
    )
    assert "no classical approach was trained" in need_deep_learning(None, NET, None)
    with pytest.raises(ValueError, match="control hog-svm and arm resnet"):
        need_deep_learning(HOG, NET, None)


def lower(verdict, low, effect, high, metric=LOSS, **options):
    words = {"metric": metric.name, "unit": metric.unit, "percent": metric.percent, "better": metric.better}
    return finding(verdict, low, effect, high, **(words | options))


def test_where_less_is_better_the_same_words_are_true():
    hog, net = changed(HOG, score=0.35, low=0.3, high=0.4), changed(NET, score=0.231, low=0.2, high=0.26)
    won = need_deep_learning(hog, net, lower(BETTER, -0.15, -0.119, -0.08), metric=LOSS)
    assert won == (
        "Yes: ResNet beats HOG + SVM, the best without deep learning (difference -0.119 nats, 95% interval -0.150 "
        "to -0.080). Training ResNet takes 40 times as long."
    )
    lost = need_deep_learning(net, hog, lower(WORSE, 0.08, 0.119, 0.15, control="resnet", arm="hog-svm"), metric=LOSS)
    assert lost.startswith("No: ResNet beats the best network, HOG + SVM (difference -0.119 nats, 95% interval -0.150")
    tired = need_deep_learning(
        hog, changed(net, under_trained=True), lower(WORSE, 0.08, 0.1, 0.2), metric=LOSS, pretrained=True
    )
    assert "at 0.231 nats (0.2 to 0.26) against 0.35 nats (0.3 to 0.4) for HOG + SVM" in tired
    advice = recommend(
        [hog, net], {"hog-svm": lower(WORSE, 0.08, 0.1, 0.2, control="resnet", arm="hog-svm")}, metric=LOSS, margin=0.01
    )
    assert (advice.chosen, advice.best) == ("resnet", "resnet"), "the lowest loss is the best"
    assert advice.sentence == (
        "ResNet had the best validation log-loss, 0.231 nats (0.2 to 0.26). Every other rung is shown to be worse."
    )
    for effect, chosen in ((0.005, "hog-svm"), (0.02, "resnet")):  # a higher loss, within the margin and beyond it
        doubt = lower(CANNOT_TELL, -0.1, effect, 0.1, control="resnet", arm="hog-svm")
        cheap = changed(hog, score=0.231 + effect, answer=0.001)
        assert recommend(
            [cheap, changed(net, answer=0.1)], {"hog-svm": doubt}, metric=LOSS, margin=0.01
        ).chosen == chosen  # fmt: skip


def test_costs_are_told_in_full():
    hog, net = changed(HOG, score=1834.6, low=1700.2, high=1999.7), changed(NET, score=21.25, low=18.5, high=24.0)
    advice = recommend(
        [hog, net],
        {"hog-svm": lower(WORSE, 1500.0, 1813.35, 2000.0, COST, control="resnet", arm="hog-svm")},
        metric=COST,
        margin=COST.margin,
    )
    assert advice.chosen == "resnet"
    assert "21.2 (18.5 to 24)" in advice.sentence
    assert (value(1834.6, COST), amount(1000.0, COST), value(999.6, COST)) == ("1,835", "1,000", "1,000")
    dear = lower(BETTER, -2000.0, -1813.35, 0.0, COST, margin=10.0)
    assert difference(dear) == "difference -1,813.3, 95% interval -2,000.0 to 0.0"
    assert difference(lower(BETTER, -2000.0, -1813.35, 0.0, COST, margin=0.1)).startswith("difference -1,813.350, 95%")


def test_small_differences_have_the_digits_that_they_need():
    tiny = lower(BETTER, -0.000021, -0.000015, -0.000009, LOSS, margin=0.00001)
    assert difference(tiny) == "difference -0.000015 nats, 95% interval -0.000021 to -0.000009"
    assert difference(lower(BETTER, -0.0021, -0.0015, -0.0009)) == (
        "difference -0.0015 nats, 95% interval -0.0021 to -0.0009"
    )
    assert difference(lower(BETTER, -0.021, -0.015, -0.009)) == "difference -0.015 nats, 95% interval -0.021 to -0.009"
    assert "difference 0.000 nats" in difference(lower(CANNOT_TELL, 0.0, 0.0, 0.0))


def test_the_headline_speaks_of_unseen_data():
    assert headline("HOG + SVM", 0.803, 0.64, 0.9) == ("Recommended: HOG + SVM. 80% right on unseen data (64 to 90%).")
    assert headline("ResNet", 0.8034, 0.64, 0.9, METRICS["auroc"]) == (
        "Recommended: ResNet. Area under the ROC curve on unseen data: 80.3% (64.0 to 90.0%)."
    )
    assert headline("ResNet", 0.2312, 0.2, 0.26, LOSS) == (
        "Recommended: ResNet. Log-loss on unseen data: 0.231 nats (0.2 to 0.26)."
    )


def test_a_mean_does_not_read_as_a_bound_that_it_is_not():
    assert headline("ResNet", 0.986, 0.968, 0.994) == "Recommended: ResNet. 98.6% right on unseen data (96.8 to 99.4%)."
    narrow = headline("ResNet", 0.99966, 0.99956, 0.99973)
    assert narrow == "Recommended: ResNet. 99.966% right on unseen data (99.956 to 99.973%)."
    assert headline("ResNet", 1.0, 0.98, 1.0) == "Recommended: ResNet. 100% right on unseen data (98 to 100%)."
    auroc = headline("ResNet", 0.99966, 0.9985, 0.9999, METRICS["auroc"])
    assert auroc.endswith("on unseen data: 99.97% (99.85 to 99.99%).")


def test_the_fastest_to_answer_of_those_level_with_the_best_is_recommended():
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm")
    fast, late = changed(HOG, answer=0.001, size=900), changed(NET, answer=0.04, size=100)
    advice = recommend([fast, late], {"hog-svm": level}, margin=0.005)
    assert (advice.chosen, advice.best, advice.tier) == ("hog-svm", "resnet", ("resnet", "hog-svm"))
    assert advice.sentence == (
        "ResNet had the best validation accuracy, 92.3% (90.0 to 94.0%), but HOG + SVM cannot be told apart from it on "
        "this data. HOG + SVM, at 92.0% (90.0 to 94.0%), is within the margin of 0.5 points and answers 40 times "
        "faster."
    )


def test_of_those_that_answer_about_as_fast_the_smallest_is_recommended():
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm")
    hog, net = changed(HOG, answer=0.0019, size=100), changed(NET, answer=0.001, size=500)
    advice = recommend([hog, net], {"hog-svm": level}, margin=0.005)
    assert advice.chosen == "hog-svm"
    assert advice.sentence.endswith("answers 1.9 times slower, with files 5.0 times smaller.")
    slow = changed(hog, answer=0.0021)
    assert recommend([slow, net], {"hog-svm": level}, margin=0.005).chosen == "resnet"


def test_a_rung_that_scored_clearly_worse_is_named_as_the_reason():
    unsure = finding(CANNOT_TELL, -0.05, -0.02, 0.01, control="resnet", arm="hog-svm")
    advice = recommend([changed(HOG, score=0.903), NET], {"hog-svm": unsure}, margin=0.005)
    assert advice.sentence.endswith(
        "ResNet is recommended, because HOG + SVM scored worse by more than the margin of 0.5 points."
    )


def test_a_rung_shown_worse_is_out():
    worse = finding(WORSE, -0.05, -0.03, -0.01, control="resnet", arm="hog-svm")
    fast = changed(HOG, answer=0.001)
    advice = recommend([fast, changed(NET, answer=9.0)], {"hog-svm": worse}, margin=0.005)
    assert (advice.chosen, advice.tier, advice.caveat) == ("resnet", ("resnet",), "")
    assert advice.sentence == (
        "ResNet had the best validation accuracy, 92.3% (90.0 to 94.0%). Every other rung is shown to be worse."
    )


def test_a_rung_that_is_out_and_was_under_trained_has_its_mark():
    tired = changed(HOG, under_trained=True)
    worse = finding(WORSE, -0.05, -0.03, -0.01, control="resnet", arm="hog-svm", marks=(UNDER_TRAINED,))
    advice = recommend([tired, NET], {"hog-svm": worse}, margin=0.005)
    assert advice.caveat == ("At this budget, HOG + SVM was under-trained: a larger budget may change the verdict.")
    assert "is the best" not in advice.sentence
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm", marks=(UNDER_TRAINED,))
    assert recommend([tired, NET], {"hog-svm": level}, margin=0.005).caveat == ""


def test_the_smallest_difference_that_could_be_found():
    far, near, same = (
        finding(CANNOT_TELL, -1.0, effect, 1.0, detectable=least)
        for effect, least in ((-0.4, 1.08), (-0.01, 0.021), (0.0, 0.0))
    )
    assert detectable_sentence([far, near, same]) == (
        "With this split, a difference of 2.1 points between the two closest rungs would be detected 80% of the time."
    )
    assert (
        detectable_sentence([near]) == "With this split, a difference of 2.1 points would be detected 80% of the time."
    )
    assert detectable_sentence([same]) == detectable_sentence([]) == ""
    nothing = near.replace(detectable=3.174)  # two seeds leave room for anything
    assert detectable_sentence([nothing]).startswith("With this split and these seeds, no difference at all would be")


def test_words_are_listed():
    assert [listed(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


@pytest.mark.parametrize(("effect", "chosen"), [(-0.003, "hog-svm"), (-0.02, "resnet")])
def test_doubt_favours_the_cheap_only_within_the_margin(effect, chosen):
    doubt = finding(CANNOT_TELL, -0.05, effect, 0.03, control="resnet", arm="hog-svm")
    advice = recommend([HOG, NET], {"hog-svm": doubt}, margin=0.005)
    assert advice.chosen == chosen
    assert advice.tier == ("resnet", "hog-svm"), "both stand in the first tier, for neither is shown to be worse"
    assert ("worse by more than the margin of 0.5 points" in advice.sentence) == (chosen == "resnet")


def test_the_best_is_kept_when_it_is_the_cheapest():
    level = finding(EQUIVALENT, -0.0045, -0.003, 0.001, control="resnet", arm="hog-svm")
    advice = recommend([changed(HOG, answer=1.0), changed(NET, answer=0.01)], {"hog-svm": level}, margin=0.005)
    assert advice.chosen == "resnet"
    assert advice.sentence.endswith("ResNet is the cheapest to use of the rungs within the margin of 0.5 points.")


def test_the_only_rung_is_said_to_be_so():
    assert recommend([NET], {}, margin=0.005).sentence == (
        "ResNet is the only rung that was trained. Its validation accuracy is 92.3% (90.0 to 94.0%)."
    )


def test_recommending_needs_every_finding():
    with pytest.raises(ValueError, match="Expected a finding of hog-svm against resnet, the best"):
        recommend([HOG, NET], {}, margin=0.005)
    with pytest.raises(ValueError, match="one rung or more"):
        recommend([], {}, margin=0.005)
    assert recommend([NET], {}, margin=0.005).chosen == "resnet"


def test_one_seed_more_and_items_only():
    assert what_would_settle(finding(CANNOT_TELL, -1, 0, 1, needed_seeds=4)) == "about 1 more seed would settle it"
    assert (
        what_would_settle(finding(CANNOT_TELL, -1, 0, 1, needed_items=400, needed_seeds=None))
        == "about 40 more test images would settle it"
    )
    assert what_would_settle(finding(CANNOT_TELL, -1, 0, 1, seeds=1)) == "more test images alone would not settle it"
