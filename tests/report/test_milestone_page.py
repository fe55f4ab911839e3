"""A milestone in the terminal and on a page of its own."""

import re

import pytest
from milestone_results import CHECKS, HOSTILE, LONG, history, hostile, milestone, result
from pages import Page

from epochal.core.claim import VERDICTS
from epochal.judge.claim_text import needed
from epochal.milestones.listing import listing
from epochal.report.charts.effects import strip
from epochal.report.code import coloured
from epochal.report.milestone import to_text, write_page
from epochal.report.plates import SAID, minutes, spelled, tidy


def page_of(one, found, folder) -> Page:
    return Page(write_page(one, found, folder).read_text(encoding="utf-8"))


def test_listing_names_every_milestone_in_order():
    milestones, results = history()
    lines = listing(list(reversed(milestones)), results, 140).splitlines()
    assert all(len(line) <= 140 for line in lines)
    assert all(line == line.rstrip() for line in lines)
    rows = [line for line in lines if line[:4].isdigit()]
    assert [row[:4] for row in rows] == ["1958", "1989", "2010", "2012", "2012", "2015"]
    for one, row in zip(sorted(milestones, key=lambda each: each.year), rows, strict=False):
        assert ("--data" in row) == bool(one.data)
    assert rows[0].endswith("\u2713 Confirmed")
    assert "Refuted here" in rows[2]
    assert "Not run yet" in listing(milestones, {})
    assert "(Table 6)" in lines[2]
    assert lines[-1].startswith("6 claims, 12 minutes on two cores: 2 confirmed, 1 refuted at this scale, ")


def test_listing_shortens_and_does_without():
    long = milestone(claim=LONG, published=LONG * 3, paper="")
    assert all(len(line) <= 140 for line in listing([long], {}, 300).splitlines())
    assert "\u2026" in listing([long], {}, 140)
    assert listing([], {}) == "There are no milestones."


def test_listing_for_no_terminal_is_never_cut():
    long = milestone(claim=LONG, published=LONG * 3, paper="")
    lines = listing([long], {}).splitlines()
    assert " ".join(LONG.split()) in lines[1] and lines[1].endswith("Not run yet")
    assert lines[2].strip() == " ".join((LONG * 3).split())


@pytest.mark.parametrize("verdict", VERDICTS)
def test_text_says_the_verdict_first(verdict):
    found = result(verdict=verdict)
    text = to_text(milestone(), found)
    flat = re.sub(r"\s+", " ", text)
    parts = (milestone().claim, found.sentence, "Published", "Paper", "Differs", "Seeds", "Again")
    assert [flat.index(part) for part in parts] == sorted(flat.index(part) for part in parts)
    for said in (found.command, milestone().differs, "1 of 5 trainings diverged", "A Processor, 2 cores", "1 min 35 s"):
        assert said in flat
    assert "needed: at least 10 points more" in flat
    assert all(len(line) <= 120 for line in text.splitlines())


def test_text_says_how_a_run_differs_from_the_milestones_own():
    text = to_text(milestone(), result(scale=0.5, published_data=False, data="photos", seeds=(0, 1)))
    assert "trainings at 0.5 of their length" in text
    assert "on photos in place of digits" in text
    assert "2 seeds in place of 5" in text
    assert "in place of" not in to_text(milestone(), result())


@pytest.mark.parametrize("name", history()[1])
def test_page_says_all_that_a_reader_needs(name, tmp_path):
    milestones, results = history()
    one, found = next(each for each in milestones if each.name == name), results[name]
    page = page_of(one, found, tmp_path / "deep")
    assert (tmp_path / "deep" / "page.html").exists()
    for said in (one.title, one.claim, one.paper, one.published, one.differs, one.setting, found.command, found.data):
        assert said in page.text
    assert SAID[found.verdict] in page.text
    for check in found.checks:
        assert check.question in page.text
        assert tidy(needed(check)) in page.text
    assert f"epochal milestone run {name}" in page.text
    assert "Named here so that pages can show this module" in page.text
    assert page.tags().isdisjoint({"script", "link", "iframe", "form", "object", "embed", "base"})
    assert all(link.startswith("#") and link[1:] in page.names for link in page.links())


def test_page_has_one_first_heading_and_a_language(tmp_path):
    page = page_of(milestone(), result(), tmp_path)
    assert [tag for tag, _ in page.elements].count("h1") == 1
    assert ("html", {"lang": "en"}) in page.elements


def test_everything_on_a_page_is_escaped(tmp_path):
    (one,), results = hostile()
    html = write_page(one, results["hostile"], tmp_path).read_text(encoding="utf-8")
    assert "<script" not in html
    assert HOSTILE not in html
    assert all(link.startswith("#") for link in Page(html).links())
    assert HOSTILE in Page(html).text
    assert html.index("</style>") == html.rindex("</style>")


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_is_drawn_against_what_it_needs(name):
    check = CHECKS[name]
    drawing = str(strip(check, "confirmed"))
    if check.kind == "exact":
        assert drawing == ""
        return
    page = Page(drawing)
    assert 'class="needed"' in drawing
    assert needed(check) in dict(page.elements[0][1])["aria-label"]
    assert not re.search(r"\b(nan|inf)\b", drawing)
    for place in re.findall(r'"(-?[\d.]+)%"', drawing):
        assert 0 <= float(place) <= 100


def test_the_tinted_part_is_on_the_side_that_was_predicted():
    def box(check):
        return [float(place) for place in re.findall(r'x="([\d.]+)%" width="([\d.]+)%"', str(strip(check, "x")))[0]]

    left, width = box(CHECKS["difference"])
    assert left > 0
    assert left + width == pytest.approx(100, abs=0.02)
    left, width = box(CHECKS["less"])
    assert left == 0
    assert 0 < width < 100
    left, width = box(CHECKS["same"])
    assert left > 0
    assert left + width < 100


def test_what_cannot_be_drawn_is_left_out():
    assert strip(CHECKS["ratio"].replace(interval=(0.0, 1.0)), "x") == ""
    assert strip(CHECKS["difference"].replace(effect=float("nan")), "x") == ""


def test_code_keeps_its_text_and_gets_its_colours():
    code = 'def f(x):  # "why" <b>\n    """A & b."""\n    return f"{x}" + \'<\' if x else 3.5\n'
    html = coloured(code)
    assert "".join(Page(f"<pre>{html}</pre>").words) == code
    assert '<span class="k">def</span>' in html
    assert '<span class="n">3.5</span>' in html
    assert '<span class="c"># &#34;why&#34; &lt;b&gt;</span>' in html
    assert coloured("no (python") == "no (python"
    assert coloured("") == ""


def test_words():
    numbers = (0, 1, 19, 20, 22, 1200)
    assert [spelled(number) for number in numbers] == ["no", "one", "nineteen", "twenty", "twenty-two", "1,200"]
    assert [minutes(seconds) for seconds in (0.2, 40, 95, 3600, 7500)] == [
        "1 second",
        "40 seconds",
        "2 minutes",
        "1 hour",
        "2 hours 5 minutes",
    ]
    assert tidy("-0.5 points [-1, 2], pre-2 x-3") == "\u22120.5 points [\u22121, 2], pre-2 x-3"
