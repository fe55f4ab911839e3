"""`fit`: one training of one recipe with one seed, measured, from which nothing finished is ever lost."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from epochal.core.errors import RunDirectoryError
from epochal.core.protocols import Predictor
from epochal.core.run import DIVERGED, FINISHED, Budget, Cost, Point, Run
from epochal.core.seeds import stream
from epochal.models.predictor import over_points
from epochal.train.checkpoint import Checkpoints
from epochal.train.course import Course
from epochal.train.device import environment, forget_peak, peak_memory
from epochal.train.interrupt import between_steps
from epochal.train.loop import State, loop
from epochal.train.optimise import Average
from epochal.train.surroundings import set_apart
from epochal.train.trainee import Trainee, steppers

POINTS = 10  # of the learning curve
LOOK_EVERY = 20  # steps between two looks at whether the loss is still finite
TURNED = 1.05  # a validation loss this many times its lowest has turned up
REMEDY = "Try a lower learning rate (--set learning_rate=...) or gradient clipping (--set clip=1)."


class _Diverged(Exception):
    """The loss is no longer a number."""


@set_apart()
def fit(
    trainee: Trainee,
    budget: Budget,
    seed: int,
    *,
    checkpoints: Checkpoints | None = None,
    every: float = 20.0,
    points: int | None = None,
    watch: Callable[[Point, int], None] | None = None,
) -> tuple[Predictor, Run]:
    """Train until `budget.examples` have been shown, the feed ends, or `budget.seconds` do, and say what was measured.

    Args:
        checkpoints: where the state is kept every `every` seconds, and from where a killed training continues, to
            the same weights and the same curve, bit for bit.
        points: how often the model is evaluated along the way, in place of `budget.points`.
        watch: called with each new point of the curve and the number of steps in all.

    Returns:
        The predictor, and the run: status "finished", or "diverged" with what was seen in its message.

    Raises:
        KeyboardInterrupt: the user asked to stop; the state was kept first.
        RunDirectoryError: the checkpoints are those of another training, or cannot be written.
    """
    steps = max(1, round(budget.examples / trainee.per_step))
    course = Course(budget=budget, steps=steps, points=points or budget.points, tail=trainee.tail)
    best = Best() if budget.keep_best and trainee.by_steps and not trainee.tail else None
    tail = Tail()
    checkpoints = checkpoints if trainee.by_steps else None  # what learns at once has no state in the middle
    objective = trainee.objective
    state = State(
        model=trainee.model,
        steppers=steppers(trainee.recipe, trainee.model, objective, steps),
        average=Average(trainee.model, trainee.recipe.ema) if trainee.recipe.ema else None,
        seed=seed,
    )
    curve: list[Point] = []
    clock = Clock()
    torch.manual_seed(stream(seed, "steps"))  # dropout must not depend on what was drawn before
    of = {"recipe": trainee.recipe.to_dict(), "task": trainee.task, "seed": seed, "points": course.points}
    of |= {"examples": budget.examples, "glance": budget.glance, "keep_best": budget.keep_best}
    saved = checkpoints.read() if checkpoints else None
    if checkpoints and saved:
        _same_training(saved["of"], of, checkpoints)
        for step, end in saved["turns"]:
            state.step = step
            state.shorten(end)
            course.turn(step, end)
        state.restore(saved["state"])
        curve = [Point.from_dict(point) for point in saved["curve"]]
        clock.before, clock.looking = saved["seconds"], saved["looking"]
        if best:
            best.restore(saved["best"])
        if trainee.tail:
            tail.states = saved["tail"]
    forget_peak()
    last_kept = time.perf_counter()

    def keep() -> None:
        if checkpoints:
            checkpoints.write(
                state.step,
                {
                    "of": of,
                    "state": state.to_dict(),
                    "turns": course.turns,
                    "curve": [point.to_dict() for point in curve],
                    "best": best.to_dict() if best else None,
                    "tail": tail.states,
                    "seconds": clock.spent,
                    "looking": clock.looking,
                },
            )

    with between_steps() as interrupt:

        def mark() -> None:
            with clock.look():
                curve.append(_finite(_point(state, trainee)))
            if best:
                best.see(curve[-1], state.judged)
            if watch:
                watch(curve[-1], course.steps)

        def after(state: State) -> None:
            nonlocal last_kept
            if state.step in course.marks or state.step % LOOK_EVERY == 0:
                _look(state)
            if state.step in course.marks:
                mark()
            if state.step in course.ends and state.step < course.steps:
                tail.see(state.judged)
            if state.step < course.steps and (end := course.shorter(state.step, clock.spent)) is not None:
                course.turn(state.step, end)
                state.shorten(end)
            if interrupt.asked or time.perf_counter() - last_kept > every:
                if interrupt.asked or state.step < course.steps:
                    keep()
                last_kept = time.perf_counter()
                interrupt.check()

        status, message = FINISHED, ""
        try:
            loop(state, trainee.feed, objective, steps=steps, precision=trainee.recipe.precision, after=after)
            if state.summed:  # the feed ended before the budget did: a classical rung sees its examples once
                _look(state)
                mark()
            if course.turns:  # where it ended depends on the clock, and must not be lost while it is judged
                keep()
        except _Diverged as diverged:
            status, message = DIVERGED, str(diverged)

    kept = best.take(state.judged, curve) if best and status == FINISHED else None
    predictor = over_points([trainee.predictor(model) for model in (*tail.models(state.judged), state.judged)])
    with clock.look():
        scores = trainee.judge(predictor) if status == FINISHED else {}
    if not all(map(math.isfinite, scores.values())):  # on examples that no point of the curve was measured on
        status, message, scores = DIVERGED, f"The scores at the end are not finite: {scores}. {REMEDY}", {}
    run = Run(
        recipe=trainee.recipe,
        task=trainee.task,
        seed=seed,
        budget=budget,
        status=status,
        curve=tuple(curve),
        scores=scores,
        cost=cost(state.step, trainee, clock.spent, clock.looking),
        environment=environment(),
        message=message,
        course=tuple(course.turns),
        kept=kept,
    )
    return predictor, run


@dataclass
class Clock:
    """The seconds that a training has spent, those before an interruption included, and how many of them on looking at
    how good it is."""

    began: float = field(default_factory=time.perf_counter)
    before: float = 0.0
    looking: float = 0.0

    @property
    def spent(self) -> float:
        return self.before + time.perf_counter() - self.began

    @contextmanager
    def look(self) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.looking += time.perf_counter() - started


@dataclass
class Best:
    """The weights of the point of the curve with the lowest validation loss so far."""

    point: Point | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)

    def see(self, point: Point, model: Any) -> None:
        if self.point is None or _loss(point) < _loss(self.point):
            self.point = point
            self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}

    def take(self, model: Any, curve: list[Point]) -> int | None:
        """Give the model these weights where the loss turned up since and the score did not rise; the step of the
        weights that are kept. A loss alone may rise because answers that are right anyway grow too sure."""
        if self.point is None:
            return None
        last = curve[-1]
        if _loss(last) <= TURNED * _loss(self.point) or last.values["score"] > self.point.values["score"]:
            return last.step
        model.load_state_dict(self.weights)
        return self.point.step

    def to_dict(self) -> dict[str, Any]:
        return {"point": self.point and self.point.to_dict(), "weights": self.weights}

    def restore(self, saved: dict[str, Any]) -> None:
        self.point = Point.from_dict(saved["point"]) if saved["point"] else None
        self.weights = saved["weights"]


@dataclass
class Tail:
    """The weights of a training at the points before its last at which it is judged."""

    states: list[dict[str, Tensor]] = field(default_factory=list)

    def see(self, model: Any) -> None:
        self.states.append({name: value.detach().clone() for name, value in model.state_dict().items()})

    def models(self, model: Any) -> Iterator[Any]:
        """Copies of `model` with these weights."""
        for weights in self.states:
            earlier = copy.deepcopy(model)
            earlier.load_state_dict(weights)
            yield earlier


def _loss(point: Point) -> float:
    return point.values["loss"]


def _look(state: State) -> None:
    """
    Raises:
        _Diverged: a loss, summed since the last point, is not finite.
    """
    for part, loss in state.losses.items():
        if not math.isfinite(float(loss)):
            raise _Diverged(
                f"The {'' if part == 'all' else part + ' '}loss was {float(loss)} by step {state.step}. {REMEDY}"
            )


def _finite(point: Point) -> Point:
    """
    Raises:
        _Diverged: what was measured is not finite, though the training loss, of before the last step, was.
    """
    for name, value in point.values.items():
        if not math.isfinite(value):
            of_training = name.endswith("_loss")  # "train_loss", or that of a part; all else is measured on validation
            what = name.replace("_", " ") if of_training else f"validation {name}"
            raise _Diverged(f"The {what} was {value} at step {point.step}. {REMEDY}")
    return point


def _same_training(found: dict[str, Any], wanted: dict[str, Any], checkpoints: Checkpoints) -> None:
    """
    Raises:
        RunDirectoryError: the checkpoint belongs to a training of something else.
    """
    if differing := [name for name in wanted if found[name] != wanted[name]]:
        raise RunDirectoryError(
            f"The checkpoints in {checkpoints.folder} are those of a training with another {' and '.join(differing)}. "
            "Remove that folder, or choose another directory with --out."
        )


def _point(state: State, trainee: Trainee) -> Point:
    values = {
        "train_loss" if part == "all" else f"{part}_loss": float(loss) / state.summed
        for part, loss in state.losses.items()
    }
    state.losses, state.summed = {}, 0
    return Point(
        step=state.step,
        examples=state.step * trainee.per_step,
        values=values | trainee.glance(trainee.predictor(state.judged)),
    )


def cost(steps: int, trainee: Trainee, seconds: float, looking: float = 0.0) -> Cost:
    """What one training of `steps` steps spent."""
    examples = steps * trainee.per_step
    return Cost(
        examples=examples,
        steps=steps,
        seconds=seconds,
        parameters=trainee.size(),
        flops=None if trainee.flops is None else trainee.flops * examples,
        peak_memory=peak_memory(trainee.model),
        looking=looking,
    )
