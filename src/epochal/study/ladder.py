"""The climb: up the ladder at one equal budget, the finals at a larger one, the choice, and only then the test."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from epochal.data.dataset import open_dataset
from epochal.data.listing import Progress as Loading
from epochal.data.options import ReadOptions
from epochal.study.conclude import conclude
from epochal.study.data_curve import data_curve
from epochal.study.directories import choose_directory, source_name
from epochal.study.identity import require_same_data
from epochal.study.plan import plan, settle
from epochal.study.result import ClimbResult
from epochal.study.resuming import taken_up
from epochal.study.stages import Progress, finals, qualify, rehearse
from epochal.train.device import environment
from epochal.train.store import open_store
from epochal.train.surroundings import set_apart

__all__ = ["Climb", "climb", "plan", "source_name"]


@dataclass
class Climb:
    """A climb that has ended, or was interrupted: its result, and where everything lies."""

    result: ClimbResult
    directory: Path

    def leaderboard(self) -> Any:
        """A DataFrame, best rung first."""
        from epochal.study.report.table import leaderboard

        return leaderboard(self.result)

    @property
    def bundle(self) -> Any:
        from epochal.ship.bundle import Bundle

        return Bundle.open(self.directory / "bundle")

    @property
    def report(self) -> Path:
        return self.directory / "report.html"

    def _repr_html_(self) -> str:
        from epochal.study.report.table import repr_html

        return repr_html(self.result)


@set_apart()
def climb(
    source: Any,
    *,
    options: ReadOptions | None = None,
    budget: float | str | None = None,
    seeds: int | None = None,
    out: Path | str | None = None,
    rungs: tuple[str, ...] | None = None,
    trials: int | None = None,
    margin: float | None = None,
    resume: bool = False,
    progress: Callable[[str], None] | None = None,
    loading: Loading | None = None,
    command: str | None = None,
) -> Climb:
    """Run the ladder of approaches on labelled images, say what each step bought, and bundle the best.

    Args:
        source: a folder, a manifest, a named set, or (images, labels) arrays; see `open_dataset`.
        budget: seconds for everything, or a duration; "20m" unless said.
        seeds: trainings of each rung, 3 unless said: fewer make intervals that mean little.
        rungs: names of the rungs to climb; all unless said.
        trials: learning rates tried for each network, 3 unless said, charged to its budget.
        out: the run directory; by default runs/NAME, numbered where that exists, and next to the data where the current
            folder is the data or lies in it.
        margin: differences in accuracy below this do not matter to you; 0.005 unless said.
        resume: go on with the climb in `out`, with its settings: what is finished is kept.
        progress: told a line now and then.
        loading: told, while the data is downloaded and decoded, what is being done, how much is done, and of how much.

    Raises:
        UserError: the data, the budget or the directory cannot be used as they are; the message says why.
    """
    watch = progress or (lambda line: None)
    began = time.perf_counter()
    name = source_name(source)
    asked: dict[str, Any] = {"budget": budget, "seeds": seeds, "rungs": rungs, "trials": trials, "margin": margin}
    asked = {key: value for key, value in asked.items() if value is not None}
    if not resume:
        plan(name, **asked)  # refuse what makes no sense before anything is written
    directory = choose_directory(out, source, resume=resume)
    with open_store(directory) as store:
        made, options = settle(store, name, asked, options, directory)
        if resume:
            watch(taken_up(store, made.seconds))
        dataset = open_dataset(source, options=options, progress=loading)
        for line in dataset.report.told:
            watch(line)
        require_same_data(store, dataset)
        reading = store.decide("reading", lambda: time.perf_counter() - began)
        made = made.after_reading(reading)
        if reading > made.reading:
            watch(
                f"Reading the data took {reading:.0f} of the {made.seconds:.0f} s. The climb has what is the least for "
                f"so many rungs and seeds, {made.left:.0f} s, and takes longer than you asked."
            )
        started = store.decide("started", lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
        here = Progress(
            plan=made, dataset=dataset, store=store, watch=watch, began=began, before=float(store.get("spent", 0.0))
        )
        complete = True
        try:
            for stage in (qualify, rehearse, finals, data_curve):
                stage(here)
                here.note_time()
        except KeyboardInterrupt:
            complete = False
            here.note_time()
            watch(f"Interrupted. What is finished is kept; go on with: --resume {directory}")
            if not here.latest():
                raise
        result = conclude(
            here,
            directory,
            command=command or " ".join(sys.argv),
            started=started,
            complete=complete,
            environment=environment(),
        )
    return Climb(result=result, directory=directory)
