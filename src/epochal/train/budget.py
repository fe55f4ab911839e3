"""Budgets: how fast a recipe learns on this machine, and so how many examples its seconds buy."""

import math
import re
import time
from dataclasses import dataclass

import numpy as np

from epochal.core.errors import BudgetError
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.judge.learning_curve import LEAST_POINTS
from epochal.models.catalogue import traits
from epochal.train.course import STATES
from epochal.train.device import on_gpu, synchronise
from epochal.train.fit import POINTS
from epochal.train.loop import State, loop
from epochal.train.optimise import Stepper
from epochal.train.replay import EAGER
from epochal.train.trainee import Trainee, prepare, steppers

PAYS = 1.1  # bfloat16 must be this many times faster than float32 to be chosen
HOPELESS = 2.0  # a second step that takes this many times as long as a known one ends the measuring
WARM, STRETCHES = 3, 4  # warm-up steps, not timed; least number of timed stretches, even past the allowance
WARM_SAMPLE, SAMPLE = 50, 400  # examples of the first fit of a classical rung, and of the first that is timed
ASKED = 256  # validation examples that are predicted to measure how fast that is
LOOKING = 0.04  # share of a training that goes into the points of its curve
FEWEST_GLANCE, LEAST_GLANCE, MOST_GLANCE = 50, 100, 2000  # validation examples behind a point; fewer points come first
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "": 1.0}


def seconds(text: str | float) -> float:
    """Seconds from "20m", "90s", "1h30m" or a number.

    Raises:
        BudgetError: it is none of these, or not above zero.
    """
    given = str(text).strip().lower()
    pieces = re.findall(r"(\d+(?:\.\d+)?)\s*([hms]?)", given)
    whole = "".join(number + unit for number, unit in pieces) == re.sub(r"\s+", "", given)
    bare = any(not unit for _, unit in pieces) and len(pieces) > 1  # "1h30" and "1 2" could mean several things
    if not pieces or not whole or bare:
        raise BudgetError(f"budget: expected a duration such as 90s, 20m or 1h30m, got {text!r}.")
    total = sum(float(number) * _UNITS[unit] for number, unit in pieces)
    if total <= 0:
        raise BudgetError(f"budget: expected more than zero seconds, got {text!r}.")
    return total


@dataclass(frozen=True, kw_only=True)
class Rate(Record):
    """What a recipe costs here: `scale * examples ** power` seconds of learning (networks have power 1), and
    `answering` seconds for each validation example, some at each point of the curve and all at the end."""

    recipe: Recipe  # the one given, with the precision that was measured to be faster
    answering: float
    validation: int  # examples of the validation split
    scale: float
    power: float = 1.0
    points: int = POINTS  # of the curve
    states: int = 1  # of the model that answer for the whole validation split at the end
    most: int | None = None  # examples it can make use of: a classical rung sees each once
    measured: float = 0.0  # seconds that measuring took

    def budget(self, promised: float) -> Budget:
        """The budget that a promise of `promised` seconds comes to. Looking along the way may take `LOOKING` of it."""
        answers = LOOKING * promised / self.answering
        points = int(np.clip(answers // LEAST_GLANCE, min(LEAST_POINTS, self.points), self.points))
        glance = min(int(np.clip(answers / points, FEWEST_GLANCE, MOST_GLANCE)), self.validation)
        afforded = (max(promised - self.asking(glance, points), 0.05 * promised) / self.scale) ** (1 / self.power)
        least = 1 if self.most is None else min(self.most, 50)
        examples = max(least, int(min(afforded, self.most or afforded)))
        return Budget(examples=examples, seconds=promised, glance=glance, points=points, keep_best=True)

    def asking(self, glance: int, points: int | None = None) -> float:
        """Seconds that a training spends on being evaluated."""
        points = self.points if points is None else points
        return self.answering * (points * glance + self.states * self.validation)

    def seconds(self, budget: Budget) -> float:
        """About how long a training with this budget takes."""
        return self.asking(budget.glance, min(budget.points, self.points)) + self.learning(budget.examples)

    def learning(self, examples: float) -> float:
        """Seconds that learning from `examples` examples takes."""
        return self.scale * examples**self.power


def measure(dataset: Dataset, recipe: Recipe, allowed: float, *, precisions: bool = True) -> Rate:
    """Try a recipe for about `allowed` seconds on a model that is thrown away; in bfloat16 too, where `precisions`."""
    began = time.perf_counter()
    if not traits(recipe).by_steps:
        rate = _measure_classical(dataset, recipe, allowed)
    elif precisions and recipe.precision == "float32":
        fast = recipe.replace(precision="bfloat16", memory_format="channels_last")
        plain = _measure_network(dataset, recipe, allowed / 2)
        quick = _measure_network(dataset, fast, allowed / 2, known=plain.scale)
        rate = quick if quick.scale * PAYS < plain.scale else plain
    else:
        rate = _measure_network(dataset, recipe, allowed)
    return rate.replace(measured=time.perf_counter() - began)


def _measure_network(dataset: Dataset, recipe: Recipe, allowed: float, known: float = math.inf) -> Rate:
    """Seconds an example: the median of several short stretches, or those of the second step where it shows that it is
    hopeless to come near the `known` ones, as in a precision that the processor has to emulate."""
    trainee = prepare(dataset, recipe, seed=0, budget=Budget(examples=1))
    total = 1_000_000
    state = State(
        model=trainee.model,
        steppers=steppers(recipe, trainee.model, trainee.objective, total),
        seed=0,
    )
    end = time.perf_counter() + allowed
    fast = on_gpu(trainee.model)  # which emulates no precision
    recorded = fast and trainee.feed.fixed  # after some steps
    for done in range(1, (EAGER + 1 if recorded else WARM) + 1):
        started = time.perf_counter()
        loop(state, trainee.feed, trainee.objective, steps=done, precision=recipe.precision)
        synchronise()
        each = (time.perf_counter() - started) / trainee.per_step
        if done > 1 and not fast and each > HOPELESS * known:
            return Rate(recipe=recipe, answering=math.inf, validation=len(dataset.validation.targets), scale=each)
    stretches: list[float] = []
    stretch = 1
    while time.perf_counter() < end or len(stretches) < STRETCHES:
        started = time.perf_counter()
        loop(state, trainee.feed, trainee.objective, steps=done + stretch, precision=recipe.precision)
        synchronise()
        took = time.perf_counter() - started
        stretches.append(took / stretch)
        done += stretch
        stretch = max(1, min(50, round(allowed / 6 / stretches[-1])))
    return Rate(
        recipe=recipe,
        answering=_answering(dataset, trainee),
        validation=len(dataset.validation.targets),
        scale=float(np.median(stretches)) / trainee.per_step,
        states=STATES if trainee.tail else 1,
    )


def _measure_classical(dataset: Dataset, recipe: Recipe, allowed: float) -> Rate:
    """Fit on a few examples, then on more while the allowance lasts; the last two tell how the time grows. The first
    fit, which starts threads and libraries, does not count."""
    count = len(dataset.train.targets)
    sizes: list[int] = []
    times: list[float] = []
    size = min(SAMPLE, count)
    began = time.perf_counter()

    def fitted(examples: int) -> Trainee:
        trainee = prepare(dataset, recipe, seed=0, budget=Budget(examples=examples))
        state = State(model=trainee.model, steppers={"all": Stepper(recipe, [], 1)}, seed=0)
        loop(state, trainee.feed, trainee.objective, steps=1)
        return trainee

    fitted(min(WARM_SAMPLE, count))
    while True:
        started = time.perf_counter()
        trainee = fitted(size)
        sizes.append(size)
        times.append(time.perf_counter() - started)
        if size == count or time.perf_counter() - began + 3 * times[-1] > allowed:
            break
        size = min(2 * size, count)
    power = 1.0
    if len(sizes) > 1 and times[-1] > times[-2] > 0:
        power = float(np.clip(np.log(times[-1] / times[-2]) / np.log(sizes[-1] / sizes[-2]), 0.7, 2.2))
    return Rate(
        recipe=recipe,
        answering=_answering(dataset, trainee),
        validation=len(dataset.validation.targets),
        scale=times[-1] / sizes[-1] ** power,
        power=power,
        points=1,
        most=count,
    )


def _answering(dataset: Dataset, trainee: Trainee) -> float:
    """Seconds to predict one example."""
    predictor = trainee.predictor(trainee.model)
    some = dataset.validation.inputs[:ASKED]
    predictor(some[:64])  # the first answers are slower
    started = time.perf_counter()
    predictor(some)
    return (time.perf_counter() - started) / len(some)
