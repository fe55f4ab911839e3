"""Would more data help? The best rung on fractions of the training data, and the power law through its errors."""

import numpy as np

from epochal.judge.learning_curve import fit_power_law, would_more_data_help
from epochal.models.catalogue import RUNGS
from epochal.study.plan import CURVE_SEEDS, FRACTIONS
from epochal.study.result import DataCurve
from epochal.study.stages import Progress, accuracy, closing, seen_rate
from epochal.train.experiment import run_once


def data_curve(here: Progress) -> None:
    """The best rung on fractions of the training data, each shown equally many examples: would more data help?"""
    targets = here.dataset.validation.targets
    arms = {name: arm for name, arm in here.latest().items() if arm.finished}
    if not arms:
        return
    best = here.store.decide("curve rung", lambda: max(arms, key=lambda name: accuracy(arms[name], targets)))
    arm = arms[best]
    count = len(here.dataset.train.targets)
    least = 2 * here.dataset.task.classes
    fractions = [fraction for fraction in FRACTIONS if fraction * count >= least]
    if len(fractions) < 3:
        here.watch("data curve: left out, there are too few examples to take fractions of")
        return
    left = here.plan.seconds - here.spent - closing(here)
    classical = RUNGS[best].kind == "classical"
    each = here.store.decide(
        "curve seconds", lambda: max(left, 0.02 * here.plan.seconds) / (CURVE_SEEDS * len(fractions))
    )
    budget = seen_rate(arm).budget(each) if not classical else arm.budget
    sizes: list[int] = []
    errors: list[list[float]] = []
    for seed in range(CURVE_SEEDS):
        sizes, row = [], []
        for fraction in fractions:
            part = here.dataset if fraction == 1 else here.dataset.train_fraction(fraction, seed)
            name = f"curve/{best}/{len(part.train.targets)}-seed-{seed}"
            run = run_once(name, arm.recipe, part, here.store, budget=budget, seed=seed)
            sizes.append(len(part.train.targets))
            row.append(1 - run.scores.get("validation_accuracy", np.nan))
        errors.append(row)
        here.watch(
            f"data curve: {best}, seed {seed}: "
            + ", ".join(f"{n} {100 * e:.1f}%" for n, e in zip(sizes, row, strict=True))
        )
    table = np.array(errors)
    table = table[np.isfinite(table).all(axis=1)]
    if not len(table):
        here.watch("data curve: left out, its trainings diverged")
        return
    here.curve = curve_record(best, sizes, table, here.plan.margin)


def curve_record(rung: str, sizes: list[int], errors: np.ndarray, margin: float) -> DataCurve:
    law = fit_power_law(sizes, errors)
    more = would_more_data_help(law, margin=margin, what="training images")
    held = law.held_out
    return DataCurve(
        rung=rung,
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
        sentence=more.sentence,
    )
