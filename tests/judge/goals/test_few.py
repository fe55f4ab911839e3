"""Classes with few items are named once, and only where a metric weighs every class alike."""

import pytest

from epochal.judge.goals.classes import METRICS, cost_metric
from epochal.judge.goals.few import few_items

COUNTS = {"in validation": {"day": 90, "night": 2, "dusk": 10}, "in test": {"day": 120, "night": 9, "dusk": 0}}


def test_the_class_is_named_with_its_items_in_each_split():
    assert few_items(METRICS["macro-f1"], COUNTS, "image") == (
        "The interval of macro F1 may be too narrow, because it averages over a class with fewer than 10 images: "
        "night (2 in validation, 9 in test)."
    )
    assert few_items(METRICS["average-precision"], {"": {"day": 90, "night": 8, "dusk": 3}}, "image") == (
        "The interval of average precision may be too narrow, because it ranks classes with fewer than 10 images: "
        "night (8) and dusk (3)."
    )


def test_of_many_classes_three_are_named():
    text = few_items(METRICS["balanced-accuracy"], {"in test": {str(k): 1 for k in range(100)}}, "image")
    assert text.endswith("fewer than 10 images: 0 (1 in test), 1 (1 in test), 2 (1 in test) and 97 more.")


@pytest.mark.parametrize("metric", [METRICS["accuracy"], METRICS["log-loss"], cost_metric(5, 1, positive=1)])
def test_metrics_that_weigh_items_alike_say_nothing(metric):
    assert few_items(metric, COUNTS, "image") == ""


@pytest.mark.parametrize("name", ["balanced-accuracy", "macro-f1", "auroc", "average-precision"])
def test_ten_items_are_enough_and_a_class_without_any_is_left_out(name):
    assert few_items(METRICS[name], {"in test": {"day": 10, "night": 11, "dusk": 0}}, "image") == ""
    assert "night (9 in test)" in few_items(METRICS[name], COUNTS | {"in validation": {}}, "image")
