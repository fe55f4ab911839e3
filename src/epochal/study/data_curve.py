"""Would more data help? The best rung on fractions of the training data, and the power law through its errors."""

import numpy as np

from epochal.core.run import Budget
from epochal.judge.learning_curve import fit_power_law, would_more_data_help
from epochal.kinds.rung import Rung
from epochal.report.result import DataCurve
from epochal.study.fractions import Fractions, train_on, usable, workers_of
from epochal.study.plan import CURVE_SEEDS
from epochal.study.progress import Progress
from epochal.study.stages import best_qualified, closing, rival_seconds, seen_rate
from epochal.train.workers import share


def data_curve(here: Progress) -> None:
    """The best rung of the qualifying round on fractions of the training data, each shown equally many examples.

    The best at that budget, because these trainings are about as long: a rung that needs more would show how little it
    was trained, not how much data it had.
    """
    if not any(arm.finished for arm in here.qualified.values()):
        return
    arm, fractions = best_qualified(here), usable(here)
    if len(fractions) < 3:
        here.watch("data curve: left out, there are too few examples to take fractions of")
        return
    left = here.plan.seconds - here.spent - closing(here) - rival_seconds(here)
    count, workers = CURVE_SEEDS * len(fractions), workers_of(here, arm)
    each = here.store.decide(
        "curve seconds", lambda: max(left, 0.02 * here.plan.seconds) / count * share(count, workers)
    )
    chosen = seen_rate(arm).budget(each) if here.rung(arm.recipe.model).by_steps else arm.budget
    budget = Budget.from_dict(here.store.decide("curve budget", chosen.to_dict))
    try:
        here.on_fractions = train_on(here, arm, fractions, budget)
    except Exception as error:  # a training failed, and the climb goes on
        here.watch(f"data curve: left out, a training failed. {type(error).__name__}: {error}")
        return
    conclude_curve(here, here.on_fractions)


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
