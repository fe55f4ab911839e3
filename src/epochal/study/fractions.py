"""A rung on fractions of the training data, each of its trainings shown equally many examples."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from epochal.core.run import FINISHED, Budget
from epochal.data.dataset import Dataset
from epochal.study.plan import CURVE_SEEDS, FRACTIONS
from epochal.study.progress import Progress
from epochal.train.experiment import VALIDATION, Arm, answer, run_once
from epochal.train.workers import run_side_by_side


@dataclass(frozen=True, kw_only=True)
class Fractions:
    """What a rung answered on validation: `answers` [seeds][sizes], None where a training diverged. `sizes` count its
    training items, the largest last."""

    arm: Arm
    budget: Budget  # of each training
    sizes: tuple[int, ...]
    answers: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        return self.arm.recipe.model

    @property
    def finished(self) -> bool:
        return all(one is not None for row in self.answers for one in row)

    def values(self, here: Progress, place: int) -> Float[np.ndarray, "seeds items"]:
        """Under the metric of the climb, of the trainings with the size at this place."""
        return here.scoring.values_of([row[place] for row in self.answers])


def usable(here: Progress) -> list[float]:
    """The fractions that hold two training items or more of each class, or group of numbers."""
    count = len(here.dataset.train.targets)
    return [fraction for fraction in FRACTIONS if fraction * count >= 2 * here.dataset.strata]


def train_on(here: Progress, arm: Arm, fractions: Sequence[float], budget: Budget) -> Fractions:
    """Train the rung on each fraction with each seed; with one seed, smaller fractions lie in larger ones.

    Raises:
        Exception: what ended the first training that failed.
    """
    places = [(seed, fraction) for seed in range(CURVE_SEEDS) for fraction in fractions]
    found = side_by_side(here, arm, [partial(_train, here, arm, budget, seed, fraction) for seed, fraction in places])
    rows = [found[k * len(fractions) : (k + 1) * len(fractions)] for k in range(CURVE_SEEDS)]
    return Fractions(
        arm=arm,
        budget=budget,
        sizes=tuple(count for count, _ in rows[0]),
        answers=tuple(tuple(one for _, one in row) for row in rows),
    )


def workers_of(here: Progress, arm: Arm) -> int:
    """How many trainings of a rung run at once: one that learns at once has all threads."""
    return here.plan.workers if here.rung(arm.recipe.model).by_steps else 1


def side_by_side(here: Progress, arm: Arm, jobs: Sequence[Any]) -> list[Any]:
    """What each job, a training of this rung, returns, in their order.

    Raises:
        Exception: what ended the first job that failed.
    """
    found: dict[int, Any] = {}
    failed: dict[int, Exception] = {}
    workers = workers_of(here, arm)
    run_side_by_side(jobs, found.__setitem__, workers=workers, tick=here.note_time, failed=failed.__setitem__)
    for error in failed.values():
        raise error
    return [found[k] for k in range(len(jobs))]


def trained(here: Progress, name: str, arm: Arm, dataset: Dataset, budget: Budget, seed: int) -> Any:
    """What one training answers on validation; None where it diverged."""
    run = run_once(name, arm.recipe, dataset, here.store, budget=budget, seed=seed)
    return answer(here.store, name, VALIDATION, here.scoring.goal) if run.status == FINISHED else None


def _train(here: Progress, arm: Arm, budget: Budget, seed: int, fraction: float) -> tuple[int, Any]:
    """The number of training items, and the answer."""
    part = here.dataset if fraction == 1 else here.dataset.train_fraction(fraction, seed)
    count = len(part.train.targets)
    return count, trained(here, f"curve/{arm.recipe.model}/{count}-seed-{seed}", arm, part, budget, seed)
