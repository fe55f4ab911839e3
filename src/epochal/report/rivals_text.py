"""Machine learning against deep learning in a sentence: how much data each needs for what the other scores."""

from epochal.report import words
from epochal.report.result import Rivals, Side


def rivals_sentence(found: Rivals, item: str) -> str:
    """How many items each needs for what the other scores with all of them."""
    classical, deep = found.classical, found.deep
    return f"{_reach(classical, deep, item)} {_reach(deep, classical, item)}"


def _reach(one: Side, other: Side, item: str) -> str:
    whole = one.sizes[-1]
    if one.enough is None:
        return f"{one.title} does not reach the score of {other.title} with all {words.count(whole)} training {item}s."
    if one.enough <= one.sizes[0]:
        return (
            f"{one.title} scores with {words.count(one.sizes[0])} training {item}s or fewer what {other.title} scores "
            f"with all {words.count(whole)}."
        )
    return (
        f"{one.title} scores with about {about(one.enough)} training {item}s what {other.title} scores with all "
        f"{words.count(whole)}."
    )


def about(number: int) -> str:
    """Two significant digits."""
    return words.count(float(f"{number:.2g}"))
