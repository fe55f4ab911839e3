"""A metric goes to JSON and back, and knows its direction."""

from epochal.core.metric import ACCURACY, LOWER, Metric


def test_a_metric_goes_to_json_and_back():
    metric = ACCURACY.replace(name="cost", better=LOWER, levels=(1.0, 2.0), options={"miss": 500.0, "positive": 1})
    assert ACCURACY.binary and not metric.binary
    assert Metric.from_json(metric.to_json()) == metric


def test_the_sign_is_that_of_better():
    assert (ACCURACY.sign, ACCURACY.replace(better=LOWER).sign) == (1, -1)
