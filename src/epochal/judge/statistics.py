"""Intervals for a mean over a two-way crossed layout: random training seeds (rows) by random test items (columns).

Every seed is scored on the same items, so neither seeds nor cells are independent draws. The model is
value[s, i] = mean + seed[s] + item[i] + residual[s, i], all random; its components come from the two-way analysis of
variance without replication (Searle, Casella & McCulloch 1992, chapter 4), and the degrees of freedom of the standard
error from Satterthwaite (1946). Coverage is measured by bench/coverage.py and kept in records/.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped
from scipy import special, stats

Table = Float[np.ndarray, "seeds items"]


@dataclass(frozen=True, kw_only=True)
class CrossedMean:
    """A mean over seeds and items, with what is needed for its interval and for planning.

    `seed_square`, `item_square` and `residual_square` are the mean squares of the analysis of variance. `pseudo` is the
    variance, in units of value squared times items, that was added for the two pseudo-items (see `crossed_mean`).
    """

    mean: float
    seeds: int  # that differ: 1 for a deterministic arm, and then the interval is over items only
    items: int
    seed_square: float
    item_square: float
    residual_square: float
    pseudo: float = 0.0

    @property
    def seed_variance(self) -> float:
        """Variance between seeds of the mean over infinitely many items; never below zero."""
        return max((self.seed_square - self.residual_square) / self.items, 0.0) if self.seeds > 1 else 0.0

    @property
    def item_variance(self) -> float:
        """Variance between items of the mean over infinitely many seeds (over this one seed, where there is one)."""
        return max((self.item_square - self.residual_square) / self.seeds, 0.0)

    @property
    def standard_error(self) -> float:
        return _standard_error_and_freedom(self)[0]

    @property
    def degrees_of_freedom(self) -> float:
        return _standard_error_and_freedom(self)[1]

    def half_width(self, level: float = 0.95) -> float:
        error, freedom = _standard_error_and_freedom(self)
        return float(error * stats.t.ppf(0.5 + level / 2, freedom))

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        half = self.half_width(level)
        return self.mean - half, self.mean + half

    def p_value(self, null: float = 0.0) -> float:
        """Two-sided, that the true mean is `null`."""
        error, freedom = _standard_error_and_freedom(self)
        if error == 0:
            return 1.0 if self.mean == null else 0.0
        return float(min(1.0, 2 * stats.t.sf(abs(self.mean - null) / error, freedom)))

    def detectable(self, level: float = 0.95, power: float = 0.8) -> float:
        """The smallest true effect that an interval of this `level` excludes zero for, with this `power`."""
        error, freedom = _standard_error_and_freedom(self)
        return float(error * (stats.t.ppf(0.5 + level / 2, freedom) + stats.t.ppf(power, freedom)))

    def project(self, *, items: int | None = None, seeds: int | None = None) -> "CrossedMean":
        """What this layout would look like with other numbers of items or seeds and the same variance components."""
        new_items, new_seeds = items or self.items, seeds or self.seeds
        if self.seeds == 1:  # components cannot be told apart: more seeds change nothing that we know of
            new_seeds = 1
        residual = self.residual_square
        return CrossedMean(
            mean=self.mean,
            seeds=new_seeds,
            items=new_items,
            seed_square=new_items * self.seed_variance + residual if new_seeds > 1 else 0.0,
            item_square=new_seeds * self.item_variance + residual if new_seeds > 1 else self.item_square,
            residual_square=residual,
            pseudo=self.pseudo,
        )


def _standard_error_and_freedom(layout: CrossedMean) -> tuple[float, float]:
    seeds, items = layout.seeds, layout.items
    pseudo = layout.pseudo / items**2
    item_part = layout.item_square / (seeds * items)
    if seeds == 1:
        return math.sqrt(item_part + pseudo), max(items - 1.0, 1.0)
    seed_part = layout.seed_square / (seeds * items)
    residual_part = layout.residual_square / (seeds * items)
    # A negative estimate of the seed component is taken as zero, which leaves the items' share alone.
    excess = max(seed_part - residual_part, 0.0)
    variance = excess + item_part
    if variance == 0:
        return math.sqrt(pseudo), items - 1.0
    spread = item_part**2 / (items - 1)
    if excess > 0:
        spread += seed_part**2 / (seeds - 1) + residual_part**2 / ((seeds - 1) * (items - 1))
    freedom = variance**2 / spread if spread > 0 else items - 1.0
    return math.sqrt(variance + pseudo), float(np.clip(freedom, seeds - 1.0, items - 1.0))


def influence(
    values: Shaped[np.ndarray, "seeds items"],
    *,
    weights: Float[np.ndarray, " items"] | None = None,
    strata: Int[np.ndarray, " items"] | None = None,
) -> Table:
    """Values whose plain mean is the weighted mean (or the mean of the strata's means), and whose spread is its own.

    With `strata` (e.g. the true class of each item) the mean is the average of the means within strata: of
    correctness, that is balanced accuracy. Linearisation as in Sarndal, Swensson & Wretman 1992, section 5.5.
    """
    table = np.asarray(values, dtype=np.float64)
    if weights is not None and strata is not None:
        raise ValueError("Expected weights or strata, and got both. Give one of them.")
    if strata is not None:
        classes, index, counts = np.unique(strata, return_inverse=True, return_counts=True)
        sums = np.stack([np.bincount(index, weights=row, minlength=len(classes)) for row in table])
        within = sums / counts
        factor = table.shape[1] / (len(classes) * counts[index])
        return within.mean(axis=1, keepdims=True) + factor * (table - within[:, index])
    if weights is not None:
        factor = np.asarray(weights, dtype=np.float64)
        if factor.shape != table.shape[1:] or (factor < 0).any() or factor.sum() <= 0:
            raise ValueError(f"Expected {table.shape[1]} weights, none negative and not all zero; got {factor!r}.")
        factor = factor / factor.mean()
        mean = (table * factor).mean(axis=1, keepdims=True)
        return mean + factor * (table - mean)
    return table


def crossed_mean(
    values: Shaped[np.ndarray, "seeds items"],
    *,
    weights: Float[np.ndarray, " items"] | None = None,
    strata: Int[np.ndarray, " items"] | None = None,
    pseudo: float = 0.0,
) -> CrossedMean:
    """The mean of `values` [seeds, items] with its variance components.

    Rows that are all the same (a deterministic arm) count as one seed: the interval is over items only. `pseudo` adds
    that much to the sum of squares between items, as pseudo-items would: differences of correctness take 1, from two
    pseudo-items, half of each kind of disagreement, so that equal predictions on few items do not give an interval
    of zero width (Agresti & Min 2005, Statistics in Medicine 24, section 3).

    Raises:
        ValueError: the table is empty, not two-dimensional, not finite, or has fewer than two items.
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 1 or table.shape[1] < 2:
        raise ValueError(f"Expected values as [seeds, items] with two items or more; got the shape {table.shape}.")
    if not np.isfinite(table).all():
        raise ValueError("Expected finite values; got NaN or infinity. Leave out the seeds that diverged.")
    table = influence(table, weights=weights, strata=strata)
    if (table == table[0]).all():
        table = table[:1]
    seeds, items = table.shape
    by_seed, by_item, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    item_square = seeds * ((by_item - mean) ** 2).sum() / (items - 1)
    seed_square = residual_square = 0.0
    if seeds > 1:
        seed_square = items * ((by_seed - mean) ** 2).sum() / (seeds - 1)
        residual = table - by_seed[:, None] - by_item + mean
        residual_square = (residual**2).sum() / ((seeds - 1) * (items - 1))
    return CrossedMean(
        mean=float(mean),
        seeds=seeds,
        items=items,
        seed_square=float(seed_square),
        item_square=float(item_square),
        residual_square=float(residual_square),
        pseudo=float(pseudo),
    )


def score_interval(
    correct: Shaped[np.ndarray, "seeds items"],
    *,
    level: float = 0.95,
    strata: Int[np.ndarray, " items"] | None = None,
) -> tuple[float, float, float]:
    """Mean, low and high of an accuracy over seeds and items; `correct` is [seeds, items] of zeros and ones.

    A Wilson interval at the effective number of items, with the quantile of the crossed layout (Wilson 1927; Korn &
    Graubard 1998 for the effective number): all of 360 correct gives 98.9% to 100%, not an interval of zero width.
    With `strata` (true classes) it is balanced accuracy.
    """
    table = np.asarray(correct, dtype=np.float64)
    layout = crossed_mean(table, strata=strata)
    mean = min(max(layout.mean, 0.0), 1.0)
    items = layout.items
    # Four pseudo-items, two right and two wrong, keep the variance honest near 0 and 1 (Agresti & Coull 1998).
    smooth = (mean * items + 2) / (items + 4)
    binomial = smooth * (1 - smooth)
    variance = layout.standard_error**2 + max(binomial - mean * (1 - mean), 0.0) / items
    effective = min(binomial / variance, layout.seeds * items)
    quantile = stats.t.ppf(0.5 + level / 2, layout.degrees_of_freedom)
    centre = (mean + quantile**2 / (2 * effective)) / (1 + quantile**2 / effective)
    half = quantile / (1 + quantile**2 / effective) * math.sqrt(
        mean * (1 - mean) / effective + quantile**2 / (4 * effective**2)
    )
    return mean, float(min(max(centre - half, 0.0), mean)), float(max(min(centre + half, 1.0), mean))
