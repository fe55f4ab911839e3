"""The section on machine learning against deep learning: its sentence, its table, and its picture."""

import pytest
from climb_results import sized
from pages import Page

from epochal.core.interval import Interval
from epochal.report.page import render
from epochal.report.result import Rivals, Side
from epochal.report.rivals_text import rivals_sentence
from epochal.report.table import sentences

SIZES = (72, 144, 287, 574, 1149)


SCORES = (0.7, 0.8, 0.92, 0.96, 0.98)


def side(rung: str, title: str, score: float, **told: object) -> Side:
    doubling = Interval(mean=0.02, low=-0.004, high=0.044)
    return Side(rung=rung, title=title, score=score, doubling=doubling, **{"seconds": 12.5} | told)


def rivals(enough: int | None = 478, **told: object) -> Rivals:
    known = {"repeated": None, "withheld": None} | told
    classical, deep = side("hog-svm", "HOG + linear SVM", 0.95, **known), side("resnet", "ResNet", 0.98, **known)
    found = {"classical": classical, "deep": deep, "better": "resnet", "sizes": SIZES, "scores": (SCORES, SCORES)}
    return Rivals(**found, enough=enough, hand_made=("bmi", "ratio") if told else ())


@pytest.mark.parametrize(
    ("enough", "wanted"),
    [
        (478, "ResNet scores with about 480 training images what HOG + linear SVM scores with all 1,149."),
        (72, "ResNet scores with 72 or fewer training images what HOG + linear SVM scores with all 1,149."),
        (
            None,
            "ResNet, trained on parts of the data for this curve, did not reach what HOG + linear SVM scores with all",
        ),
    ],
)
def test_the_sentence_says_how_much_data_the_better_needs(enough: int | None, wanted: str) -> None:
    said = rivals_sentence(rivals(enough), "image")
    assert said.startswith(wanted)
    assert said in sentences(sized().replace(rivals=rivals(enough)))


def test_the_better_may_be_the_classical_one() -> None:
    found = rivals().replace(better="hog-svm")
    assert rivals_sentence(found, "row").startswith("HOG + linear SVM scores with about 480 training rows what ResNet")
    assert 'class="curve classical"' in render(sized().replace(rivals=found))


def test_the_section_has_a_picture_and_a_line_for_what_was_measured() -> None:
    html = render(sized().replace(rivals=rivals()))
    text = Page(html).text
    assert 'id="picture-rivals-title"' in html and 'id="picture-rivals-narrow-title"' in html
    for words in ("HOG + linear SVM, with all 1,149", "Gain from the last doubling", "of them, in points.", "+2.0"):
        assert words in text, words
    assert "A small tree repeats" not in html and "Hand-made columns" not in html


def test_what_was_measured_of_tables_is_shown_where_it_is_known() -> None:
    known = {"repeated": Interval(mean=0.86, low=0.84, high=0.88), "withheld": Interval(mean=0.012, low=0, high=0.024)}
    html = render(sized().replace(rivals=rivals(**known)))
    for words in (
        "a decision tree with 16 leaves gives, too",
        "86%",
        "What it loses without bmi and ratio, in points.",
    ):
        assert words in html, words
    assert "+1.2" in html


def test_a_climb_without_one_family_has_no_such_section() -> None:
    assert 'id="rivals"' not in render(sized())
