"""Sizing: which member of each rung's family the budget bears, and which rungs it does not bear at all."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.study.progress import Progress
from epochal.train.budget import Rate
from epochal.train.members import enough, least, size_up

CLASSICAL_SIZING = 0.1  # share of its arm that measuring a classical rung may take: it grows with the examples


@dataclass(frozen=True, kw_only=True)
class Size(Record):
    """What a rung would do with its share of the budget: its member, and how often it would see the training data.

    `itself` is the budget of the whole climb, in seconds, at which the smallest member sees the data often enough, and
    `climbed` that at which it is trained at all.
    """

    name: str
    member: str
    recipe: Recipe
    qualifying: float  # passes over the training data
    final: float
    climbed: float
    itself: float


def size(here: Progress) -> None:
    """Measure every rung, choose its member, and leave out the networks that would not make a single pass.

    What is chosen is kept for every later stage. Networks are measured in parallel, as they are trained.
    """
    made = here.plan

    def job(name: str) -> Callable[[], Rate]:
        rung, seconds = here.rung(name), made.final
        allowed = made.sizing * made.stretch(by_steps=rung.by_steps)
        if not rung.by_steps:  # it has one stage, with all threads and no trials
            seconds = made.arm / (1 if rung.traits.deterministic else len(made.seeds))
            allowed += CLASSICAL_SIZING * made.arm
        choose = partial(size_up, here.dataset, rung, seconds, allowed, here.members(name))
        return lambda: Rate.from_dict(here.store.decide(f"size/{name}", lambda: choose().to_dict()))

    for by_steps, workers in ((False, 1), (True, made.workers)):
        jobs = {name: job(name) for name in made.rungs if here.rung(name).by_steps == by_steps}
        here.run("sizing", jobs, here.rates, workers)
    leave_out(here)
    for found in sizes(here):
        if found.name in here.plan.networks:
            here.watch(
                f"{found.member}: {passes(found.qualifying)} over the data in one training of the qualifying round, "
                f"{passes(found.final)} in one of the finals"
            )


def leave_out(here: Progress) -> None:
    """Take the networks out of the plan whose training in the qualifying round would be too short to teach anything;
    their time goes to the others. `here.left_out` says at which budget each would be climbed."""
    count = len(here.dataset.train)

    def too_few(name: str) -> bool:
        rate = here.rates[name]
        return examples_in(rate, training(here)) < least(rate.recipe, count)

    while True:
        made = here.plan
        short = [name for name in made.networks if name in here.rates and too_few(name)]
        if not short or len(made.rungs) == 1:
            break
        slowest = max(short, key=lambda name: here.rates[name].scale * least(here.rates[name].recipe, count))
        here.left_out[slowest] = budget_for(here, slowest, least, training(here))
        here.plan = made.replace(rungs=tuple(name for name in made.rungs if name != slowest))
    for name, seconds in here.left_out.items():
        here.watch(f"{here.rung(name).title}: not climbed. It needs a budget of about {duration(seconds)} here")


def training(here: Progress) -> float:
    """Seconds of one training of a network in the qualifying round, after what the classical rungs will take."""
    made = here.plan
    classical = 0.0
    for name in made.rungs:
        if name in here.rates and name not in made.networks:
            rate, runs = here.rates[name], 1 if here.rung(name).traits.deterministic else len(made.seeds)
            classical += min(made.arm, runs * rate.seconds(rate.budget(made.arm / runs)))
    return made.learning(made.network_arm(classical))


def budget_for(here: Progress, name: str, wanted: Callable[[Recipe, int], int], training: float) -> float:
    """Seconds of a whole climb in which a training that now has `training` seconds can see the examples `wanted`."""
    rate = here.rates[name]
    needed = rate.learning(wanted(rate.recipe, len(here.dataset.train))) / max(training, 1e-9)
    return here.plan.reading + here.plan.left * needed * 1.1  # looking takes a tenth


def sizes(here: Progress) -> list[Size]:
    """The size of each rung that was measured, in the order of the ladder."""
    count, made = len(here.dataset.train), here.plan
    found = []
    for name in here.asked.rungs:
        if name not in here.rates:
            continue
        rate, rung = here.rates[name], here.rung(name)
        network = rung.by_steps
        runs = 1 if rung.traits.deterministic else len(made.seeds)
        qualifying = examples_in(rate, training(here) if network else made.arm / runs)
        found.append(
            Size(
                name=name,
                member=rung.member(rate.recipe),
                recipe=rate.recipe,
                qualifying=qualifying / count,
                final=(examples_in(rate, made.final) if network else qualifying) / count,
                climbed=here.left_out.get(name, made.seconds),
                itself=budget_for(here, name, enough, made.final if network else made.arm / runs),
            )
        )
    return found


def examples_in(rate: Rate, seconds: float) -> int:
    """How many examples a training of `seconds` sees."""
    return rate.budget(seconds).examples


def passes(number: float) -> str:
    """'3 passes', '0.4 passes', '1 pass'."""
    shown = f"{number:,.0f}" if number >= 9.5 else f"{number:.1f}".removesuffix(".0")
    return f"{shown} pass{'' if shown == '1' else 'es'}"


def duration(seconds: float) -> str:
    """'40 s', '14 min', '3 h'."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
