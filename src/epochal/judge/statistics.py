"""Intervals for means over random training seeds crossed with random test items, of one arm or of a difference.

Every seed is scored on the same items, so cells are no independent draws. The model of one arm is
value[s, i] = mean + seed[s] + item[i] + residual[s, i], all random, with the mean squares of the two-way analysis of
variance without replication (Searle, Casella & McCulloch 1992, chapter 4). In a difference of two arms the items are
paired and the seeds are not: seed 3 of one architecture has nothing to do with seed 3 of another, and four degrees of
freedom (2 + 2) bear a far shorter interval than two do. Were they correlated, the interval would be too wide, not too
narrow. The variance of the mean then falls apart into independent pieces that can be estimated one by one:

    items: variance of the item effects / N, known to N - 1 degrees of freedom (so nearly exactly)
    seeds: sum over the arms of E[MS_seed] / (S N), with S - 1 degrees of freedom for each arm (Welch 1947)

With three seeds the plain Satterthwaite interval covers 88 to 92% where seeds matter: a seed variance that comes out
small by luck also claims many degrees of freedom. Instead each piece has its own half width, a = t(N-1) sd(items) and
b = t(S-1) sd(seeds), as in Howe (1974) and MOVER (Zou & Donner 2008); and for 95% the two are combined as

    half width squared = a^2 + b^2 - min(1, 2 / freedom) a^2 b^2 / (a^2 + b^2)

which is exact where one piece dominates. Without the last term coverage between is up to 97.7% for two degrees of
freedom; with it, 94.9 to 96.3%, and nearer to 95% for more (by quadrature, for normal effects; never under at higher
levels). bench/coverage.py measures it on correctness of simulated networks. Where a training has one value, such as a
distance between distributions or what a player can lose, there is no piece for items, and the interval is Welch's; a
single value, of what is the same with every seed, has no width.

Welch's degrees of freedom are for 95%. Far out in the tail they are too many where one arm is less stable than the
other: a sum of t variates has the tail of its least certain one, and at 99.6%, with three seeds, intervals missed twice
as often as they say. So beyond 95% they approach the least of the arms', by the cube root of 20 times the error level.
"""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import optimize, special

SMALLEST_P = 1e-12
OWN_LEVEL = 0.95  # up to which Welch's degrees of freedom hold, and arms speak by their own seeds
_NODES = 64


@dataclass(frozen=True, kw_only=True)
class SeedSquares:
    """What one arm with two seeds or more contributes: its mean squares between seeds and of the residual.

    `prior_square` and `prior_freedom` are what it borrows from the other arms of a family (`judge.moderation`).
    """

    seeds: int
    seed_square: float
    residual_square: float
    prior_square: float = 0.0
    prior_freedom: float = 0.0

    @property
    def freedom(self) -> float:
        return self.seeds - 1 + self.prior_freedom

    @property
    def square(self) -> float:
        """The mean square between seeds, and what is borrowed, weighted by their degrees of freedom (Smyth 2004)."""
        own = self.seeds - 1
        return (self.prior_freedom * self.prior_square + own * self.seed_square) / self.freedom


@dataclass(frozen=True, kw_only=True)
class CrossedMean:
    """A mean, or a difference of two, over seeds and items, with what its interval and planning need.

    `item_square` is the variance between items of the item's mean over seeds. `arms` has an entry for each arm that
    varies with the seed; none: a deterministic arm, or one seed, and the interval is over items only. `pseudo` is
    what pseudo-items add to the sum of squares between items (see `crossed_difference`).
    """

    mean: float
    items: int
    item_square: float
    arms: tuple[SeedSquares, ...] = ()
    pseudo: float = 0.0

    @property
    def item_variance(self) -> float:
        """Variance between items of their means over infinitely many seeds; never below zero."""
        return max(self.item_square - sum(arm.residual_square / arm.seeds for arm in self.arms), 0.0)

    @property
    def seed_variances(self) -> tuple[float, ...]:
        """For each arm with seeds, the variance between them of the mean over infinitely many items."""
        return tuple(max(arm.seed_square - arm.residual_square, 0.0) / self.items for arm in self.arms)

    @property
    def standard_error(self) -> float:
        return float(np.sqrt(self._item_part + self._seed_parts.sum()))

    def half_width(self, level: float = 0.95, *, item_freedom: float | None = None) -> float:
        """Half of the interval's width; the items' variance has `item_freedom` degrees of freedom, or items - 1.

        With borrowed degrees of freedom it is never less than that of the arms' own seeds at 95%: what is borrowed pays
        for the correction for many comparisons, and for nothing else.
        """
        items = self.items if item_freedom is None else item_freedom + 1
        half = float(half_width(self._item_part, self._seed_parts, self._freedoms, items, level))
        alone = self.alone
        return half if alone == self else max(half, alone.half_width(min(level, OWN_LEVEL), item_freedom=item_freedom))

    @property
    def alone(self) -> "CrossedMean":
        """The same by the seeds of its own arms only, with nothing borrowed."""
        return replace(self, arms=tuple(replace(arm, prior_square=0.0, prior_freedom=0.0) for arm in self.arms))

    def with_pseudo(self, pseudo: float) -> "CrossedMean":
        """The same with other pseudo-items."""
        return replace(self, pseudo=pseudo)

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        half = self.half_width(level)
        return self.mean - half, self.mean + half

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided p-value of "the true mean is `null`", by inverting the interval.

        It is 0 where nothing varies, else never below 1e-12.
        """
        distance = abs(self.mean - null)
        if distance == 0:
            return 1.0
        if self.standard_error == 0:
            return 0.0

        def excess(log_p: float) -> float:
            return self.half_width(-np.expm1(log_p)) - distance

        least, most = float(np.log(SMALLEST_P)), -1e-9
        if excess(least) < 0:
            return SMALLEST_P
        return 1.0 if excess(most) > 0 else float(np.exp(optimize.brentq(excess, least, most)))

    def power_to_differ(self, effect: float, level: float = 0.95) -> float:
        """How often an interval of this `level` would exclude zero, on the side of `effect`, were that the truth."""
        halves, weights = self._possible_half_widths(level)
        return float(weights @ special.ndtr((abs(effect) - halves) / max(self.standard_error, 1e-300)))

    def power_to_equate(self, effect: float, margin: float, level: float = 0.95) -> float:
        """How often an interval of this `level` would lie inside +-`margin`, were `effect` the truth."""
        halves, weights = self._possible_half_widths(level)
        error, room = max(self.standard_error, 1e-300), margin - halves
        inside = special.ndtr((room - effect) / error) - special.ndtr((-room - effect) / error)
        return float(weights @ np.where(room > 0, inside, 0.0))

    def detectable(self, level: float = 0.95, power: float = 0.8) -> float:
        """The smallest true effect that an interval of this `level` tells from zero with this `power`."""
        if self.standard_error == 0:
            return 0.0
        halves, _ = self._possible_half_widths(level)
        most = float(halves.max() + 10 * self.standard_error)
        return float(optimize.brentq(lambda effect: self.power_to_differ(effect, level) - power, 0.0, most))

    def project(self, *, items: int | None = None, seeds: int | None = None) -> "CrossedMean":
        """What to expect of other numbers of items, or of seeds in every arm that has seeds."""
        new_items = items or self.items

        def scaled(square: float, residual: float) -> float:
            return new_items / self.items * max(square - residual, 0.0) + residual

        arms = tuple(
            replace(
                arm,
                seeds=seeds or arm.seeds,
                seed_square=scaled(arm.seed_square, arm.residual_square),
                prior_square=scaled(arm.prior_square, arm.residual_square) if arm.prior_freedom else 0.0,
            )
            for arm in self.arms
        )
        item_square = self.item_variance + sum(arm.residual_square / arm.seeds for arm in arms)
        return replace(self, items=new_items, item_square=item_square, arms=arms)

    @property
    def _item_part(self) -> float:
        return self.item_variance / self.items + self.pseudo / self.items**2

    @property
    def _seed_parts(self) -> Float[np.ndarray, " arms"]:
        return np.array([arm.square / (arm.seeds * self.items) for arm in self.arms])

    @property
    def _freedoms(self) -> Float[np.ndarray, " arms"]:
        return np.array([arm.freedom for arm in self.arms], dtype=np.float64)

    def _possible_half_widths(self, level: float) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
        """Half widths that chance may give the seeds' part, and how likely each is."""
        parts = self._seed_parts
        if not parts.sum() > 0:
            return np.array([self.half_width(level)]), np.ones(1)
        freedom = welch_freedom(parts, self._freedoms)
        chance = (np.arange(_NODES) + 0.5) / _NODES
        factors = special.chdtri(freedom, 1 - chance) / freedom
        judged = tail_freedom(parts, self._freedoms, level)
        halves = half_width(self._item_part, (parts.sum() * factors)[:, None], judged[None], self.items, level)
        return halves, np.full(_NODES, 1 / _NODES)


def welch_freedom(
    seed_parts: Float[np.ndarray, "*batch arms"], freedoms: Float[np.ndarray, "*#batch arms"]
) -> Float[np.ndarray, "*batch"]:
    """Degrees of freedom of a sum of independent mean squares (Welch 1947; Satterthwaite 1946, equation 17)."""
    total, spread = seed_parts.sum(axis=-1), (seed_parts**2 / freedoms).sum(axis=-1)
    least = np.broadcast_to(freedoms.min(axis=-1), np.shape(total))
    freedom = np.divide(total**2, spread, out=np.array(least, dtype=np.float64), where=spread > 0)
    return np.asarray(np.clip(freedom, least, freedoms.sum(axis=-1)))


def tail_freedom(
    seed_parts: Float[np.ndarray, "*batch arms"], freedoms: Float[np.ndarray, "*#batch arms"], level: float
) -> Float[np.ndarray, "*batch"]:
    """Degrees of freedom of an interval: Welch's to 95%; beyond, nearer and nearer to the least of the arms'."""
    share = min(1.0, ((1 - level) / (1 - OWN_LEVEL)) ** (1 / 3))
    least = freedoms.min(axis=-1)
    return np.asarray(least + share * (welch_freedom(seed_parts, freedoms) - least))


def half_width(
    item_part: Float[np.ndarray, "*batch"] | float,
    seed_parts: Float[np.ndarray, "*batch arms"],
    freedoms: Float[np.ndarray, "*#batch arms"],
    items: float,
    level: float,
) -> Float[np.ndarray, "*batch"]:
    """Half of the interval's width, from the two parts of the mean's variance; see the head of this module."""
    tail = (1 - level) / 2
    by_items = special.stdtrit(max(items - 1.0, 1.0), tail) ** 2 * np.asarray(item_part, dtype=np.float64)
    if seed_parts.shape[-1] == 0:
        return np.asarray(np.sqrt(by_items))
    freedom = tail_freedom(seed_parts, freedoms, level)
    by_seeds = special.stdtrit(freedom, tail) ** 2 * seed_parts.sum(axis=-1)
    total = by_items + by_seeds
    overlap = np.divide(by_items * by_seeds, total, out=np.zeros_like(total), where=total > 0)
    return np.asarray(np.sqrt(total - np.minimum(1.0, 2.0 / freedom) * overlap))


def mean_squares(
    values: Shaped[np.ndarray, "*batch seeds items"],
) -> tuple[Float[np.ndarray, "*batch items"], Float[np.ndarray, "*batch"], Float[np.ndarray, "*batch"]]:
    """Means over seeds, and the mean squares between seeds and of the residual; two seeds or more."""
    seeds, items = values.shape[-2:]
    by_item = values.mean(axis=-2, dtype=np.float64)
    by_seed = values.mean(axis=-1, dtype=np.float64)
    mean = by_item.mean(axis=-1)
    between_seeds = items * ((by_seed - mean[..., None]) ** 2).sum(axis=-1)
    within_items = seeds * (np.square(values, dtype=np.float64).mean(axis=-2) - by_item**2).sum(axis=-1)
    residual = np.maximum(within_items - between_seeds, 0.0) if items > 1 else np.zeros_like(between_seeds)
    return by_item, np.asarray(between_seeds / (seeds - 1)), np.asarray(residual / ((seeds - 1) * max(items - 1, 1)))


def influence(
    values: Shaped[np.ndarray, "seeds items"],
    *,
    weights: Float[np.ndarray, " items"] | None = None,
    strata: Int[np.ndarray, " items"] | None = None,
) -> Float[np.ndarray, "seeds items"]:
    """Values whose plain mean is the weighted mean (or the mean of the strata's means), and whose spread is its own.

    With `strata` (e.g. the true class of each item) the mean is the average of the means within strata: of
    correctness, that is balanced accuracy. Linearisation as in Sarndal, Swensson & Wretman 1992, section 5.5.
    """
    table = np.asarray(values, dtype=np.float64)
    if weights is not None and strata is not None:
        raise ValueError("Expected weights or strata, and got both. Give one of them.")
    if strata is not None:
        if np.shape(strata) != table.shape[1:]:
            raise ValueError(f"Expected one stratum for each of {table.shape[1]} items; got {np.shape(strata)}.")
        classes, index, counts = np.unique(strata, return_inverse=True, return_counts=True)
        sums = np.stack([np.bincount(index, weights=row, minlength=len(classes)) for row in table])
        within = sums / counts
        factor = table.shape[1] / (len(classes) * counts[index])
        return within.mean(axis=1, keepdims=True) + factor * (table - within[:, index])
    if weights is not None:
        factor = np.asarray(weights, dtype=np.float64)
        if factor.shape != table.shape[1:] or not (factor >= 0).all() or factor.sum() <= 0:
            raise ValueError(f"Expected {table.shape[1]} weights, none negative and not all zero; got {factor}.")
        factor = factor / factor.mean()
        mean = (table * factor).mean(axis=1, keepdims=True)
        return mean + factor * (table - mean)
    return table


def design_effect(
    items: int, *, weights: Float[np.ndarray, " items"] | None = None, strata: Int[np.ndarray, " items"] | None = None
) -> float:
    """Mean square of the items' weights, whose mean is one: what uneven weights do to the variance (Kish 1965)."""
    if strata is not None:
        _, counts = np.unique(strata, return_counts=True)
        return float(items / len(counts) ** 2 * (1 / counts).sum())
    if weights is not None:
        factor = np.asarray(weights, dtype=np.float64)
        return float((factor**2).mean() / factor.mean() ** 2)
    return 1.0


def crossed_mean(
    values: Shaped[np.ndarray, "seeds items"],
    *,
    weights: Float[np.ndarray, " items"] | None = None,
    strata: Int[np.ndarray, " items"] | None = None,
) -> CrossedMean:
    """The mean of `values` [seeds, items] with its variance components.

    Raises:
        ValueError: the table is empty, not two-dimensional, or not finite.
    """
    by_item, arms = _one_arm(values, weights, strata)
    return CrossedMean(mean=float(by_item.mean()), items=len(by_item), item_square=_between(by_item), arms=arms)


def crossed_difference(
    control: Shaped[np.ndarray, "control_seeds items"],
    arm: Shaped[np.ndarray, "arm_seeds items"],
    *,
    weights: Float[np.ndarray, " items"] | None = None,
    strata: Int[np.ndarray, " items"] | None = None,
    pseudo: float = 1.0,
) -> CrossedMean:
    """The mean difference, arm minus control, on the same items; each arm with its own number of seeds.

    `pseudo` keeps equal predictions on few items from an interval of zero width: 1 is what two pseudo-items add to
    the sum of squares of differences of correctness, half of each kind of disagreement (Agresti & Min 2005, Statistics
    in Medicine 24, section 3). The mean itself is left alone.

    Raises:
        ValueError: as `crossed_mean`, or the arms were scored on different numbers of items.
    """
    first, control_squares = _one_arm(control, weights, strata)
    second, arm_squares = _one_arm(arm, weights, strata)
    if first.shape != second.shape:
        raise ValueError(f"Expected the same items in both arms; got {len(first)} and {len(second)}.")
    difference = second - first
    return CrossedMean(
        mean=float(difference.mean()),
        items=len(difference),
        item_square=_between(difference),
        arms=control_squares + arm_squares,
        pseudo=pseudo * design_effect(len(difference), weights=weights, strata=strata),
    )


def score_interval(
    correct: Shaped[np.ndarray, "seeds items"],
    *,
    level: float = 0.95,
    strata: Int[np.ndarray, " items"] | None = None,
) -> tuple[float, float, float]:
    """Mean, low and high of an accuracy over seeds and items; `correct` is [seeds, items] of zeros and ones.

    Wilson's (1927) score interval with the half width of the crossed layout in place of the binomial one, as Korn &
    Graubard (1998) do for surveys: all of 360 correct gives 98.9% to 100%, not an interval of zero width. With
    `strata` (true classes) it is balanced accuracy.
    """
    layout = crossed_mean(binary(correct, "correctness"), strata=strata)
    mean = min(max(layout.mean, 0.0), 1.0)
    # Four pseudo-items, two right and two wrong, keep the spread honest near 0 and 1 (Agresti & Coull 1998).
    smooth = (mean * layout.items + 2) / (layout.items + 4)
    missing = max(smooth * (1 - smooth) - mean * (1 - mean), 0.0)
    effect = design_effect(layout.items, strata=strata)
    square = replace(layout, pseudo=missing * layout.items * effect).half_width(level) ** 2
    ratio = square / (smooth * (1 - smooth))  # Wilson's z^2 / n
    centre = (mean + ratio / 2) / (1 + ratio)
    half = np.sqrt(ratio * mean * (1 - mean) + ratio**2 / 4) / (1 + ratio)
    return mean, float(np.clip(centre - half, 0.0, mean)), float(np.clip(centre + half, mean, 1.0))


def _one_arm(
    values: Shaped[np.ndarray, "seeds items"], weights: np.ndarray | None, strata: np.ndarray | None
) -> tuple[Float[np.ndarray, " items"], tuple[SeedSquares, ...]]:
    """Means over seeds, and the seeds' squares, or none where all rows are the same."""
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"Expected values as [seeds, items]; got the shape {table.shape}.")
    if not np.isfinite(table).all():
        raise ValueError("Expected finite values; got NaN or infinity. Leave out the seeds that diverged.")
    table = influence(table, weights=weights, strata=strata)
    if (table == table[0]).all():
        return table[0], ()
    by_item, seed_square, residual_square = mean_squares(table)
    squares = SeedSquares(seeds=len(table), seed_square=float(seed_square), residual_square=float(residual_square))
    return by_item, (squares,)


def _between(by_item: Float[np.ndarray, " items"]) -> float:
    """The variance between items; 0 of a single one, where each training has one value and its seeds say all."""
    return float(by_item.var(ddof=1)) if len(by_item) > 1 else 0.0


def binary(values: Shaped[np.ndarray, "..."], name: str) -> Float[np.ndarray, "seeds items"]:
    """`values` as [seeds, items] of 0.0 and 1.0, or a ValueError that names them."""
    table = np.asarray(values)
    if table.ndim != 2 or table.size == 0:
        raise ValueError(f"Expected {name} as [seeds, items]; got the shape {table.shape}.")
    numbers = table.astype(np.float64)
    if not ((numbers == 0) | (numbers == 1)).all():
        raise ValueError(f"Expected {name} as zeros and ones; got other values.")
    return numbers
