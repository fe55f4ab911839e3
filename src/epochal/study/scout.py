"""How much of its own length a milestone can have on the user's data, within a budget: one look, before it is run.

The published sets of the milestones are small, and their minutes are known. The user's images may be a hundred times as
large. So the whole experiment is first run with one step a training and one seed, which shows what everything beside
learning costs, and the speed of each recipe on these images is measured, which tells the rest.
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from epochal.core.errors import BudgetError
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.models.catalogue import CLASSICAL, MODELS
from epochal.study.lab import Lab
from epochal.train.budget import Rate, measure
from epochal.train.experiment import TUNING, Arm
from epochal.train.fit import POINTS
from epochal.train.store import open_store
from epochal.train.workers import run_side_by_side, share

MEASURED = 0.3  # seconds in which the speed of one recipe is measured
SEEDS = (0, 1)  # of the look: some experiments choose for one seed by the others
SHORTEST = 0.02  # of a milestone's own length: a shorter run would show nothing


@dataclass(kw_only=True, eq=False)
class Scout(Lab):
    """A lab in which a training is one step long, and that adds up what the trainings would take at their own length.

    `measuring` are the seconds that went into speeds; `learning` are those of one seed's steps at full length.
    """

    measuring: float = 0.0
    learning: float = 0.0
    by_itself: bool = False  # whether the milestone also trains in jobs of its own, whose speed is not measured

    def examples(self, count: float) -> int:
        self.by_itself = True
        return 1

    def train(
        self,
        dataset: Dataset,
        recipes: Mapping[str, Recipe],
        *,
        examples: float,
        trials: int = 1,
        points: int = POINTS,
        seeds: tuple[int, ...] | None = None,
    ) -> dict[str, Arm]:
        before = self.by_itself
        arms = super().train(dataset, recipes, examples=examples, trials=trials, points=points, seeds=seeds)
        self.by_itself = before
        began, rates = time.perf_counter(), dict[int, Rate]()
        networks = [recipe for recipe in recipes.values() if MODELS[recipe.model].kind != CLASSICAL]
        run_side_by_side(
            [partial(measure, dataset, recipe, MEASURED) for recipe in networks],
            rates.__setitem__,
            workers=self.workers,
        )
        tuned = 1 + TUNING if trials > 1 else 1.0
        each = sum(rate.scale for rate in rates.values()) / share(len(networks), self.workers)
        self.learning += tuned * examples * each
        self.measuring += time.perf_counter() - began
        return arms


def scale_for(experiment: Callable[[Lab], Any], lab: Lab, seconds: float, *, minutes: float) -> float:
    """The scale at which an experiment takes about so many seconds on the lab's source, this look included.

    Args:
        minutes: what it takes on its own data at scale 1: the guess for trainings in jobs of its own.

    Raises:
        BudgetError: the seconds are too few for a run that could show anything; the message tells the least.
    """
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        scout = Scout(store=store, seeds=SEEDS, source=lab.source, options=lab.options, workers=lab.workers)
        experiment(scout)
    spent, seeds = time.perf_counter() - began, len(lab.seeds)
    learning = seeds * scout.learning + (60 * minutes if scout.by_itself else 0.0)
    fixed = spent + seeds * (spent - scout.measuring) / len(SEEDS)
    scale = (seconds - fixed) / max(learning, 1e-9)
    if scale < SHORTEST:
        raise BudgetError(
            f"budget: {seconds:.0f} s is too little for this claim on these data: its trainings would be less than a "
            f"fiftieth of their length. Give at least {1.1 * (fixed + SHORTEST * learning):.0f}s, smaller "
            "images (--size), or fewer (--max-examples)."
        )
    return scale
