"""Reliability in plain sentences: the calibration error, whether confidence tells right from wrong, and abstaining."""

from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY
from epochal.judge.reliability import Abstaining, Reliability
from epochal.judge.verdict_text import value


def calibration(found: Reliability) -> str:
    """The calibration error, and what it means."""
    error = found.error
    if error.high < error.mean:
        meant = "no more than chance alone makes"
    else:
        meant = f"95% interval {100 * error.low:.1f} to {100 * error.high:.1f}"
    perfect = " Nothing speaks against perfect calibration." if error.low == 0 else ""
    return (
        f"Calibration error on the test split: {100 * error.mean:.1f} points ({meant}). It is the mean gap between the "
        f"confidence and the share of right answers.{perfect}"
    )


def ranking(found: Interval) -> str:
    """Whether confidence tells right answers from wrong ones."""
    return (
        f"In {value(found.mean, ACCURACY, 0)} of the pairs of a right and a wrong answer, the right one has the higher "
        f"confidence ({interval(found, 0)}; chance gives 50%)."
    )


def abstained(found: Abstaining, items: str) -> str:
    """What answering only from a confidence on gives. `items` is what they are called: "images"."""
    begun = (
        f"From {value(found.threshold, ACCURACY)} confidence on, it answers {value(found.coverage.mean, ACCURACY)} of "
        f"the {items} ({interval(found.coverage)})"
    )
    if found.accuracy is None:
        return f"{begun}."
    return (
        f"{begun}, and {value(found.accuracy.mean, ACCURACY)} of these answers are right ({interval(found.accuracy)})."
    )


def interval(found: Interval, digits: int = 1) -> str:
    """'95% interval 96.8 to 99.4%'."""
    return f"95% interval {100 * found.low:.{digits}f} to {value(found.high, ACCURACY, digits)}"
