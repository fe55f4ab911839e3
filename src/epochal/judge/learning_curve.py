"""Would more data help, and would more training? Power laws of error against training size, checked on the largest.

The law is error(n) = floor + scale * n^-exponent (Hestness et al. 2017, section 3; Rosenfeld et al. 2020). With the
handful of sizes that anyone can afford, the three are poorly determined one by one while the prediction is not, so
the band averages over all floors and exponents in proportion to how well they fit, instead of trusting the best.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Shaped

SLOWEST, FASTEST = 0.05, 2.0  # exponents; published ones lie between 0.07 and 1
FALL, QUARTER = 0.02, 0.25
LEAST_POINTS = 4  # of a curve; fewer say nothing of where it goes
_GRID, _DRAWS = 80, 8_000


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The check on the largest size: the law fitted without it, and what was measured there (mean over seeds)."""

    size: int
    predicted: float
    low: float
    high: float
    measured: float

    @property
    def inside(self) -> bool:
        return self.low <= self.measured <= self.high


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """error = floor + scale * n^-exponent. `band` holds (size, error, low, high) at each measured size and beyond.

    Bands are 95%, for the mean of as many seeds as were measured. `floor`, `scale` and `exponent` are the best fit.
    `held_out` is None where fewer than four sizes were measured. `draws` are plausible laws: the floor, the excess over
    it at the largest size, the exponent, and the noise of one error there.
    """

    floor: float
    scale: float
    exponent: float
    sizes: tuple[int, ...]
    measured: tuple[float, ...]  # mean over seeds at each size
    seeds: int
    band: tuple[tuple[float, float, float, float], ...]
    held_out: HeldOut | None
    draws: Float[np.ndarray, "draws 4"] = field(repr=False, compare=False)

    def __call__(self, size: float) -> float:
        """The best fit's error at a training size."""
        return self.floor + self.scale * float(size) ** -self.exponent

    def predict(self, size: float, *, level: float = 0.95) -> tuple[float, float, float]:
        """Error, low and high at a training size, for a mean over as many seeds as were measured."""
        curve = _curve(self.draws, size / self.sizes[-1])
        noise = np.random.default_rng(1).standard_normal(len(curve)) * self.draws[:, 3] / math.sqrt(self.seeds)
        low, high = np.quantile(curve + noise, [0.5 - level / 2, 0.5 + level / 2])
        return float(np.median(curve)), float(max(low, 0.0)), float(min(high, 1.0))


@dataclass(frozen=True, kw_only=True)
class MoreData:
    """The answer to "would more data help?": a sentence and its numbers. `answer` is yes, no or cannot tell."""

    answer: str
    sentence: str
    size: int
    error: float
    larger: int
    predicted: float
    low: float
    high: float


def fit_power_law(
    sizes: Sequence[int], errors: Shaped[np.ndarray, "seeds sizes"], *, factors: Sequence[float] = (2.0, 4.0)
) -> PowerLaw:
    """The law through `errors` [seeds, sizes], fractions, and its band at the sizes and at `factors` times the largest.

    The noise of one error is taken proportional to sqrt(e (1 - e)), as a proportion's is. Flat priors on the floor
    (from 0 to the mean error), on the logarithm of the exponent (0.05 to 2) and on the excess at the largest
    size; 1/noise on the noise (Gelman et al. 2013, section 14.2, for the fit given floor and exponent).

    Raises:
        ValueError: fewer than three sizes, sizes that do not rise, or errors that are not fractions of that shape.
    """
    numbers = [int(size) for size in sizes]
    table = np.asarray(errors, dtype=np.float64)
    if len(numbers) < 3 or any(a >= b for a, b in itertools.pairwise(numbers)) or numbers[0] < 1:
        raise ValueError(f"Expected three training sizes or more, each larger than the one before; got {numbers}.")
    if table.ndim != 2 or table.shape[1] != len(numbers) or table.shape[0] < 1:
        raise ValueError(f"Expected errors as [seeds, {len(numbers)} sizes]; got the shape {table.shape}.")
    if not (np.isfinite(table).all() and (table >= 0).all() and (table <= 1).all()):
        raise ValueError("Expected errors as fractions from 0 to 1; got other values. Divide percentages by 100.")
    held_out = None
    if len(numbers) >= 4:
        without = _fit(numbers[:-1], table[:, :-1], factors=(), held_out=None)
        predicted, low, high = without.predict(numbers[-1])
        measured = float(table[:, -1].mean())
        held_out = HeldOut(size=numbers[-1], predicted=predicted, low=low, high=high, measured=measured)
    return _fit(numbers, table, factors=factors, held_out=held_out)


def would_more_data_help(
    law: PowerLaw, *, margin: float = 0.005, factor: float = 2.0, what: str = "examples"
) -> MoreData:
    """What `factor` times the training data would do to the error, and whether that can be said at all.

    Yes: the predicted fall is at least `margin`, and the whole band lies below today's error. No: the law fits and
    even the upper end of the fall is below `margin`. Cannot tell: the law missed the largest size when it was held
    out, it could not be checked, or the band is too wide.
    """
    size, larger = law.sizes[-1], round(law.sizes[-1] * factor)
    error, _, _ = law.predict(size)
    predicted, low, high = law.predict(larger)
    falls = _curve(law.draws, 1.0) - _curve(law.draws, factor)
    smallest, largest = (float(edge) for edge in np.quantile(falls, [0.025, 0.975]))
    times = "doubling the data" if factor == 2 else f"{factor:g} times the data"
    held = law.held_out
    if held is not None and not held.inside:
        answer = "cannot tell"
        sentence = (
            f"Cannot tell whether more data would help: the curve predicted {_percent(held.predicted)} "
            f"[{_bounds(held.low, held.high)}] at {held.size:,} {what} and {_percent(held.measured)} was measured."
        )
    elif largest < margin:
        answer = "no"
        sentence = (
            f"No sign that more data would help: {times} would cut the error from {_percent(error)} "
            f"by {_points(max(smallest, 0.0))} to {_points(largest)} points; {_points(margin)} would matter."
        )
    elif predicted <= error - margin and high < error and held is not None:
        answer = "yes"
        sentence = (
            f"Yes: {times}, to {larger:,} {what}, would cut the error from {_percent(error)} "
            f"to about {_percent(predicted)} [{_bounds(low, high)}]."
        )
    else:
        answer = "cannot tell"
        unchecked = "" if held is not None else "; with fewer than four sizes the curve could not be checked"
        sentence = (
            f"Cannot tell whether more data would help: {times} would bring the error from {_percent(error)} "
            f"to {_percent(predicted)} (95% interval {_percent(low)} to {_percent(high)}){unchecked}."
        )
    return MoreData(
        answer=answer,
        sentence=sentence,
        size=size,
        error=error,
        larger=larger,
        predicted=predicted,
        low=low,
        high=high,
    )


def under_trained(curves: Sequence[tuple[Sequence[float], Sequence[float]]], *, fall: float = FALL) -> tuple[bool, str]:
    """Whether training stopped while it was still getting better, and why we say so.

    `curves` holds one (examples seen, validation loss) per seed. A seed counts when its last loss is its lowest and
    lies more than `fall` (2%) below the loss that it had with a quarter of the budget to go; two thirds of the seeds
    must count. A curve of fewer than four points shows nothing else, and so is of an under-trained network. A schedule
    that ends at a rate of zero makes the loss fall late by itself, so the mark says "more training may help", not
    "would".

    Raises:
        ValueError: no curve, or one whose examples and losses do not pair.
    """
    if not curves:
        raise ValueError("Expected the curve of one seed or more; got none.")
    falling, falls = 0, []
    for examples, losses in curves:
        seen, loss = np.asarray(examples, dtype=np.float64), np.asarray(losses, dtype=np.float64)
        if seen.ndim != 1 or seen.shape != loss.shape or not len(seen):
            raise ValueError(f"Expected as many losses as numbers of examples; got {loss.shape} and {seen.shape}.")
        if len(seen) < LEAST_POINTS:
            points = "1 point" if len(seen) == 1 else f"{len(seen)} points"
            return True, f"Its curve has {points}; fewer than {LEAST_POINTS} count as under-trained."
        if not np.isfinite(loss).all():
            return False, "Cannot tell whether it is under-trained: the validation loss is not finite."
        before = float(np.interp(seen[0] + (1 - QUARTER) * (seen[-1] - seen[0]), seen, loss))
        drop = (before - loss[-1]) / before if before > 0 else 0.0
        falls.append(drop)
        falling += bool(loss[-1] <= loss.min() and drop > fall)
    count = len(curves)
    typical = float(np.median(falls))
    if falling >= math.ceil(2 * count / 3):
        return True, (
            f"The validation loss was still falling at the end of the budget: by {100 * typical:.1f}% over the last "
            f"quarter, and lowest at the very end, in {falling} of {count} {_seeds(count)}."
        )
    return False, (
        f"The validation loss had levelled off: it changed by {-100 * typical:+.1f}% over the last quarter, and was "
        f"still falling in {falling} of {count} {_seeds(count)}."
    )


def _fit(
    sizes: list[int], table: Float[np.ndarray, "seeds sizes"], *, factors: Sequence[float], held_out: HeldOut | None
) -> PowerLaw:
    seeds, count = table.shape
    largest = sizes[-1]
    ratio = np.asarray(sizes, dtype=np.float64) / largest
    means = table.mean(axis=0)
    # A proportion's noise: floored, so that a size without a single error does not get all the weight.
    typical = np.sqrt(np.clip(means * (1 - means), 0.1 * (means * (1 - means)).mean() + 1e-6, None))
    weight = 1 / typical**2
    within = ((table - means) ** 2 * weight).sum()
    floors = np.linspace(0, means.mean(), _GRID)  # past the smallest error: on a flat curve that one is luck
    exponents = np.geomspace(SLOWEST, FASTEST, _GRID)
    floor, exponent = (axis.ravel() for axis in np.meshgrid(floors, exponents, indexing="ij"))
    basis = ratio[None, :] ** -exponent[:, None]  # [grid, sizes]
    above = means[None, :] - floor[:, None]
    precision = (weight * basis**2).sum(axis=1)
    excess = np.maximum((weight * basis * above).sum(axis=1) / precision, 0.0)
    lack = (weight * (above - excess[:, None] * basis) ** 2).sum(axis=1)
    square = seeds * lack + within + 1e-12
    freedom = seeds * count - 1
    log_density = -0.5 * freedom * np.log(square / square.min()) - 0.5 * np.log(precision)
    density = np.exp(log_density - log_density.max())
    random = np.random.default_rng(0)
    chosen = random.choice(len(density), size=_DRAWS, p=density / density.sum())
    sigma = np.sqrt(square[chosen] / random.chisquare(freedom, size=_DRAWS))
    drawn = excess[chosen] + random.standard_normal(_DRAWS) * sigma / np.sqrt(seeds * precision[chosen])
    draws = np.column_stack([floor[chosen], np.maximum(drawn, 0.0), exponent[chosen], sigma * typical[-1]])
    best = int(square.argmin())
    law = PowerLaw(
        floor=float(floor[best]),
        scale=float(excess[best] * largest ** exponent[best]),
        exponent=float(exponent[best]),
        sizes=tuple(sizes),
        measured=tuple(float(mean) for mean in means),
        seeds=seeds,
        band=(),
        held_out=held_out,
        draws=draws,
    )
    places = [*sizes, *(round(largest * factor) for factor in factors)]
    band = tuple((float(size), *law.predict(size)) for size in places)
    return replace(law, band=band)


def _curve(draws: Float[np.ndarray, "draws 4"], ratio: float) -> Float[np.ndarray, " draws"]:
    return draws[:, 0] + draws[:, 1] * ratio ** -draws[:, 2]


def _percent(fraction: float) -> str:
    return f"{100 * fraction:.1f}%"


def _bounds(low: float, high: float) -> str:
    return f"{100 * low:.1f}, {100 * high:.1f}"


def _points(fraction: float) -> str:
    return f"{100 * fraction:.1f}"


def _seeds(count: int) -> str:
    return "seed" if count == 1 else "seeds"
