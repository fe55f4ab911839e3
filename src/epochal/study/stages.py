"""The stages of a climb: the qualifying round at one equal budget, a rehearsal, and the finals at a larger one."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from epochal.core.experiment import Finding, Trainings
from epochal.core.run import Budget
from epochal.judge.learning_curve import LEAST_POINTS
from epochal.judge.verdict_text import listed, value
from epochal.kinds.table import kind_of
from epochal.study.plan import CURVE, CURVE_SEEDS, FINALISTS, FRACTIONS, REHEARSED
from epochal.study.progress import Progress
from epochal.train.budget import Rate
from epochal.train.experiment import Arm, mean_curve, pair_all, run_arm
from epochal.train.workers import share

CLOSING = (4.0, 0.015)  # seconds, and share of the budget, for the choice, the bundle and the report
TOLD = 1.25  # a rehearsal that saw fewer times the examples does not tell by which power an error falls
LONGER = 2.0  # a training with this many times the examples shows whether more of them help
GROWTH = 4.0  # about how much larger the budget of the rehearsal is
Jobs = dict[str, Callable[[], Arm]]
WITHIN = 1.5  # a classical rung goes to the finals if its error is at most this many times the lowest hope


def qualify(here: Progress) -> None:
    """Every rung at one equal budget; each is compared with the best before it.

    Classical rungs go first, each with all threads; what they leave of their shares goes to the networks.
    """
    made, dataset = here.plan, here.dataset
    unsuited, why = here.store.decide("unsuited", lambda: list(kind_of(dataset.task).input.unsuited(dataset)))
    if why:
        here.watch(why)

    def job(name: str, seconds: float) -> Callable[[], Arm]:
        rate = here.rates[name]
        recipe = rate.recipe.without_augmentations(unsuited)
        asked = Trainings(
            name=f"qualifying/{name}",
            recipe=recipe,
            seeds=made.seeds,
            budget=Budget(examples=0, seconds=seconds),
            trials=made.trials,
        )
        return partial(run_arm, asked, dataset, here.store, rate=rate.replace(recipe=recipe), watch=here.watch)

    measured = [name for name in made.rungs if name in here.rates]
    classical = {name: job(name, made.arm) for name in measured if not here.rung(name).by_steps}
    here.run("qualifying", classical, here.qualified, 1)
    spent = sum(run.cost.seconds for arm in here.qualified.values() for run in arm.runs)
    left = here.store.decide("network seconds", lambda: made.network_arm(spent))
    networks = {name: job(name, left) for name in measured if here.rung(name).by_steps}
    here.run("qualifying", networks, here.qualified, made.workers)
    here.qualified = {name: here.qualified[name] for name in made.rungs if name in here.qualified}
    here.steps = fold(here, list(here.qualified.values()))


def fold(here: Progress, arms: list[Arm]) -> tuple[Finding, ...]:
    """Each arm against the best of the arms before it, as one family of comparisons."""
    pairs: list[tuple[Arm, Arm]] = []
    best = None
    for arm in (arm for arm in arms if arm.finished):
        if best is not None:
            pairs.append((best, arm))
        if best is None or here.scoring.merit(arm) > here.scoring.merit(best):
            best = arm
    return compare_all(here, pairs)


def compare_all(here: Progress, pairs: list[tuple[Arm, Arm]]) -> tuple[Finding, ...]:
    """The findings of (control, arm) pairs on validation, by the metric of the climb."""
    scoring = here.scoring
    return pair_all(pairs, scoring.values, here.plan.margin, metric=scoring.metric, doubt=scoring.doubt)


def rehearse(here: Progress) -> None:
    """One longer training of each network that could still win, so that it is seen, and not guessed from the end of a
    short training, whose error falls further with the budget."""
    seconds = here.plan.rehearsal
    if not seconds:
        return
    hopes = {
        name: hope(here, name) for name, arm in here.qualified.items() if arm.finished and here.rung(name).by_steps
    }
    names = here.store.decide("rehearsed", lambda: sorted(hopes, key=lambda name: hopes[name])[:REHEARSED])
    here.watch(f"rehearsal: {', '.join(names)}, {seconds:.1f} s each")
    jobs: Jobs = {name: partial(run_longer, here, "rehearsal", name, seconds, here.plan.seeds[:1]) for name in names}
    here.run("rehearsal", jobs, here.rehearsed, here.plan.workers)
    here.rehearsed = {name: here.rehearsed[name] for name in names if name in here.rehearsed}


def finals(here: Progress) -> None:
    """The rungs that could still win, at a larger budget, equal for the networks, with the rates they qualified with.

    Classical rungs that did not see every example go first: what they do not need goes to the networks. Where no time
    is left for trainings longer than those of the qualifying round, these stand, or the rehearsals do.
    """
    chosen = here.store.decide("finalists", lambda: finalists(here))
    names_of_all = f"{', '.join(chosen)}." if chosen else "none, since no rung needs a longer training."
    here.watch(f"finals: {names_of_all} {rehearsal_sentence(here)}".rstrip())
    classical = [name for name in chosen if not here.rung(name).by_steps]
    networks = [name for name in chosen if here.rung(name).by_steps]
    for names, rivals, workers in ((classical, len(chosen), 1), (networks, len(networks), here.plan.workers)):
        if not names:
            continue
        each = left_for_finals(here) / rivals * share(len(names), workers)
        # What was decided stands in a repetition, also where an earlier version made shorter finals.
        promised = each if all(is_longer(here, name, each) for name in names) else 0.0
        seconds = here.store.decide(f"final seconds/{here.rung(names[0]).kind}", partial(float, promised))
        if seconds < here.plan.arm * here.plan.stretch(by_steps=names is networks):
            here.finals |= {name: here.rehearsed[name] for name in names if stands_in(here, name)}
            out = listed([here.rung(name).title for name in names])
            here.watch(f"finals: no time is left for {out}. {stand_in_sentence(here)}".strip())
            continue
        here.watch(f"finals: {', '.join(names)}, {seconds / len(here.plan.seeds):.1f} s for each training")
        jobs: Jobs = {name: partial(run_longer, here, "final", name, seconds, here.plan.seeds) for name in names}
        here.run("final", jobs, here.finals, workers)
        for name in names:
            if name in here.finals:
                settle_marks(here, name)


def is_longer(here: Progress, name: str, seconds: float) -> bool:
    """Whether a rung's trainings in the finals, which take `seconds` together, are longer than they were before."""
    before = here.qualified[name]
    return seconds / len(before.runs) > (before.budget.seconds or 0.0)


def settle_marks(here: Progress, name: str) -> None:
    """Take the mark of an under-trained rung away where its finals, with twice the examples, gained at most the margin.

    The end of one curve says less than two trainings of different length: a rate that falls to nothing makes any loss
    fall at the end.
    """
    final, before = here.finals[name], here.qualified[name]
    if not (final.finished and before.finished) or final.seen < LONGER * before.seen:
        return
    if here.scoring.merit(final) - here.scoring.merit(before) <= here.plan.margin:
        here.finals[name] = replace(final, under_trained=False)
        here.qualified[name] = replace(before, under_trained=False)


def stands_in(here: Progress, name: str) -> bool:
    """Whether the rehearsal of a rung can stand for its final: it finished, and saw more than the qualifying round."""
    arm = here.rehearsed.get(name)
    return arm is not None and arm.finished and arm.seen > here.qualified[name].seen


def stand_in_sentence(here: Progress) -> str:
    """Whose rehearsal stands for its final, in a sentence."""
    names = [here.rung(name).title for name, arm in here.finals.items() if arm is here.rehearsed.get(name)]
    if not names:
        return ""
    used = "The rehearsal (one training) is" if len(names) == 1 else "Their rehearsals (one training each) are"
    return f"The budget ran out before the finals of {listed(names)}. {used} used instead."


def run_longer(here: Progress, stage: str, name: str, seconds: float, seeds: tuple[int, ...]) -> Arm:
    """A rung of the qualifying round again, with the rate it qualified with, for `seconds` over all its seeds."""
    arm = here.qualified[name]
    asked = Trainings(
        name=f"{stage}/{name}",
        recipe=arm.recipe.replace(augment=arm.given.augment),  # which a larger budget may make worth its while
        seeds=seeds,
        budget=Budget(examples=0, seconds=seconds),
    )
    return run_arm(asked, here.dataset, here.store, rate=seen_rate(arm), watch=here.watch)


def left_for_finals(here: Progress) -> float:
    """Seconds that are left once the closing, the data curve of the best rung so far and its rival have theirs.

    A classical rung's curve costs little more than its training.
    """
    best = best_qualified(here)
    curve = CURVE * here.plan.left
    if not here.rung(best.recipe.model).by_steps:
        seconds = float(np.mean([run.cost.seconds for run in best.runs]))
        curve = min(curve, CURVE_SEEDS * len(FRACTIONS) * seconds) + rival_seconds(here)
    return here.plan.seconds - here.spent - closing(here) - curve


def rival_of(here: Progress) -> Arm | None:
    """The best rung of the qualifying round in the other family than the best of all: a network, or a classical one."""
    deep = here.rung(best_qualified(here).recipe.model).traits.deep
    others = {name: arm for name, arm in here.qualified.items() if arm.finished and here.rung(name).traits.deep != deep}
    return others[here.scoring.best(others)] if others else None


def rival_seconds(here: Progress) -> float:
    """Seconds of the trainings that set the rival beside the best rung: with half of the training data, and without the
    parts of the inputs that are hand-made. One that learns at once takes about half as long with half of the data."""
    arm = rival_of(here)
    if arm is None:
        return 0.0
    by_steps, whole = here.rung(arm.recipe.model).by_steps, CURVE_SEEDS * bool(here.plan.hand_made)
    each = float(np.mean([run.cost.seconds for run in arm.runs]))
    if not by_steps:
        return each * (CURVE_SEEDS / 2 + whole)
    count = CURVE_SEEDS + whole
    return each * count / share(count, here.plan.workers)


def best_qualified(here: Progress) -> Arm:
    arms = {name: arm for name, arm in here.qualified.items() if arm.finished}
    return arms[here.scoring.best(arms)]


def finalists(here: Progress) -> list[str]:
    """The networks with the lowest error to hope for, at most `FINALISTS`, and every classical rung that did not see
    all examples and could pass them. What the rehearsal showed is noted for the report."""
    hopes = {name: hope(here, name) for name, arm in here.qualified.items() if arm.finished}
    could = [name for name in hopes if here.rung(name).by_steps and (not here.rehearsed or name in here.rehearsed)]
    networks = sorted(could, key=lambda name: hopes[name])[:FINALISTS]
    classical = [name for name in hopes if not here.rung(name).by_steps and here.qualified[name].under_trained]
    best = min(hopes.values(), default=1.0)
    return [name for name in classical if hopes[name] <= WITHIN * best] + networks


def hope(here: Progress, name: str) -> float:
    """The shortfall to hope for in the finals, such as an error: a bound for who may still win, and no prediction.

    For a rehearsed network: if it keeps falling as a power of the examples, as it did from the qualifying round to the
    rehearsal; where that was hardly longer, the better of both. For other under-trained rungs: if it keeps falling as
    the validation loss did over the last quarter, for a budget `GROWTH` times as large.
    """
    arm, rehearsed = here.qualified[name], here.rehearsed.get(name)
    error = here.scoring.shortfall(arm)
    if rehearsed is not None and rehearsed.finished:
        later = max(here.scoring.shortfall(rehearsed), 0.5 / here.dataset.task.counts["validation"])
        more = rehearsed.seen / max(arm.seen, 1)
        if more < TOLD:
            return float(min(error, later))
        exponent = max(float(np.log(error / later) / np.log(more)), 0.0) if error > 0 else 0.0
        return float(later * growth(here) ** -exponent)
    losses = [point.values["loss"] for point in mean_curve(arm.runs)]
    if not arm.under_trained or len(losses) < LEAST_POINTS:
        return error
    fall = losses[-1] / losses[round(0.75 * len(losses)) - 1]
    return float(error * min(fall, 1.0) ** (np.log(GROWTH) / np.log(4 / 3)))


def growth(here: Progress) -> float:
    """How many times as long as a rehearsal a training of the finals will be."""
    made = here.plan
    final = left_for_finals(here) / FINALISTS * share(FINALISTS, made.workers) / len(made.seeds)
    return max(final / made.rehearsal, 1.0)


def rehearsal_sentence(here: Progress) -> str:
    """What the rehearsal showed, in one sentence."""
    shown = [name for name, arm in here.rehearsed.items() if arm.finished and here.qualified[name].finished]
    if not shown:
        return ""
    metric, mean = here.scoring.metric, here.scoring.mean
    seen = ", ".join(
        f"{here.rung(name).title} {value(mean(here.qualified[name]), metric)} and "
        f"{value(mean(here.rehearsed[name]), metric)}"
        for name in shown
    )
    sent = [here.rung(name).title for name in here.finals if here.rung(name).by_steps]
    sentences = [
        f"Validation {metric.title} in the qualifying round, and after one longer training of "
        f"{here.plan.rehearsal:.0f} s: {seen}.",
        f"{listed(sent)} went to the finals." if sent else "",
        stand_in_sentence(here),
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def seen_rate(arm: Arm) -> Rate:
    """A network's speed as its own runs showed it, which is truer than what was measured beforehand."""
    if arm.speed.most is not None:
        return arm.speed
    learning = [(run.cost.seconds - run.cost.looking) / run.cost.examples for run in arm.runs if run.cost.examples]
    return arm.speed.replace(recipe=arm.recipe, scale=float(np.mean(learning)))


def closing(here: Progress) -> float:
    """Seconds to keep for the end: every run is scored on the test split once, then come the bundle and the report."""
    test = here.dataset.task.counts["test"]
    validation = len(here.dataset.validation.targets)
    scoring = sum(arm.speed.answering * test * len(arm.answers) for arm in here.qualified.values() if validation)
    return CLOSING[0] + CLOSING[1] * here.plan.seconds + scoring
