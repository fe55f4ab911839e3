"""Would more data help? The best rung on fractions of the training data, and the power law through its errors."""

from functools import partial

import numpy as np

from epochal.core.run import FINISHED, Budget
from epochal.judge.learning_curve import fit_power_law, would_more_data_help
from epochal.kinds.rung import Rung
from epochal.report.result import DataCurve
from epochal.study.plan import CURVE_SEEDS, FRACTIONS
from epochal.study.progress import Progress
from epochal.study.stages import best_qualified, closing, seen_rate
from epochal.train.experiment import VALIDATION, Arm, answer, run_once
from epochal.train.workers import run_side_by_side, share


def data_curve(here: Progress) -> None:
    """The best rung of the qualifying round on fractions of the training data, each shown equally many examples.

    The best at that budget, because these trainings are about as long: a rung that needs more would show how little it
    was trained, not how much data it had.
    """
    if not any(arm.finished for arm in here.qualified.values()):
        return
    arm = best_qualified(here)
    best = arm.recipe.model
    count = len(here.dataset.train.targets)
    task = here.dataset.task
    least = 2 * here.dataset.strata
    fractions = [fraction for fraction in FRACTIONS if fraction * count >= least]
    if len(fractions) < 3:
        here.watch("data curve: left out, there are too few examples to take fractions of")
        return
    left = here.plan.seconds - here.spent - closing(here)
    classical = not here.rung(best).by_steps
    count_of_runs = CURVE_SEEDS * len(fractions)
    workers = 1 if classical else here.plan.workers
    each = here.store.decide(
        "curve seconds",
        lambda: max(left, 0.02 * here.plan.seconds) / count_of_runs * share(count_of_runs, workers),
    )
    chosen = arm.budget if classical else seen_rate(arm).budget(each)
    budget = Budget.from_dict(here.store.decide("curve budget", chosen.to_dict))
    places = [(seed, fraction) for seed in range(CURVE_SEEDS) for fraction in fractions]
    found: dict[int, tuple[int, float]] = {}
    failed: dict[int, Exception] = {}
    run_side_by_side(
        [partial(error_at, here, arm, budget, seed, fraction) for seed, fraction in places],
        found.__setitem__,
        workers=workers,
        tick=here.note_time,
        failed=failed.__setitem__,
    )
    for error in failed.values():
        here.watch(f"data curve: left out, a training failed. {type(error).__name__}: {error}")
        return
    rows = [found[k] for k in range(count_of_runs)]
    sizes = [size for size, _ in rows[: len(fractions)]]
    errors = np.array([error for _, error in rows]).reshape(CURVE_SEEDS, len(fractions))
    for seed, row in enumerate(errors):
        points = ", ".join(f"{size:,} {100 * error:.1f}%" for size, error in zip(sizes, row, strict=True))
        here.watch(f"data curve: {best}, seed {seed}, error at {points}")
    table = errors[np.isfinite(errors).all(axis=1)]
    if not len(table):
        here.watch("data curve: left out, its trainings diverged")
        return
    sizes, table = lawful(sizes, table)
    if len(sizes) < 3:
        here.watch("data curve: left out, most of its trainings scored worse than always answering the mean")
        return
    share_of = here.scoring.share
    margin = here.plan.margin if share_of is here.scoring.metric else share_of.margin
    here.curve = curve_record(here.rung(best), sizes, table, margin, of=share_of.title, item=task.item)


def error_at(here: Progress, arm: Arm, budget: Budget, seed: int, fraction: float) -> tuple[int, float]:
    """The number of training examples, and the validation error of a training on them; nan where it diverged."""
    part = here.dataset if fraction == 1 else here.dataset.train_fraction(fraction, seed)
    count = len(part.train.targets)
    name = f"curve/{arm.recipe.model}/{count}-seed-{seed}"
    run = run_once(name, arm.recipe, part, here.store, budget=budget, seed=seed)
    if run.status != FINISHED:
        return count, float("nan")
    return count, here.scoring.error(answer(here.store, name, VALIDATION, here.scoring.goal))


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
