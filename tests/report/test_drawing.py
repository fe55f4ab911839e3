"""Axes, labels that keep apart, and the words for numbers."""

import math
import random
import re
from dataclasses import replace
from itertools import cycle

import pytest
from climb_results import digits, hymenoptera

from epochal.core.interval import Interval
from epochal.core.metric import LOWER, Metric
from epochal.report import words
from epochal.report.charts.cost import TRAINING, cost_chart, free, front
from epochal.report.charts.history import history
from epochal.report.charts.scale import score_scale
from epochal.report.charts.stripes import effect_axis
from epochal.report.page import write_report
from epochal.report.svg import Axis, element, log_ticks, overlap, place_labels, ticks, wrap
from epochal.report.view import rung_views, shown_split


def test_element_escapes_and_names_attributes():
    assert element("text", "<b>", x=1.5, class_="a", text_anchor="end") == (
        '<text x="1.5" class="a" text-anchor="end">&lt;b&gt;</text>'
    )
    assert element("line", x1='"', y1=None) == '<line x1="&#34;"/>'


def test_ticks_are_round_and_inside():
    assert ticks(0.88, 1.0, 5) == pytest.approx([0.9, 0.95, 1.0])
    assert ticks(0, 2.4, 3) == [0, 1, 2]
    assert ticks(3, 3, 5) == [3]
    assert log_ticks(0.5, 30) == [0.5, 1, 2, 5, 10, 20]
    assert log_ticks(0.001, 1000) == [10.0**e for e in range(-3, 4)]


def test_axis_is_linear_or_logarithmic_and_clips():
    assert Axis(low=0, high=2, start=0, end=100)(1) == 50
    assert Axis(low=1, high=100, start=0, end=100, log=True)(10) == pytest.approx(50)
    assert Axis(low=0, high=1, start=100, end=0)(7) == 0
    assert Axis(low=1, high=1, start=0, end=10)(1) == 5


LOSS = Metric(name="log-loss", title="log-loss", unit="nats", better=LOWER, percent=False)


def score(mean: float, half: float = 0.01) -> Interval:
    return Interval(mean=mean, low=mean - half, high=mean + half)


def test_a_scale_leaves_out_what_learned_nothing():
    scale = score_scale([score(0.1), score(0.95), score(0.97), score(0.98)])
    assert 0.9 <= scale.low < 0.94
    assert scale.high <= 1
    assert scale.leaves_out(score(0.1)) and not scale.leaves_out(score(0.95))
    scale = score_scale([score(0.1), score(0.1), score(0.11), *(score(0.9 + i / 100) for i in range(6))])
    assert scale.low > 0.8  # several of them, half at most
    scale = score_scale([score(0.5, 0.05), score(0.6, 0.05), score(0.7, 0.05), score(0.75, 0.05)])
    assert scale.low < 0.5
    assert (score_scale([]).low, score_scale([]).high) == (0.0, 1.0)
    scale = score_scale([score(1.0, 0.0)])
    assert scale.low < 1 == scale.high


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e5])
def test_better_is_up_where_lower_is_better(unit):
    """The worst losses leave the picture, and the axis begins at the worst that is shown."""
    scores = [score(mean * unit, 0.01 * unit) for mean in (2.3, 0.2, 0.15, 0.1)]
    scale = score_scale(scores, LOSS)
    assert [scale.leaves_out(one) for one in scores] == [True, False, False, False]
    axis = scale.axis(300, 20)
    places = [axis(one.mean) for one in scores[1:]]
    assert places == sorted(places, reverse=True)  # the best is nearest to the top
    assert axis(scale.worst) == 300
    assert 0 <= scale.low < 0.09 * unit and 0.21 * unit < scale.high < 0.3 * unit
    assert 2 <= len(scale.ticks(5)) <= 8
    labels = scale.labels(scale.ticks(5))
    assert len(set(labels)) == len(labels) and "%" not in "".join(labels)


def test_wrap_breaks_at_spaces_and_hyphens():
    assert wrap("Gradient-boosted trees", 11) == ["Gradient-", "boosted", "trees"]
    assert wrap("LeNet-5", 11) == ["LeNet-5"]
    assert wrap("HOG + linear SVM", 11) == ["HOG +", "linear SVM"]
    assert all(len(line) < 17 for line in wrap("x" * 90, 11))


@pytest.mark.parametrize("seed", range(8))
def test_labels_do_not_overlap(seed):
    numbers = random.Random(seed)
    anchors = [(numbers.gauss(600, 60), numbers.gauss(90, 25)) for _ in range(11)]  # a crowd in a corner
    sizes = [(numbers.choice([50.0, 80.0, 130.0]), 15.0) for _ in anchors]
    boxes = place_labels(anchors, sizes, [11.0] * 11, (40, 4, 760, 380))
    for index, box in enumerate(boxes):
        assert all(overlap(box, other) < 0.01 for other in boxes[index + 1 :])
        assert box[0] >= 39
        assert box[2] <= 761


def test_front_is_cheapest_first_and_only_what_nothing_beats():
    views = rung_views(digits())
    names = front(views, shown_split(views))
    assert names == ["majority", "nearest-neighbours", "lenet", "resnet"]


def test_a_rung_that_takes_no_time_is_named_and_not_drawn(tmp_path):
    result = digits()
    cheap = next(rung for rung in result.rungs if rung.name == "nearest-neighbours")
    stages = tuple(stage.replace(cost=stage.cost.replace(seconds=0.0)) for stage in cheap.stages)
    result = result.replace(rungs=tuple(r.replace(stages=stages) if r.name == cheap.name else r for r in result.rungs))
    views = rung_views(result)
    scored = shown_split(views)
    assert [view.name for view in free(views, scored, TRAINING)] == [cheap.name]
    assert front(views, scored)[0] == cheap.name, "nothing is cheaper"
    assert f">{cheap.title}<" not in cost_chart(views, scored, narrow=False)
    text = " ".join(write_report(result, tmp_path / "report.html").read_text().split())
    assert f"because one training took too little time to be measured: {cheap.title}." in text


@pytest.mark.parametrize("count", [4, 11, 13, 15])
def test_names_below_the_ladder_keep_apart(count):
    views = [*rung_views(digits()), *rung_views(digits())][:count]
    titles = ["Nearest neighbours", "Multilayer perceptron", "Extremely randomised trees", "Gradient-boosted trees"]
    views = [replace(view, rung=view.rung.replace(title=title)) for view, title in zip(views, cycle(titles))]
    drawn = history(views, shown_split(views))
    name = r'<text x="([\d.]+)" y="([\d.]+)" class="(name[ \w]*)"[^>]*?(?:font-size:([\d.]+)px[^>]*)?>([^<]+)'
    written = re.findall(name, drawn)
    assert len(written) >= count
    ends: dict[str, float] = {}
    for x, y, class_, size, word in written:
        half = len(word) * float(size or 13) * (0.62 if "strong" in class_ else 0.55) / 2
        assert float(x) - half > ends.get(y, 0.0), word
        ends[y] = float(x) + half


def test_effects_that_flatten_the_rest_are_left_to_arrows():
    axis = effect_axis(digits().steps)
    assert axis.high < 0.2
    assert not axis.holds(digits().steps[0].effect)
    axis = effect_axis(hymenoptera().steps)
    assert all(axis.holds(finding.effect) for finding in hymenoptera().steps)


def test_one_split_to_a_picture():
    result = digits()
    assert shown_split(rung_views(result)).split == "test"
    first = result.rungs[0]
    stage = first.stages[0].replace(test=None)
    result = result.replace(rungs=(first.replace(stages=(stage,)), *result.rungs[1:]))
    assert shown_split(rung_views(result)).split == "validation"


@pytest.mark.parametrize(
    "seconds,said",
    [
        (0, "0 s"),
        (0.0001, "under 1 ms"),
        (0.031, "31 ms"),
        (0.999, "1.0 s"),
        (7.25, "7.2 s"),
        (59.7, "1 min"),
        (754, "12 min 34 s"),
        (3600, "1 h"),
        (9000, "2 h 30 min"),
        (None, "\u2014"),
        (math.nan, "\u2014"),
    ],
)
def test_duration(seconds, said):
    assert words.duration(seconds) == said


def test_numbers_in_words():
    assert words.points(0.0121) == "+1.2"
    assert words.points(-0.004) == "\u22120.4"
    assert words.points(-0.0001) == "0.0"
    assert words.span((-0.006, 0.017)) == "\u22120.6 to +1.7"
    assert words.short_count(61_706) == "61.7k"
    assert words.short_count(999_700) == "1.0M"
    assert words.short_count(None) == "\u2014"
    assert words.size(412_000_000) == "412 MB"
    assert words.plural(1, "class", "classes") == "1 class"
    assert words.plural(2, "class", "classes") == "2 classes"
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed([]) == ""
    assert words.moment("2026-11-21T12:30:00+00:00") == "2026-11-21 12:30 UTC"
    assert words.moment("yesterday") == "yesterday"
    assert words.plain({"a_b": (1, 2.5, True, None)}) == "a b: 1, 2.5, yes, \u2014"
