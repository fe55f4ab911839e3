"""Estimates by how much to shorten a milestone so that it fits a budget on the user's data.

The published sets of the milestones are small, and their minutes are known. The user's data may be a hundred times as
large. So the whole experiment first runs with one step a training and few seeds, which measures everything but
learning. Then the speed of each recipe on these data is measured, which gives the cost of learning.
"""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from epochal.core.errors import BudgetError
from epochal.core.run import Budget
from epochal.models.catalogue import traits
from epochal.study.lab import Asked, Lab
from epochal.train.budget import Rate, measure
from epochal.train.experiment import TUNING
from epochal.train.store import open_store
from epochal.train.workers import import_once, run_side_by_side, share

ONE_STEP = 1e-9  # a scale at which every training is one step long
SEEDS = (0, 1)  # of the look: some experiments choose for one seed by the others
MEASURED = 0.3  # seconds in which the speed of one recipe is measured
SHORTEST = 0.02  # the least scale: a shorter run would show nothing


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Seconds that an experiment takes: `learning` at scale 1, in proportion to the scale, and `fixed` at any scale,
    with the measuring itself."""

    learning: float
    fixed: float

    def seconds(self, scale: float) -> float:
        return self.fixed + scale * self.learning

    def scale(self, seconds: float) -> float:
        """The scale at which the experiment takes about `seconds`.

        Raises:
            BudgetError: the seconds are too few for a run that could show anything; the message says how many it needs.
        """
        scale = (seconds - self.fixed) / max(self.learning, 1e-9)
        if scale < SHORTEST:
            raise BudgetError(
                f"{seconds:.0f} s are too few for this claim on this data: each training would have less than 2% of "
                f"the length that the milestone gives it. Give a --budget of {1.1 * self.seconds(SHORTEST):.0f}s or "
                "more, or less data: fewer examples, or smaller ones."
            )
        return scale


def look(experiment: Callable[[Lab], Any], lab: Lab, *, minutes: float) -> Cost:
    """What an experiment costs on the lab's source.

    Args:
        minutes: the time of the experiment on the milestone's data at scale 1, the guess for trainings that the lab
            was not asked for.
    """
    import_once()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        seen = Lab(
            store=store,
            seeds=SEEDS,
            scale=ONE_STEP,
            source=lab.source,
            options=lab.options,
            workers=lab.workers,
        )
        experiment(seen)
    fixed = (time.perf_counter() - began - seen.opening) / len(SEEDS)
    costs = [cost_of(asked, lab.workers) for asked in seen.asked]
    learning = len(lab.seeds) * sum(cost for cost, _ in costs)
    learning += 60 * minutes if seen.counted > len(seen.asked) else 0.0
    fixed += sum(cost for _, cost in costs)
    return Cost(learning=learning, fixed=time.perf_counter() - began + len(lab.seeds) * fixed)


def cost_of(asked: Asked, workers: int) -> tuple[float, float]:
    """Seconds for each seed of trainings that a lab was asked for: those that grow with the scale, and those that do
    not, which are the points of a curve after the first, and classical rungs, which see each example once.
    """
    rates: dict[int, Rate] = {}
    dataset, recipes = asked.dataset, asked.recipes
    run_side_by_side(
        [partial(measure, dataset, recipe, MEASURED, precisions=False) for recipe in recipes],
        rates.__setitem__,
        workers=workers,
    )
    return priced(asked, [rates[place] for place in range(len(recipes))], workers)


def priced(asked: Asked, rates: Sequence[Rate], workers: int) -> tuple[float, float]:
    """The two costs, from the speed of each recipe."""
    tuned = 1 + TUNING if asked.trials > 1 else 1.0
    glance = min(Budget(examples=1).glance, len(asked.dataset.validation))
    learning = fixed = 0.0
    for recipe, rate in zip(asked.recipes, rates, strict=True):
        if not traits(recipe).by_steps:
            fixed += rate.seconds(Budget(examples=len(asked.dataset.train)))
        else:
            learning += tuned * rate.scale * asked.examples
            fixed += rate.answering * glance * (asked.points - 1)
    side = share(len(rates), workers)
    return learning / side, fixed / side
