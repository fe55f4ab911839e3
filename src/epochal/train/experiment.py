"""Experiments: each recipe gets the same seeds, order of data, trials and budget, and is paired with the control."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epochal.core.experiment import Finding, Trainings, Trial
from epochal.core.metric import ACCURACY, Metric
from epochal.core.protocols import Goal, Prediction, Predictor
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget, Point, Run
from epochal.data.dataset import Dataset
from epochal.judge.compare import Pair, compare_family
from epochal.judge.learning_curve import under_trained
from epochal.judge.verdict_text import value
from epochal.kinds.table import kind_of
from epochal.models.catalogue import traits
from epochal.models.weights import earlier_files, model_files
from epochal.train.budget import Rate, measure
from epochal.train.fit import fit
from epochal.train.store import Store
from epochal.train.together import fit_together, pays
from epochal.train.trainee import Judge, Trainee, prepare

VALIDATION, TEST = "validation", "test"  # splits, as the store names what was answered on them
TUNING = 0.25  # share of an arm's seconds that its learning-rate trials may spend
MEASURING = 0.04  # share that goes into measuring its speed
STEP_OF_RATE = 3.0  # trials try the recipe's own learning rate, then this many times less and more
PASSES = 50  # with fewer passes over the training data, augmentation costs more than it brings
NEAR = 1.15  # a trial does as well whose loss is at most this many times the lowest,
LEARNED = 0.9  # and fell from that of an untrained model by at least this share of what the lowest fell
TRIAL_GLANCE = 1000  # validation examples that judge a trial
TUNING_SEED = 1_000_003  # the trials use a seed that no run is judged on

Watch = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Arm:
    """What one recipe did: its trials, its runs, and the answers of those that finished, on validation.

    A deterministic rung runs once: it has one answer, whatever the number of seeds.
    """

    name: str
    given: Recipe
    recipe: Recipe  # the given one with the rate, precision and augmentation that it was trained with
    budget: Budget
    rate: Rate | None  # None where the budget was given in examples
    trials: tuple[Trial, ...]
    runs: tuple[Run, ...]
    names: tuple[str, ...]  # of the runs, in the store
    answers: tuple[Any, ...]  # predictions, in the type of the goal
    under_trained: bool = False

    @property
    def speed(self) -> Rate:
        """The rate, of an arm whose budget was given in seconds."""
        assert self.rate is not None
        return self.rate

    @property
    def finished(self) -> bool:
        return len(self.answers) > 0

    @property
    def status(self) -> str:
        return next((run.status for run in self.runs if run.status != FINISHED), FINISHED)

    @property
    def message(self) -> str:
        return next((run.message for run in self.runs if run.message), "")

    def values(self, goal: Goal, targets: Any) -> np.ndarray:
        """[seeds, items] of the trainings that finished, each calibrated on these targets."""
        return values_of(self.answers, goal, targets)

    @property
    def seen(self) -> int:
        """The fewest examples that a finished training has seen: fewer than promised where it was shortened."""
        return min((run.cost.examples for run in self.runs if run.status == FINISHED), default=0)

    @property
    def learning_seconds(self) -> float:
        """Seconds that one of its trainings learned, on average, without looking at how good it is."""
        return float(np.mean([run.cost.seconds - run.cost.looking for run in self.runs]))


def values_of(answers: Sequence[Any], goal: Goal, targets: Any) -> np.ndarray:
    """[trainings, items] of these answers, each calibrated on these targets."""
    return np.stack([goal.items(one, targets, goal.calibrate(one, targets)) for one in answers])


def run_arm(
    asked: Trainings,
    dataset: Dataset,
    store: Store,
    *,
    rate: Rate | None = None,
    watch: Watch = lambda line: None,
) -> Arm:
    """Measure, tune and train one recipe on every seed. What the store has finished is not done again.

    Args:
        rate: how fast the recipe is, in the precision that it names, where that is known already; then nothing is
            spent on measuring it.
    """
    name, recipe, budget = asked.name, asked.recipe, asked.budget
    of_model = traits(recipe)
    seeds = asked.seeds[:1] if of_model.deterministic else asked.seeds
    trials = asked.trials if asked.trials > 1 and of_model.by_steps else 0
    share = 1 - (TUNING if trials else 0.0)
    each = budget  # where examples count, all arms train exactly as given; where seconds do, in the faster precision
    if not budget.examples:
        seconds, known = budget.seconds or 0.0, rate
        rate = known or Rate.from_dict(
            store.decide(f"{name}/rate", lambda: measure(dataset, recipe, seconds * MEASURING).to_dict())
        )
        share = max(share - (0.0 if known else rate.measured) / seconds, 0.3)
        recipe = recipe.replace(precision=rate.recipe.precision, memory_format=rate.recipe.memory_format)
        each = Budget.from_dict(
            store.decide(f"{name}/budget", lambda: rate.budget(seconds * share / len(seeds)).to_dict())
        )
        if recipe.augment and each.examples < PASSES * len(dataset.train.targets):
            recipe = recipe.replace(augment=())
            count, item = len(dataset.train.targets), dataset.task.item
            watch(f"{name}: no augmentation, at {each.examples:,} examples from {count:,} {item}s")
    tried: tuple[Trial, ...] = ()
    if trials:
        short = trial_budget(each, rate, share, len(seeds), trials, len(dataset.validation))
        start = start_of(name, recipe, dataset, store, short)
        tried = tuple(
            _try(f"{name}/trial-{k}", recipe.replace(learning_rate=learning_rate), dataset, store, short)
            for k, learning_rate in enumerate(rates(recipe.learning_rate, trials))
        )
        if (chosen := lasting_rate(tried, start)) is not None:
            recipe = recipe.replace(learning_rate=chosen)
            among = ", ".join(f"{trial.learning_rate:.3g}" for trial in tried)
            watch(f"{name}: learning rate {recipe.learning_rate:.3g} of {among}")
    goal = kind_of(dataset.task).goal
    runs, answers = [], []
    names = {f"{name}/seed-{seed}": seed for seed in seeds}
    # Stacked trainings have no checkpoints: a climb's, which may be long, are made one by one.
    run_all = run_stacked if asked.stacked and budget.examples and pays(recipe) and len(names) > 1 else run_in_turn
    for run_name, run in zip(
        names, run_all(names, recipe, dataset, store, budget=each, points=asked.points), strict=True
    ):
        seed = names[run_name]
        runs.append(run)
        if run.status == FINISHED:
            answers.append(answer(store, run_name, VALIDATION, goal))
            score = value(run.scores["score"], goal.metric)
            watch(f"{name}: seed {seed}, validation {goal.metric.title} {score} in {run.cost.seconds:.1f} s")
        else:
            watch(f"{name}: seed {seed} {run.status}. {run.message}")
    return Arm(
        name=name,
        given=asked.recipe,
        recipe=recipe,
        budget=each,
        rate=rate,
        trials=tried,
        runs=tuple(runs),
        names=tuple(names),
        answers=tuple(answers),
        under_trained=_under_trained(runs, recipe, each, len(dataset.train.targets)),
    )


def run_in_turn(
    names: Mapping[str, int], recipe: Recipe, dataset: Dataset, store: Store, *, budget: Budget, points: int | None
) -> Iterator[Run]:
    """The trainings of these names and seeds, one after another."""
    for name, seed in names.items():
        yield run_once(name, recipe, dataset, store, budget=budget, seed=seed, points=points)


def run_stacked(
    names: Mapping[str, int], recipe: Recipe, dataset: Dataset, store: Store, *, budget: Budget, points: int | None
) -> list[Run]:
    """The same, those that are not in the store all at once; in turn where their batches follow from the model, or
    several states of each are judged."""
    runs = {name: finished(name, recipe, dataset, store, budget=budget) for name in names}
    missing = [name for name, run in runs.items() if run is None]
    if missing:
        seeds = [names[name] for name in missing]
        trainees = [prepare(dataset, recipe, seed, budget) for seed in seeds]
        if not trainees[0].feed.fixed or trainees[0].tail:
            return list(run_in_turn(names, recipe, dataset, store, budget=budget, points=points))
        results = fit_together(trainees, budget, seeds, points=points)
        for name, trainee, (predictor, run) in zip(missing, trainees, results, strict=True):
            runs[name] = keep(name, trainee, predictor, run, store)
    return [run for run in runs.values() if run is not None]


def run_once(
    name: str,
    recipe: Recipe,
    dataset: Dataset,
    store: Store,
    *,
    budget: Budget,
    seed: int,
    points: int | None = None,
) -> Run:
    """One training, kept in the store with its weights and its answers on validation; at once where the store has it.

    Where it was shortened is kept as a decision, so that a repetition does not ask the clock."""
    if known := finished(name, recipe, dataset, store, budget=budget):
        return known
    if (course := store.get(f"{name}/course")) is not None:
        budget = budget.replace(course=tuple((step, end) for step, end in course))
    trainee = prepare(dataset, recipe, seed, budget)
    predictor, run = fit(trainee, budget, seed, checkpoints=store.checkpoints(name), points=points)
    store.put(f"{name}/course", run.course)
    return keep(name, trainee, predictor, run, store)


def finished(name: str, recipe: Recipe, dataset: Dataset, store: Store, *, budget: Budget) -> Run | None:
    """The run of that name, where the store has it, and of this recipe, budget and task."""
    known = store.run(name)
    wanted = (recipe, budget.examples, dataset.task.fingerprint)
    if known is None or (known.recipe, known.budget.examples, known.task) != wanted:
        return None
    store.checkpoints(name).clear()  # of a process that was killed between keeping the run and this
    return known


def keep(name: str, trainee: Trainee, predictor: Predictor, run: Run, store: Store) -> Run:
    """Put a run into the store, with its weights and its answers on validation where it finished."""
    if run.status != FINISHED:
        store.finish(name, run, {}, {})
    else:
        assert isinstance(trainee.judge, Judge)
        assert trainee.judge.prediction is not None
        store.finish(name, run, trained_files(predictor), named(VALIDATION, trainee.judge.prediction))
    return run


def trained_files(predictor: Any) -> dict[str, bytes]:
    """The files of a trained model, and of its earlier states where it is judged over several."""
    return model_files(predictor.model) | earlier_files(getattr(predictor, "earlier", ()))


def named(split: str, prediction: Prediction) -> dict[str, np.ndarray]:
    """The arrays of a prediction under the names that a store gives them."""
    return {f"{split}-{name}": values for name, values in prediction.arrays().items()}


def answer(store: Store, name: str, split: str, goal: Goal) -> Any:
    """The prediction of a stored run on a split."""
    return goal.restore(store.arrays(name, f"{split}-"))


def rates(centre: float, trials: int) -> list[float]:
    """Learning rates to try, evenly spread on a logarithmic scale around the recipe's own."""
    return [centre * STEP_OF_RATE ** (k - (trials - 1) // 2) for k in range(trials)]


def start_of(name: str, recipe: Recipe, dataset: Dataset, store: Store, budget: Budget) -> float:
    """The loss on validation of the model that all trials of an arm begin with. It is infinite, so that their choice
    stays what it was, for trials of a run from before it was measured."""

    def untrained() -> float:
        trainee = prepare(dataset, recipe, TUNING_SEED, budget)
        return float(trainee.glance(trainee.predictor(trainee.model))["loss"])

    if store.get(f"{name}/trial-0") is not None:
        return float(store.get(f"{name}/untrained", math.inf))
    return float(store.decide(f"{name}/untrained", untrained))


def lasting_rate(trials: Sequence[Trial], start: float) -> float | None:
    """The smallest rate whose loss comes within `NEAR` of the lowest and that learned nearly as much; None where all
    diverged. `start` is the loss of an untrained model.

    A trial is shorter than what it chooses for. The highest rate that a short training bears is often too high for a
    long one, and a somewhat lower one that does as well is not. Where no trial has learned much yet, all losses are
    near each other, and the rate that learned most is taken.
    """
    losses = {trial.learning_rate: trial.loss for trial in trials if trial.loss is not None}
    if not losses:
        return None
    best = min(losses, key=lambda rate: (losses[rate], rate))
    fall = start - losses[best]
    level = [rate for rate, loss in losses.items() if loss <= NEAR * losses[best] and start - loss >= LEARNED * fall]
    return min([best, *level])


def trial_budget(each: Budget, rate: Rate | None, share: float, runs: int, trials: int, validation: int) -> Budget:
    """What one learning-rate trial may show: its part of the arm's tuning share, less what judging it costs."""
    glance = min(validation, TRIAL_GLANCE, each.glance * 2)
    if each.seconds is None or rate is None:
        return Budget(examples=max(1, round(each.examples * TUNING / share * runs / trials)), glance=glance)
    seconds = each.seconds * runs / share * TUNING / trials
    afforded = max(seconds - rate.answering * glance, 0.3 * seconds) / rate.scale
    return Budget(examples=max(rate.recipe.batch_size, int(afforded)), seconds=seconds, glance=glance)


def _try(name: str, recipe: Recipe, dataset: Dataset, store: Store, budget: Budget) -> Trial:
    def attempt() -> dict[str, object]:
        trainee = prepare(dataset, recipe, TUNING_SEED, budget)
        # The last point of the curve says what the last state is worth; of several states, a look at all of them.
        judge = trainee.glance if trainee.tail else _nothing
        _, run = fit(replace(trainee, judge=judge), budget, TUNING_SEED, points=1)
        found = {**run.curve[-1].values, **run.scores} if run.status == FINISHED else {}
        loss = found.get("loss")
        return Trial(learning_rate=recipe.learning_rate, loss=loss, seconds=run.cost.seconds).to_dict()

    return Trial.from_dict(store.decide(name, attempt))


def _nothing(predictor: Predictor) -> dict[str, float]:
    return {}


def _under_trained(runs: list[Run], recipe: Recipe, budget: Budget, count: int) -> bool:
    """A rung that did not see each of the `count` examples once, or a network whose validation loss still fell. A
    training that was shortened saw fewer examples than its budget says."""
    seen = min((run.cost.examples for run in runs if run.course), default=budget.examples)
    if min(seen, budget.examples) < count or not traits(recipe).by_steps:
        return budget.examples < count or seen < count
    curves = [
        ([point.examples for point in run.curve], [point.values["loss"] for point in run.curve])
        for run in runs
        if run.status == FINISHED
    ]
    return bool(curves) and under_trained(curves)[0]


Values = Callable[[Arm], np.ndarray]  # the values of an arm's items, [seeds, items]


def pair_all(
    pairs: Sequence[tuple[Arm, Arm]],
    values: Values,
    margin: float,
    *,
    metric: Metric = ACCURACY,
    doubt: float | None = None,
) -> tuple[Finding, ...]:
    """The findings of (control, arm) pairs, corrected together. Arms of which no seed finished are left out; a seed
    that diverged on one side leaves the pair.

    Args:
        values: what the metric is the mean of; `doubt` is the goal's.
    """
    family = []
    for control, arm in pairs:
        if control.finished and arm.finished:
            first, second = common(control, arm)
            one, other = ([side.answers[k] for k in rows] for side, rows in ((control, first), (arm, second)))
            family.append(
                Pair(
                    control=control.recipe.model,
                    arm=arm.recipe.model,
                    control_items=values(control)[first],
                    arm_items=values(arm)[second],
                    control_under_trained=control.under_trained,
                    arm_under_trained=arm.under_trained,
                    identical=same(one, other),
                    doubt=doubt,
                )
            )
    return compare_family(family, margin=margin, metric=metric)


def common(control: Arm, arm: Arm) -> tuple[list[int], list[int]]:
    """The rows of both arms: those of the seeds that finished in both, where one diverged; else all of both, which may
    have other numbers of seeds: the items pair them."""
    every = list(range(len(control.answers))), list(range(len(arm.answers)))
    whole = all(run.status == FINISHED for one in (control, arm) for run in one.runs)
    if whole or any(traits(one.recipe).deterministic for one in (control, arm)):
        return every
    kept = [{run.seed: k for k, run in enumerate(r for r in a.runs if r.status == FINISHED)} for a in (control, arm)]
    seeds = sorted(set(kept[0]) & set(kept[1]))
    return ([kept[0][seed] for seed in seeds], [kept[1][seed] for seed in seeds]) if seeds else every


def same(one: Sequence[Prediction], other: Sequence[Prediction]) -> bool:
    """Whether predictions agree in every bit."""
    return len(one) == len(other) and all(
        mine.keys() == theirs.keys() and all(np.array_equal(values, theirs[name]) for name, values in mine.items())
        for mine, theirs in ((a.arrays(), b.arrays()) for a, b in zip(one, other, strict=True))
    )


def mean_curve(runs: tuple[Run, ...]) -> tuple[Point, ...]:
    """The mean of the curves of runs that finished. Where one was shortened, a curve has fewer points, or others: the
    k-th is then at the same share of each training."""
    curves = [run.curve for run in runs if run.status == FINISHED]
    count = min((len(curve) for curve in curves), default=0)
    places = [[curve[len(curve) * (k + 1) // count - 1] for curve in curves] for k in range(count)]
    return tuple(
        Point(
            step=round(float(np.mean([p.step for p in points]))),
            examples=round(float(np.mean([p.examples for p in points]))),
            values={key: float(np.mean([p.values[key] for p in points])) for key in points[0].values},
        )
        for points in places
    )
