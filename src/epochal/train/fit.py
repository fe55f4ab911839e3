"""`fit`: one training of one recipe with one seed, measured, from which nothing finished is ever lost."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch

from epochal.core.errors import RunDirectoryError
from epochal.core.protocols import Predictor
from epochal.core.run import DIVERGED, FINISHED, Budget, Cost, Point, Run
from epochal.core.seeds import stream
from epochal.models.flops import parameters
from epochal.train.checkpoint import Checkpoints
from epochal.train.device import environment, forget_peak, peak_memory
from epochal.train.interrupt import between_steps
from epochal.train.loop import State, loop
from epochal.train.optimise import Average, Stepper
from epochal.train.surroundings import set_apart
from epochal.train.trainee import Trainee, trainable

POINTS = 10  # of the learning curve
LOOK_EVERY = 20  # steps between two looks at whether the loss is still finite
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
    points: int = POINTS,
    watch: Callable[[Point, int], None] | None = None,
) -> tuple[Predictor, Run]:
    """Train until `budget.examples` have been shown, or the feed ends, and say what was measured.

    Args:
        checkpoints: where the state is kept every `every` seconds, and from where a killed training goes on, to
            the same weights and the same curve, bit for bit.
        points: how often the model is evaluated along the way, evenly spread; the last is the end.
        watch: told each new point of the curve and the number of steps in all.

    Returns:
        The predictor, and the run: status "finished", or "diverged" with what was seen in its message.

    Raises:
        KeyboardInterrupt: the user asked to stop; the state was kept first.
        RunDirectoryError: the checkpoints are those of another training, or cannot be written.
    """
    steps = max(1, round(budget.examples / trainee.per_step))
    marks = marks_of(steps, points)
    objective = trainee.objective
    state = State(
        model=trainee.model,
        steppers={p: Stepper(trainee.recipe, trainable(trainee.model, p), steps) for p in objective.parts},
        average=Average(trainee.model, trainee.recipe.ema) if trainee.recipe.ema else None,
        seed=seed,
    )
    curve: list[Point] = []
    spent = 0.0
    torch.manual_seed(stream(seed, "steps"))  # dropout must not depend on what was drawn before
    of = {"recipe": trainee.recipe.to_dict(), "task": trainee.task, "seed": seed, "points": points}
    of |= {"examples": budget.examples, "glance": budget.glance}
    saved = checkpoints.read() if checkpoints else None
    if checkpoints and saved:
        _same_training(saved["of"], of, checkpoints)
        state.restore(saved["state"])
        curve = [Point.from_dict(point) for point in saved["curve"]]
        spent = saved["seconds"]
    forget_peak()
    began = last_kept = time.perf_counter()

    def keep() -> None:
        if checkpoints and hasattr(state.model, "state_dict"):  # a classical rung has no state in the middle
            seconds = spent + time.perf_counter() - began
            checkpoints.write(
                state.step,
                {
                    "of": of,
                    "state": state.to_dict(),
                    "curve": [point.to_dict() for point in curve],
                    "seconds": seconds,
                },
            )

    with between_steps() as interrupt:

        def mark() -> None:
            curve.append(_finite(_point(state, trainee)))
            if watch:
                watch(curve[-1], steps)

        def after(state: State) -> None:
            nonlocal last_kept
            if state.step in marks or state.step % LOOK_EVERY == 0:
                _look(state)
            if state.step in marks:
                mark()
            if interrupt.asked or time.perf_counter() - last_kept > every:
                if interrupt.asked or state.step < steps:
                    keep()
                last_kept = time.perf_counter()
                interrupt.check()

        status, message = FINISHED, ""
        try:
            loop(state, trainee.feed, objective, steps=steps, precision=trainee.recipe.precision, after=after)
            if state.summed:  # the feed ended before the budget did: a classical rung sees its examples once
                _look(state)
                mark()
        except _Diverged as diverged:
            status, message = DIVERGED, str(diverged)

    run = Run(
        recipe=trainee.recipe,
        task=trainee.task,
        seed=seed,
        budget=budget,
        status=status,
        curve=tuple(curve),
        scores=trainee.judge(trainee.predictor(state.judged)) if status == FINISHED else {},
        cost=cost(state.step, trainee, spent + time.perf_counter() - began),
        environment=environment(),
        message=message,
    )
    return trainee.predictor(state.judged), run


def marks_of(steps: int, points: int) -> set[int]:
    """The steps after which the model is evaluated: so many points, evenly spread, the last at the end."""
    return {round(steps * (k + 1) / points) for k in range(points)} - {0}


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
            raise _Diverged(f"The {name.replace('_', ' ')} was {value} at step {point.step}. {REMEDY}")
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


def cost(steps: int, trainee: Trainee, seconds: float) -> Cost:
    """What one training of so many steps spent."""
    examples = steps * trainee.per_step
    return Cost(
        examples=examples,
        steps=steps,
        seconds=seconds,
        parameters=size(trainee.model),
        flops=None if trainee.flops is None else trainee.flops * examples,
        peak_memory=peak_memory(trainee.model),
    )


def size(model: Any) -> int:
    """Numbers that training sets: a network's trainable parameters, or what a classical rung stores."""
    return int(model.parameters_count()) if hasattr(model, "parameters_count") else parameters(model)
