"""Two families on the same data: how much of it each needs, and how much of an answer a simpler model repeats."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def enough(sizes: Sequence[int], scores: Float[np.ndarray, " sizes"], level: float) -> int | None:
    """The training size from which on scores, of which higher is better, reach a level; None where they never do.

    Between two measured sizes the score is taken to rise evenly with the logarithm of the size, and a score that falls
    with more data counts as the best before it. At the smallest size the answer is that size, or fewer.
    """
    best = np.maximum.accumulate(np.asarray(scores, np.float64))
    reached = np.flatnonzero(best >= level)
    if not len(reached):
        return None
    place = int(reached[0])
    if place == 0:
        return int(sizes[0])
    share = (level - best[place - 1]) / (best[place] - best[place - 1])
    before, after = np.log(sizes[place - 1]), np.log(sizes[place])
    return int(np.ceil(np.exp(before + share * (after - before)) - 1e-9))


def explained(
    said: Float[np.ndarray, "items outputs"], repeated: Float[np.ndarray, "items outputs"]
) -> Float[np.ndarray, " items"] | None:
    """Influence values of the share of variance of some answers that other answers repeat, R2 over all outputs: their
    mean is the share, and their spread that of a ratio of two means (Cochran 1977, Sampling techniques, section 6.4).

    None where the answers are all the same, so that there is nothing to repeat.
    """
    left = ((said - repeated) ** 2).sum(axis=1)
    whole = ((said - said.mean(axis=0)) ** 2).sum(axis=1)
    scale = whole.mean()
    if not scale > 0:
        return None
    ratio = left.mean() / scale
    return 1 - ratio - (left - ratio * whole) / scale
