"""A warning for metrics that weigh every class alike, where a class has so few items that intervals are too narrow."""

from collections.abc import Mapping

from epochal.core.metric import Metric
from epochal.judge.goals.classes import OF_RANKS, OVER_CLASSES

FEW = 10  # items of a class below which intervals were measured too narrow (bench/coverage.py)
NAMED = 3  # classes that are named; the others are counted


def few_items(metric: Metric, counts: Mapping[str, Mapping[str, int]], item: str) -> str:
    """One sentence that names the classes with few items; empty where there are none, or for other metrics.

    Args:
        counts: the items of each class, by what their split is called in the sentence. Classes that a split has no
            item of are left out of its averages, and of the sentence.
    """
    if metric.name not in OVER_CLASSES:
        return ""
    found: dict[str, list[str]] = {}
    for split, classes in counts.items():
        for label, count in classes.items():
            if 0 < count < FEW:
                found.setdefault(label, []).append(f"{count} {split}".strip())
    if not found:
        return ""
    named = [f"{label} ({', '.join(where)})" for label, where in list(found.items())[:NAMED]]
    more = [f"{len(found) - NAMED} more"] if len(found) > NAMED else []
    *before, last = [*named, *more]
    classes_named = f"{', '.join(before)} and {last}" if before else last
    does = "ranks" if metric.name in OF_RANKS else "averages over"
    what = "a class" if len(found) == 1 else "classes"
    return (
        f"The interval of {metric.title} may be too narrow, because it {does} {what} with fewer than {FEW} {item}s: "
        f"{classes_named}."
    )
