"""Would more data help? The best rung on fractions of the training data, and the power law through its errors."""

import numpy as np

from epochal.core.run import Budget
from epochal.judge.learning_curve import fit_power_law, would_more_data_help
from epochal.kinds.rung import Rung
from epochal.report.result import DataCurve
from epochal.study.fractions import Fractions, train_on, usable
from epochal.study.plan import CURVE_SEEDS, FRACTIONS
from epochal.study.progress import Progress
from epochal.study.stages import best_qualified, closing, seen_rate
from epochal.train.experiment import Arm
from epochal.train.workers import share

RIVAL = 0.5  # share of the time that is left which the rung that is not the best may take, where it learns at once


def data_curve(here: Progress) -> None:
    """The best rung of the qualifying round, and the best of the other family, on fractions of the training data.

    The best at that budget, because these trainings are about as long: a rung that needs more would show how little it
    was trained, not how much data it had. What learns at once goes first; the network has the time that is left.
    """
    if not any(arm.finished for arm in here.qualified.values()):
        return
    fractions, best = usable(here), best_qualified(here)
    if len(fractions) < 3:
        here.watch("data curve: left out, there are too few examples to take fractions of")
        return
    each = len(fractions) + bool(here.plan.hand_made)  # trainings with one seed: the last is without these parts
    arms = [arm for arm in (best, rival_of(here, best)) if arm is not None]
    for arm in sorted(arms, key=lambda arm: here.rung(arm.recipe.model).by_steps):
        if (budget := budget_of(here, arm, each, best=arm is best)) is None:
            continue
        workers = here.plan.workers if here.rung(arm.recipe.model).by_steps else 1
        try:
            found = train_on(here, arm, fractions, budget, workers)
        except Exception as error:
            here.watch(f"data curve: {arm.recipe.model} left out, a training failed. {type(error).__name__}: {error}")
            continue
        here.on_fractions[here.rung(arm.recipe.model).traits.deep] = found
        if arm is best:
            conclude_curve(here, found)


def rival_of(here: Progress, best: Arm) -> Arm | None:
    """The best rung of the other family in the qualifying round."""
    deep = here.rung(best.recipe.model).traits.deep
    others = {name: arm for name, arm in here.qualified.items() if arm.finished and here.rung(name).traits.deep != deep}
    return others[here.scoring.best(others)] if others else None


def budget_of(here: Progress, arm: Arm, count: int, *, best: bool) -> Budget | None:
    """What one of `count` trainings with each seed may spend; None for the rung that is not the best, where too little
    time is left for it."""
    name, runs = arm.recipe.model, CURVE_SEEDS * count
    left = here.plan.seconds - here.spent - closing(here)
    which = "" if best else f"/{name}"
    if here.rung(name).by_steps:
        each = here.store.decide(
            f"curve seconds{which}",
            lambda: max(left, 0.02 * here.plan.seconds) / runs * share(runs, here.plan.workers),
        )
        budget = Budget.from_dict(here.store.decide(f"curve budget{which}", seen_rate(arm).budget(each).to_dict))
        affordable = budget.examples >= len(here.dataset.train.targets)
    else:
        budget = arm.budget
        cost = CURVE_SEEDS * sum(FRACTIONS) * float(np.mean([run.cost.seconds for run in arm.runs]))
        affordable = best or here.store.decide(f"curve affordable{which}", lambda: cost <= RIVAL * left)
    if best or affordable:
        return budget
    here.watch(f"data curve: no time is left for {name}, the best of the other family")
    return None


def conclude_curve(here: Progress, found: Fractions) -> None:
    """Put the curve of the best rung's errors, with the law through them, where the report finds it."""
    error = here.scoring.error
    rows = [[float("nan") if one is None else error(one) for one in row] for row in found.answers]
    for seed, row in enumerate(rows):
        points = ", ".join(f"{size:,} {100 * error:.1f}%" for size, error in zip(found.sizes, row, strict=True))
        here.watch(f"data curve: {found.name}, seed {seed}, error at {points}")
    errors = np.array(rows)
    table = errors[np.isfinite(errors).all(axis=1)]
    if not len(table):
        here.watch("data curve: left out, its trainings diverged")
        return
    sizes, table = lawful(list(found.sizes), table)
    if len(sizes) < 3:
        here.watch("data curve: left out, most of its trainings scored worse than always answering the mean")
        return
    share_of = here.scoring.share
    margin = here.plan.margin if share_of is here.scoring.metric else share_of.margin
    item = here.dataset.task.item
    here.curve = curve_record(here.rung(found.name), sizes, table, margin, of=share_of.title, item=item)


def lawful(sizes: list[int], errors: np.ndarray) -> tuple[list[int], np.ndarray]:
    """The sizes, and errors [seeds, sizes], of which every error is a fraction, as a power law needs: what is left of
    the variance exceeds 1 where a training on too few items does worse than the mean."""
    kept = np.flatnonzero((errors <= 1).all(axis=0))
    return [sizes[k] for k in kept], errors[:, kept]


def curve_record(rung: Rung, sizes: list[int], errors: np.ndarray, margin: float, *, of: str, item: str) -> DataCurve:
    """The law through errors [seeds, sizes], each 1 minus the metric that is called `of`."""
    law = fit_power_law(sizes, errors)
    more = would_more_data_help(law, margin=margin, what=f"training {item}s")
    held = law.held_out
    return DataCurve(
        rung=rung.name,
        sizes=tuple(sizes),
        errors=tuple(tuple(float(e) for e in row) for row in errors),
        law={"floor": law.floor, "scale": law.scale, "exponent": law.exponent},
        band=law.band,
        held_out={}
        if held is None
        else {
            "size": held.size,
            "predicted": held.predicted,
            "low": held.low,
            "high": held.high,
            "measured": held.measured,
        },
        sentence=f"{more.sentence} (Measured with {rung.title}, the best of the qualifying round; the error is "
        f"1 minus {of}.)",
    )
