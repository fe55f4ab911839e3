"""Where a climb stands: shared by its stages, and all that an interrupted climb has to report."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from epochal.core.errors import UserError
from epochal.core.experiment import Finding
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.kinds.rung import Rung
from epochal.kinds.table import kind_of
from epochal.report.result import DataCurve, Rivals
from epochal.study.plan import Plan
from epochal.study.scoring import Scoring
from epochal.train.budget import Rate
from epochal.train.checkpoint import write_atomically
from epochal.train.experiment import Arm, Watch
from epochal.train.store import Store
from epochal.train.workers import run_side_by_side


@dataclass
class Progress:
    """The plan and what has come of it so far. `asked` is the plan with all rungs, `plan` that of those climbed."""

    asked: Plan
    dataset: Dataset
    store: Store
    watch: Watch
    began: float
    before: float  # seconds spent before an interruption
    plan: Plan = field(init=False)
    scoring: Scoring = field(init=False)
    given: Mapping[str, Recipe] = field(default_factory=dict)  # recipes of the rungs that begin with pretrained weights
    rates: dict[str, Rate] = field(default_factory=dict)  # of the member of each rung
    left_out: dict[str, float] = field(
        default_factory=dict
    )  # networks not climbed: the budget, in s, at which they are
    qualified: dict[str, Arm] = field(default_factory=dict)
    rehearsed: dict[str, Arm] = field(default_factory=dict)
    finals: dict[str, Arm] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)  # (stage, rung): the error that ended it
    steps: tuple[Finding, ...] = ()
    curve: DataCurve | None = None
    on_fractions: Any = None  # the `Fractions` of the best rung
    rivals: Rivals | None = None

    def __post_init__(self) -> None:
        self.scoring = scoring_of(self.asked, self.dataset)
        if not self.asked.own_margin:
            self.asked = self.asked.replace(margin=self.scoring.metric.margin)
        self.plan = self.asked

    @property
    def spent(self) -> float:
        return self.before + time.perf_counter() - self.began

    def members(self, name: str) -> Sequence[Recipe]:
        """The recipes to choose from for a rung, the smallest first."""
        return (self.given[name],) if name in self.given else self.rung(name).members

    def rung(self, name: str) -> Rung:
        return self.asked.rung(name)

    def note_time(self) -> None:
        self.store.put("spent", self.spent)

    def run(self, stage: str, jobs: Mapping[str, Callable[[], Any]], results: dict[str, Any], workers: int) -> None:
        """Run the job of each rung in a stage, and put what it returns into `results` as it ends."""
        before = {name: self.store.get(f"failed/{stage}/{name}") for name in jobs}
        self.failed |= {(stage, name): message for name, message in before.items() if message}
        names = [name for name in jobs if not before[name]]
        run_side_by_side(
            [jobs[name] for name in names],
            lambda number, result: results.__setitem__(names[number], result),
            workers=workers,
            tick=self.note_time,
            failed=lambda number, error: self.fail(stage, names[number], error),
        )

    def attempt(self, stage: str, name: str, job: Callable[[], Any]) -> Any:
        """What the job of one rung returns; None where it fails, or failed before an interruption."""
        results: dict[str, Any] = {}
        self.run(stage, {name: job}, results, 1)
        return results.get(name)

    def withdraw(self, name: str) -> None:
        """Take out a rung whose models cannot answer: it can be neither judged nor shipped."""
        for arms in (self.qualified, self.rehearsed, self.finals):
            arms.pop(name, None)

    def fail(self, stage: str, name: str, error: Exception) -> None:
        """Note that a rung failed in a stage. The climb continues without it, also when it is resumed: what was decided
        was decided without it."""
        message = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        trace = self.store.folder(f"{stage}/{name}.txt")  # names of the user's rungs have dots, and no suffix
        write_atomically(trace, "".join(traceback.format_exception(error)).encode(errors="backslashreplace"))
        self.failed[stage, name] = self.store.decide(f"failed/{stage}/{name}", lambda: message)
        self.watch(f"{stage}/{name}: failed, and is left out. {message} (where: {trace})")

    def latest(self) -> dict[str, Arm]:
        """Each rung as it did best on validation: in the finals, unless the longer trainings did worse."""
        return self.qualified | {name: arm for name, arm in self.finals.items() if self.replaces(name, arm)}

    def replaces(self, name: str, final: Arm) -> bool:
        """Whether a rung's final stands in place of its qualifying round."""
        merit = self.scoring.merit
        before = self.qualified[name]
        return final.finished and (not before.finished or merit(final) >= merit(before))


def scoring_of(made: Plan, dataset: Dataset) -> Scoring:
    """How this data is scored by the metric of a plan. Of the test split only the counts of its items are looked at,
    which the data report tells.

    Raises:
        UserError: the metric has no value on such data.
    """
    goal = kind_of(dataset.task).goal.settled(
        made.metric, made.positive, dataset.task, dataset.train.truth(), dataset.report.counts
    )
    return Scoring(goal=goal, targets=dataset.validation.truth())
