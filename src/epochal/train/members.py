"""Which member of a rung's family a budget bears: the largest that it lets see the training data often enough.

A network has learned what it can learn after some passes over the data and some hundreds of steps; which of the two is
the longer depends on how much data there is. A classical rung sees each example once, and its larger members do more
work on it. So one rule serves all: of the members that fit into the seconds of one training, take the largest.
"""

import time
from collections.abc import Sequence

import numpy as np
import torch

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.kinds.rung import Rung
from epochal.models import catalogue
from epochal.models.catalogue import traits
from epochal.models.flops import flops
from epochal.train.budget import Rate, measure

PASSES, UPDATES = 16, 1200  # over the training data, and steps: a network that made both is itself
DOUBT = 4.0  # a member may be this many times faster than its operations say: small ones do not keep a machine busy
FEW_UPDATES = 120  # a training of fewer steps, or of less than one pass, teaches a network nothing: it is not made


def enough(recipe: Recipe, count: int) -> int:
    """Examples after which a network is itself; all of them, once, for a rung that fits itself."""
    return count if not traits(recipe).by_steps else max(PASSES * count, UPDATES * min(recipe.batch_size, count))


def least(recipe: Recipe, count: int) -> int:
    """The fewest examples with which a training is worth making."""
    return min(count, 50) if not traits(recipe).by_steps else max(count, FEW_UPDATES * min(recipe.batch_size, count))


def size_up(
    dataset: Dataset, rung: Rung, seconds: float, allowed: float, members: Sequence[Recipe] | None = None
) -> Rate:
    """The speed of the largest member of the family that can see `enough` examples in `seconds`, or of the smallest.

    Measuring takes about `allowed` seconds. How much longer a member takes than one that was measured follows from its
    operations, which are counted; of rungs that fit themselves by the options that `Rung.work` names. `members` are
    those to choose from, the smallest first; all unless said.
    """
    began = time.perf_counter()
    members, count = rung.members if members is None else members, len(dataset.train)
    work = _work(rung, members, dataset.task)
    place, known = 0, measure(dataset, members[0], allowed / min(len(members), 3))  # one alone has the whole allowance
    ceiling = len(members)

    def after(member: int) -> float:
        return known.learning(enough(members[member], count)) * work[member] / work[place]

    def candidates() -> list[int]:
        """The larger members that seem to fit. Where none does, the next one, if only an estimate speaks against it and
        there is time to measure it."""
        fitting = [member for member in range(place + 1, ceiling) if after(member) <= seconds]
        if fitting or place + 1 >= ceiling or not traits(members[0]).by_steps:
            return fitting
        spent = time.perf_counter() - began
        return [place + 1] if after(place + 1) <= DOUBT * seconds and spent <= allowed * 2 / 3 else []

    while fitting := candidates():
        chosen = fitting[-1]
        if not traits(members[chosen]).by_steps:
            left = allowed - (time.perf_counter() - began)
            measurable = [member for member in fitting if after(member) <= left]
            if not measurable:
                known = known.replace(recipe=members[chosen], scale=known.scale * work[chosen] / work[place])
                place = chosen
                break
            chosen = measurable[-1]
        found = measure(dataset, _as_measured(members[chosen], known), allowed / 3, precisions=False)
        if found.learning(enough(members[chosen], count)) > seconds:
            ceiling = chosen
        else:
            place, known = chosen, found
    return known.replace(measured=time.perf_counter() - began)


def _as_measured(member: Recipe, known: Rate) -> Recipe:
    """The member in the precision that was faster for a smaller one."""
    return member.replace(precision=known.recipe.precision, memory_format=known.recipe.memory_format)


def _work(rung: Rung, members: Sequence[Recipe], task: Task) -> list[float]:
    """How much work each member does for an example, relative to the others."""
    if len(members) == 1:
        return [1.0]
    if not traits(rung.recipe).by_steps:
        return [float(np.prod([member.options[name] for name in rung.work])) for member in members]  # type: ignore[arg-type]
    with torch.device("meta"):  # shapes without memory
        return [flops(catalogue.build(member, task), task.input_shape) for member in members]
