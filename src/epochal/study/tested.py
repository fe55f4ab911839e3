"""What the test split says once the choice is made, and what an interrupted climb says without it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from epochal.core.errors import RungError
from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.protocols import Goal, Predictor
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset, Examples
from epochal.judge.nothing_text import nothing_learned
from epochal.judge.verdict_text import RungSummary, detectable_sentence, headline, need_deep_learning
from epochal.kinds.table import kind_of
from epochal.models.predictor import over_points
from epochal.models.weights import read_earlier, read_model
from epochal.report.result import Importance, Shipped, WrongExample
from epochal.study.choice import Choice, best_of, finished_names, floor_of, scored, summary
from epochal.study.importance import affordable, importance
from epochal.study.progress import Progress
from epochal.study.scoring import Scoring
from epochal.study.stages import compare_all
from epochal.train.experiment import TEST, Arm, answer, named, pair_all
from epochal.train.store import Store

WRONG_SHOWN = 12
IMPORTANT = "importance"  # the stage at which the chosen rung is asked about shuffled inputs
IMPORTANCE = (1.0, 0.005)  # seconds, and share of the budget, for asking which parts of the inputs matter


@dataclass(frozen=True, kw_only=True)
class Tested:
    """The test split, and the answers of each arm's trainings on it, by the arm's name."""

    examples: Examples
    answers: Mapping[str, tuple[Any, ...]]

    def values(self, scoring: Scoring, arm: Arm) -> np.ndarray:
        """[seeds, items] under the metric."""
        return scoring.on(arm, self.answers[arm.name], self.examples.truth())

    def score(self, scoring: Scoring, arm: Arm) -> Interval:
        return scored(self.values(scoring, arm), scoring.metric, scoring.goal.doubt(self.examples.truth()))


def open_test(here: Progress) -> Tested:
    """Score every training of the qualifying round and of the finals on the test split, once. A rung that cannot answer
    there is withdrawn."""
    examples = here.dataset.open_test()
    found: dict[str, tuple[Any, ...]] = {}
    for name in list(here.qualified):
        arms = [stage[name] for stage in (here.qualified, here.finals) if name in stage and stage[name].finished]
        answered = here.attempt("test", name, partial(answers, here, arms, examples))
        if answered is None:
            here.withdraw(name)
        else:
            found |= answered
    return Tested(examples=examples, answers=found)


def answers(here: Progress, arms: Sequence[Arm], examples: Examples) -> dict[str, tuple[Any, ...]]:
    """The answers of the trainings of each arm, from their stored weights; kept for a resumed climb."""
    return {
        arm.name: tuple(
            on_split(here.store, name, arm.recipe, here.dataset, examples, here.scoring.goal)
            for name in finished_names(arm)
        )
        for arm in arms
    }


def on_split(store: Store, name: str, recipe: Recipe, dataset: Dataset, examples: Examples, goal: Goal) -> Any:
    """What one training answers on the test split."""
    if not store.arrays(name, f"{TEST}-"):
        prediction = predictor_of(store, name, recipe, dataset)(examples.inputs)
        store.keep_arrays(name, named(TEST, finite(prediction)))
    return answer(store, name, TEST, goal)


def finite(prediction: Any) -> Any:
    """A prediction as it is.

    Raises:
        RungError: it holds numbers that are not finite.
    """
    for values in prediction.arrays().values():
        if values.dtype.kind == "f" and (lost := int((~np.isfinite(values)).sum())):
            raise RungError(f"Expected finite answers; {lost:,} of {values.size:,} numbers are NaN or infinite.")
    return prediction


def predictor_of(store: Store, name: str, recipe: Recipe, dataset: Dataset) -> Predictor:
    """What answers for a stored training: its last state, or those over which it is judged."""
    folder, task = store.folder(name), dataset.task
    states = [*read_earlier(folder, recipe, task), read_model(folder, recipe, task)]
    predictor: Predictor = over_points(
        [kind_of(task).predictor(model, dataset.codec, recipe, task) for model in states]
    )
    return predictor


def on_validation(here: Progress, arms: Mapping[str, Arm], choice: Choice) -> dict[str, Any]:
    """What an interrupted climb can say: the test split stays sealed, so that it can be resumed."""
    metric = here.scoring.metric
    classical, deep = (best_of(choice.summaries, kind, metric) for kind in (False, True))
    finding = None
    if classical and deep:
        (finding,) = compare_all(here, [(arms[classical.name], arms[deep.name])])
    return {
        "headline": said_first(here, choice, None),
        "need_deep_learning": deep_or_not(here, classical, deep, finding, choice, split="validation"),
        "notes": (
            "Interrupted: this is the best so far. The test split is still sealed, and all scores are on validation.",
        ),
    }


def on_test(here: Progress, arms: Mapping[str, Arm], choice: Choice, place: int, tested: Tested) -> dict[str, Any]:
    """What the test split says, now that nothing depends on it any more. `place` is the seed that is bundled."""
    scoring, targets = here.scoring, tested.examples.truth()
    metric, chosen = scoring.metric, choice.chosen

    def compare(pairs: list[tuple[Arm, Arm]]) -> Any:
        shown = [(on(control), on(arm)) for control, arm in pairs]
        values = {arm.name: tested.values(scoring, arm) for pair in pairs for arm in pair}
        return pair_all(
            shown, lambda arm: values[arm.name], here.plan.margin, metric=metric, doubt=scoring.goal.doubt(targets)
        )

    def on(arm: Arm) -> Arm:
        return replace(arm, answers=tested.answers[arm.name])

    findings = compare([(arm, arms[chosen]) for name, arm in arms.items() if name != chosen])
    # The two families are named by validation, as every choice is; the test split only says how far they are apart.
    named = [best_of(choice.summaries, deep, metric) for deep in (False, True)]
    classical, deep = (
        one and summary(here, one.name, arms[one.name], tested.values(scoring, arms[one.name]), choice.about[one.name])
        for one in named
    )
    finding = None
    if classical and deep:
        (finding,) = compare([(arms[classical.name], arms[deep.name])])
    arm = arms[chosen]
    answered, calibration = tested.answers[arm.name][place], scoring.calibrations(arm)[place]
    shown = ship(here, arm, place, tested)
    return {
        "headline": said_first(here, choice, shown.score),
        "shipped": shown,
        "on_test": findings,
        "need_deep_learning": deep_or_not(here, classical, deep, finding, choice),
        "confusion": scoring.goal.confusion(answered, targets, calibration, here.dataset.task.classes),
        "wrong": wrong_examples(here, tested.examples, answered, calibration),
        "importance": parts_that_matter(here, chosen, arm, place, tested.examples, calibration),
        "notes": (
            "The test split was opened once, after the choice; every rung was then scored on it for this report, and "
            "nothing was chosen by it.",
            *filter(None, (detectable_sentence(findings),)),
        ),
    }


def said_first(here: Progress, choice: Choice, found: Interval | None) -> str:
    """The headline: what is recommended with its score on the test split, or that nothing is; empty where something is,
    and the test split is sealed."""
    item = here.dataset.task.item
    if not choice.recommendation.learned:
        return nothing_learned(floor_of(here).title, item=item)
    if found is None:
        return ""
    title = here.rung(choice.chosen).member(here.latest()[choice.chosen].recipe)
    return headline(title, found.mean, found.low, found.high, here.scoring.metric, item=item)


def ship(here: Progress, arm: Arm, place: int, tested: Tested) -> Shipped:
    """What the bundled training does on the test split."""
    scoring, answer = here.scoring, tested.answers[arm.name][place]
    unseen = arm.answers[place], scoring.targets
    return shipped(scoring.goal, answer, tested.examples.truth(), scoring.calibrations(arm)[place], unseen)


def shipped(goal: Goal, answer: Any, targets: Any, calibration: float, unseen: tuple[Any, Any]) -> Shipped:
    """What an answer on the test split says of the model that ships. `unseen` are its answer and the targets on
    validation."""
    values = goal.items(answer, targets, calibration)[None]
    return Shipped(
        score=scored(values, goal.metric, goal.doubt(targets)),
        **goal.shown(answer, targets, calibration, unseen),
    )


def deep_or_not(
    here: Progress,
    classical: RungSummary | None,
    deep: RungSummary | None,
    finding: Finding | None,
    choice: Choice,
    split: str = "test",
) -> str:
    """Whether deep learning is needed, with what was not climbed and whether weights of others were used."""
    return need_deep_learning(
        classical,
        deep,
        finding,
        item=here.dataset.task.item,
        metric=here.scoring.metric,
        left_out=left_out(here),
        pretrained=not here.plan.transfer or any(name in here.qualified for name in here.given),
        split=split,
        chosen=choice.chosen if choice.recommendation.learned else "",
    )


def left_out(here: Progress) -> list[str]:
    """The titles of the networks that were not climbed."""
    return [here.rung(name).title for name in here.asked.rungs if name in here.left_out]


def parts_that_matter(
    here: Progress, name: str, arm: Arm, place: int, examples: Examples, calibration: float
) -> tuple[Importance, ...]:
    """What each named part of the inputs brings to the bundled model."""
    dataset, kind = here.dataset, kind_of(here.dataset.task)
    if not (parts := kind.input.parts(dataset)):
        return ()
    seconds = IMPORTANCE[0] + IMPORTANCE[1] * here.plan.seconds
    items = here.store.decide("importance", lambda: affordable(seconds, arm.speed.answering, len(parts), len(examples)))
    if not items:
        return ()
    model = read_model(here.store.folder(finished_names(arm)[place]), arm.recipe, dataset.task)
    predictor = kind.predictor(model, dataset.codec, arm.recipe, dataset.task)

    def ask() -> tuple[Importance, ...]:
        return importance(
            lambda inputs: finite(predictor(inputs)), here.scoring.goal, examples, parts, calibration, items
        )

    return here.attempt(IMPORTANT, name, ask) or ()


def wrong_examples(here: Progress, opened: Examples, answer: Any, calibration: float) -> tuple[WrongExample, ...]:
    """The test items that the bundled model got most wrong."""
    dataset = here.dataset
    show = kind_of(dataset.task).input.show
    worst = here.scoring.goal.worst(answer, opened.targets, calibration, dataset.task)[:WRONG_SHOWN]
    return tuple(
        WrongExample(
            item=opened.items[one.place],
            truth=one.truth,
            predicted=one.predicted,
            confidence=one.size,
            **show(dataset, opened.inputs[one.place]),
        )
        for one in worst
    )
