"""Residuals in plain sentences: how far predicted numbers are from the true ones, and how often the promise holds."""

from epochal.core.metric import ACCURACY
from epochal.judge.shown import Residuals
from epochal.judge.verdict_text import short, value


def promise(found: Residuals, items: str) -> str:
    """Within what distance the truth was promised to lie, and how often it did; `items` is what they are called."""
    share, low, high = (value(part, ACCURACY) for part in (found.covered.mean, found.covered.low, found.covered.high))
    outside = ""
    if found.covered.high < found.promised:
        outside = " That is less often than promised."
    elif found.covered.low > found.promised:
        outside = " That is more often than promised."
    return (
        f"A prediction plus or minus {short(found.width)} holds the truth for {value(found.promised, ACCURACY, 0)} of "
        f"the validation {items}, as promised; on the test split it does for {share} (95% interval "
        f"{low.removesuffix('%')} to {high}).{outside}"
    )


def spread(found: Residuals) -> str:
    """Where the middle of the residuals lies, and half of them, and nine in ten."""
    lowest, low, middle, high, highest = map(short, found.quantiles)
    return (
        f"True minus predicted: half of these lie between {low} and {high}, around {middle}; nine in ten between "
        f"{lowest} and {highest}."
    )
