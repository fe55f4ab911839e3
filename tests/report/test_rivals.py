"""The section on machine learning against deep learning: its sentence, its table, and its picture."""

import pytest
from climb_results import sized
from pages import Page

from epochal.core.interval import Interval
from epochal.report import render
from epochal.report.result import Rivals, Side
from epochal.report.rivals_text import rivals_sentence
from epochal.report.table import sentences

SIZES = (72, 144, 287, 574, 1149)


def side(title: str, scores: tuple[float, ...], **told: object) -> Side:
    facts = {"rung": title.lower(), "enough": None, "examples": 20_480, "seconds": 12.5} | told
    doubling = Interval(mean=scores[-1] - scores[-2], low=-0.004, high=0.021)
    return Side(title=title, sizes=SIZES, scores=(scores, scores), doubling=doubling, **facts)


def rivals(**told: object) -> Rivals:
    facts = {
        "classical": side("HOG + linear SVM", (0.8, 0.85, 0.9, 0.93, 0.95), seconds=0.8),
        "deep": side("ResNet", (0.7, 0.8, 0.92, 0.96, 0.98), enough=478),
    }
    return Rivals(**facts | told)


@pytest.mark.parametrize(
    ("enough", "wanted"),
    [
        (478, "ResNet scores with about 480 training images what HOG + linear SVM scores with all 1,149."),
        (72, "ResNet scores with 72 training images or fewer what HOG + linear SVM scores with all 1,149."),
        (None, "ResNet does not reach the score of HOG + linear SVM with all 1,149 training images."),
    ],
)
def test_the_sentence_says_how_much_data_each_needs(enough: int | None, wanted: str) -> None:
    found = rivals(deep=side("ResNet", (0.7, 0.8, 0.92, 0.96, 0.98), enough=enough))
    other = "HOG + linear SVM does not reach the score of ResNet with all 1,149 training images."
    assert rivals_sentence(found, "image") == f"{other} {wanted}"
    assert f"{other} {wanted}" in sentences(sized().replace(rivals=found))


def test_the_section_has_a_picture_and_a_line_for_what_was_measured() -> None:
    html = render(sized().replace(rivals=rivals()))
    text = Page(html).text
    assert 'id="picture-rivals-title"' in html and 'id="picture-rivals-narrow-title"' in html
    for words in (
        "Images that it needs",
        "more than 1,149",
        "about 480",
        "Gain from the last doubling",
        "of them, in points.",
        "+2.0",
    ):
        assert words in text, words
    assert "A small tree repeats" not in html and "Hand-made columns" not in html


def test_what_was_measured_of_tables_is_shown_where_it_is_known() -> None:
    known = {"repeated": Interval(mean=0.86, low=0.84, high=0.88), "withheld": Interval(mean=0.012, low=0, high=0.024)}
    scores = (0.7, 0.8, 0.92, 0.96, 0.98)
    found = rivals(
        classical=side("Trees", scores, **known), deep=side("MLP", scores, **known), hand_made=("bmi", "ratio")
    )
    html = render(sized().replace(rivals=found))
    for words in (
        "a decision tree with 16 leaves gives, too",
        "86%",
        "What it loses without bmi and ratio, in points.",
        "+1.2",
    ):
        assert words in html, words


def test_a_climb_without_one_family_has_no_such_section() -> None:
    assert 'id="rivals"' not in render(sized())
