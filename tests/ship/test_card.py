"""The card of a bundle prints the interval that decided."""

from epochal.core.experiment import CANNOT_TELL, Finding
from epochal.ship.card import _evidence

FINDING = Finding(
    control="a", arm="b", effect=0.557, interval=(0.35, 0.765), simultaneous=(-0.05, 1.0), p_value=0.01,
    verdict=CANNOT_TELL, margin=0.005, detectable=0.6, seeds=3, items=72, comparisons=9,
)  # fmt: skip


def test_a_verdict_stands_beside_the_interval_that_decided_it():
    (line,) = _evidence({"climb": {"on_test": [FINDING.to_dict()]}})
    assert line == (
        "- On the test split, b against a: cannot tell, +55.7 points "
        "(95% interval for 9 comparisons together -5.0 to +100.0)."
    )


def test_an_effect_is_in_the_unit_of_its_metric():
    loss = FINDING.replace(effect=-0.1234, simultaneous=(-0.2, 0.01), comparisons=1, percent=False, unit="nats")
    (line,) = _evidence({"climb": {"on_test": [loss.to_dict()]}})
    assert line.endswith("cannot tell, -0.123 nats (95% interval -0.2 to +0.01).")


def test_a_finding_of_an_earlier_run_is_in_points():
    old = {key: value for key, value in FINDING.to_dict().items() if key not in ("metric", "unit", "percent", "better")}
    (line,) = _evidence({"climb": {"on_test": [old]}})
    assert "+55.7 points" in line
