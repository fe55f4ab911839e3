"""Why a rung does what it does: what each of its ingredients brings on these data, alone and among the others.

A control without any of a rung's ingredients, and combinations of them by a factorial design, train on the same number
of examples and the same seeds. From the scores come what each ingredient brings alone, what is lost without it, its
Shapley value, and which of them help or stand in for each other.
"""

import dataclasses
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.experiment import EQUIVALENT, Trainings
from epochal.core.recipe import Option, Recipe
from epochal.core.run import FINISHED, Budget
from epochal.data.dataset import Dataset
from epochal.data.labels import Progress
from epochal.judge import design
from epochal.kinds.opening import input_of, ladder_with
from epochal.kinds.rung import Ladder
from epochal.kinds.table import rung_of
from epochal.models import catalogue
from epochal.models.theirs import their_model
from epochal.study.changes import Change, Edit, change
from epochal.study.directories import choose_directory, source_name
from epochal.study.identity import identity, require_same_code, require_same_data
from epochal.study.lab import shares, unweighted
from epochal.study.milestone import LEAST_SEEDS, begin
from epochal.study.results import RESULT
from epochal.study.why_result import FewerLabels, Ingredient, WhyResult
from epochal.train.budget import Rate, measure
from epochal.train.budget import seconds as parse_seconds
from epochal.train.checkpoint import write_atomically
from epochal.train.device import environment
from epochal.train.experiment import MEASURING, Arm, Watch, run_arm
from epochal.train.members import size_up
from epochal.train.objectives import reads
from epochal.train.store import Store, open_store
from epochal.train.surroundings import set_apart
from epochal.train.together import pays
from epochal.train.workers import run_side_by_side, share, side_by_side

MOST = 6  # ingredients: 64 combinations, or 44 by a half fraction with its corners
MARGIN = 0.01
POINTS = 2  # of each learning curve
LABELLED = (1 / 8, 1 / 4, 1 / 2)  # of the labels, on which everything together is trained too
PASSES = 5  # over the training data, that a full design must leave each training; else half of it is run
LEAST_EXAMPLES = 1000  # of a training, or one pass where that is less
LEAST_SECONDS = 0.1  # of a training: less is refused before anything is measured
CLOSING = 0.04  # share of the budget that is kept for the end


@dataclass(frozen=True, kw_only=True)
class Factor:
    """An ingredient that a combination has or lacks: what takes it out, what then stands in its place, and the change
    that puts it in."""

    name: str
    off: str
    strip: Edit
    change: Change

    def fits(self, recipe: Recipe) -> bool:
        """Whether its model has the options that this ingredient sets, and its objective reads the settings."""
        options = {field.name for field in dataclasses.fields(catalogue.model(recipe.model).config_class)}
        wanted = {name.removeprefix("options.") for name in self.change.touches if name.startswith("options.")}
        return wanted <= options and all(reads(recipe.objective, field) for field in self.change.touches)


def _option(name: str, off: Option, put_in: str) -> Factor:
    def strip(recipe: Recipe) -> Recipe:
        return recipe.with_options(**{name: off})

    return Factor(name=name, off=off if isinstance(off, str) else "none", strip=strip, change=change(put_in))


FACTORS = (
    _option("activation", "sigmoid", "relu"),
    _option("normalisation", "none", "batch_norm"),
    _option("initialisation", "lecun", "he"),
    _option("dropout", 0.0, "dropout"),
    Factor(name="augmentation", off="none", strip=lambda recipe: recipe.replace(augment=()), change=change("crop")),
    _option("shortcuts", "none", "residual"),
    Factor(
        name="momentum",
        off="none",
        strip=lambda recipe: recipe.replace(optimiser="sgd", momentum=0.0),
        change=change("momentum"),
    ),
)
ON_REQUEST = (  # tried only where they are named: on classes of equal size they do nothing
    Factor(
        name="class_weights",
        off="none",
        strip=lambda recipe: recipe.replace(class_weights="none"),
        change=change("class_weights"),
    ),
)


def factors_of(ladder: Ladder, rung: str, chosen: Sequence[str | Factor] | None = None) -> tuple[Factor, ...]:
    """The ingredients of a rung of a ladder: the first six that it can have, or those chosen, by name or as they are.

    Raises:
        UserError: there is no such rung, it is a classical one, or it has no such ingredient.
    """
    ladder.require([rung], "rung")
    entry = ladder.rung(rung)
    if not entry.by_steps:
        networks = ", ".join(name for name, other in ladder.rungs.items() if other.by_steps)
        raise UserError(
            f"rung: expected a network, which is made of ingredients; got {rung}, which is not one. Choose {networks}."
        )
    augmented = any(other.recipe.augment for other in ladder.rungs.values())  # else such inputs have no augmentations
    every = [factor for factor in (*FACTORS, *ON_REQUEST) if factor.fits(entry.recipe)]
    fitting = {factor.name: factor for factor in every if augmented or "augment" not in factor.change.touches}
    if chosen is None:
        return tuple(factor for factor in FACTORS if factor.name in fitting)[:MOST]
    if unknown := [name for name in chosen if isinstance(name, str) and name not in fitting]:
        raise UserError(
            f"ingredients: {', '.join(map(str, unknown))} not known of {rung}. It can have {', '.join(fitting)}."
        )
    found = tuple(fitting[factor] if isinstance(factor, str) else factor for factor in chosen)
    if not 1 <= len({factor.name for factor in found}) == len(found) <= MOST:
        raise UserError(f"ingredients: expected 1 to {MOST} different ones, got {len(found)}: {', '.join(fitting)}.")
    return found


def stripped(recipe: Recipe, factors: Sequence[Factor]) -> Recipe:
    """The recipe without any of the ingredients."""
    for factor in factors:
        recipe = factor.strip(recipe)
    return recipe


def combine(control: Recipe, factors: Sequence[Factor], runs: design.Runs) -> dict[str, Recipe]:
    """The recipe of each run of a design, under the ingredients that it has."""
    recipes = {}
    for row in runs.tolist():
        recipe, present = control, [factor for factor, on in zip(factors, row, strict=True) if on]
        for factor in present:
            recipe = factor.change.apply(recipe)
        label = "+".join(factor.name for factor in present) or "none"
        recipes["all" if len(present) == len(factors) else label] = recipe
    return recipes


@set_apart()
def why(
    source: Any,
    *,
    rung: str | None = None,
    budget: float | str = "20m",
    seeds: int = 5,
    margin: float = MARGIN,
    ingredients: Sequence[str | Factor] | None = None,
    options: Any = None,
    task: str | None = None,
    out: Path | str | None = None,
    progress: Watch | None = None,
    loading: Progress | None = None,
    command: str | None = None,
) -> WhyResult:
    """Say which ingredients carry what a rung reaches on labelled data. The result is kept in OUT/result.json.

    An attribution that was interrupted continues where it stopped, if it is asked for with the same settings. The test
    split stays sealed: scores are on validation.

    Args:
        source: as for `climb`; `options` and `task` too.
        rung: a network of the ladder, or of your own, by the place of its code; the ladder's last unless said.
        budget: seconds for everything, or a duration.
        seeds: trainings of each combination.
        margin: differences in accuracy below this do not matter to you.
        ingredients: names of the ingredients to ask about; the first six that the rung can have unless said.
        out: the run directory, runs/why-NAME unless said.
        progress: called with a line of text now and then.
        loading: called, while data is downloaded and decoded, with what is being done, how much is done, of how much.

    Raises:
        UserError: the rung, ingredients, data, budget or directory cannot be used as they are; the message says why.
    """
    seconds, watch = parse_seconds(budget), progress or (lambda line: None)
    their_model.cache_clear()  # of an earlier run in this process
    reads = input_of(source, options, task, watch)
    ladder = ladder_with(reads, rung or "")
    rung = rung or [name for name, entry in ladder.rungs.items() if entry.by_steps][-1]
    factors = factors_of(ladder, rung, ingredients)
    rung = ladder.rung(rung).name  # of one's own, with its place settled
    if seeds < LEAST_SEEDS:
        raise BudgetError(f"seeds: expected {LEAST_SEEDS} or more, got {seeds}: one says nothing of chance.")
    if not 0 <= margin < 0.5:
        raise BudgetError(f"margin: expected a fraction from 0 to 0.5 (0.01 is one point), got {margin}.")
    least = len(design.designs(len(factors))[-1]) * seeds * LEAST_SECONDS / side_by_side()
    if seconds < least:
        raise _too_little(seconds, least, factors, seeds)
    directory = choose_directory(out, source, name=f"why-{source_name(source)}", anew=False)
    began = time.perf_counter()
    with open_store(directory) as store:
        settings = {"why": rung, "ingredients": [factor.name for factor in factors], "seeds": seeds}
        settings |= {"seconds": seconds, "data": identity(source), "options": str(options)}
        _refuse_another(store, directory)
        before = begin(store, directory, settings, watch, seconds)
        started = store.decide("started", lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
        dataset = unweighted(reads.open(source, options or reads.options(), loading))
        require_same_data(store, dataset)
        require_same_code(store, [rung])
        for line in dataset.report.summary:
            watch(line)
        try:
            sized = partial(member_for, dataset, rung, factors, seeds, seconds)
            member = Recipe.from_dict(store.decide("member", lambda: sized().to_dict()))
            control = stripped(member, factors)
            watch(f"{rung_of(dataset.task, rung).member(member)}: the largest member that this budget allows")
            plan = store.decide("plan", partial(settle, dataset, control, factors, seeds, seconds, began))
            control = control.replace(precision=plan["precision"], memory_format=plan["memory_format"])
            runs, each = np.array(plan["runs"], dtype=bool), Budget.from_dict(plan["budget"])
            watch(f"{len(runs)} combinations of {len(factors)} ingredients, {seeds} seeds, {each.examples:,} examples")
            recipes = combine(control, factors, runs)
            trainings = {label: (recipe, dataset) for label, recipe in recipes.items()}
            fewer = {part: dataset.train_fraction(part) for part in _labelled(dataset)}
            trainings |= {f"all-{len(part.train)}-labels": (recipes["all"], part) for part in fewer.values()}
            arms = _train(trainings, store, each, seeds, watch)
            diverged = sum(run.status != FINISHED for arm in arms for run in arm.runs)
        except KeyboardInterrupt:
            watch("Interrupted. What is finished is kept; the same command continues it.")
            raise
        finally:
            spent = before + time.perf_counter() - began
            store.put("spent", spent)
        scores = np.stack([shares(arm, dataset) for arm in arms], axis=1)
        arms, scores, on_fewer = arms[: len(runs)], scores[:, : len(runs)], scores[:, len(runs) :]
        score = design.attribute(runs, scores)
        result = WhyResult(
            data=dataset.task.name,
            rung=rung,
            ingredients=_ingredients(factors, runs, arms, score, margin),
            combinations=len(runs),
            full=design.is_full(runs),
            seeds=seeds,
            examples=each.examples,
            learning_rate=control.learning_rate,
            diverged=diverged,
            score=score,
            cost=design.attribute(runs, np.array([[run.cost.seconds for run in arm.runs] for arm in arms]).T),
            fewer=tuple(
                FewerLabels(
                    labels=len(data.train),
                    share=part,
                    score=reached,
                    leads=design.estimates(column[:, None] - design.without_one(runs, scores)),
                )
                for (part, data), reached, column in zip(
                    fewer.items(), design.estimates(on_fewer), on_fewer.T, strict=True
                )
            ),
            stacked=pays(control),
            margin=margin,
            seconds=spent,
            started=started,
            command=command or " ".join(sys.argv),
            environment=environment(),
        )
        write_atomically(directory / RESULT, (result.to_json() + "\n").encode())
        store.put("ended", True)
        shutil.rmtree(directory / "runs", ignore_errors=True)  # hundreds of weights that nobody will serve
    return result


def member_for(dataset: Dataset, rung: str, factors: tuple[Factor, ...], seeds: int, seconds: float) -> Recipe:
    """The largest member of the rung's family that the budget bears in every training of the smallest design."""
    base, trainings = rung_of(dataset.task, rung), len(design.designs(len(factors))[-1]) * seeds
    each = (1 - CLOSING) * seconds * side_by_side() / trainings
    chosen = size_up(dataset, base, each, MEASURING * seconds).recipe
    return chosen.replace(precision=base.recipe.precision, memory_format=base.recipe.memory_format)


def settle(
    dataset: Dataset, control: Recipe, factors: tuple[Factor, ...], seeds: int, seconds: float, began: float
) -> dict[str, Any]:
    """Measure how fast the corners are, and choose the design and the examples of each training.

    A combination has about half of the ingredients, so it takes about the mean of the two corners. Every combination
    is run where that leaves each training `PASSES` over the data, else half of them with the corners.

    Raises:
        BudgetError: it is too little even for half of them; the message tells the least.
    """
    workers, rates = side_by_side(), dict[int, Rate]()
    corners = combine(control, factors, design.full_factorial(len(factors))[[0, -1]]).values()
    jobs = [partial(measure, dataset, recipe, MEASURING * seconds) for recipe in corners]
    run_side_by_side(jobs, rates.__setitem__, workers=workers)
    none, every = rates[0], rates[1]
    rate = every.replace(scale=(none.scale + every.scale) / 2, points=POINTS)
    overhead = _overhead(dataset, rate, seeds if pays(control) else 1, workers)
    spent, count = time.perf_counter() - began, len(dataset.train)
    for runs in design.designs(len(factors)):
        count_of_arms = len(runs) + len(_labelled(dataset))
        stretch = share(count_of_arms, workers) / (count_of_arms * seeds)
        promised = ((1 - CLOSING) * seconds - spent) * stretch - overhead
        budget = rate.budget(max(promised, 1e-3))
        if budget.examples >= PASSES * count:
            break
    fewest = min(LEAST_EXAMPLES, count)
    if promised <= 0 or budget.examples < fewest:
        needed = rate.seconds(Budget(examples=fewest, glance=budget.glance)) + overhead
        raise _too_little(seconds, 1.1 * (needed / stretch + spent) / (1 - CLOSING), factors, seeds)
    return {
        "runs": runs.tolist(),
        "budget": Budget(examples=budget.examples, glance=budget.glance).to_dict(),
        "precision": every.recipe.precision,
        "memory_format": every.recipe.memory_format,
    }


def _overhead(dataset: Dataset, rate: Rate, seeds: int, workers: int) -> float:
    """Seconds that a training takes to be built, kept and passed on: those of trainings of one step, side by side as
    all will be, in a store that is thrown away, without what their being judged takes."""
    began, one = time.perf_counter(), Budget(examples=1)
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        jobs = [
            partial(
                run_arm,
                Trainings(name=f"{number}", recipe=rate.recipe, seeds=tuple(range(seeds)), budget=one, points=1),
                dataset,
                store,
            )
            for number in range(workers)
        ]
        run_side_by_side(jobs, lambda number, arm: None, workers=workers)
    judging = rate.replace(points=1).asking(min(one.glance, rate.validation))
    return max((time.perf_counter() - began) / seeds - judging, 0.0)


def _labelled(dataset: Dataset) -> tuple[float, ...]:
    """The shares of the labels that leave two or more for each class, or group of numbers."""
    return tuple(share for share in LABELLED if share * len(dataset.train) >= 2 * dataset.strata)


def _train(
    trainings: Mapping[str, tuple[Recipe, Dataset]], store: Store, budget: Budget, seeds: int, watch: Watch
) -> list[Arm]:
    arms: dict[int, Arm] = {}
    jobs = [
        partial(
            run_arm,
            Trainings(name=label, recipe=recipe, seeds=tuple(range(seeds)), budget=budget, points=POINTS),
            dataset,
            store,
            watch=watch,
        )
        for label, (recipe, dataset) in trainings.items()
    ]
    run_side_by_side(jobs, arms.__setitem__, workers=side_by_side())
    return [arms[place] for place in range(len(jobs))]


def _ingredients(
    factors: tuple[Factor, ...], runs: design.Runs, arms: list[Arm], score: design.Attribution, margin: float
) -> tuple[Ingredient, ...]:
    found = []
    for place, (factor, value) in enumerate(zip(factors, score.shapley, strict=True)):
        nothing = design.idle(runs, [fused(arm) for arm in arms], place)
        verdict = EQUIVALENT if nothing else value.verdict(margin)
        found.append(Ingredient(name=factor.name, off=factor.off, on=factor.change.name, idle=nothing, verdict=verdict))
    return tuple(found)


def fused(arm: Arm) -> np.ndarray:
    """Every bit of what an arm answered; empty where every training diverged."""
    bits = [values.ravel().view(np.uint8) for one in arm.answers for values in one.arrays().values()]
    return np.concatenate(bits) if bits else np.empty(0, np.uint8)


def _refuse_another(store: Store, directory: Path) -> None:
    """
    Raises:
        RunDirectoryError: the directory holds something else than an attribution, which must not be cleared.
    """
    known = store.get("settings")
    if (known is None and store.runs()) or (known is not None and "why" not in known):
        raise RunDirectoryError(f"{directory} holds another kind of run. Choose another directory with --out.")


def _too_little(seconds: float, least: float, factors: tuple[Factor, ...], seeds: int) -> BudgetError:
    trainings = len(design.designs(len(factors))[-1]) * seeds
    return BudgetError(
        f"budget: {seconds:g} s is too little for {trainings} trainings, of {len(factors)} ingredients and {seeds} "
        f"seeds. Give at least {np.ceil(least):.0f}s, or fewer ingredients or seeds."
    )
