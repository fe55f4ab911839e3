"""The stages of a climb: the qualifying round at one equal budget, and the finals at a larger and again equal one."""

import time
from dataclasses import dataclass, field

import numpy as np

from epochal.core.experiment import Finding
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.models.catalogue import NETWORK, RUNGS
from epochal.study.plan import CURVE, FINALISTS, Plan
from epochal.study.result import DataCurve
from epochal.train.budget import Rate
from epochal.train.experiment import Arm, Watch, pair_all, run_arm
from epochal.train.flipping import flips_keep_labels, without_flips
from epochal.train.store import Store

CLOSING = (2.0, 0.01)  # seconds, and share of the budget, for the choice, the bundle and the report
WITHIN = 1.5  # a rung goes to the finals if its error is at most this many times the best one's


@dataclass
class Progress:
    """Where a climb stands: shared by its stages, and all that an interrupted climb has to report."""

    plan: Plan
    dataset: Dataset
    store: Store
    watch: Watch
    began: float
    before: float  # seconds spent before an interruption
    qualified: dict[str, Arm] = field(default_factory=dict)
    finals: dict[str, Arm] = field(default_factory=dict)
    steps: tuple[Finding, ...] = ()
    curve: DataCurve | None = None

    @property
    def spent(self) -> float:
        return self.before + time.perf_counter() - self.began

    def note_time(self) -> None:
        self.store.put("spent", self.spent)

    def latest(self) -> dict[str, Arm]:
        """Each rung at the largest budget at which it ran to the end."""
        return self.qualified | self.finals


def qualify(here: Progress) -> None:
    """Every rung at one equal budget; each is compared with the best before it."""
    made, dataset = here.plan, here.dataset
    flips, why = here.store.decide("flips", lambda: list(flips_keep_labels(dataset)))
    here.watch(why)
    for name in made.rungs:
        recipe = RUNGS[name].recipe
        here.qualified[name] = run_arm(
            f"qualifying/{name}",
            recipe if flips else without_flips(recipe),
            dataset,
            here.store,
            budget=Budget(examples=0, seconds=made.arm),
            seeds=made.seeds,
            trials=made.trials,
            watch=here.watch,
        )
        here.note_time()
    here.steps = fold(list(here.qualified.values()), dataset.validation.targets, made.margin)


def fold(arms: list[Arm], targets: np.ndarray, margin: float) -> tuple[Finding, ...]:
    """Each arm against the best of those before it, as one family of comparisons."""
    pairs, best = [], None
    for arm in (arm for arm in arms if arm.finished):
        if best is not None:
            pairs.append((best, arm))
        if best is None or accuracy(arm, targets) > accuracy(best, targets):
            best = arm
    return pair_all(pairs, targets, margin)


def accuracy(arm: Arm, targets: np.ndarray) -> float:
    return float(arm.correct(targets).mean())


def finals(here: Progress) -> None:
    """The rungs that could still win, at a larger and again equal budget, with the rates they qualified with."""
    chosen = here.store.decide("finalists", lambda: finalists(here))
    if not chosen:
        return
    made = here.plan
    left = made.seconds * (1 - CURVE) - here.spent - closing(here)
    each = here.store.decide("final seconds", lambda: left / (len(chosen) * len(made.seeds)))
    if each < made.training:
        here.watch("finals: left out, the budget is spent")
        return
    here.watch(f"finals: {', '.join(chosen)}, {each:.1f} s a training")
    for name in chosen:
        arm = here.qualified[name]
        here.finals[name] = run_arm(
            f"final/{name}",
            arm.recipe,
            here.dataset,
            here.store,
            budget=Budget(examples=0, seconds=each * len(made.seeds)),
            seeds=made.seeds,
            rate=seen_rate(arm),
            watch=here.watch,
        )
        here.note_time()


def finalists(here: Progress) -> list[str]:
    """Of the rungs that could use a larger budget (networks, and classical rungs that did not see every example), the
    best, and those whose error is at most `WITHIN` times its: at most `FINALISTS`."""
    targets = here.dataset.validation.targets
    errors = {
        name: 1 - accuracy(arm, targets)
        for name, arm in here.qualified.items()
        if arm.finished and (RUNGS[name].kind == NETWORK or arm.under_trained)
    }
    ranked = sorted(errors, key=lambda name: errors[name])[:FINALISTS]
    room = 1 / len(targets)  # one item, so that an error of zero leaves room for others
    return [name for name in ranked if errors[name] <= WITHIN * errors[ranked[0]] + room]


def seen_rate(arm: Arm) -> Rate:
    """A network's speed as its own runs showed it, which is truer than what was measured beforehand."""
    if arm.rate.most is not None:
        return arm.rate
    learning = [max(run.cost.seconds - arm.rate.fixed, 0.2 * run.cost.seconds) / run.cost.examples for run in arm.runs]
    return arm.rate.replace(recipe=arm.recipe, scale=float(np.mean(learning)))


def closing(here: Progress) -> float:
    """Seconds to keep for the end: every run is scored on the test split once, then come the bundle and the report."""
    test = here.dataset.task.counts["test"]
    validation = len(here.dataset.validation.targets)
    scoring = sum(arm.rate.answering * test * len(arm.logits) for arm in here.qualified.values() if validation)
    return CLOSING[0] + CLOSING[1] * here.plan.seconds + scoring
