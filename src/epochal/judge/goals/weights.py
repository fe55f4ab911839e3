"""What a reader is told of items that have weights."""

from typing import Any

from epochal.core.weighed import parted
from epochal.judge.statistics import design_effect


def weighed_sentence(targets: Any, item: str, shown: str) -> str:
    """That learning and scores weigh the items, and by how much that widens intervals; empty where all count alike.

    Args:
        shown: what counts each item once all the same.
    """
    values, weights = parted(targets)
    if weights is None:
        return ""
    count = len(values)
    as_many = round(count / design_effect(count, weights=weights))
    return (
        f"Learning and all scores weigh each {item} by its weight; {shown} count each {item} once. The weights of the "
        f"{count:,} training {item}s are as uneven as if there were {as_many:,} that count alike (Kish 1965)."
    )
