"""What the report says of climbs on tables: of rows, of numbers that are predicted, and of columns."""

import re

import pytest
from climb_pages import PAGES, page
from number_results import MAE, TABLES, customers, houses
from pages import Page

from epochal.judge.shown import Residuals
from epochal.report import words
from epochal.report.charts.scale import Scale
from epochal.report.page import render
from epochal.report.table import plain_table, repr_html, sentences, shipped_score


@pytest.mark.parametrize("name", TABLES)
def test_nothing_is_called_an_image(name):
    result, found = TABLES[name](), page(name)
    said = [found.text, plain_table(result), repr_html(result), shipped_score(result), *sentences(result)]
    assert not [text for text in said if re.search(r"\b(image|picture|photo)s?\b", text.replace("first picture", ""))]
    pictures = re.findall(r"<(?:desc|title)[^>]*>[^<]*", PAGES[name])
    assert pictures and not [words for words in pictures if "image" in words]
    assert "row" in found.text


def test_a_climb_in_r2_says_so_everywhere():
    text = page("houses").text
    for said in (
        "Recommended: Gradient-boosted trees. R2 of 0.86 on unseen rows (0.84 to 0.88).",
        "R2 on the test split 0.860 95% interval 0.840\u20130.880; the mean is 0.861 over 3 seeds",
        "R2 with its 95% interval. ",
        "102k parameters, 15.4k rows",
        "The difference in R2, with the 95% interval that decides the verdict",
        "800 rows, 3 seeds, margin \u00b10.01. Intervals are corrected for 3 comparisons.",
        "Multilayer perceptron against Gradient-boosted trees \u22120.024 \u22120.044 to \u22120.004",
        "about 1,900 more rows would settle it",
        "Loss over the rows seen",
        "The loss is the share of the variance that is left: 1 for a model that always answers the mean",
        "validation R2 0.832, loss 0.17",
        "(1 minus R2) when it is trained on parts of the training split",
        "Too low to draw on this scale: The mean (\u22120.004, 1 ms).",
        "The scale is broken below 0.60.",
    ):
        assert said in text, said
    assert ">0.80</text>" in PAGES["houses"]  # a tick of the ladder


def test_a_climb_in_the_unit_of_what_is_predicted_says_so_everywhere():
    text = page("houses_by_error").text
    for said in (
        "Off by 27,634 on average on unseen rows (mean absolute error, 26,253 to 29,292).",
        "Mean absolute error on the test split, in the unit of price, lower is better 27,634",
        "Mean absolute error with its 95% interval, in the unit of price, lower is better. ",
        "Lower is better, and better is drawn higher.",
        "margin \u00b11,150.",
        "validation R2 0.832, loss 0.17",  # along the curves, whatever the metric is
        "Difference 95% interval Verdict",
    ):
        assert said in text, said
    assert "mean absolute error, lower is better" in plain_table(houses(MAE))
    assert shipped_score(houses(MAE)) == (
        "The bundle holds one training. Its mean absolute error on the test split is 27,634 (26,253 to 29,292); the "
        "mean over 3 seeds is 27,536."
    )


@pytest.mark.parametrize("name", ["houses", "houses_by_error"])
def test_where_a_number_is_predicted_residuals_stand_for_classes(name):
    html, text = PAGES[name], page(name).text
    for said in (
        "A prediction plus or minus 48,200 holds the truth for 90% of the validation rows, as promised; on the test "
        "split it does for 88.9% (95% interval 86.9 to 90.7%).",
        "True minus predicted: half of these lie between",
        "The first picture shows 400 of the 1,000 test rows, evenly spread over the true values.",
        "Interval of a prediction",
    ):
        assert said in text, said
    for absent in ("onfusion", "confidence", "alibration error", "each class", "0 classes", "Class "):
        assert absent not in text, absent
    drawn = re.search(r"<svg[^>]*picture-predicted-title.*?</svg>", html, flags=re.S)[0]
    assert drawn.count('class="seed classical"') == 400
    bars = re.search(r"<svg[^>]*picture-residuals-title.*?</svg>", html, flags=re.S)[0]
    assert bars.count('class="share classical"') == 24 and ">50k<" in bars


def test_the_band_of_the_promise_is_drawn_around_the_line_of_no_error():
    found: Residuals = houses().shipped.residuals
    drawn = re.search(r"<svg[^>]*picture-predicted-title.*?</svg>", PAGES["houses"], flags=re.S)[0]
    band = re.search(r'<path d="M([^"]*)Z" class="margin"', drawn)[1]
    corners = [tuple(map(float, place.split())) for place in band.split("L")]
    every = [value for point in found.points for value in point]
    scale = (328 - 50) / (1.08 * (max(every) - min(every)))
    assert corners[0] == (50.0, 254.0) and corners[3] == (328.0, 18.0)
    assert corners[4][1] == pytest.approx(18 + found.width * scale * (254 - 18) / (328 - 50), abs=0.1)
    assert corners[5][0] == pytest.approx(50 + found.width * scale, abs=0.1)


def test_equal_residuals_and_a_wide_promise_can_be_drawn():
    found = houses().shipped.residuals.replace(
        edges=(-0.5, 0.5), counts=(3,), points=((2.0, 2.0), (2.0, 2.0)), width=9.0, quantiles=(0.0,) * 5
    )
    result = houses()
    Page(render(result.replace(shipped=result.shipped.replace(residuals=found))))


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "houses",
            "rooms 0.300 0.294 to 0.306 built 0.080 0.074 to 0.086 heating 0.004 \u22120.002 to 0.010",
        ),
        ("houses_by_error", "rooms 12,000 11,760 to 12,240 built 3,200 2,960 to 3,440 heating 160 \u221280 to 400"),
    ],
)
def test_what_matters_is_told_in_the_unit_of_the_metric(name, rows):
    text = page(name).text
    assert "is on the test split when one part of every row is exchanged with that of others at random" in text
    assert f"Worse by {rows}" in text


def test_ticks_are_short_and_say_what_they_stand_for():
    assert words.round_values([-50_000.0, 0.0, 50_000.0]) == ["\u221250k", "0", "50k"]
    assert words.round_values([950_000.0, 1_000_000.0, 1_050_000.0]) == ["0.95M", "1M", "1.05M"]
    assert words.round_values([0.0, 2_500.0, 5_000.0]) == ["0", "2,500", "5,000"]
    assert words.round_values([0.1, 0.15]) == ["0.1", "0.15"]
    dear = Scale(metric=MAE, low=950_000.0, high=1_100_000.0)
    assert dear.labels(dear.ticks(3)) == ["0.95M", "1M", "1.05M", "1.1M"]
    near = Scale(metric=MAE, low=100.0, high=102.0)
    assert near.labels(near.ticks(4)) == ["100", "100.5", "101", "101.5", "102"]


def test_parts_that_matter_little_are_counted():
    result = houses()
    many = tuple(result.importance[0].replace(part=f"column {n}") for n in range(23))
    text = Page(render(result.replace(importance=many))).text
    assert "column 19 0.300" in text and "column 20 0.300" not in text
    assert "And 3 parts that matter less." in text
    assert "What it looks at" not in page("sized").text


def test_the_furthest_off_are_shown_with_their_cells():
    text = page("houses").text
    wrong = text[text.index("The furthest off") :]
    assert "Test rows whose prediction is furthest from the truth. Look here for wrong values of price first." in wrong
    assert "rooms 3 built 1967 heating gas garden missing sensor 0 0.000" in wrong
    assert "4 more sensor 4 0.571" in wrong
    assert "290,500 predicted, off by 219,500 510,000 true row 412" in wrong
    assert "no picture" not in text


def test_wrong_rows_of_classes_are_shown_with_their_cells():
    text = page("customers").text
    assert "age 41 plan <b>basic</b> stays , 97% sure is leaves row 88" in text
    assert "Look here for mislabelled rows first." in text
    assert "Rows are what the row is, columns what it was taken for" in text
    assert "Should it leave doubtful rows to people?" in text


def test_the_data_of_a_table_is_told():
    text = page("houses").text
    data = text[text.index("The data What was opened") :]
    for said in (
        "Predicts price, a number from 14,999 to 1,500,001; half of its values lie between 119,600 and 264,725, "
        "around 179,700",
        "Rows 3,200 train, 800 validation and 1,000 test ",
        "Columns 2 numbers, 2 categories",
        "Given to the models as 14 numbers",
        "Leaks column 'price_net' is a copy of 'price'. It is left out.",
        "2 numbers rooms, built 2 categories heating, garden",
        "Problems with rows Row What is wrong What was done row 17 no price set aside",
        "2 columns 'heating', 'garden' category few texts --column NAME=text",
    ):
        assert said in data, said
    assert "Duplicates" not in data
    text = page("customers").text
    assert "Leaks None was found." in text
    assert "Predicts churned Rows 640 train, 160 validation and 200 test; 2 classes" in text
    assert "Rows of each class" in text


def test_an_interrupted_climb_of_a_number_misses_no_matrix():
    whole = houses()
    rungs = tuple(rung.replace(stages=tuple(stage.replace(test=None) for stage in rung.stages)) for rung in whole.rungs)
    text = Page(
        render(whole.replace(complete=False, rungs=rungs, shipped=None, wrong=(), on_test=(), headline=""))
    ).text
    assert "Best so far: Gradient-boosted trees. Validation R2: 0.862." in text
    assert "Not known: the test split was not opened, or no rows were kept." in text
    assert "confusion" not in text


def test_an_idea_older_than_the_neuron_has_its_place_on_the_timeline():
    html = PAGES["houses"]
    history = html[html.index("picture-history-title") : html.index('class="timeline')]
    years = re.findall(r'<text x="([\d.]+)" y="[\d.]+" class="tick"[^>]*>(\d{4})<', history)
    places = {int(year): float(x) for x, year in years}
    assert 1820 in places and 1943 in places and 1940 not in places  # 1940 would stand on 1943
    assert sorted(places, key=places.__getitem__) == sorted(places)
    ends = re.findall(r'<circle cx="([\d.]+)" cy="[\d.]+" r="3" class="dot classical"', history)
    assert min(map(float, ends)) < places[1820]


def test_a_headline_is_made_where_a_result_has_none():
    assert "R2 of 0.86 on unseen rows (0.84 to 0.88)." in Page(render(houses().replace(headline=""))).text
    assert "93% right on unseen data (91 to 95%)." in Page(render(customers().replace(headline=""))).text
