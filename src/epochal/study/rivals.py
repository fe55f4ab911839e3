"""Machine learning against deep learning: what the best rung of each family needs of the data and of the machine.

The better of the two has a learning curve over the amount of data, which tells how much of it that rung needs for what
the other scores with all. How much of an answer can be read is asked of a model, and of no family: a decision tree with
few leaves repeats what a trained model answers, and the share of the variance that it catches is given (Craven and
Shavlik, "Extracting tree-structured representations of trained networks", NIPS 1995, call that its fidelity).
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from epochal.core.errors import UserError
from epochal.core.interval import Interval
from epochal.core.run import Budget
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset, Examples
from epochal.judge import rivals as judged
from epochal.judge.statistics import crossed_difference, crossed_mean
from epochal.kinds.table import kind_of
from epochal.report.result import Rivals, Side
from epochal.study.fractions import Fractions, side_by_side, trained
from epochal.study.plan import CURVE_SEEDS
from epochal.study.progress import Progress
from epochal.study.scoring import interval_of
from epochal.study.stages import closing, rival_of, rival_seconds
from epochal.train.experiment import Arm

LEAVES = 16
LATE = 0.05  # share of the budget by which what came before may have taken longer than was meant
FEWEST = 200  # validation items, of which half grow the decision tree and half are asked


def rivals(here: Progress) -> None:
    """Set the best rung and the best of the other family side by side, where there is time to train that one once more
    with half of the data."""
    best: Fractions | None = here.on_fractions
    if best is None or not best.finished or (other := rival_of(here)) is None:
        return
    left = here.plan.seconds - here.spent - closing(here)
    if not here.store.decide("rival", lambda: rival_seconds(here) <= max(left, 0.0) + LATE * here.plan.seconds):
        here.watch(f"machine learning against deep learning: left out, no time is left for {other.recipe.model}")
        return
    scoring = here.scoring
    try:
        at_half = scoring.values_of(on_half(here, other))
        places = [best.values(here, place) for place in range(len(best.sizes))]
        sides = [
            side(here, best.arm, before=places[-2], whole=places[-1], budget=best.budget),
            side(here, other, before=at_half, whole=scoring.values(other), budget=other.budget),
        ]
    except Exception as error:  # a training failed or diverged
        here.watch(f"machine learning against deep learning: left out. {type(error).__name__}: {error}")
        return
    deep = here.rung(best.name).traits.deep
    scores = np.array([table.mean(axis=1) for table in places]).T  # [seeds, sizes]
    sign = scoring.metric.sign
    here.rivals = Rivals(
        classical=sides[deep],
        deep=sides[not deep],
        better=best.name,
        sizes=best.sizes,
        scores=tuple(tuple(float(score) for score in row) for row in scores),
        enough=judged.enough(best.sizes, sign * scores.mean(axis=0), sign * sides[1].score),
        hand_made=here.plan.hand_made,
        leaves=LEAVES,
    )


def side(
    here: Progress,
    arm: Arm,
    *,
    before: Float[np.ndarray, "seeds items"],
    whole: Float[np.ndarray, "seeds items"],
    budget: Budget,
) -> Side:
    """What one of the two needs. `before` are the values of its trainings with half of the data, and `whole` those with
    all of them, within the same `budget` each."""
    rung = here.rung(arm.recipe.model)
    latest = here.latest().get(rung.name, arm)
    return Side(
        rung=rung.name,
        title=rung.title,
        score=here.scoring.mean(latest),
        doubling=gained(here, before, whole),
        seconds=latest.learning_seconds * (1 if rung.by_steps else here.plan.workers),
        repeated=repeated(here, latest.answers[0]),
        withheld=withheld(here, arm, whole, budget) if here.plan.hand_made else None,
    )


def on_half(here: Progress, arm: Arm) -> list[Any]:
    """What a rung answers after its qualifying training with half of the training data, one answer for each seed."""
    names = [f"half/{arm.recipe.model}-seed-{seed}" for seed in range(CURVE_SEEDS)]
    jobs = [
        partial(trained, here, name, arm, here.dataset.train_fraction(0.5, seed), arm.budget, seed)
        for seed, name in enumerate(names)
    ]
    return all_finished(side_by_side(here, arm, jobs), arm)


def all_finished(answers: list[Any], arm: Arm) -> list[Any]:
    if any(answer is None for answer in answers):
        raise RuntimeError(f"a training of {arm.recipe.model} diverged")
    return answers


def gained(
    here: Progress, before: Float[np.ndarray, "seeds items"], after: Float[np.ndarray, "seeds items"]
) -> Interval:
    """How much better the values after are than those before; above 0 where they are."""
    sign = here.scoring.metric.sign
    return interval_of(crossed_difference(sign * before, sign * after, pseudo=here.scoring.doubt))


def withheld(here: Progress, arm: Arm, whole: Float[np.ndarray, "seeds items"], budget: Budget) -> Interval:
    """What the rung loses with all the training data where the hand-made parts are withheld from it."""
    parts = kind_of(here.dataset.task).input.parts(here.dataset)
    without = blank(here.dataset, [place for part in here.plan.hand_made for place in parts[part]])
    names = [f"withheld/{arm.recipe.model}-seed-{seed}" for seed in range(CURVE_SEEDS)]
    jobs = [partial(trained, here, name, arm, without, budget, seed) for seed, name in enumerate(names)]
    answers = all_finished(side_by_side(here, arm, jobs), arm)
    return gained(here, here.scoring.values_of(answers), whole)


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
    return None if values is None else interval_of(crossed_mean(values[None]))


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
