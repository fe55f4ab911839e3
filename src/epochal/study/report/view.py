"""What the page prints, taken from a climb's result: one plain row a rung, with what is missing said."""

from dataclasses import dataclass

from epochal.core.run import FINISHED
from epochal.study.report import words
from epochal.study.result import ClimbResult, RungResult, Score, Stage

QUALIFYING, FINAL = "qualifying", "final"


@dataclass(frozen=True, kw_only=True)
class RungView:
    """One rung as the page speaks of it."""

    rung: RungResult
    chosen: bool
    winner: bool
    qualifying: Stage | None
    final: Stage | None
    early: bool  # it stayed behind in the qualifying round while others went on: drawn hollow

    @property
    def name(self) -> str:
        return self.rung.name

    @property
    def title(self) -> str:
        return self.rung.title or self.rung.name

    @property
    def kind(self) -> str:
        return self.rung.kind

    @property
    def last(self) -> Stage | None:
        return self.rung.last

    @property
    def test(self) -> Score | None:
        return sound(self.last.test) if self.last else None

    @property
    def validation(self) -> Score | None:
        return sound(self.last.validation) if self.last else None

    @property
    def seconds(self) -> float | None:
        """Of one training at its largest budget."""
        return self.last.cost.seconds if self.last else None

    @property
    def why_missing(self) -> str:
        """Why there is no score, in a word or two."""
        return "no score" if self.rung.status == FINISHED else self.rung.status

    @property
    def marks(self) -> tuple[str, ...]:
        marks = dict.fromkeys(self.rung.marks)
        if self.rung.status != FINISHED:
            marks = dict.fromkeys((self.rung.status, *marks))
        if self.last and self.last.under_trained and not any("under-trained" in mark for mark in marks):
            marks["under-trained"] = None
        return tuple(marks)


def sound(score: Score | None) -> Score | None:
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
        )
        for rung in result.rungs
    ]


def _stage(rung: RungResult, name: str) -> Stage | None:
    named = [stage for stage in rung.stages if stage.name == name]
    return named[-1] if named else None


def best_first(views: list[RungView]) -> list[RungView]:
    """By validation at the largest budget each rung reached; those without a score come last, in ladder order."""
    return sorted(views, key=lambda view: -view.validation.mean if view.validation else 1.0)


def by_year(views: list[RungView]) -> list[RungView]:
    return sorted(views, key=lambda view: view.rung.year)


@dataclass(frozen=True, kw_only=True)
class Scored:
    """Which split the pictures show: test once it was opened, else validation."""

    split: str  # "test" | "validation"

    def of(self, view: RungView) -> Score | None:
        return view.test if self.split == "test" else view.validation


def shown_split(views: list[RungView]) -> Scored:
    """Test, if every rung that has a score at all has one there; two splits never share a picture."""
    scored = [view for view in views if view.validation or view.test]
    return Scored(split="test" if scored and all(view.test for view in scored) else "validation")
