"""The winner of a climb, and its last training: on train and validation together, as long as it was trained before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from epochal.core.protocols import Feed, Goal
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Point, Run
from epochal.data.dataset import Dataset
from epochal.kinds.table import kind_of, rung_of
from epochal.models.catalogue import traits
from epochal.report.result import ClimbResult
from epochal.train.experiment import VALIDATION, answer, finished, trained_files
from epochal.train.fit import fit
from epochal.train.loop import draws
from epochal.train.store import Store
from epochal.train.trainee import prepare


@dataclass(frozen=True, kw_only=True)
class Winner:
    """The recommended rung of a climb: its trainings in the stage that it was judged by. `place` is the bundled one."""

    climb: ClimbResult
    store: Store
    dataset: Dataset
    names: tuple[str, ...]  # of the finished trainings, in the store
    place: int

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        found = [self.store.run(name) for name in self.names]
        return tuple(run for run in found if run is not None)

    @property
    def run(self) -> Run:
        """The training that is bundled."""
        return self.runs[self.place]

    @property
    def recipe(self) -> Recipe:
        return self.run.recipe

    @property
    def title(self) -> str:
        return rung_of(self.climb.task, self.climb.chosen).title

    @cached_property
    def answers(self) -> tuple[Any, ...]:
        """Of each training, on validation."""
        return tuple(answer(self.store, name, VALIDATION, self.goal) for name in self.names)

    @property
    def goal(self) -> Goal:
        return kind_of(self.climb.task).goal.under(self.climb.metric)

    @cached_property
    def calibrations(self) -> tuple[float, ...]:
        """Of each training, as the climb fitted them on validation."""
        return tuple(self.goal.calibrate(one, self.dataset.validation.truth()) for one in self.answers)


def train_again(winner: Winner, joined: Dataset, watch: Callable[[str], None]) -> tuple[str, Run]:
    """The name and the run of the winner's training on all these examples; at once where the store has it already."""
    before, recipe, store = winner.run, winner.recipe, winner.store
    growth = len(joined.train) / len(winner.dataset.train)
    name = f"refit/seed-{before.seed}"
    longer = before.budget.replace(examples=round(before.budget.examples * growth))
    trainee = prepare(joined, recipe, before.seed, longer)
    budget, stop = grown(before, growth, trainee.per_step)
    if known := finished(name, recipe, joined, store, budget=budget):
        return name, known
    feed = trainee.feed if stop is None else Ending(trainee.feed, stop * draws(trainee.objective))

    def seen(point: Point, steps: int) -> None:
        watch(f"refit: step {point.step:,} of {stop or steps:,}")

    watch(
        f"refit: {winner.title} on {len(joined.train):,} {joined.task.item}s, which takes about "
        f"{before.cost.seconds * growth * kept_step(before) / before.cost.steps:.0f} s"
    )
    try:
        predictor, run = fit(
            replace(trainee, feed=feed, glance=_nothing, judge=_nothing),
            budget,
            before.seed,
            checkpoints=store.checkpoints(name),
            watch=seen,
        )
    except KeyboardInterrupt:
        watch("Interrupted. What was learned is kept; the same command continues with it.")
        raise
    files = trained_files(predictor) if run.status == FINISHED else {}
    store.finish(name, run, files, {})
    return name, run


def grown(before: Run, growth: float, per_step: int) -> tuple[Budget, int | None]:
    """The budget of the same number of passes over `growth` times as many examples, shortened where the training was
    that is repeated; and the step to stop after, None at the end. A step shows `per_step` of them.

    A network's schedule is stretched, so that at the step to stop after it stands where it stood at the step whose
    weights were kept.
    """
    budget = before.budget.replace(
        examples=round(before.budget.examples * growth), seconds=None, keep_best=False, course=()
    )
    if not traits(before.recipe).by_steps:
        return budget, None
    each = before.cost.examples / before.cost.steps
    steps = max(1, round(budget.examples / per_step))
    stretch = steps / max(1, round(before.budget.examples / each))
    turns = [(round(step * stretch), round(end * stretch)) for step, end in before.course]
    course = tuple((max(step, 1), max(end, step + 1)) for step, end in turns)
    stop = round(kept_step(before) / before.cost.steps * (course[-1][1] if course else steps))
    early = kept_step(before) < before.cost.steps
    return budget.replace(course=course), max(stop, 1) if early else None


@dataclass(frozen=True)
class Ending:
    """A feed that ends after `count` batches."""

    feed: Feed
    count: int

    @property
    def per_batch(self) -> int:
        return self.feed.per_batch

    @property
    def fixed(self) -> bool:
        return self.feed.fixed

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Any]:
        return islice(self.feed.batches(model, seed, start), max(self.count - start, 0))


def kept_step(run: Run) -> int:
    """The step whose weights were kept."""
    return run.cost.steps if run.kept is None else run.kept


def _nothing(predictor: Any) -> dict[str, float]:
    """No score along the way: there is nothing to measure it on."""
    return {}
