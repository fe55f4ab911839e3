"""What the arms of a family say of each other's seed variance: the more alike they are, the more each may borrow.

Three seeds know their own variance to two degrees of freedom, and at the level of twelve comparisons the t quantile of
two is 15: a difference of fifty points between networks whose accuracy varies by five is then not told. The arms of a
family were trained on the same data and judged on the same items, so their variances have something in common. The
model is that of Smyth (2004, Statistical Applications in Genetics and Molecular Biology 3, section 3): the variances
of the arms are drawn from s0^2 d0 / chi-squared(d0), so that what an arm of d degrees of freedom measures is s0^2 times
F(d, d0), and an arm's variance given its measurement is

    (d0 s0^2 + d s^2) / (d0 + d), with d0 + d degrees of freedom

Smyth has thousands of genes; we have thirteen arms, and what is gained by borrowing must not be lost by the arm that is
less stable than its neighbours. So d0 and s0 are those of the *other* arms (eight or more), by likelihood (Wright &
Simon 2003), and d0 is the smallest that they do not speak against; less than one degree of freedom is too little to
borrow. No arm borrows more degrees than it has, nor beyond four in all: five seeds need nothing, and two do not show
whether they belong to the others. One that is out of the others' range borrows nothing (as in Phipson et al. 2016).
What is borrowed serves levels beyond 95% only (`statistics.CrossedMean.half_width`). bench/families.py measures what
this does to errors and power.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy import special

from epochal.judge.statistics import CrossedMean

LEAST_OTHERS = 8  # fewer variances say too little of their spread
CONTRADICTED = 1.0  # a prior is spoken against when its log-likelihood is this much below the best
OUT_OF_RANGE = 0.003  # a variance that is exceeded less often than this under the others' prior borrows in proportion
LEAST_OWN, LEAST_FREEDOM, ENOUGH = 2.0, 1.0, 4.0  # degrees of freedom: to have, to borrow, to have in all
_FREEDOMS = np.array([*2.0 ** np.arange(-2, 6.5, 0.5), 1e4])  # d0 to choose from; the last says that all are equal
_SCALES = 40  # values of s0^2 to choose from, from the smallest variance to the largest
_FAR = 1e6  # times the median, or one in as many: variances beyond are as good as this


def lend(layouts: Sequence[CrossedMean]) -> list[CrossedMean]:
    """The same layouts, each arm with what it may borrow from the other arms of the family.

    An arm that is compared several times, as the best of a climb, has the same mean squares in each and counts once.
    """
    arms = list(dict.fromkeys((layout.items, arm) for layout in layouts for arm in layout.arms))
    if not arms:
        return list(layouts)
    variances = np.array([arm.seed_square / items for items, arm in arms])
    squares, freedoms = borrowed(variances, np.array([arm.seeds - 1.0 for _, arm in arms]))
    lent = {
        (items, arm): replace(arm, prior_square=float(square) * items, prior_freedom=float(freedom))
        for (items, arm), square, freedom in zip(arms, squares, freedoms, strict=True)
    }
    return [replace(one, arms=tuple(lent[one.items, arm] for arm in one.arms)) for one in layouts]


def borrowed(
    variances: Float[np.ndarray, "*batch arms"], freedoms: Float[np.ndarray, " arms"]
) -> tuple[Float[np.ndarray, "*batch arms"], Float[np.ndarray, "*batch arms"]]:
    """s0^2 and d0 of what each arm borrows from the others; d0 is zero where it borrows nothing."""
    count = variances.shape[-1]
    needed = np.where(freedoms < LEAST_OWN, 0.0, np.clip(ENOUGH - freedoms, 0.0, freedoms))
    if count <= LEAST_OTHERS or not needed.any():
        return np.zeros_like(variances), np.zeros_like(variances)
    typical = np.median(variances, axis=-1, keepdims=True)
    typical = np.where(typical > 0, typical, np.maximum(variances.max(axis=-1, keepdims=True), np.finfo(float).tiny))
    logs = np.log(np.clip(variances / typical, 1 / _FAR, _FAR))
    least, most = logs.min(axis=-1, keepdims=True), logs.max(axis=-1, keepdims=True)
    scales = least + (most - least) * np.linspace(0.0, 1.0, _SCALES)  # of s0^2 / typical, in logarithms
    each = log_density(
        logs[..., :, None, None] - scales[..., None, None, :], freedoms[:, None, None], _FREEDOMS[:, None]
    )
    others = each.sum(axis=-3, keepdims=True) - each  # [*batch, arms, d0, s0]
    profile = others.max(axis=-1)
    chosen = (profile >= profile.max(axis=-1, keepdims=True) - CONTRADICTED).argmax(axis=-1)
    best = np.take_along_axis(others.argmax(axis=-1), chosen[..., None], axis=-1)[..., 0]
    scale, freedom = np.exp(np.take_along_axis(scales, best, axis=-1)), _FREEDOMS[chosen]
    exceeded = special.fdtrc(freedoms, freedom, np.exp(logs) / scale)
    freedom = freedom * np.minimum(1.0, exceeded / OUT_OF_RANGE)
    return scale * typical, np.where(freedom < LEAST_FREEDOM, 0.0, np.minimum(freedom, needed))


def log_density(
    logs: Float[np.ndarray, "..."], freedom: Float[np.ndarray, "..."], prior: Float[np.ndarray, "..."]
) -> Float[np.ndarray, "..."]:
    """Log-density of the logarithm of an F(freedom, prior) variate, which all arguments broadcast to."""
    odds = np.log(freedom / prior) + logs
    half = freedom / 2
    return half * odds - special.betaln(half, prior / 2) - (half + prior / 2) * np.logaddexp(0.0, odds)
