"""Machine learning against deep learning in a sentence: how much data the better needs for what the other scores."""

from epochal.report import words
from epochal.report.result import Rivals


def rivals_sentence(found: Rivals, item: str) -> str:
    """With how many items the better scores what the other scores with all of them."""
    better, other = found.ordered
    if found.enough is None:
        return (
            f"{better.title}, trained on parts of the data for this curve, did not reach what {other.title} scores "
            f"with all {words.count(found.sizes[-1])} training {item}s."
        )
    few = found.enough <= found.sizes[0]
    needed = f"{words.count(found.sizes[0])} or fewer" if few else f"about {words.count(float(f'{found.enough:.2g}'))}"
    return (
        f"{better.title} scores with {needed} training {item}s what {other.title} scores with all "
        f"{words.count(found.sizes[-1])}."
    )
