"""The page: it renders whatever a climb lacks, needs nothing else, escapes everything, and can be read without eyes."""

import json
import math
import re
from pathlib import Path

import pytest
from climb_pages import PAGES, page
from climb_results import (
    VARIANTS,
    digits,
    empty,
    hostile,
    hymenoptera,
    interrupted,
    sized,
)
from pages import Page

from epochal.core.older import modern
from epochal.core.run import Point
from epochal.report.page import render, write_report
from epochal.report.result import ClimbResult

FROZEN = sorted((Path(__file__).parent / "frozen").glob("version-*/result.json"))


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
    result = ClimbResult.from_dict(modern(json.loads(file.read_text(encoding="utf-8"))))
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


def test_not_a_number_is_never_printed():
    result = digits()
    broken = []
    for rung in result.rungs:
        stages = []
        for stage in rung.stages:
            bad = Point(step=9, examples=999, values={"loss": math.nan, "train_loss": math.inf})
            stages.append(
                stage.replace(validation=stage.validation.replace(mean=math.nan), test=None, curve=(*stage.curve, bad))
            )
        broken.append(rung.replace(stages=tuple(stages)))
    steps = tuple(finding.replace(effect=math.nan, interval=(math.nan, math.nan)) for finding in result.steps)
    html = render(result.replace(rungs=tuple(broken), steps=steps))
    assert not re.search(r"\bnan\b|\binf\b", html)
    Page(html)


def test_same_result_same_page():
    assert render(hymenoptera()) == PAGES["hymenoptera"]


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
    monkeypatch.setattr("epochal.report.page.render", lambda result: 1 / 0)
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
