"""The stages of a climb: the qualifying round at one equal budget, a rehearsal, and the finals at a larger one."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from epochal.core.experiment import Finding
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.models.catalogue import CLASSICAL, NETWORK, RUNGS
from epochal.study.plan import CURVE, CURVE_SEEDS, FINALISTS, FRACTIONS, REHEARSED, Plan
from epochal.study.result import DataCurve
from epochal.train.budget import Rate
from epochal.train.checkpoint import write_atomically
from epochal.train.experiment import Arm, Watch, mean_curve, pair_all, run_arm
from epochal.train.flipping import flips_keep_labels, without_flips
from epochal.train.store import Store
from epochal.train.workers import run_side_by_side, share

CLOSING = (2.0, 0.01)  # seconds, and share of the budget, for the choice, the bundle and the report
GROWTH = 4.0  # about how much larger the budget of the rehearsal is
Jobs = dict[str, Callable[[], Arm]]
WITHIN = 1.5  # a classical rung goes to the finals if its error is at most this many times the lowest hope


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
    rehearsed: dict[str, Arm] = field(default_factory=dict)
    finals: dict[str, Arm] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)  # (stage, rung): the error that ended it
    steps: tuple[Finding, ...] = ()
    curve: DataCurve | None = None

    @property
    def spent(self) -> float:
        return self.before + time.perf_counter() - self.began

    def note_time(self) -> None:
        self.store.put("spent", self.spent)

    def fail(self, stage: str, name: str, error: Exception) -> None:
        """Note that a rung failed in a stage. The climb goes on without it, also when it is resumed: what was decided
        was decided without it."""
        message = f"{type(error).__name__}: {error}"
        trace = self.store.folder(f"{stage}/{name}").with_suffix(".txt")
        write_atomically(trace, "".join(traceback.format_exception(error)).encode(errors="backslashreplace"))
        self.failed[stage, name] = self.store.decide(f"failed/{stage}/{name}", lambda: message)
        self.watch(f"{stage}/{name}: failed, and is left out. {message} (where: {trace})")

    def latest(self) -> dict[str, Arm]:
        """Each rung at the largest budget at which it ran to the end."""
        return self.qualified | {name: arm for name, arm in self.finals.items() if arm.finished}


def qualify(here: Progress) -> None:
    """Every rung at one equal budget; each is compared with the best before it."""
    made, dataset = here.plan, here.dataset
    flips, why = here.store.decide("flips", lambda: list(flips_keep_labels(dataset)))
    here.watch(why)

    def job(name: str) -> Callable[[], Arm]:
        recipe = RUNGS[name].recipe
        return lambda: run_arm(
            f"qualifying/{name}",
            recipe if flips else without_flips(recipe),
            dataset,
            here.store,
            budget=Budget(examples=0, seconds=made.arm * made.stretch(RUNGS[name].kind)),
            seeds=made.seeds,
            trials=made.trials,
            watch=here.watch,
        )

    for kind, workers in ((CLASSICAL, 1), (NETWORK, made.workers)):  # classical rungs use all threads by themselves
        jobs = {name: job(name) for name in made.rungs if RUNGS[name].kind == kind}
        run_arms(here, "qualifying", jobs, here.qualified, workers)
    here.qualified = {name: here.qualified[name] for name in made.rungs if name in here.qualified}
    here.steps = fold(list(here.qualified.values()), dataset.validation.targets, made.margin)


def run_arms(here: Progress, stage: str, jobs: Jobs, arms: dict[str, Arm], workers: int) -> None:
    """Run the arms of a stage, and put each into `arms` as it ends."""
    before = {name: here.store.get(f"failed/{stage}/{name}") for name in jobs}
    here.failed |= {(stage, name): message for name, message in before.items() if message}
    names = [name for name in jobs if not before[name]]
    run_side_by_side(
        [jobs[name] for name in names],
        lambda number, arm: arms.__setitem__(names[number], arm),
        workers=workers,
        tick=here.note_time,
        failed=lambda number, error: here.fail(stage, names[number], error),
    )


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


def rehearse(here: Progress) -> None:
    """One longer training of each network that could still win, so that it is seen, and not guessed from the end of a
    short training, whose error goes on falling with the budget."""
    seconds = here.plan.rehearsal
    if not seconds:
        return
    hopes = {name: hope(here, name) for name, arm in here.qualified.items() if arm.finished and is_network(name)}
    names = here.store.decide("rehearsed", lambda: sorted(hopes, key=lambda name: hopes[name])[:REHEARSED])
    here.watch(f"rehearsal: {', '.join(names)}, {seconds:.1f} s each")
    jobs: Jobs = {name: partial(run_longer, here, "rehearsal", name, seconds, here.plan.seeds[:1]) for name in names}
    run_arms(here, "rehearsal", jobs, here.rehearsed, here.plan.workers)
    here.rehearsed = {name: here.rehearsed[name] for name in names if name in here.rehearsed}


def finals(here: Progress) -> None:
    """The rungs that could still win, at a larger budget, equal for the networks, with the rates they qualified with.

    Classical rungs that did not see every example go first: what they do not need goes to the networks. Where no time
    is left, the rehearsals stand for the finals.
    """
    chosen = here.store.decide("finalists", lambda: finalists(here))
    here.watch(f"finals: {', '.join(chosen)}. {told_rehearsal(here)}")
    classical = [name for name in chosen if RUNGS[name].kind == CLASSICAL]
    networks = [name for name in chosen if RUNGS[name].kind == NETWORK]
    for names, rivals, workers in ((classical, len(chosen), 1), (networks, len(networks), here.plan.workers)):
        if not names:
            continue
        each = left_for_finals(here) / rivals * share(len(names), workers)
        seconds = here.store.decide(f"final seconds/{RUNGS[names[0]].kind}", partial(float, each))
        if seconds < here.plan.arm:
            here.finals |= {name: here.rehearsed[name] for name in names if stands_in(here, name)}
            here.watch(f"finals: {', '.join(names)} left out, the budget is spent. {told_stand_in(here)}".strip())
            continue
        here.watch(f"finals: {', '.join(names)}, {seconds / len(here.plan.seeds):.1f} s a training")
        jobs: Jobs = {name: partial(run_longer, here, "final", name, seconds, here.plan.seeds) for name in names}
        run_arms(here, "final", jobs, here.finals, workers)


def stands_in(here: Progress, name: str) -> bool:
    """Whether the rehearsal of a rung can stand for its final: it finished, and saw more than the qualifying round."""
    arm = here.rehearsed.get(name)
    return arm is not None and arm.finished and arm.budget.examples > here.qualified[name].budget.examples


def told_stand_in(here: Progress) -> str:
    """Whose rehearsal stands for its final, in a sentence."""
    names = [RUNGS[name].title for name, arm in here.finals.items() if arm is here.rehearsed.get(name)]
    return (
        f"No time was left for the finals of {' and '.join(names)}: that one training stands for them." if names else ""
    )


def run_longer(here: Progress, stage: str, name: str, seconds: float, seeds: tuple[int, ...]) -> Arm:
    """A rung of the qualifying round again, with the rate it qualified with, for `seconds` over all its seeds."""
    arm = here.qualified[name]
    return run_arm(
        f"{stage}/{name}",
        arm.recipe.replace(augment=arm.given.augment),  # which a larger budget may make worth its while
        here.dataset,
        here.store,
        budget=Budget(examples=0, seconds=seconds),
        seeds=seeds,
        rate=seen_rate(arm),
        watch=here.watch,
    )


def left_for_finals(here: Progress) -> float:
    """Seconds that are left once the closing, and the data curve of the best rung so far, have theirs.

    A classical rung's curve costs little more than its training.
    """
    best = best_qualified(here)
    curve = CURVE * here.plan.left
    if RUNGS[best.recipe.model].kind == CLASSICAL:
        curve = min(curve, CURVE_SEEDS * len(FRACTIONS) * float(np.mean([run.cost.seconds for run in best.runs])))
    return here.plan.seconds - here.spent - closing(here) - curve


def best_qualified(here: Progress) -> Arm:
    targets = here.dataset.validation.targets
    return max((arm for arm in here.qualified.values() if arm.finished), key=lambda arm: accuracy(arm, targets))


def finalists(here: Progress) -> list[str]:
    """The networks with the lowest error to hope for, at most `FINALISTS`, and every classical rung that did not see
    all examples and could pass them. What the rehearsal showed is noted for the report."""
    hopes = {name: hope(here, name) for name, arm in here.qualified.items() if arm.finished}
    could = [name for name in hopes if is_network(name) and (not here.rehearsed or name in here.rehearsed)]
    networks = sorted(could, key=lambda name: hopes[name])[:FINALISTS]
    classical = [name for name in hopes if not is_network(name) and here.qualified[name].under_trained]
    best = min(hopes.values(), default=1.0)
    return [name for name in classical if hopes[name] <= WITHIN * best] + networks


def is_network(name: str) -> bool:
    return RUNGS[name].kind == NETWORK


def hope(here: Progress, name: str) -> float:
    """The error to hope for in the finals: a bound for who may still win, and no prediction.

    Of a rehearsed network, were its error to go on falling as a power of the examples, as it did from the qualifying
    round to the rehearsal. Of another under-trained one, were it to fall as the validation loss did over the last
    quarter of the budget: as much again each time that the budget grows by a third, up to `GROWTH` times.
    """
    arm, rehearsed = here.qualified[name], here.rehearsed.get(name)
    targets = here.dataset.validation.targets
    error = 1 - accuracy(arm, targets)
    if rehearsed is not None and rehearsed.finished:
        later = max(1 - accuracy(rehearsed, targets), 0.5 / len(targets))
        more = max(rehearsed.budget.examples / arm.budget.examples, 1.01)
        exponent = max(float(np.log(error / later) / np.log(more)), 0.0) if error > 0 else 0.0
        return float(later * growth(here) ** -exponent)
    losses = [point.values["validation_loss"] for point in mean_curve(arm.runs)]
    if not arm.under_trained or len(losses) < 4:
        return error
    fall = losses[-1] / losses[round(0.75 * len(losses)) - 1]
    return float(error * min(fall, 1.0) ** (np.log(GROWTH) / np.log(4 / 3)))


def growth(here: Progress) -> float:
    """How many times as long as a rehearsal a training of the finals will be."""
    made = here.plan
    final = left_for_finals(here) / FINALISTS * share(FINALISTS, made.workers) / len(made.seeds)
    return max(final / made.rehearsal, 1.0)


def told_rehearsal(here: Progress) -> str:
    """What the rehearsal showed, in one sentence."""
    if not here.rehearsed:
        return ""
    targets = here.dataset.validation.targets
    seen = ", ".join(
        f"{RUNGS[name].title} {100 * (1 - accuracy(here.qualified[name], targets)):.1f}% to "
        f"{100 * (1 - accuracy(arm, targets)):.1f}%"
        for name, arm in here.rehearsed.items()
        if arm.finished
    )
    return (
        f"For the finals, {len(here.rehearsed)} networks were trained once more, for {here.plan.rehearsal:.0f} s each. "
        f"Their errors on validation fell from {seen}; those with the lowest to hope for went on. "
        f"{told_stand_in(here)}"
    ).strip()


def seen_rate(arm: Arm) -> Rate:
    """A network's speed as its own runs showed it, which is truer than what was measured beforehand."""
    if arm.speed.most is not None:
        return arm.speed
    asking = arm.speed.asking(arm.budget.glance)
    learning = [max(run.cost.seconds - asking, 0.2 * run.cost.seconds) / run.cost.examples for run in arm.runs]
    return arm.speed.replace(recipe=arm.recipe, scale=float(np.mean(learning)))


def closing(here: Progress) -> float:
    """Seconds to keep for the end: every run is scored on the test split once, then come the bundle and the report."""
    test = here.dataset.task.counts["test"]
    validation = len(here.dataset.validation.targets)
    scoring = sum(arm.speed.answering * test * len(arm.logits) for arm in here.qualified.values() if validation)
    return CLOSING[0] + CLOSING[1] * here.plan.seconds + scoring
