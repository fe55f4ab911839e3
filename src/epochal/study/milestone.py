"""A milestone: a claim of the field's history as an experiment that anyone can run, and its verdict."""

import math
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from epochal.core.claim import Claim, MilestoneResult, Picture
from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.paths import absolute
from epochal.judge.claim_text import sentence
from epochal.judge.claims import Question, judge, overall
from epochal.report.words import duration
from epochal.study.directories import choose_directory
from epochal.study.identity import identity
from epochal.study.lab import IMAGENET, Lab
from epochal.study.results import RESULT
from epochal.study.resuming import taken_up
from epochal.study.scout import look
from epochal.train.budget import seconds as parse_seconds
from epochal.train.checkpoint import write_atomically
from epochal.train.device import environment
from epochal.train.experiment import Watch
from epochal.train.store import Store, open_store
from epochal.train.surroundings import set_apart
from epochal.train.workers import side_by_side

LEAST_SEEDS = 2
MADE = "made on the spot"
LENGTH = ("seeds", "scale", "promised", "looks")  # settings that say how much is trained


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a milestone's experiment came to: questions still to be judged, and what was seen."""

    questions: tuple[Question, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PaperScale:
    """A milestone as large as in its paper: hours, and a GPU. The fields take the place of the milestone's own."""

    setting: str
    differs: str
    data: str
    measure: Callable[[Lab], Measured]


@dataclass(frozen=True, kw_only=True)
class Milestone(Claim):
    """A claim with how it is put to the test here.

    `setting` says what is run here, and `differs` how that differs from the paper. `minutes` is about how long it takes
    at scale 1, and --data replaces its `data`. `paper_scale` is the experiment at the size that the paper had, where
    that can be had.
    """

    setting: str
    differs: str
    measure: Callable[[Lab], Measured]
    seeds: int = 5
    paper_scale: PaperScale | None = None
    at_paper_scale: bool = False

    @property
    def folder(self) -> str:
        """Where its result is kept: hours at the paper's scale are not for a shorter run to clear."""
        return f"{self.name}-paper" if self.at_paper_scale else self.name

    @property
    def data_is_given(self) -> bool:
        """Whether its data cannot be redistributed, so that the user gives their folder."""
        return self.data == IMAGENET

    @property
    def code(self) -> str:
        """The module that holds the experiment."""
        return str(getattr(self.measure, "func", self.measure).__module__)

    def as_in_paper(self) -> "Milestone":
        """The milestone at the scale of its paper.

        Raises:
            UserError: it has none.
        """
        if self.paper_scale is None:
            raise UserError(
                f"{self.name} cannot be run as large as in its paper. `epochal milestone list` marks the milestones "
                "that can with --paper."
            )
        whole = {each.name: getattr(self.paper_scale, each.name) for each in fields(PaperScale)}
        return replace(self, **whole, paper_scale=None, at_paper_scale=True)

    def as_run(self, result: MilestoneResult) -> "Milestone":
        """The milestone at the scale at which this result was measured."""
        return self.as_in_paper() if result.paper_scale else self


@set_apart()
def run_milestone(
    milestone: Milestone,
    *,
    source: Any = None,
    options: Any = None,
    budget: float | str | None = None,
    scale: float | None = None,
    seeds: int | None = None,
    out: Path | str = Path("runs") / "milestones",
    resume: bool = False,
    progress: Watch | None = None,
    command: str | None = None,
) -> MilestoneResult:
    """Run the experiment behind a claim, and judge it. The result is kept in OUT/NAME/result.json,
    at the paper's scale in OUT/NAME-paper/result.json.

    A run that was interrupted continues where it stopped, if it is asked for with the same settings or with `resume`;
    one that ended is measured anew.

    Args:
        source: the user's own data in place of the milestone's, as for `open_dataset`.
        budget: seconds for the run, or a duration; every training is lengthened or shortened by its ratio to the
            milestone's minutes. On the user's own data it is a limit, and the milestone's minutes are the default:
            the lengths follow from how fast training is there, and exceed the milestone's only where a budget asks for
            it. At the paper's scale it is a limit too, with no default.
        scale: in place of a budget, multiplies the length of every training, whatever the data.
        seeds: trainings of each arm; the milestone's own number unless said.
        resume: continue an interrupted run as it was begun, whatever the budget and the seeds are now.

    Raises:
        UserError: the milestone takes no data, or the data, budget, seeds or directory cannot be used as they are.
    """
    if source is not None and not milestone.data:
        raise UserError(
            f"{milestone.name} makes its own data, which its claim is about: leave out --data. "
            "`epochal milestone list` marks the milestones that take data with --data."
        )
    if source is None and milestone.data_is_given:
        raise UserError(
            f"The paper of {milestone.name} uses ImageNet, which cannot be downloaded without an account. Give its "
            "folder with --data: train/ and val/, each with one folder for each class. Or give pictures of your own."
        )
    count = milestone.seeds if seeds is None else seeds
    if count < LEAST_SEEDS:
        raise BudgetError(f"seeds: expected {LEAST_SEEDS} or more, got {count}: one seed gives no verdict.")
    if budget is not None and scale is not None:
        raise BudgetError("budget and scale: expected one of them, got both. Each sets the length of the trainings.")
    promised = None if budget is None else parse_seconds(budget)
    looks = scale is None and (source is not None or milestone.at_paper_scale)
    if scale is None:
        scale = 1.0 if promised is None else promised / (60 * milestone.minutes)
    began = time.perf_counter()
    directory = choose_directory(absolute(out) / milestone.folder, source, anew=False)
    watch = progress or (lambda line: None)
    with open_store(directory) as store:
        settings: dict[str, Any] = {"seeds": count, "scale": scale, "data": identity(source), "options": str(options)}
        settings |= {"promised": promised, "looks": looks}
        if resume and not store.get("ended", True):
            settings |= _length(store, settings)
            count, scale, promised, looks = (settings[name] for name in LENGTH)
        before = begin(store, directory, settings, watch, promised, resume=resume)
        started = store.decide("started", lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
        lab = Lab(
            store=store,
            seeds=tuple(range(count)),
            scale=scale,
            source=source,
            options=options,
            workers=side_by_side(),
            watch=watch,
        )
        if looks:
            watch("Measuring how fast training is on this data ...")
            lab.scale = store.decide("scale", lambda: scale_within(milestone, lab, promised))
            watch(f"Each training makes {lab.scale:.2f} times as many passes as the milestone asks for.")
        try:
            measured = milestone.measure(lab)
        finally:
            seconds = before + time.perf_counter() - began
            store.put("spent", seconds)
        checks = judge(measured.questions)
        conclusion = overall(checks)
        result = MilestoneResult(
            name=milestone.name,
            verdict=conclusion,
            sentence=sentence(conclusion, checks),
            checks=checks,
            pictures=measured.pictures,
            notes=tuple(lab.notes),
            data=", ".join(lab.opened) or MADE,
            published_data=source is None,
            paper_scale=milestone.at_paper_scale,
            seeds=lab.seeds,
            scale=lab.scale,
            seconds=seconds,
            started=started,
            command=command or " ".join(sys.argv),
            environment=environment(),
        )
        write_atomically(directory / RESULT, (result.to_json() + "\n").encode())
        store.put("ended", True)
    return result


def scale_within(milestone: Milestone, lab: Lab, promised: float | None) -> float:
    """The scale that fits into the promised seconds; at the paper's scale 1 at most.

    Without a promise it is the scale that fits into the milestone's minutes, 1 at most; at the paper's scale it is 1.
    """
    cost = look(milestone.measure, lab, minutes=milestone.minutes)
    if promised is not None:
        return min(cost.scale(promised), 1.0 if milestone.at_paper_scale else math.inf)
    if milestone.at_paper_scale:
        lab.watch(
            f"As long as in the paper, this run takes about {duration(cost.seconds(1.0))} here. Use --budget to "
            "shorten it."
        )
        return 1.0
    return min(cost.scale(60 * milestone.minutes), 1.0)


def _length(store: Store, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of an interrupted run that say how much it trains.

    Raises:
        RunDirectoryError: its settings are not those that a run has in this version.
    """
    begun = store.get("settings")
    if set(begun) != set(settings):
        raise RunDirectoryError(
            f"{store.directory} holds an interrupted run of another version of epochal, which this one cannot resume. "
            "Leave out --resume to start it anew, or choose another --out."
        )
    return {name: begun[name] for name in LENGTH}


def begin(
    store: Store,
    directory: Path,
    settings: dict[str, Any],
    watch: Watch,
    seconds: float | None,
    *,
    resume: bool = False,
) -> float:
    """Seconds that an interrupted run of the same settings has spent; a run that ended, or had others, is cleared.

    Args:
        watch: called with a line when an interrupted run continues.
        seconds: that the run may take in all; None where it takes as long as it takes.

    Raises:
        RunDirectoryError: what is to be resumed had other data.
    """
    begun = store.get("settings")
    if begun is not None and not store.get("ended", True):
        if begun == settings:
            watch(taken_up(store, seconds))
            return float(store.get("spent", 0.0))
        if resume:
            raise RunDirectoryError(
                f"{directory} holds an interrupted run on other data, or on the same data with other reading options. "
                "Give the same --data and options again, choose another --out, or leave out --resume to start anew."
            )
    store.clear()
    shutil.rmtree(directory / "runs", ignore_errors=True)
    store.put("settings", settings)
    store.put("ended", False)
    return 0.0
