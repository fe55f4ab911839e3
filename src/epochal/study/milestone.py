"""A milestone: a claim of the field's history as an experiment that anyone can run, and its verdict."""

import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from epochal.core.claim import MilestoneResult, Picture
from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.data.options import ReadOptions
from epochal.judge.claim_text import sentence
from epochal.judge.claims import Question, judge, overall
from epochal.study.lab import Lab
from epochal.study.scout import scale_for
from epochal.train.budget import seconds as parse_seconds
from epochal.train.checkpoint import write_atomically
from epochal.train.device import environment
from epochal.train.experiment import Watch
from epochal.train.store import Store, open_store
from epochal.train.workers import side_by_side

RESULT = "result.json"
LEAST_SEEDS = 2
MADE = "made on the spot"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a milestone's experiment came to: questions still to be judged, and what was seen."""

    questions: tuple[Question, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Milestone:
    """A claim, where it was made, and how it is put to the test here.

    `published` quotes the paper's figure with its table or figure number; `setting` says what is run here, and
    `differs` how that differs from the paper. `minutes` is about how long it takes on two cores at scale 1; `data` is
    the set that it runs on, which --data replaces, or "" where it makes its own.
    """

    name: str
    year: int
    title: str
    claim: str
    paper: str
    published: str
    setting: str
    differs: str
    minutes: float
    measure: Callable[[Lab], Measured]
    data: str = ""
    seeds: int = 5

    @property
    def code(self) -> str:
        """The module that holds the experiment."""
        return self.measure.__module__


def run_milestone(
    milestone: Milestone,
    *,
    source: Any = None,
    options: ReadOptions | None = None,
    budget: float | str | None = None,
    scale: float | None = None,
    seeds: int | None = None,
    out: Path | str = Path("runs") / "milestones",
    resume: bool = False,
    progress: Watch | None = None,
    command: str | None = None,
) -> MilestoneResult:
    """Run the experiment behind a claim, and judge it. The result is kept in OUT/NAME/result.json.

    A run that was interrupted goes on where it stopped, if it is asked for with the same settings or with `resume`;
    one that ended is measured anew.

    Args:
        source: the user's own data in place of the milestone's, as for `open_dataset`.
        budget: seconds, or a duration: lengthens or shortens every training by its ratio to the milestone's own. On
            the user's own data it is what the run may take, the milestone's own minutes unless said, and the lengths
            follow from how fast these data are; no training is longer than its own length unless a budget asks it.
        scale: in place of a budget, multiplies the length of every training, whatever the data.
        seeds: trainings of each arm; the milestone's own number unless said.
        resume: go on with an interrupted run at the length that it had, whatever the budget is now.

    Raises:
        UserError: the milestone takes no data, or the data, budget, seeds or directory cannot be used as they are.
    """
    if source is not None and not milestone.data:
        raise UserError(
            f"{milestone.name} makes its own data, which its claim is about: leave out --data. "
            "Those that take data are marked in `epochal milestone list`."
        )
    count = milestone.seeds if seeds is None else seeds
    if count < LEAST_SEEDS:
        raise BudgetError(f"seeds: expected {LEAST_SEEDS} or more, got {count}: no verdict comes from one seed.")
    if budget is not None and scale is not None:
        raise BudgetError("budget and scale: expected one of them, got both; each sets the length of the trainings.")
    own = 60 * milestone.minutes
    promised = None if budget is None else parse_seconds(budget)
    looks = source is not None and scale is None
    if scale is None:
        scale = 1.0 if promised is None else promised / own
    began, directory = time.perf_counter(), Path(out) / milestone.name
    with open_store(directory) as store:
        settings: dict[str, Any] = {"seeds": count, "scale": scale, "source": str(source), "options": str(options)}
        settings |= {"promised": promised, "looks": looks}
        if resume and not store.get("ended", True):
            begun = store.get("settings")
            settings |= {name: begun[name] for name in ("scale", "promised", "looks")}
            scale, promised, looks = settings["scale"], settings["promised"], settings["looks"]
        before = begin(store, directory, settings)
        started = store.decide("started", lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
        watch = progress or (lambda line: None)
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
            watch("A look at how fast these data are, with trainings of one step.")
            fitting = partial(scale_for, milestone.measure, lab, promised or own, minutes=milestone.minutes)
            lab.scale = store.decide("scale", lambda: fitting() if promised else min(fitting(), 1.0))
            watch(f"On these data its trainings can have {lab.scale:.2f} times their own length.")
        try:
            measured = milestone.measure(lab)
        finally:
            seconds = before + time.perf_counter() - began
            store.put("spent", seconds)
        checks = judge(measured.questions)
        told = overall(checks)
        result = MilestoneResult(
            name=milestone.name,
            verdict=told,
            sentence=sentence(told, checks),
            checks=checks,
            pictures=measured.pictures,
            notes=tuple(lab.notes),
            data=", ".join(lab.opened) or MADE,
            published_data=source is None,
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


def begin(store: Store, directory: Path, settings: dict[str, Any]) -> float:
    """Seconds that an interrupted run of the same settings has spent; a run that ended, or had others, is cleared."""
    if store.get("settings") == settings and not store.get("ended", True):
        return float(store.get("spent", 0.0))
    store.clear()
    shutil.rmtree(directory / "runs", ignore_errors=True)
    store.put("settings", settings)
    store.put("ended", False)
    return 0.0


def read_result(directory: Path) -> MilestoneResult | None:
    """The result that OUT/NAME holds, None where there is none.

    Raises:
        RunDirectoryError: it cannot be read.
    """
    path = directory / RESULT
    if not path.exists():
        return None
    try:
        return MilestoneResult.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, OSError) as error:
        raise RunDirectoryError(
            f"{path} cannot be read as the result of a milestone: {error}. Remove it, or run the milestone again."
        ) from error


def read_results(out: Path) -> dict[str, MilestoneResult]:
    """Every result in OUT, by the milestone's name."""
    found = (read_result(folder) for folder in sorted(out.iterdir())) if out.is_dir() else ()
    return {result.name: result for result in found if result}
