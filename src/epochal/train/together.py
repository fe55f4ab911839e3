"""The seeds of one recipe trained together: their weights stacked, every step one call for all of them.

A small network leaves most of a processor idle: its step is many short calls. Stacked, S seeds share them. Each
seed keeps its own weights, its own order of the data and its own dropout, and no seed's gradient reaches another's.
`pays` says for which recipes this was measured to be faster (bench/together.py).
"""

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from epochal.core.protocols import Batch, Feed, Objective
from epochal.core.recipe import Recipe
from epochal.core.run import DIVERGED, FINISHED, Budget, Point, Run
from epochal.core.seeds import stream
from epochal.models.catalogue import traits
from epochal.train.course import spread
from epochal.train.device import environment, forget_peak
from epochal.train.fit import LOOK_EVERY, REMEDY, cost
from epochal.train.loop import State, loop
from epochal.train.optimise import Stepper
from epochal.train.replay import joined
from epochal.train.surroundings import set_apart
from epochal.train.trainee import Trainee

WIDEST = 300  # hidden units: wider layers keep a processor busy by themselves


def pays(recipe: Recipe) -> bool:
    """Whether seeds of this recipe may be stacked, and gain by it."""
    width = recipe.options.get("hidden") or 0
    plain = recipe.clip is None and recipe.ema is None and recipe.precision == "float32"
    return traits(recipe).stackable and isinstance(width, int) and width <= WIDEST and plain


class Stack(nn.Module):
    """Networks of one architecture as one: every parameter and buffer has a leading dimension [seeds]."""

    def __init__(self, models: Sequence[nn.Module]):
        super().__init__()
        self.count = len(models)
        self._one = [copy.deepcopy(models[0])]  # in a list: its own parameters are no part of this module
        parameters, buffers = stack_module_state(list(models))
        self.stacked = nn.ParameterDict(
            {_key(name): nn.Parameter(value.detach()) for name, value in parameters.items()}
        )
        for name, value in buffers.items():
            self.register_buffer(_key(name), value)

    @property
    def one(self) -> nn.Module:
        """The architecture, whose own weights mean nothing."""
        return self._one[0]

    def state(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Stacked parameters and buffers under the names that they have in one network."""
        parameters = {_name(key): value for key, value in self.stacked.items()}
        return parameters, {_name(key): value for key, value in self.named_buffers(recurse=False)}

    def weights(self, part: str) -> list[Tensor]:
        """Stacked parameters of the submodule that a part of an objective names, or of all."""
        return [value for key, value in self.stacked.items() if part == "all" or key.startswith(_key(part) + "/")]

    def take(self, seed: int) -> nn.Module:
        """The network of one seed, by its place in the stack, as it stands."""
        parameters, buffers = self.state()
        model = copy.deepcopy(self.one)
        values = {name: value[seed].detach().clone() for name, value in (parameters | buffers).items()}
        model.load_state_dict(values, strict=False)  # buffers that are no state are the same in every network
        return model


def _key(name: str) -> str:
    return name.replace(".", "/")


def _name(key: str) -> str:
    return key.replace("/", ".")


@dataclass(frozen=True)
class _Called:
    """One seed's network inside `vmap`, or a part of it: called like the module, with that seed's weights."""

    module: nn.Module
    weights: dict[str, Tensor]

    def __call__(self, *inputs: Any) -> Any:
        return functional_call(self.module, self.weights, inputs)

    def __getattr__(self, name: str) -> Any:  # what an objective asks of its model, such as GoogLeNet's weight
        found = getattr(self.module, name)
        if not isinstance(found, nn.Module):
            return found
        within = f"{name}."
        return _Called(found, {k.removeprefix(within): v for k, v in self.weights.items() if k.startswith(within)})


class EachSeed:
    """An objective over a stack: the inner objective of every seed, as a vector [seeds]."""

    def __init__(self, inner: Objective):
        self.inner = inner
        self.parts = inner.parts

    def loss(self, part: str, model: Stack, batch: Batch) -> Tensor:
        def one(parameters: dict[str, Tensor], buffers: dict[str, Tensor], batch: Batch) -> Tensor:
            loss: Tensor = self.inner.loss(part, _Called(model.one, parameters | buffers), batch)
            return loss

        found: Tensor = vmap(one, randomness="different")(*model.state(), batch)
        return found


@dataclass(frozen=True)
class SideBySide:
    """The batches that each seed would see alone, their tensors stacked: inputs [seeds, batch, ...], targets [seeds,
    batch], and weights as targets where they have some. The inner feed is `fixed`: what one model plays is not what
    another would."""

    inner: Feed
    seeds: tuple[int, ...]
    fixed = True

    @property
    def per_batch(self) -> int:
        """Of each seed."""
        return self.inner.per_batch

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        for several in zip(*(self.inner.batches(model, one, start) for one in self.seeds), strict=True):
            yield joined(lambda *tensors: torch.stack(tensors), *several)


@set_apart()
def fit_together(
    trainees: Sequence[Trainee],
    budget: Budget,
    seeds: Sequence[int],
    *,
    points: int | None = None,
    watch: Callable[[Point, int], None] | None = None,
) -> list[tuple[Any, Run]]:
    """What `fit` gives for each seed, from one training of all: the same recipe and data, a trainee for each seed.

    A seed whose loss is no longer a number ends as diverged, and the others continue. Seconds are an equal share of
    the whole. There are no checkpoints: stacked trainings are short.
    """
    first = trainees[0]
    steps = max(1, round(budget.examples / first.per_step))
    marks = spread(0, steps, points or budget.points)
    stack = Stack([trainee.model for trainee in trainees])
    objective = EachSeed(first.objective)
    state = State(
        model=stack,
        steppers={
            part: Stepper(first.recipe.for_part(part), stack.weights(part), steps, stacked=True)
            for part in objective.parts
        },
        seed=seeds[0],
    )
    curves: list[list[Point]] = [[] for _ in seeds]
    diverged: dict[int, str] = {}
    torch.manual_seed(stream(seeds[0], "steps"))
    forget_peak()
    began = time.perf_counter()

    def look() -> None:
        for losses in state.losses.values():
            for place in torch.nonzero(~losses.isfinite()).flatten().tolist():
                diverged.setdefault(place, f"The loss was {float(losses[place])} by step {state.step}. {REMEDY}")

    def after(state: State) -> None:
        if state.step % LOOK_EVERY == 0 or state.step in marks:
            look()
        if state.step not in marks:
            return
        for place, trainee in enumerate(trainees):
            if place not in diverged:
                losses = {part: float(loss[place]) / state.summed for part, loss in state.losses.items()}
                values = {"train_loss" if part == "all" else f"{part}_loss": loss for part, loss in losses.items()}
                seen = trainee.glance(trainee.predictor(stack.take(place)))
                curves[place].append(Point(step=state.step, examples=state.step * first.per_step, values=values | seen))
        if watch and curves[0]:
            watch(curves[0][-1], steps)
        state.losses, state.summed = {}, 0

    feed = SideBySide(first.feed, tuple(seeds))
    loop(state, feed, objective, steps=steps, after=after)
    seconds = (time.perf_counter() - began) / len(seeds)
    results = []
    for place, (trainee, seed) in enumerate(zip(trainees, seeds, strict=True)):
        predictor = trainee.predictor(stack.take(place))
        one = replace(trainee, model=stack.one)
        results.append(
            (
                predictor,
                Run(
                    recipe=trainee.recipe,
                    task=trainee.task,
                    seed=seed,
                    budget=budget,
                    status=DIVERGED if place in diverged else FINISHED,
                    curve=tuple(curves[place]),
                    scores={} if place in diverged else trainee.judge(predictor),
                    cost=cost(state.step, one, seconds),
                    environment=environment(),
                    message=diverged.get(place, ""),
                ),
            )
        )
    return results
