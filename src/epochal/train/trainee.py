"""What `fit` trains: a model with its feed and its objective, made from a data set and a recipe."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from epochal.core.protocols import Evaluate, Feed, Goal, Objective, Predictor
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.core.seeds import stream
from epochal.core.weighed import Weighed
from epochal.data.dataset import Dataset, Examples
from epochal.data.feed import WholeFeed
from epochal.kinds.table import kind_of
from epochal.models import catalogue
from epochal.models.flops import flops, parameters
from epochal.models.predictor import as_network_sees
from epochal.models.pretrained import begin
from epochal.train.device import device
from epochal.train.loop import draws
from epochal.train.objectives import balanced, make_objective
from epochal.train.optimise import Stepper
from epochal.train.surroundings import set_apart

LOOKED_AT = 100_000  # training inputs that a model is shown before its first step, where it asks to be


@dataclass(frozen=True, kw_only=True)
class Trainee:
    """Everything that `fit` needs to know. Nothing here says whether it is a network, a game or a classical rung.

    `by_steps` says whether it learns by steps, and has a state between them. `glance` measures the model along the way,
    for the curve; `judge` once at the end, for the scores. `predictor` turns the trained model into what answers
    questions. `per_step` is the number of examples in a step, in all of its batches. Where `tail` is not 0, `judge`
    sees what several states of the model answer, in the last `tail` of the steps (`OverPoints`).
    """

    recipe: Recipe
    task: str
    model: Any
    feed: Feed
    objective: Objective
    per_step: int
    glance: Evaluate
    judge: Evaluate
    predictor: Callable[[Any], Predictor]
    by_steps: bool = True
    tail: float = 0.0
    flops: float | None = None  # of learning from one example: forward and backward, about three times the forward

    def size(self) -> int:
        """How many numbers training sets: trainable parameters, or what a model that learns at once stores."""
        return parameters(self.model) if self.by_steps else int(self.model.parameters_count())


def trainable(model: Any, part: str) -> list[Tensor]:
    """The parameters that a part of the objective trains: those of the submodule it names, or "all"."""
    owner = model if part == "all" else getattr(model, part)
    return [p for p in owner.parameters() if p.requires_grad] if isinstance(owner, nn.Module) else []


def steppers(recipe: Recipe, model: Any, objective: Objective, steps: int) -> dict[str, Stepper]:
    """What steps each part of the objective, in a training of `steps` steps."""
    alone = len(set(objective.parts)) == 1
    return {
        part: Stepper(recipe.for_part(part), trainable(model, part), steps, alone=alone) for part in objective.parts
    }


@set_apart()
def prepare(dataset: Dataset, recipe: Recipe, seed: int, budget: Budget) -> Trainee:
    """A fresh model for `recipe`, its weights drawn from `seed` or pretrained, with its feed from the training split.

    A network sees the training split again and again until `budget.examples` were shown; a classical rung sees that
    many of it, once.
    """
    torch.manual_seed(stream(seed, "weights"))
    model = begin(catalogue.build(recipe, dataset.task), recipe, dataset.task)
    train, kind, traits = dataset.train, kind_of(dataset.task), catalogue.traits(recipe)
    if traits.looks:
        seen = train.inputs[evenly(len(train), LOOKED_AT)]
        model.look(torch.from_numpy(as_network_sees(dataset.codec, seen)))
    learned, by_steps = kind.goal.learned(train.targets, dataset.task), traits.by_steps
    targets = learned if train.weights is None or not traits.weighs else Weighed(learned, train.weights)
    objective = make_objective(
        recipe, seed, lambda: balanced(learned, dataset.task.classes).to(device()), measure=kind.goal.loss
    )
    if by_steps:
        model = model.to(device())
        feed: Feed = kind.input.feed(dataset, targets, recipe, device())
    elif traits.as_tensors:
        feed = WholeFeed(train.inputs, targets, limit=budget.examples, seen=partial(as_network_sees, dataset.codec))
    else:
        feed = WholeFeed(train.inputs, targets, limit=budget.examples)
    return Trainee(
        recipe=recipe,
        task=dataset.task.fingerprint,
        model=model,
        feed=feed,
        objective=objective,
        per_step=feed.per_batch * draws(objective),
        by_steps=by_steps,
        tail=kind.goal.tail if by_steps else 0.0,
        glance=Judge(kind.goal, dataset.validation, budget.glance),
        judge=Judge(kind.goal, dataset.validation),
        predictor=lambda model: kind.predictor(model, dataset.codec, recipe, dataset.task),
        flops=3 * flops(model, dataset.task.input_shape) if by_steps else None,
    )


def evenly(count: int, most: int | None) -> Any:
    """The places of at most so many of `count` items, evenly spread; all where nothing is said."""
    return slice(None) if most is None or count <= most else np.linspace(0, count - 1, most).astype(int)


def cannot_weigh(dataset: Dataset, recipe: Recipe, title: str) -> str:
    """That a rung learns as if all items counted alike, where they have weights; empty where it weighs them."""
    if dataset.train.weights is None or catalogue.traits(recipe).weighs:
        return ""
    item = dataset.task.item
    return f"{title} cannot weigh its examples: it learned from each {item} alike, and its scores alone are weighted."


class Judge:
    """Scores a predictor on (at most `most`, evenly spread) examples, and keeps the prediction it saw last."""

    def __init__(self, goal: Goal, examples: Examples, most: int | None = None):
        self.goal = goal
        self.examples = examples
        self.most = most
        self.prediction: Any = None

    def __call__(self, predictor: Predictor) -> dict[str, float]:
        chosen = evenly(len(self.examples), self.most)
        self.prediction = predictor(self.examples.inputs[chosen])
        return self.goal.look(self.prediction, self.examples.truth(chosen))
