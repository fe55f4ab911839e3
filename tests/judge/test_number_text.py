"""The sentences of metrics of numbers, in R2 or in the unit of what is predicted, and of items that are no images."""

from dataclasses import replace

import pytest

from epochal.core.experiment import BETTER, CANNOT_TELL, WORSE, Finding
from epochal.core.interval import Interval
from epochal.judge.goals.numbers import METRICS
from epochal.judge.residual_text import promise, spread
from epochal.judge.shown import Residuals
from epochal.judge.verdict_text import (
    RungSummary,
    amount,
    difference,
    headline,
    need_deep_learning,
    recommend,
    value,
)

R2, MAE, RMSE = METRICS["r2"], METRICS["mae"].replace(margin=1_150.0), METRICS["rmse"]
TREES = RungSummary(name="trees", title="Trees", deep=False, score=0.862, low=0.84, high=0.882, seconds=2.0)
NET = RungSummary(name="net", title="MLP", deep=True, score=0.838, low=0.818, high=0.858, seconds=14.0)


def finding(verdict, low, effect, high, metric, **options):
    fields = {"comparisons": 1, "seeds": 3, "items": 800, "margin": metric.margin, "detectable": 0.02, "p_value": 0.1}
    words = {"metric": metric.name, "unit": metric.unit, "percent": metric.percent, "better": metric.better}
    return Finding(
        control="trees",
        arm="net",
        effect=effect,
        interval=(low, high),
        simultaneous=(low, high),
        verdict=verdict,
        **(fields | words | options),
    )


@pytest.mark.parametrize(
    ("metric", "score", "said"),
    [
        (R2, (0.8612, 0.8403, 0.8804), "R2 of 0.86 on unseen rows (0.84 to 0.88)."),
        (R2, (0.8612, 0.8583, 0.8641), "R2 of 0.861 on unseen rows (0.858 to 0.864)."),  # not 0.86 (0.86 to 0.86)
        (R2, (0.9004, 0.88, 0.92), "R2 of 0.90 on unseen rows (0.88 to 0.92)."),
        (R2, (-0.0012, -0.02, 0.016), "R2 of 0.00 on unseen rows (-0.02 to 0.02)."),
        (MAE, (2.13, 1.91, 2.34), "Off by 2.1 on average on unseen rows (mean absolute error, 1.9 to 2.3)."),
        (
            MAE,
            (1234.4, 1190.2, 1290.0),
            "Off by 1,234 on average on unseen rows (mean absolute error, 1,190 to 1,290).",
        ),
        (MAE, (104.4, 103.9, 104.9), "Off by 104.4 on average on unseen rows (mean absolute error, 103.9 to 104.9)."),
        (RMSE, (0.01234, 0.0112, 0.0136), "RMSE of 0.012 on unseen rows (0.011 to 0.014)."),
    ],
)
def test_the_headline_says_the_score_in_words(metric, score, said):
    assert headline("Trees", *score, metric, item="row") == f"Recommended: Trees. {said}"


def test_scores_have_the_digits_that_they_need():
    assert [value(number, R2) for number in (0.86249, 0.9, -0.0312, -0.0001)] == ["0.862", "0.900", "-0.031", "0.000"]
    assert [value(number, MAE) for number in (0.012345, 2.1049, 104.4, 27_436.3)] == ["0.0123", "2.1", "104", "27,436"]
    assert (amount(0.01, R2), amount(1150.0, MAE)) == ("0.01", "1,150")


def test_differences_have_no_digits_that_say_nothing():
    assert difference(finding(BETTER, 0.0104, 0.0234, 0.0361, R2)) == (
        "difference +0.023, 95% interval +0.010 to +0.036"
    )
    assert difference(finding(BETTER, -4_211.4, -2_313.6, -402.7, MAE)) == (
        "difference -2,314, 95% interval -4,211 to -403"
    )
    assert difference(finding(BETTER, -0.31, -0.21, -0.1, MAE.replace(margin=0.04))).startswith("difference -0.210, ")


def test_deep_learning_is_answered_in_the_metric_of_the_climb():
    won = need_deep_learning(
        replace(TREES, score=0.8), NET, finding(BETTER, 0.012, 0.0234, 0.0361, R2), metric=R2, item="row"
    )
    assert won == (
        "Yes: MLP beats Trees, the best without deep learning (difference in R2 +0.023, 95% interval +0.012 to +0.036)."
        " Training MLP takes 7.0 times as long."
    )
    off = [replace(rung, score=one, low=0.9 * one, high=1.1 * one) for rung, one in ((TREES, 2e4), (NET, 3e4))]
    lost = need_deep_learning(*off, finding(WORSE, 7e3, 1e4, 1.3e4, MAE), metric=MAE, item="row", pretrained=True)
    assert lost == (
        "No: Trees beats the best network, MLP (difference in mean absolute error -10,000, 95% interval -13,000 to "
        "-7,000). Training MLP takes 7.0 times as long."
    )
    unsure = finding(CANNOT_TELL, -0.02, 0.004, 0.028, R2, needed_items=2_700)
    assert need_deep_learning(TREES, NET, unsure, metric=R2, item="row", pretrained=True) == (
        "Cannot tell with this test split whether deep learning is needed: MLP against Trees, difference in R2 +0.004, "
        "95% interval -0.020 to +0.028; about 1,900 more test rows would settle it. Training MLP takes 7.0 times as "
        "long."
    )


def test_the_recommendation_speaks_of_r2():
    near = finding(CANNOT_TELL, -0.02, -0.004, 0.01, R2)
    advice = recommend([replace(TREES, answer=0.01), replace(NET, answer=0.001)], {"net": near}, metric=R2, margin=0.01)
    assert advice.sentence == (
        "Trees had the best validation R2, 0.862 (0.840 to 0.882), but MLP cannot be told apart from it on this data. "
        "MLP, at 0.838 (0.818 to 0.858), is within the margin of 0.01 and answers 10 times faster."
    )


LEFT = Residuals(
    quantiles=(-5.13, -1.2, 0.1, 1.34, 6.021),
    edges=(-8.0, 0.0, 8.0),
    counts=(490, 510),
    points=((1.0, 1.2), (3.0, 2.5)),
    width=5.25,
    promised=0.9,
    covered=Interval(mean=0.889, low=0.869, high=0.907),
)


def test_the_promise_is_told_with_what_became_of_it():
    assert promise(LEFT, "rows") == (
        "A prediction plus or minus 5.25 holds the truth for 90% of the validation rows, as promised; on the test "
        "split it does for 88.9% (95% interval 86.9 to 90.7%)."
    )
    few = LEFT.replace(covered=Interval(mean=0.8, low=0.77, high=0.83))
    assert promise(few, "rows").endswith("77.0 to 83.0%). That is less often than promised.")
    many = LEFT.replace(covered=Interval(mean=0.95, low=0.93, high=0.97))
    assert promise(many, "rows").endswith("93.0 to 97.0%). That is more often than promised.")


def test_the_spread_of_residuals_is_told():
    assert spread(LEFT) == (
        "True minus predicted: half of these lie between -1.2 and 1.34, around 0.1; nine in ten between -5.13 and 6.02."
    )
