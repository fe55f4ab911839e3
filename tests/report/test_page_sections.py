"""The sections of the page: what each says of a climb, and what it says where the climb lacks something."""

import re

import pytest
from climb_pages import PAGES, page
from climb_results import (
    LADDER,
    digits,
    many_classes,
    sized,
)
from pages import Page

from epochal.core.interval import Interval
from epochal.judge.reliability import recalls
from epochal.report.page import render
from epochal.report.result import ClimbResult


def test_rungs_of_one_tier_stand_together():
    text = page("sized").text
    table = text[text.index("All rungs, both rounds") : text.index("What the bundle promises")]
    heads = [
        "Tier 1: 3 rungs that cannot be told apart", "ResNet-14", "LeNet-5", "Nearest neighbours",
        "Tier 2: 4 rungs that cannot be told apart", "HOG + linear SVM", "VGG-11, width 1/8", "AlexNet, width 1/4",
        "Multilayer perceptron", "Tier 3: 2 rungs", "Boosted trees", "Perceptron", "Tier 4", "Majority class",
        "Without a score", "GoogLeNet", "not climbed: needs a budget of about 14 min here",
    ]  # fmt: skip
    places = []
    for head in heads:
        places.append(table.index(head, places[-1] if places else 0))
    assert "Tier 1" not in page("digits").text  # an earlier version knew none


def test_what_was_not_climbed_has_no_point_and_no_verdict():
    html, text = PAGES["sized"], page("sized").text
    drawn = re.findall(r"<svg.*?</svg>", html, flags=re.S)
    assert not any("GoogLeNet" in drawing for drawing in drawn)
    assert any("LeNet-5" in drawing for drawing in drawn)
    assert "Not climbed at this budget: GoogLeNet." in text
    assert "Not compared: GoogLeNet" not in text
    assert "against GoogLeNet" not in text


def test_the_interval_that_decided_is_printed():
    first = sized().steps[0]
    low, high = (f"{100 * end:+.1f}".replace("-", "\u2212") for end in first.simultaneous)
    text = page("sized").text
    assert f"{low} to {high}" in text
    narrow = " to ".join(f"{100 * end:+.1f}".replace("-", "\u2212") for end in first.interval)
    assert narrow not in text


def test_the_bundle_stands_next_to_the_mean_over_seeds():
    result, text = sized(), page("sized").text
    score = result.shipped.score
    interval = f"{100 * score.low:.1f}\u2013{100 * score.high:.1f}"
    assert f"{100 * score.mean:.1f}% 95% interval {interval}; the mean is 97.9% over 3 seeds" in text
    assert f"Accuracy {100 * score.mean:.1f}% {interval} Mean of all its trainings 97.9% over 3 seeds" in text
    assert "One answer 80 \u00b5s" in text and "Size of the model 5.0 kB" in text


def test_confidence_is_judged_in_words_and_drawn():
    result, text = sized(), page("sized").text
    error = result.shipped.reliability.error
    assert f"Calibration error on the test split: {100 * error.mean:.1f} points (95% interval" in text
    assert "the right one has the higher confidence" in text
    assert 'id="picture-reliability-title"' in PAGES["sized"]
    at = result.shipped.abstaining[1]
    told = f"from 75.0% confidence {100 * at.coverage.mean:.1f}%"
    assert told in text and f"{100 * at.accuracy.mean:.1f}%" in text[text.index(told) :]


def test_a_gap_that_chance_makes_is_no_fault():
    result = sized()
    error = Interval(mean=0.004, low=0.0, high=0.0)
    shipped = result.shipped.replace(reliability=result.shipped.reliability.replace(error=error, ranking=None))
    text = Page(render(result.replace(shipped=shipped))).text
    assert "0.4 points (no more than chance alone makes)" in text
    assert "Nothing speaks against perfect calibration." in text
    assert "has the higher confidence" not in text


def test_recalls_begin_with_the_worst_and_end_after_thirty():
    result = many_classes()
    targets = [label for label in range(62) for _ in range(62)]
    found = recalls([[label if k >= label else -1 for label in range(62) for k in range(62)]], targets)
    shipped = sized().shipped.replace(recalls=found)
    text = Page(render(result.replace(shipped=shipped))).text
    table = text[text.index("How often each class is found") :]
    assert table.index("species 61 2%") < table.index("species 60 3%") < table.index("species 32 48%")
    assert "32 more classes are found 50% to 100% of the time." in table
    assert "species 31 50%" not in table
    assert "Hardest classes" not in text


def test_where_lower_is_better_the_page_says_so_and_turns_the_scale():
    text, html = page("losses").text, PAGES["losses"]
    for said in (
        "Recommended: Nearest neighbours. Log-loss on unseen data:",
        "Log-loss on the test split, in nats, lower is better",
        "Lower is better, and better is drawn higher.",
        "The difference in log-loss, in nats, with the 95% interval that decides the verdict",
        "margin \u00b10.01 nats",
        "Too high to draw on this scale: Majority class (3.6,",
    ):
        assert said in text, said
    assert "%" not in re.search(r'<section id="table".*?</section>', html, flags=re.S)[0].replace("95%", "")
    history = re.search(r"<svg[^>]*picture-history-title.*?</svg>", html, flags=re.S)[0]
    heights = {
        label: float(y)
        for y, label in re.findall(r'<text x="[^"]*" y="([^"]*)" class="value[^"]*"[^>]*>([^<]*)<', history)
    }
    values = sorted(heights, key=float)
    assert [heights[value] for value in values] == sorted(heights.values())  # the lowest loss is the highest


def test_diverged_rung_is_named_with_its_message():
    text = page("hymenoptera").text
    assert "VGG-16 (diverged: the loss became infinite at step 41 with every learning rate)" in text
    assert "Not compared: VGG-16" in text


def test_one_seed_is_said():
    result = digits().replace(seeds=(0,))
    result = result.replace(steps=tuple(finding.replace(seeds=1) for finding in result.steps))
    text = Page(render(result)).text
    assert "With one seed, an interval speaks of that one training only." in text
    assert "with one seed, the spread between seeds is not known" in text


def test_held_out_check_tells_inside_from_outside():
    result = digits()
    assert "was measured, inside." in page("digits").text
    held = {**result.data_curve.held_out, "measured": 0.5}
    text = Page(render(result.replace(data_curve=result.data_curve.replace(held_out=held)))).text
    assert "outside: do not trust the dashed line" in text


@pytest.mark.parametrize("missing", [{"law": {}}, {"band": ()}, {"held_out": {}}, {"sizes": (), "errors": ()}])
def test_data_curve_may_lack_parts(missing):
    result = digits()
    html = render(result.replace(data_curve=result.data_curve.replace(**missing)))
    Page(html)
    assert ('id="picture-data-curve-title"' in html) == ("sizes" not in missing)


def test_confusion_matrix_up_to_twenty_classes_then_lists():
    assert 'class="matrix' in PAGES["digits"]
    assert 'class="matrix dense"' in render(many_classes(20))
    assert 'class="matrix' not in PAGES["many_classes"]
    text = page("many_classes").text
    assert "Hardest classes" in text
    assert "species 06 species 07 6" in text


def test_data_report_with_unknown_shapes():
    for data in (
        {},
        {"counts": None, "problems": "none", "decisions": ["size: 8"], "duplicates": 3, "warnings": "small"},
        {"counts": {"train": [3, 4]}, "sizes": [8, 8], "channels": None, "problems": [None]},
    ):
        Page(render(digits().replace(data=data)))


def test_splits_keep_their_order_after_json():
    result = ClimbResult.from_json(digits().to_json())
    assert render(result) == render(result)
    text = Page(render(result)).text
    assert "Class train validation test" in text
    assert "1,149 train, 288 validation and 360 test" in text


def test_rungs_that_learned_nothing_leave_the_scale():
    text = page("digits").text
    assert "The scale is broken below" in text
    assert "Too low to draw on this scale: Majority class (10.0%, under 1 ms)." in text
    assert "The scale is broken below" not in page("hymenoptera").text


def test_shows_classical_and_network_by_shape():
    html = PAGES["digits"]
    assert '<rect x="-5" y="-5" width="10" height="10" class="mark classical"/>' in html
    assert '<circle r="5.5" class="mark network"/>' in html
    assert {rung.kind for rung in LADDER} == {"classical", "network"}
