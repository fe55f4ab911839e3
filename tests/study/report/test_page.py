"""The page: it renders whatever a climb lacks, needs nothing else, escapes everything, and can be read without eyes."""

import math
import re
from pathlib import Path

import pytest
from climb_results import (
    LADDER,
    VARIANTS,
    digits,
    empty,
    hostile,
    hymenoptera,
    interrupted,
    many_classes,
    sized,
)
from pages import Page

from epochal.core.interval import Interval
from epochal.core.run import Point
from epochal.judge.reliability import recalls
from epochal.study.report import render, write_report
from epochal.study.result import ClimbResult

FROZEN = sorted((Path(__file__).parent / "frozen").glob("version-*/result.json"))
PAGES = {name: render(build()) for name, build in VARIANTS.items()}


def page(name: str) -> Page:
    return Page(PAGES[name])


@pytest.mark.parametrize("name", VARIANTS)
def test_is_well_formed(name):
    found = page(name)
    assert PAGES[name].startswith("<!doctype html>")
    identifiers = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))


@pytest.mark.parametrize("name", VARIANTS)
def test_needs_nothing_else(name):
    html = PAGES[name]
    for tag, attributes in page(name).elements:
        assert tag not in ("script", "link", "iframe", "object", "embed", "base", "form"), tag
        for key, value in attributes.items():
            assert not key.startswith("on"), f"{tag} {key}"
            if key in ("src", "href", "srcset", "xlink:href", "action", "poster", "data"):
                assert value is not None
                assert value.startswith(("#", "data:image/")), f"{tag} {key}={value}"
    style = html[html.index("<style>") : html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


@pytest.mark.parametrize("name", VARIANTS)
def test_is_light(name):
    without_pictures = re.sub(r'src="data:[^"]+"', "", PAGES[name])
    assert len(without_pictures.encode()) < 180_000


@pytest.mark.parametrize("name", ["digits", "hymenoptera", "interrupted", "many_classes"])
def test_names_every_rung_and_verdict(name):
    result, text = VARIANTS[name](), page(name).text
    for rung in result.rungs:
        assert rung.title in text
        assert str(rung.year) in text
        assert rung.adds in text
        assert rung.paper in text
    for finding in (*result.steps, *result.finals, *result.on_test):
        assert finding.verdict in text
    for sentence in (result.verdict, result.need_deep_learning, result.more_data, result.command):
        assert sentence in text


def test_says_the_verdict_first():
    text = page("digits").text
    result = digits()
    heads = (
        "Do I need deep learning here?",
        "Would more data help?",
        "The ladder through history",
        "What each step bought",
        "If the climb were made again",
    )
    places = [text.index(words) for words in (result.verdict, *heads)]
    assert places == sorted(places)


def test_shows_the_numbers_of_the_chosen_rung():
    text = page("digits").text
    chosen = next(rung for rung in digits().rungs if rung.name == "nearest-neighbours")
    score = chosen.stages[-1].test
    assert f"{100 * score.mean:.1f}% 95% interval {100 * score.low:.1f}\u2013{100 * score.high:.1f}" in text
    assert "31 ms" in text


@pytest.mark.parametrize("name", VARIANTS)
def test_every_picture_has_words(name):
    html, found = PAGES[name], page(name)
    names = {attributes["id"] for _, attributes in found.elements if "id" in attributes}
    for tag, attributes in found.elements:
        if tag == "img":
            assert attributes.get("alt")
        if tag == "svg" and attributes.get("aria-hidden") != "true":
            assert attributes.get("role") == "img"
            labelled = (attributes.get("aria-labelledby") or "").split()
            assert attributes.get("aria-label") or (labelled and set(labelled) <= names)
    assert html.count("<title") - 1 == html.count("<desc")
    assert all(match.strip() for match in re.findall(r"<desc[^>]*>(.*?)</desc>", html, flags=re.S))


@pytest.mark.parametrize("file", FROZEN, ids=lambda file: file.parent.name)
def test_results_of_earlier_versions_open(file):
    """What an earlier version wrote is read, and the page says what it did not know."""
    result = ClimbResult.from_json(file.read_text(encoding="utf-8"))
    found = Page(render(result)).text
    assert "Recommended: Multilayer perceptron. 98% right on unseen data (" in found
    assert result.verdict in found
    assert "an earlier version of epochal made this climb" in found
    assert "Tier 1" not in found and "One answer takes Not known" in found
    for rung in result.rungs:
        assert rung.title in found


def test_the_frozen_result_is_there():
    assert [file.parent.name for file in FROZEN] == ["version-1"]


def test_headline_comes_before_the_reason():
    html = PAGES["sized"]
    assert f">{sized().headline}</h1>" in html
    assert html.index(sized().headline) < html.index(sized().verdict)


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


def test_pictures_have_tables_behind_them():
    text = page("digits").text
    for words in ("All costs as a table", "The curves as a table", "The points as a table", "All rungs, both rounds"):
        assert words in text


def test_escapes_everything():
    html = PAGES["hostile"]
    assert "<script" not in html.lower()
    assert "javascript:" not in html
    bad = "<script>alert('1')</script>\"&.jpg"
    found = page("hostile")
    assert found.text.count(bad) > 60
    assert all(tag != "script" for tag, _ in found.elements)


def test_interrupted_climb_says_what_is_missing():
    text = page("interrupted").text
    for words in (
        "Interrupted.",
        "Not opened",
        "Stopped by Ctrl-C.",
        "There were no finals to compare",
        "No learning curve over the amount of data was measured",
        "There is no confusion matrix",
        "the test split was not opened",
        "on the validation split",
        "VGG-16 (interrupted)",
    ):
        assert words in text, words
    assert "on the test split of each rung" not in text


def test_climb_without_anything_says_so():
    text = page("empty").text
    for words in (
        "No verdict yet",
        "No rung was run",
        "Nothing was compared",
        "no rung has a score",
        "not recorded",
        "No training curve was recorded",
        "There is no data report",
    ):
        assert words in text, words


def test_diverged_rung_is_named_with_its_message():
    text = page("hymenoptera").text
    assert "VGG-16 (diverged: the loss became infinite at step 41 with every learning rate)" in text
    assert "Not compared: VGG-16" in text


def test_not_a_number_is_never_printed():
    result = digits()
    broken = []
    for rung in result.rungs:
        stages = []
        for stage in rung.stages:
            bad = Point(step=9, examples=999, values={"validation_loss": math.nan, "train_loss": math.inf})
            stages.append(
                stage.replace(validation=stage.validation.replace(mean=math.nan), test=None, curve=(*stage.curve, bad))
            )
        broken.append(rung.replace(stages=tuple(stages)))
    steps = tuple(finding.replace(effect=math.nan, interval=(math.nan, math.nan)) for finding in result.steps)
    html = render(result.replace(rungs=tuple(broken), steps=steps))
    assert not re.search(r"\bnan\b|\binf\b", html)
    Page(html)


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


def test_same_result_same_page():
    assert render(hymenoptera()) == PAGES["hymenoptera"]


def test_rungs_that_learned_nothing_leave_the_scale():
    text = page("digits").text
    assert "The scale is broken below" in text
    assert "Too low to draw on this scale: Majority class (10.0%, under 1 ms)." in text
    assert "The scale is broken below" not in page("hymenoptera").text


def test_writes_whole_files(tmp_path):
    file = write_report(digits(), tmp_path)
    assert file == tmp_path / "report.html"
    assert file.read_text(encoding="utf-8") == PAGES["digits"]
    other = write_report(empty(), tmp_path / "new" / "page.html")
    assert other.read_text(encoding="utf-8") == PAGES["empty"]
    write_report(interrupted(), file)
    assert file.read_text(encoding="utf-8") == PAGES["interrupted"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "report.html"]


def test_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    file = write_report(digits(), tmp_path)
    monkeypatch.setattr("epochal.study.report.page.render", lambda result: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_report(hostile(), file)
    assert file.read_text(encoding="utf-8") == PAGES["digits"]
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z]+): ?(#[0-9a-f]{3,6});", block))


def _luminance(colour: str) -> float:
    digits_ = colour[1:] if len(colour) == 7 else "".join(2 * c for c in colour[1:])
    parts = [int(digits_[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_contrast_is_double_a_in_every_scheme():
    style = PAGES["digits"]
    schemes = [_colours(match) for match in re.findall(r":root ?\{(.*?)\}", style) if "--ink" in match]
    assert len(schemes) == 3  # light, dark, print
    for scheme in schemes:
        for ground in ("paper", "panel"):
            for name in ("ink", "muted", "network", "classical", "good", "bad"):
                first, second = _luminance(scheme[name]), _luminance(scheme[ground])
                ratio = (max(first, second) + 0.05) / (min(first, second) + 0.05)
                assert ratio >= 4.5, f"{name} on {ground}: {ratio:.2f}"


def test_shows_classical_and_network_by_shape():
    html = PAGES["digits"]
    assert '<rect x="-5" y="-5" width="10" height="10" class="mark classical"/>' in html
    assert '<circle r="5.5" class="mark network"/>' in html
    assert {rung.kind for rung in LADDER} == {"classical", "network"}
