"""The laboratory of a milestone: data, seeds, and trainings of a stated length, kept in a directory as they finish."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from epochal.core.claim import LESS, MORE, SAME, Picture, Series
from epochal.core.errors import UserError
from epochal.core.experiment import Trainings
from epochal.core.recipe import Option, Recipe
from epochal.core.run import FINISHED, Budget, Run
from epochal.data.dataset import Dataset
from epochal.judge.claim_text import number
from epochal.judge.claims import Question
from epochal.kinds.opening import input_of
from epochal.kinds.table import kind_of
from epochal.models.catalogue import traits
from epochal.study.identity import require_same_data
from epochal.train.experiment import Arm, Watch, run_arm, same
from epochal.train.fit import POINTS
from epochal.train.store import Store
from epochal.train.together import pays
from epochal.train.workers import run_side_by_side

ACCURACY = "validation accuracy"
IMAGENET = "imagenet"  # cannot be redistributed; the user gives its folder
NEARLY = 0.95  # of the length that a claim needs: as good as all of it
MOST = 2_000  # training items of the user's, where a milestone takes all of the digits: many passes need few items


@dataclass(frozen=True, kw_only=True)
class Scale:
    """How large an experiment is: the set that it names, how many of its training items (all unless said) at how many
    pixels a side (their own unless said), how often each is shown, and how many learning rates are tried for each arm.
    `validation` is the share of the published training split that is kept for it, where that is said. `recipe` holds
    the fields, and `options` the options of the model, such as its width, that every recipe has at this scale.

    `needs` is how often each item must be shown before the claim can be refuted, where that is more than `passes`: a
    milestone that takes minutes may show them too seldom for a verdict."""

    data: str
    passes: float
    items: int | None = None
    side: int | None = None
    validation: float | None = None
    trials: int = 1
    recipe: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)
    needs: float | None = None

    def fit(self, recipe: Recipe) -> Recipe:
        """The recipe as it is trained at this scale."""
        return recipe.replace(**self.recipe).with_options(**self.options)


@dataclass(frozen=True, kw_only=True, eq=False)
class Asked:
    """Trainings that a lab was asked for: their data, recipes, and examples at scale 1."""

    dataset: Dataset
    recipes: tuple[Recipe, ...]
    examples: float
    trials: int
    points: int


def wished(given: Any, default: Any, wishes: Mapping[str, Any]) -> Any:
    """The options of a reading: those given, and of the wishes what is an option of this input and was not given."""
    options = given or default
    fields = default.to_dict()
    wanted = {
        name: value
        for name, value in wishes.items()
        if value is not None and name in fields and getattr(options, name) == getattr(default, name)
    }
    return options.replace(**wanted)


@dataclass(kw_only=True, eq=False)
class Lab:
    """What a milestone measures with.

    `seeds` are the trainings of each arm; `scale` multiplies their lengths, 1 as the milestone has them. With a
    `source` of the user's own, `data` opens that in place of the set that the milestone names.
    """

    store: Store
    seeds: tuple[int, ...]
    scale: float = 1.0
    source: Any = None
    options: Any = None
    workers: int = 1
    watch: Watch = lambda line: None
    opened: list[str] = field(default_factory=list)  # names of the data sets that were used
    notes: list[str] = field(default_factory=list)  # what a reader must know in addition to the checks
    asked: list[Asked] = field(default_factory=list)
    counted: int = 0  # how often a number of examples was asked for, by `train` and by jobs of the milestone's own
    opening: float = 0.0  # seconds that opening data sets took

    def data(
        self,
        name: str = "digits",
        *,
        size: int | None = None,
        train: int | None = None,
        validation: float | None = None,
    ) -> Dataset:
        """The named set, or the user's own data in its place, of any kind.

        Args:
            size: side of the images that models see, in pixels; their own unless said.
            train: at most this many training items, classes in proportion; unless said all, or `MOST` of the user's in
                place of the digits.
            validation: share of the published training split that is kept for validation, unless it is said otherwise.
        """
        began, source = time.perf_counter(), name if self.source is None else self.source
        reads = input_of(source, self.options)
        options = wished(self.options, reads.options(), {"size": size, "validation_fraction": validation})
        dataset = unweighted(reads.open(source, options, None))
        require_same_data(self.store, dataset, f"fingerprint/{name}/{options}")
        first, count = dataset.task.name not in self.opened, len(dataset.train)
        if first:
            self.opened.append(dataset.task.name)
        if train is None and self.source is not None and name == "digits":
            train = MOST
        if train is not None and train < count:
            dataset = dataset.train_fraction(train / count)
        if first and self.source is not None:
            for line in dataset.report.summary:
                self.watch(line)
            if len(dataset.train) < count:
                self.notes.append(f"{len(dataset.train):,} of {count:,} training {dataset.task.item}s were used.")
        self.opening += time.perf_counter() - began
        return dataset

    def open(self, scale: Scale) -> Dataset:
        """The items of an experiment of this scale."""
        return self.data(scale.data, size=scale.side, train=scale.items, validation=scale.validation)

    def examples(self, count: float) -> int:
        """The number of training examples at this run's scale that is `count` at scale 1."""
        self.counted += 1
        return max(1, round(count * self.scale))

    @property
    def shortened(self) -> bool:
        """Whether the trainings are shorter than the milestone has them."""
        return self.scale < NEARLY

    def train(
        self,
        dataset: Dataset,
        recipes: Mapping[str, Recipe],
        *,
        examples: float,
        trials: int = 1,
        needs: float | None = None,
        points: int = POINTS,
        seeds: tuple[int, ...] | None = None,
        scaled: bool = True,
    ) -> dict[str, Arm]:
        """Each recipe under its label, on every seed, at the same number of examples (times the scale).

        Args:
            scaled: whether the scale lengthens these trainings; not where the claim is that they are short.
            trials: learning rates tried for each, a quarter of the arm's length in all, on a seed of their own.
            needs: passes over the training items that the claim needs, those of `examples` unless said. Networks that
                make fewer count as under-trained, and a note says so.
            points: of each learning curve; of one with fewer than four, a network counts as under-trained.
        """
        budget = Budget(examples=self.examples(examples) if scaled else max(1, round(examples)))
        if scaled:
            self.asked.append(
                Asked(dataset=dataset, recipes=tuple(recipes.values()), examples=examples, trials=trials, points=points)
            )
        stacked = all(pays(recipe) for recipe in recipes.values())

        def job(label: str) -> Callable[[], Arm]:
            asked = Trainings(
                name=slug(label),
                recipe=recipes[label],
                seeds=seeds or self.seeds,
                budget=budget,
                trials=trials,
                points=points,
                stacked=stacked,
            )
            return partial(run_arm, asked, dataset, self.store, watch=self.watch)

        arms = self._side_by_side({label: job(label) for label in recipes})
        for label, arm in arms.items():
            lost = [run.seed for run in arm.runs if run.status != FINISHED]
            if lost:
                self.notes.append(
                    f"{label}: {len(lost)} of {len(arm.runs)} trainings diverged, and count as having learned nothing."
                )
        needed = (examples if scaled else budget.examples) if needs is None else needs * len(dataset.train)
        return self._long_enough(arms, needed, dataset)

    def _long_enough(self, arms: dict[str, Arm], needed: float, dataset: Dataset) -> dict[str, Arm]:
        """The arms, those of networks marked as under-trained where they saw fewer examples than are needed."""
        short = {label: arm for label, arm in arms.items() if traits(arm.recipe).by_steps}
        short = {label: arm for label, arm in short.items() if arm.budget.examples < NEARLY * needed}
        if short:
            made, count = max(arm.budget.examples for arm in short.values()), len(dataset.train)
            note = (
                f"The claim needs {number(needed / count)} passes over {count:,} training {dataset.task.item}s. This "
                f"run made {number(made / count)}, so its networks count as under-trained. Give about "
                f"{number(needed / made)} times the --budget."
            )
            self.notes += [note] if note not in self.notes else []
        return arms | {label: replace(arm, under_trained=True) for label, arm in short.items()}

    def work(self, jobs: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        """Results of the milestone's own work, plain data, side by side; each kept under its name once it is done."""
        return self._side_by_side({name: partial(self._once, name, job) for name, job in jobs.items()})

    def _once(self, name: str, job: Callable[[], Any]) -> Any:
        def finish() -> Any:
            result = json.loads(json.dumps(job()))
            self.watch(f"{name}: done")
            return result

        return self.store.decide(f"work/{name}", finish)

    def _side_by_side(self, jobs: Mapping[str, Callable[[], Any]]) -> dict[str, Any]:
        names, results = list(jobs), {}

        def done(number: int, result: Any) -> None:
            results[names[number]] = result

        run_side_by_side(list(jobs.values()), done, workers=self.workers)
        return {name: results[name] for name in names}


def unweighted(dataset: Dataset) -> Dataset:
    """The data set as it is.

    Raises:
        UserError: its items have weights, which an experiment's verdict would not know of.
    """
    if dataset.train.weights is not None:
        item = dataset.task.item
        raise UserError(f"--weights: milestones and `why` count each {item} once. Leave it out, or use `climb`.")
    return dataset


def slug(label: str) -> str:
    """A label as the name of a folder."""
    return "".join(letter if letter.isalnum() else "-" for letter in label.lower()).strip("-")


def correct(arm: Arm, dataset: Dataset) -> np.ndarray:
    """[seeds, items] values of each training's answers on validation, such as right and wrong as 1 and 0. One that
    diverged counts as one that learned nothing."""
    goal, targets = kind_of(dataset.task).goal, dataset.validation.targets
    rows = iter(arm.values(goal, targets) if arm.finished else ())
    return np.stack([next(rows) if run.status == FINISHED else goal.missing(targets) for run in arm.runs])


def shares(arm: Arm, dataset: Dataset) -> np.ndarray:
    """[seeds] the score of each training on validation, such as its accuracy."""
    return correct(arm, dataset).mean(axis=1)


def ask_score(
    text: str,
    control: tuple[str, Arm],
    arm: tuple[str, Arm],
    dataset: Dataset,
    *,
    in_the_end: bool = False,
    **asked: Any,
) -> Question:
    """Whether the arm scores better than the control, as by being right more often; the other arguments are those of
    `Question`.

    `control` and `arm` are items of what `Lab.train` returned: a label with its arm. The side that the claim predicts
    to be better is excused where it is under-trained.

    Args:
        in_the_end: whether the claim is of what the other side can learn in the end, too; it is then not confirmed
            where that side is under-trained.
    """
    predicted = asked.get("predicted", MORE)
    sides = {MORE: [arm], LESS: [control], SAME: [control, arm]}[predicted]
    rivals = {MORE: [control], LESS: [arm], SAME: []}[predicted] if in_the_end else []
    metric = kind_of(dataset.task).goal.metric
    return Question(
        text=text,
        unit=asked.pop("unit", f"validation {metric.title}"),
        control=control[0],
        control_values=correct(control[1], dataset),
        arm=arm[0],
        values=correct(arm[1], dataset),
        percent=metric.percent,
        identical=same(control[1].answers, arm[1].answers),
        under_trained=under_trained(*sides),
        rival_under_trained=under_trained(*rivals),
        **asked,
    )


def under_trained(*arms: tuple[str, Arm]) -> str:
    """The labels of the arms that were still learning when their training stopped; "" where none was."""
    return " and ".join(label for label, arm in arms if arm.under_trained)


def reached(run: Run, level: float, metric: str = "score", *, falling: bool = False) -> float | None:
    """Examples after which a curve first passes `level`, between points by a straight line; None if it never does."""
    before = None
    for point in run.curve:
        value = point.values[metric]
        if value <= level if falling else value >= level:
            if before is None:
                return float(point.examples)
            rise = (level - before.values[metric]) / (value - before.values[metric])
            return float(before.examples + rise * (point.examples - before.examples))
        before = point
    return None


def curves(
    title: str,
    caption: str,
    arms: Mapping[str, Arm],
    metric: str = "score",
    *,
    control: str | None = None,
    y_label: str = ACCURACY,
    percent: bool = True,
    log_y: bool = False,
) -> Picture:
    """Learning curves: the mean over seeds, with a band from the lowest to the highest."""
    series = []
    for label, arm in arms.items():
        runs = [run for run in arm.runs if run.status == FINISHED] or list(arm.runs)
        length = min(len(run.curve) for run in runs)
        if not length:
            continue
        table = np.array([[point.values[metric] for point in run.curve[:length]] for run in runs])
        series.append(
            Series(
                label=label,
                role="control" if label == control else "arm",
                x=tuple(float(point.examples) for point in runs[0].curve[:length]),
                y=tuple(table.mean(axis=0).tolist()),
                low=tuple(table.min(axis=0).tolist()),
                high=tuple(table.max(axis=0).tolist()),
            )
        )
    return Picture(
        kind="lines",
        title=title,
        caption=caption,
        x_label="examples shown",
        y_label=y_label,
        percent=percent,
        log_y=log_y,
        series=tuple(series),
    )
