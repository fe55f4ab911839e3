"""Two-level factorial designs: which combinations of ingredients to try, and what each ingredient brought.

A run of a design is a row of booleans, one for each factor, on or off; scores are [seeds, runs]. Every seed gives one
estimate of every effect, and intervals are Student's over the seeds: they speak of chance in training, on the items
that were scored.

With x = 1 for on and x = -1 for off, the score of a run is the sum over all sets S of factors of b_S times the product
of x over S. A half fraction keeps the runs in which the product over all factors is 1, so that b_S cannot be told from
that of the other factors (Box, Hunter & Hunter, Statistics for Experimenters, 2nd edition 2005, chapter 6). With six
factors that is resolution VI: effects of one factor and of two are mixed with none below those of five and of four.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb

import numpy as np
from jaxtyping import Bool, Float

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE
from epochal.core.record import Record
from epochal.judge.claims import LEVEL, student

FEWEST_HALVED = 5  # factors; with four or fewer, a half fraction cannot tell interactions of two from each other

Runs = Bool[np.ndarray, "runs factors"]
Scores = Float[np.ndarray, "seeds runs"]
EachFactor = Float[np.ndarray, "seeds factors"]


def full_factorial(factors: int) -> Runs:
    """All 2^k combinations, the last factor changing fastest: none first, all last."""
    return np.array(list(product((False, True), repeat=factors)), dtype=bool).reshape(2**factors, factors)


def half_fraction(factors: int) -> Runs:
    """Those 2^(k-1) in which an even number of factors is off; its resolution is k, the highest that there is."""
    every = full_factorial(factors)
    return every[(~every).sum(axis=1) % 2 == 0]


def with_corners(runs: Runs) -> Bool[np.ndarray, "more_runs factors"]:
    """The runs, then those that they lack of none, each alone, all but each, and all."""
    factors = runs.shape[1]
    none, alone = np.zeros((1, factors), dtype=bool), np.eye(factors, dtype=bool)
    wanted = np.concatenate([none, alone, ~alone, ~none])
    rows = dict.fromkeys(tuple(row) for row in np.concatenate([runs, wanted]).tolist())
    return np.array(list(rows), dtype=bool)


def designs(factors: int) -> list[Runs]:
    """Designs from which everything here can be estimated, the largest first: all, and a half with the corners."""
    halved = [with_corners(half_fraction(factors))] if factors >= FEWEST_HALVED else []
    return [full_factorial(factors), *halved]


def is_full(runs: Runs) -> bool:
    """Whether every combination is there."""
    return len({tuple(row) for row in runs.tolist()}) == 2 ** runs.shape[1]


def pairs(factors: int) -> list[tuple[int, int]]:
    """Pairs of factors, in the order in which interactions are given."""
    return list(combinations(range(factors), 2))


def joint(runs: Runs, scores: Scores) -> Float[np.ndarray, " seeds"]:
    """What all factors bring together: all less none."""
    _refuse(runs, scores)
    none, every = _places(runs, np.array([[False], [True]]).repeat(runs.shape[1], axis=1))
    return scores[:, every] - scores[:, none]


def add_one_in(runs: Runs, scores: Scores) -> EachFactor:
    """What each factor brings alone: with it less none."""
    _refuse(runs, scores)
    alone = np.eye(runs.shape[1], dtype=bool)
    return scores[:, _places(runs, alone)] - scores[:, _places(runs, np.zeros_like(alone[:1]))]


def leave_one_out(runs: Runs, scores: Scores) -> EachFactor:
    """What each factor brings to all others: all less all but it."""
    _refuse(runs, scores)
    return scores[:, _places(runs, np.ones((1, runs.shape[1]), dtype=bool))] - without_one(runs, scores)


def without_one(runs: Runs, scores: Scores) -> EachFactor:
    """The scores of all factors but each one."""
    return scores[:, _places(runs, ~np.eye(runs.shape[1], dtype=bool))]


def effects(runs: Runs, scores: Scores) -> tuple[EachFactor, Float[np.ndarray, "seeds pairs"]]:
    """Main effects, and interactions of two.

    A main effect is the mean of runs with the factor less the mean of runs without: 2 b_i. An interaction is how much
    more one factor brings with the other than without it, on average over the rest: 4 b_ij. Of a design that is not
    full, the half fraction in it is used, and its other runs are not.

    Raises:
        ValueError: the runs hold neither all combinations nor a half fraction of five factors or more.
    """
    _refuse(runs, scores)
    factors, full = runs.shape[1], is_full(runs)
    if not full and factors < FEWEST_HALVED:
        raise ValueError(
            f"Expected all {2**factors} combinations of {factors} factors, got {len(runs)}: a half of them cannot tell "
            "interactions from each other. Use `full_factorial`."
        )
    base = full_factorial(factors) if full else half_fraction(factors)
    chosen, signs = scores[:, _places(runs, base)], np.where(base, 1.0, -1.0)
    products = np.array([signs[:, i] * signs[:, j] for i, j in pairs(factors)]).reshape(-1, len(base))
    return 2 * chosen @ signs / len(base), 4 * chosen @ products.T / len(base)


def shapley(runs: Runs, scores: Scores) -> EachFactor:
    """Each factor's Shapley value: what it brings, averaged over all orders in which the factors can be put in.

    Exact where every combination was run (Shapley 1953): the values add up to `joint`. From a half fraction they are
    those of the fitted model with main effects and interactions of two. In zeros and ones z = (1 + x) / 2 that model
    is a constant + sum c_i z_i + sum c_ij z_i z_j, with c_ij = 4 b_ij and c_i = 2 b_i - 2 sum_j b_ij; both orders of a
    pair being equally likely, the value of a factor is c_i + sum_j c_ij / 2 = 2 b_i: its main effect.
    """
    if not is_full(runs):
        return effects(runs, scores)[0]
    _refuse(runs, scores)
    factors = runs.shape[1]
    cube = scores[:, _places(runs, full_factorial(factors))].reshape(-1, *(2,) * factors)
    others = full_factorial(factors - 1).sum(axis=1).reshape((2,) * (factors - 1))  # how many of them are on
    weights = np.array([1 / (factors * comb(factors - 1, count)) for count in range(factors)])[others]
    gains = [(cube.take(1, axis=1 + i) - cube.take(0, axis=1 + i)) * weights for i in range(factors)]
    return np.stack([gain.reshape(len(scores), -1).sum(axis=1) for gain in gains], axis=1)


def idle(runs: Runs, outputs: Sequence[np.ndarray], factor: int) -> bool:
    """Whether a factor changed nothing: the outputs of any two runs that differ in it alone are the same bit for bit.

    Args:
        outputs: of each run, such as the logits of all seeds.
    """
    index = {tuple(row): output for row, output in zip(runs.tolist(), outputs, strict=True)}
    off = {row: (*row[:factor], False, *row[factor + 1 :]) for row in index if row[factor]}
    return all(np.array_equal(index[row], index[twin]) for row, twin in off.items() if twin in index)


@dataclass(frozen=True, kw_only=True)
class Estimate(Record):
    """The mean over seeds of one number, with its 95% interval; `simultaneous` is the one that holds for all numbers
    of its kind together (Bonferroni), and decides."""

    mean: float
    interval: tuple[float, float]
    simultaneous: tuple[float, float]

    def verdict(self, margin: float) -> str:
        """Equivalent to nothing within `margin`, better, worse, or cannot tell; as `compare` has it."""
        low, high = self.simultaneous
        if -margin < low and high < margin:
            return EQUIVALENT
        if low > 0:
            return BETTER
        return WORSE if high < 0 else CANNOT_TELL


@dataclass(frozen=True, kw_only=True)
class Attribution(Record):
    """What each factor brought to one score; see the functions of these names.

    `none` and `every` are the scores of the two corners. `rest` is what `joint` has beyond the sum of the Shapley
    values: nothing where every combination was run, else what three factors or more do together.
    """

    none: Estimate
    every: Estimate
    joint: Estimate
    add_one_in: tuple[Estimate, ...]
    leave_one_out: tuple[Estimate, ...]
    shapley: tuple[Estimate, ...]
    interactions: tuple[Estimate, ...]  # of `pairs`
    rest: Estimate


def attribute(runs: Runs, scores: Scores) -> Attribution:
    """Every effect of a design on a score, with intervals over two seeds or more.

    Raises:
        ValueError: as `effects`; a corner, or a run next to one, is missing; or there is one seed.
    """
    none, every = np.zeros((1, runs.shape[1]), dtype=bool), np.ones((1, runs.shape[1]), dtype=bool)
    together, values = joint(runs, scores), shapley(runs, scores)
    return Attribution(
        none=estimates(scores[:, _places(runs, none)])[0],
        every=estimates(scores[:, _places(runs, every)])[0],
        joint=estimates(together[:, None])[0],
        add_one_in=estimates(add_one_in(runs, scores)),
        leave_one_out=estimates(leave_one_out(runs, scores)),
        shapley=estimates(values),
        interactions=estimates(effects(runs, scores)[1]),
        rest=estimates((together - values.sum(axis=1))[:, None])[0],
    )


def estimates(values: Float[np.ndarray, "seeds numbers"]) -> tuple[Estimate, ...]:
    """The estimate of each column, all of them one family.

    Raises:
        ValueError: there are fewer than two seeds.
    """
    if len(values) < 2:
        raise ValueError(f"Expected two seeds or more, got {len(values)}: one says nothing of chance.")
    level = 1 - (1 - LEVEL) / max(values.shape[1], 1)
    return tuple(
        Estimate(mean=float(column.mean()), interval=_interval(column, LEVEL), simultaneous=_interval(column, level))
        for column in values.T
    )


def _interval(values: Float[np.ndarray, " seeds"], level: float) -> tuple[float, float]:
    _, low, high = student(values, level)
    return float(low), float(high)


def _places(runs: Runs, wanted: Bool[np.ndarray, "wanted factors"]) -> list[int]:
    """Where each of the wanted runs stands."""
    index = {tuple(row): place for place, row in enumerate(runs.tolist())}
    missing = [row for row in wanted.tolist() if tuple(row) not in index]
    if missing:
        bits = "".join(str(int(on)) for on in missing[0])
        raise ValueError(
            f"Expected the run {bits} (1 is on) in the design, which has {len(runs)} runs without it. "
            "Add the corners by `with_corners`."
        )
    return [index[tuple(row)] for row in wanted.tolist()]


def _refuse(runs: Runs, scores: Scores) -> None:
    if scores.ndim != 2 or scores.shape[1] != len(runs):
        raise ValueError(f"Expected scores [seeds, {len(runs)} runs], got the shape {scores.shape}.")
