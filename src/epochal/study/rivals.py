"""Machine learning against deep learning: what the best rung of each family needs of the data and of the machine.

Both learn from the same parts of the data (`fractions`); what they need is read from their scores there. How much of an
answer can be read is asked of a model, and of no family: a decision tree with few leaves repeats what a trained model
answers, and the share of the variance that it catches is given (Craven and Shavlik, "Extracting tree-structured
representations of trained networks", NIPS 1995, call that its fidelity).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from epochal.core.errors import UserError
from epochal.core.interval import Interval
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset, Examples
from epochal.judge import rivals as judged
from epochal.judge.statistics import CrossedMean, crossed_difference, crossed_mean
from epochal.kinds.table import kind_of
from epochal.report.result import Rivals, Side
from epochal.study.fractions import Fractions, side_by_side, trained, values_of
from epochal.study.plan import CURVE_SEEDS
from epochal.study.progress import Progress

LEAVES = 16
FEWEST = 200  # validation items, of which half grow the decision tree and half are asked


def rivals(here: Progress) -> None:
    """Set the two families side by side, where both were trained on parts of the data."""
    found = [here.on_fractions.get(deep) for deep in (False, True)]
    classical, deep = found
    if classical is None or deep is None or not (classical.finished and deep.finished):
        return
    try:
        here.rivals = Rivals(
            classical=side(here, classical, deep),
            deep=side(here, deep, classical),
            hand_made=here.plan.hand_made,
            leaves=LEAVES,
        )
    except Exception as error:  # in a training without the hand-made parts
        here.watch(f"machine learning against deep learning: left out. {type(error).__name__}: {error}")


def side(here: Progress, one: Fractions, other: Fractions) -> Side:
    """What one of the two needs, with the other as its measure."""
    metric, rung = here.scoring.metric, here.rung(one.name)
    tables = [one.values(here, place) for place in range(len(one.sizes))]
    scores = np.array([table.mean(axis=1) for table in tables]).T  # [seeds, sizes]
    wanted = metric.sign * float(other.values(here, len(other.sizes) - 1).mean())
    arm = here.latest().get(one.name, one.arm)
    return Side(
        rung=one.name,
        title=rung.title,
        examples=one.budget.examples,
        sizes=one.sizes,
        scores=tuple(tuple(float(score) for score in row) for row in scores),
        enough=judged.enough(one.sizes, metric.sign * scores.mean(axis=0), wanted),
        doubling=gained(here, tables[-2], tables[-1]),
        seconds=arm.learning_seconds * (1 if rung.by_steps else here.plan.workers),
        repeated=repeated(here, arm.answers[0]),
        withheld=withheld(here, one, tables[-1]) if here.plan.hand_made else None,
    )


def gained(
    here: Progress, before: Float[np.ndarray, "seeds items"], after: Float[np.ndarray, "seeds items"]
) -> Interval:
    """How much better the values after are than those before; above 0 where they are."""
    layout = crossed_difference(before, after, pseudo=here.scoring.doubt)
    return interval(layout, here.scoring.metric.sign)


def withheld(here: Progress, one: Fractions, whole: Float[np.ndarray, "seeds items"]) -> Interval:
    """What the rung loses with all the training data where the hand-made parts are withheld from it."""
    parts = kind_of(here.dataset.task).input.parts(here.dataset)
    without = blank(here.dataset, [place for part in here.plan.hand_made for place in parts[part]])
    names = [f"withheld/{one.name}-seed-{seed}" for seed in range(CURVE_SEEDS)]
    jobs = [partial(trained, here, name, one.arm, without, one.budget, seed) for seed, name in enumerate(names)]
    answers = side_by_side(here, jobs, here.plan.workers if here.rung(one.name).by_steps else 1)
    if any(answer is None for answer in answers):
        raise RuntimeError(f"{one.name} diverged without {', '.join(here.plan.hand_made)}")
    return gained(here, values_of(here, answers), whole)


def blank(dataset: Dataset, places: Sequence[int]) -> Dataset:
    """The data set with the same values in these places of every input at rest, so that they say nothing."""

    def blanked(examples: Examples) -> Examples:
        inputs = np.array(examples.inputs)
        inputs[:, places] = first
        return replace(examples, inputs=inputs)

    first = np.asarray(dataset.train.inputs[:1])[:, places]
    said = ",".join(map(str, places))
    return replace(
        dataset,
        task=dataset.task.replace(fingerprint=f"{dataset.task.fingerprint}/without {said}"),
        train=blanked(dataset.train),
        validation=blanked(dataset.validation),
    )


def repeated(here: Progress, answer: Any) -> Interval | None:
    """The share of the variance of what a model answers that a decision tree with `LEAVES` leaves repeats, on the half
    of the validation items that it was not grown on; None where inputs have no parts with a name, or too few items."""
    dataset, scoring = here.dataset, here.scoring
    if not kind_of(dataset.task).input.parts(dataset) or len(dataset.validation) < FEWEST:
        return None
    from sklearn.tree import DecisionTreeRegressor

    said = scoring.goal.outputs(answer, scoring.goal.calibrate(answer, scoring.targets))
    inputs = np.asarray(dataset.validation.inputs)
    order = np.random.default_rng(stream(0, "fidelity")).permutation(len(inputs))
    grown, asked = order[: len(order) // 2], order[len(order) // 2 :]
    tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, min_samples_leaf=5, random_state=0)
    tree.fit(inputs[grown], said[grown])
    values = judged.explained(said[asked], tree.predict(inputs[asked]).reshape(len(asked), -1))
    return None if values is None else interval(crossed_mean(values[None]))


def interval(layout: CrossedMean, sign: int = 1) -> Interval:
    low, high = sorted(sign * end for end in layout.interval())
    return Interval(mean=sign * layout.mean, low=low, high=high)


def require_parts(asked: Sequence[str], known: Sequence[str], name: str) -> None:
    """
    Raises:
        UserError: a hand-made part is no part of the inputs, or leaves nothing.
    """
    if not asked:
        return
    if not known:
        raise UserError(f"--hand-made: the inputs of {name} have no parts with a name, such as columns. Leave it out.")
    if unknown := [part for part in asked if part not in known]:
        raise UserError(f"--hand-made: {', '.join(unknown)} not known. The inputs have {', '.join(known)}.")
    if set(asked) == set(known):
        raise UserError("--hand-made: all the columns are named, so that nothing would be left to learn from.")
