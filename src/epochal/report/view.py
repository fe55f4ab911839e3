"""What the page prints, taken from a climb's result: one plain row a rung, with what is missing said."""

from collections.abc import Sequence
from dataclasses import dataclass

from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.run import FINISHED
from epochal.judge.verdict_text import headline as headline_text
from epochal.judge.verdict_text import value
from epochal.report import words
from epochal.report.result import NOT_CLIMBED, ClimbResult, RungResult, Stage

QUALIFYING, FINAL = "qualifying", "final"


@dataclass(frozen=True, kw_only=True)
class RungView:
    """One rung as the page speaks of it."""

    rung: RungResult
    chosen: bool
    winner: bool
    qualifying: Stage | None
    final: Stage | None
    early: bool  # it was not in the finals, and others were: drawn hollow
    train: int  # items of the training split
    decided: str = "recommended"  # what it is, if it is chosen

    @property
    def name(self) -> str:
        return self.rung.name

    @property
    def title(self) -> str:
        """Of the member of the family that was trained; of the rung where none was."""
        member = self.rung.member if self.rung.stages else ""
        return member or self.rung.title or self.rung.name

    @property
    def climbed(self) -> bool:
        """False where the budget did not bear the rung: it has no place in the pictures, and no verdict."""
        return self.rung.status != NOT_CLIMBED

    @property
    def kind(self) -> str:
        return self.rung.kind

    @property
    def last(self) -> Stage | None:
        return self.rung.last

    @property
    def test(self) -> Interval | None:
        return sound(self.last.test) if self.last else None

    @property
    def validation(self) -> Interval | None:
        return sound(self.last.validation) if self.last else None

    @property
    def seconds(self) -> float | None:
        """Of one training at its largest budget."""
        return self.last.cost.seconds if self.last else None

    @property
    def answer(self) -> float | None:
        """Seconds for one item by itself."""
        return self.rung.answer

    @property
    def passes(self) -> float | None:
        """How often one training at the largest budget saw the training split."""
        return self.last.cost.examples / self.train if self.last and self.train else None

    @property
    def why_missing(self) -> str:
        """Why there is no score, in a word or two."""
        return "no score" if self.rung.status == FINISHED else self.rung.status

    @property
    def missing(self) -> str:
        """Why there is no score, as far as it is known: 'not climbed: needs a budget of about 14 min here'."""
        return f"{self.why_missing}: {self.rung.message}" if self.rung.message else self.why_missing

    @property
    def marks(self) -> tuple[str, ...]:
        marks = dict.fromkeys(self.rung.marks)
        if self.rung.status != FINISHED:
            marks = dict.fromkeys((self.rung.status, *marks))
        if self.last and self.last.under_trained and not any("under-trained" in mark for mark in marks):
            marks["under-trained"] = None
        return tuple(marks)


def sound(score: Interval | None) -> Interval | None:
    """The score, if all of it is a number."""
    return score if score and all(words.known(v) for v in (score.mean, score.low, score.high)) else None


def rung_views(result: ClimbResult) -> list[RungView]:
    """The rungs in ladder order."""
    finals = any(_stage(rung, FINAL) for rung in result.rungs)
    return [
        RungView(
            rung=rung,
            chosen=rung.name == result.chosen,
            winner=rung.name == result.winner,
            qualifying=_stage(rung, QUALIFYING),
            final=_stage(rung, FINAL),
            early=finals and _stage(rung, FINAL) is None,
            train=result.task.counts.get("train", 0),
            decided="recommended" if result.learned else "bundled",
        )
        for rung in result.rungs
    ]


def _stage(rung: RungResult, name: str) -> Stage | None:
    named = [stage for stage in rung.stages if stage.name == name]
    return named[-1] if named else None


def best_first(views: Sequence[RungView], metric: Metric = ACCURACY) -> list[RungView]:
    """By tier, and in a tier by validation at the largest budget each rung reached; those without a score come last, in
    ladder order, and of them those that were not climbed."""

    def place(view: RungView) -> tuple[bool, bool, float, float]:
        scored, tier = view.validation, view.rung.tier
        merit = metric.sign * scored.mean if scored else 0.0
        return scored is None, not view.climbed, float("inf") if tier is None else tier, -merit

    return sorted(views, key=place)


def by_year(views: Sequence[RungView]) -> list[RungView]:
    return sorted(views, key=lambda view: view.rung.year)


def in_tiers(views: Sequence[RungView]) -> list[tuple[int | None, list[RungView]]]:
    """The rungs that have a score by their tiers, in the order given; one group without a number where none has one."""
    groups: list[tuple[int | None, list[RungView]]] = []
    for view in views:
        if view.validation is None:
            continue
        if not groups or groups[-1][0] != view.rung.tier:
            groups.append((view.rung.tier, []))
        groups[-1][1].append(view)
    return groups


def headline(result: ClimbResult) -> str:
    """The first thing to read: what is recommended, and its score on data that it has not seen.

    Results of earlier versions have none of their own: theirs speaks of the mean over seeds. An interrupted climb has
    opened no test split, and speaks of validation. Empty where nothing was chosen.
    """
    if result.headline:
        return result.headline
    view = next((view for view in rung_views(result) if view.chosen), None)
    if view is None:
        return ""
    metric, test = result.metric, view.test
    if test:
        return headline_text(view.title, test.mean, test.low, test.high, metric, item=result.task.item)
    if view.validation:
        return f"Best so far: {view.title}. Validation {metric.title}: {value(view.validation.mean, metric)}."
    return f"Best so far: {view.title}."


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Which split the pictures show, test once it was opened, else validation; and under which metric."""

    split: str  # "test" | "validation"
    metric: Metric = ACCURACY

    def of(self, view: RungView) -> Interval | None:
        return view.test if self.split == "test" else view.validation

    @property
    def title(self) -> str:
        """'accuracy on the test split'."""
        return f"{self.metric.title} on the {self.split} split"


def shown_split(views: Sequence[RungView], metric: Metric = ACCURACY) -> Scored:
    """Test, if every rung that has a score at all has one there; two splits never share a picture."""
    scored = [view for view in views if view.validation or view.test]
    return Scored(split="test" if scored and all(view.test for view in scored) else "validation", metric=metric)
