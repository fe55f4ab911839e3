"""Every kind of picture is drawn, whatever it lacks, and can be read without eyes."""

import math
import random
import re
from itertools import pairwise

import pytest
from milestone_results import HOSTILE, LONG, NOTHING, PICTURES, drawn, png, series
from pages import Page

from epochal.report.charts.plot import fitted, hues, marks, places, put, spread, thin, tick
from epochal.report.pictures import KINDS, describe, figure, numbers, small

NUMBERS = re.compile(r"\b(nan|inf|None)\b", re.IGNORECASE)


def test_every_kind_is_here():
    assert {picture.kind for picture in PICTURES.values()} == set(KINDS)


@pytest.mark.parametrize("name", PICTURES)
def test_is_drawn(name):
    shown = PICTURES[name]
    page = Page(figure(shown, "one"))
    assert {"svg", "table", "img"} & page.tags()
    assert shown.title in page.text
    assert shown.caption in page.text
    assert not NUMBERS.search(re.sub(r'src="data:[^"]*"', "", str(figure(shown, "one"))))
    assert Page(small(shown, "two")).tags() & {"svg", "img"}


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_to_draw_says_so(name):
    assert "There is nothing to draw" in Page(figure(NOTHING[name], "one")).text
    assert small(NOTHING[name], "two") == ""


@pytest.mark.parametrize("name", PICTURES)
def test_drawings_stay_in_their_frame(name):
    html = str(figure(PICTURES[name], "one"))
    for frame, body in re.findall(r'viewBox="0 0 (\d+ \d+)"(.*?)</svg>', html, re.DOTALL):
        width, height = map(int, frame.split())
        for across, up in re.findall(r'c?x="(-?[\d.]+)" c?y="(-?[\d.]+)"', body):
            assert -1 <= float(across) <= width + 1
            assert -1 <= float(up) <= height + 1


@pytest.mark.parametrize("name", [name for name, shown in PICTURES.items() if shown.kind != "images"])
def test_has_a_text_alternative(name):
    page = Page(figure(PICTURES[name], "one"))
    assert "table" in page.tags()
    for tag, attributes in page.elements:
        if tag == "svg" and attributes.get("role") == "img":
            title, description = attributes["aria-labelledby"].split()
            assert {title, description} <= page.names


def test_images_have_words_and_come_from_the_page_itself():
    page = Page(figure(drawn("images", images=(png(), "https://example.org/x.png", "javascript:1")), "one"))
    images = [attributes for tag, attributes in page.elements if tag == "img"]
    assert [image["alt"] for image in images] == ["Image 1 of 1"]
    assert not page.links()


def test_everything_is_escaped():
    for shown in PICTURES.values():
        labelled = tuple(each.replace(label=HOSTILE) for each in shown.series)
        hostile = shown.replace(title=HOSTILE, caption=HOSTILE, y_label=HOSTILE, ticks=(HOSTILE,), series=labelled)
        for html in (figure(hostile, "one"), small(hostile, "two")):
            assert "<script" not in html
            assert not {"script", "b", "style"} & Page(html).tags()


def test_small_is_small():
    many = drawn("images", images=tuple(png(shade) for shade in range(200)))
    assert len(small(many, "one")) < 30_000
    long = drawn("lines", *(series(f"{n}", n=5000) for n in range(12)))
    assert len(small(long, "one")) < 20_000
    assert len(figure(long, "one")) < 120_000


def test_description_tells_where_lines_start_and_end():
    told = describe(drawn("lines", series(n=3), percent=True))
    assert told == "error against examples. residual: from 10.0% to 30.0%."


def test_numbers_fold_long_tables():
    html = numbers(drawn("lines", series(n=500)))
    assert html.count("<tr>") == 41
    assert "40 of 500 rows" in html
    assert "0.1 (0.05 to 0.15)" in html


def test_zeros_on_a_logarithmic_axis_are_at_its_edge_and_said():
    assert "Zeros are drawn at the edge" in figure(PICTURES["log"], "one")
    assert "Zeros are drawn at the edge" not in figure(PICTURES["lines"], "one")
    axis = fitted([0.0, 0.01, 10.0], log=True, start=0, end=100)
    assert put(axis, 0.0) == 0
    assert 0 < put(axis, 0.01) < put(axis, 10.0) <= 100


def test_axes_hold_what_they_are_given():
    axis = fitted([0.2, 0.99], log=False, start=0, end=100, percent=True)
    assert axis.high == 1.0
    assert axis.low < 0.2
    for values in ([], [math.nan], [3.0], [0.0, 0.0], [-5.0, 5.0]):
        for log in (False, True):
            axis = fitted(values, log=log, start=0, end=100)
            assert axis.low < axis.high
            assert marks(axis, 4)


@pytest.mark.parametrize(
    ("value", "options", "said"),
    [
        (0.4, {"percent": True}, "40%"),
        (0.405, {"percent": True, "step": 0.005}, "40.5%"),
        (1e-6, {}, "10\u207b\u2076"),
        (12_500, {}, "12.5k"),
        (20_000, {}, "20k"),
        (-3, {}, "\u22123"),
        (0, {}, "0"),
    ],
)
def test_tick_words(value, options, said):
    assert tick(value, **options) == said


@pytest.mark.parametrize("seed", range(10))
def test_names_at_the_ends_of_lines_keep_apart(seed):
    numbers = random.Random(seed)
    wanted = [numbers.uniform(0, 300) if numbers.random() < 0.5 else 150.0 for _ in range(12)]
    heights = [numbers.choice([18.0, 34.0]) / 1.5 for _ in wanted]
    set_at = spread(wanted, heights, 0, 320)
    order = sorted(range(12), key=lambda index: set_at[index])
    for first, second in pairwise(order):
        assert set_at[second] - set_at[first] >= (heights[first] + heights[second]) / 2 - 1e-6
    assert set_at[order[0]] >= heights[order[0]] / 2 - 1e-6
    assert set_at[order[-1]] <= 320 - heights[order[-1]] / 2 + 1e-6
    assert spread([10.0, 200.0], [18.0, 18.0], 0, 320) == [10.0, 200.0]


def test_colours_differ_and_the_published_is_dashed():
    shown = [series("control", "control"), series(), series("other", "other"), series("paper", "published")]
    classes = hues(shown)
    assert len(set(classes)) == 4
    assert classes[0].startswith("hue-c")
    assert "dash" in classes[3]
    assert len(set(hues([series() for _ in range(12)]))) == 12


def test_thin_keeps_both_ends():
    assert thin(range(1000), 5) == [0, 250, 500, 749, 999]
    assert thin([1, 2], 5) == [1, 2]


def test_places_without_x_are_counted():
    assert [place.x for place in places(series(n=3, x=()))] == [0, 1, 2]


def test_long_labels_are_shortened_in_drawings_alone():
    page = Page(figure(PICTURES["many"], "one"))
    assert f"3 {LONG}".strip() in page.text
    assert "\u2026" in page.text
