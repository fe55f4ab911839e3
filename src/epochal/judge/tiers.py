"""Tiers: rungs that cannot be told apart share one, so that nobody reads noise as rank."""

from collections.abc import Callable, Mapping

from epochal.core.metric import ACCURACY, Metric


def tiers(
    means: Mapping[str, float], worse: Callable[[str, str], bool], metric: Metric = ACCURACY
) -> tuple[tuple[str, ...], ...]:
    """The names in tiers, the best first in each.

    The first tier holds the best by mean, and all that are not shown to be worse than it; the second the best of the
    rest, and all of them that are not shown to be worse than that one; and so on. A rung is only ever held against
    the best of a tier: two that share one may differ from each other.

    Args:
        means: of each name, in the unit of the metric; of equals the one that is named first is the best.
        worse: whether the first name is shown to be worse than the second, which is the best of its tier.
    """
    left = sorted(means, key=lambda name: -metric.sign * means[name])
    found = []
    while left:
        best, *others = left
        tier = (best, *(name for name in others if not worse(name, best)))
        found.append(tier)
        left = [name for name in others if name not in tier]
    return tuple(found)
