"""The choice: which rungs are level with the best on validation, and which of these is the cheapest to use."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from epochal.core.experiment import WORSE, Finding
from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.core.run import FINISHED
from epochal.judge.nothing_text import unless_nothing_learned
from epochal.judge.score import score
from epochal.judge.tiers import tiers
from epochal.judge.verdict_text import Recommendation, RungSummary, recommend
from epochal.kinds.rung import Rung
from epochal.kinds.table import kind_of
from epochal.models.weights import ESTIMATORS, TENSORS, read_model
from epochal.study.progress import Progress
from epochal.study.stages import compare_all
from epochal.train.experiment import Arm

ANSWERS = 9  # single items that are predicted to measure how long one takes; the median counts


@dataclass(frozen=True, kw_only=True)
class About:
    """What the choice weighs of one rung apart from its score."""

    tier: int | None  # None: it was still learning, and scored worse than the best by more than the margin
    answer: float  # seconds for one item by itself
    size: int  # bytes


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The recommendation, and what it rests on."""

    recommendation: Recommendation
    compared: Mapping[str, Finding]  # each other rung against the best
    summaries: tuple[RungSummary, ...]
    about: Mapping[str, About]

    @property
    def chosen(self) -> str:
        return self.recommendation.chosen

    @property
    def best(self) -> str:
        return self.recommendation.best


def time_answers(here: Progress) -> None:
    """Measure how fast each rung answers one item; those that cannot are withdrawn."""
    for name, arm in here.latest().items():
        if arm.finished and here.attempt("answering", name, partial(answer_seconds, here, name, arm)) is None:
            here.withdraw(name)


def choose(here: Progress, arms: Mapping[str, Arm]) -> Choice:
    """The recommendation among arms that finished. It is kept, so that a resumed climb ships the same.

    A rung that was still learning and scored worse than the best is in no tier: nothing is known of what it can do.
    """
    made, scoring = here.plan, here.scoring
    families: dict[str, dict[str, Finding]] = {}

    def against(best: str) -> dict[str, Finding]:
        if best not in families:
            pairs = [(arms[best], arm) for name, arm in arms.items() if name != best]
            families[best] = {finding.arm: finding for finding in compare_all(here, pairs)}
        return families[best]

    means = {name: scoring.mean(arm) for name, arm in sorted(arms.items(), key=lambda pair: pair[1].learning_seconds)}
    top = scoring.metric.sign * means[scoring.best(dict(arms))]
    ripe = {
        name: mean
        for name, mean in means.items()
        if not arms[name].under_trained or scoring.metric.sign * mean >= top - made.margin
    }
    ranked = tiers(ripe, lambda name, best: against(best)[name].verdict == WORSE, scoring.metric)
    placed = {name: number for number, tier in enumerate(ranked, 1) for name in tier}
    about = {
        name: About(tier=placed.get(name), answer=answer_seconds(here, name, arm), size=size_of(here, arm))
        for name, arm in arms.items()
    }
    summaries = tuple(summary(here, name, arm, scoring.values(arm), about[name]) for name, arm in arms.items())
    compared = against(ranked[0][0])
    found = recommend(summaries, compared, metric=scoring.metric, margin=made.margin)
    found = unless_nothing_learned(found, summaries, floor_of(here).name, metric=scoring.metric)
    here.store.put("choice", {"chosen": found.chosen, "best": found.best})
    return Choice(recommendation=found, compared=compared, summaries=summaries, about=about)


def floor_of(here: Progress) -> Rung:
    """The rung that answers without looking at its inputs."""
    return kind_of(here.dataset.task).ladder.floor


def summary(here: Progress, name: str, arm: Arm, values: np.ndarray, about: About) -> RungSummary:
    """What a verdict needs of one rung, with these values [seeds, items]."""
    found = scored(values, here.scoring.metric, here.scoring.doubt)
    return RungSummary(
        name=name,
        title=here.rung(name).title,
        deep=here.rung(name).traits.deep,
        score=found.mean,
        low=found.low,
        high=found.high,
        seconds=float(np.mean([run.cost.seconds for run in arm.runs])),
        under_trained=arm.under_trained,
        answer=about.answer,
        size=about.size,
    )


def scored(values: np.ndarray, metric: Metric, doubt: float) -> Interval:
    """The score of values [seeds, items] with its interval."""
    mean, low, high = score(values, metric, doubt=doubt)
    return Interval(mean=mean, low=low, high=high)


def best_of(summaries: tuple[RungSummary, ...], deep: bool, metric: Metric) -> RungSummary | None:
    """The best deep, or classical, rung."""
    found = (one for one in summaries if one.deep == deep)
    return max(found, key=lambda one: (metric.sign * one.score, -one.seconds), default=None)


def finished_names(arm: Arm) -> list[str]:
    """The names in the store of the trainings behind the arm's answers."""
    return [name for name, run in zip(arm.names, arm.runs, strict=True) if run.status == FINISHED]


def answer_seconds(here: Progress, name: str, arm: Arm) -> float:
    """Seconds from one item to its answer, measured once and kept."""

    def measure() -> float:
        model: Any = read_model(here.store.folder(finished_names(arm)[0]), arm.recipe, here.dataset.task)
        task, inputs = here.dataset.task, here.dataset.validation.inputs
        predictor = kind_of(task).predictor(model, here.dataset.codec, arm.recipe, task)
        times = []
        for k in range(ANSWERS):
            place = k % len(inputs)
            item = inputs[place : place + 1]
            started = time.perf_counter()
            predictor(item)
            times.append(time.perf_counter() - started)
        return float(np.median(times))

    return float(here.store.decide(f"answer/{name}", measure))


def size_of(here: Progress, arm: Arm) -> int:
    """Bytes of the files of one trained model."""
    folder = here.store.folder(finished_names(arm)[0])
    return sum((folder / file).stat().st_size for file in (TENSORS, ESTIMATORS) if (folder / file).exists())
