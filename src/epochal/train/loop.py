"""THE loop: for each batch, for each part of the objective, a loss and a step."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from epochal.core.protocols import Batch, Feed, Objective
from epochal.train.checkpoint import random_state, restore_random_state
from epochal.train.device import kind, on_gpu, reproducible
from epochal.train.optimise import Average, Stepper
from epochal.train.replay import Replay, Step


@dataclass(kw_only=True)
class State:
    """All that changes while a model learns."""

    model: Any
    steppers: dict[str, Stepper]
    average: Average | None = None
    seed: int
    step: int = 0
    losses: dict[str, Tensor] = field(default_factory=dict)  # summed since the last point of the curve
    summed: int = 0
    end: int | None = None  # the last step, where the training was shortened on the way
    replay: Replay | None = None  # the step as a GPU has recorded it

    @property
    def judged(self) -> Any:
        """The model to evaluate and to keep: the average of the weights where there is one."""
        return self.average.model if self.average else self.model

    def shorten(self, steps: int) -> None:
        """End after `steps` in all; the schedules are drawn together."""
        self.end = steps
        for stepper in self.steppers.values():
            stepper.shorten(self.step, steps)

    def to_dict(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "steppers": {part: stepper.state_dict() for part, stepper in self.steppers.items()},
            "average": self.average.model.state_dict() if self.average else None,
            "step": self.step,
            "losses": self.losses,
            "summed": self.summed,
            "random": random_state(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        for part, stepper in self.steppers.items():
            stepper.load_state_dict(state["steppers"][part])
        if self.average:
            self.average.model.load_state_dict(state["average"])
        device = next(iter(self.model.parameters())).device
        self.step, self.summed = state["step"], state["summed"]
        self.losses = {part: loss.to(device) for part, loss in state["losses"].items()}
        restore_random_state(state["random"])
        self.replay = None  # it writes where the state before was


def loop(
    state: State,
    feed: Feed,
    objective: Objective,
    *,
    steps: int,
    precision: str = "float32",
    after: Callable[[State], None] | None = None,
) -> None:
    """Train `state` in place until it has made `steps` steps in all, or was shortened to fewer. `after` sees the state
    after each of them."""
    step, count = stepping(state, feed, objective, precision), draws(objective)
    with reproducible():
        batches = feed.batches(state.model, state.seed, state.step * count)
        while state.step < min(steps, state.end or steps) and len(drawn := tuple(islice(batches, count))) == count:
            for stepper in state.steppers.values():
                stepper.schedule(state.step)
            for part, loss in step(drawn).items():
                state.losses[part] = state.losses.get(part, 0.0) + loss
            state.step += 1
            state.summed += 1
            if state.average:
                state.average.update(state.model, state.step)
            if after:
                after(state)


def draws(objective: Objective) -> int:
    """Batches of one step: as many as the part that steps most often has steps. A part that is named twice, as a critic
    that learns faster than what it judges, steps each time on a batch of its own."""
    return max(Counter(objective.parts).values())


def stepping(state: State, feed: Feed, objective: Objective, precision: str) -> Step:
    """One step of every part, for its batches; where the model is on a GPU and batches are alike, recorded and
    replayed."""
    step = partial(step_of, state.model, state.steppers, objective, precision)
    if not (feed.fixed and on_gpu(state.model)):
        return step
    state.replay = state.replay or Replay(step)
    return state.replay


def step_of(
    model: Any, steppers: Mapping[str, Stepper], objective: Objective, precision: str, drawn: tuple[Batch, ...]
) -> dict[str, Tensor]:
    """A loss and a step for each part, on the next of the batches; the losses, the mean of a part that steps twice."""
    losses: dict[str, list[Tensor]] = {}
    for part in objective.parts:
        batch = drawn[len(losses.setdefault(part, []))]
        with torch.autocast(kind(), torch.bfloat16) if precision == "bfloat16" else nullcontext():
            loss = objective.loss(part, model, batch)
        steppers[part].step(loss)
        losses[part].append(loss.detach())
    return {part: several[0] if len(several) == 1 else torch.stack(several).mean(0) for part, several in losses.items()}
