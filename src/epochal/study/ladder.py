"""The climb: up the ladder at one equal budget, the finals at a larger one, the choice, and only then the test."""

import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from epochal.core.errors import RunDirectoryError
from epochal.core.paths import absolute
from epochal.data.labels import Progress as Loading
from epochal.kinds.opening import input_of, inputs, kinds_with
from epochal.models.places import settled
from epochal.models.pretrained import Pretrained, stored_weights, transfer_recipes
from epochal.models.theirs import their_model
from epochal.report.result import ClimbResult
from epochal.ship.pretrained import open_weights, reading_for
from epochal.study.conclude import conclude
from epochal.study.data_curve import data_curve
from epochal.study.directories import choose_directory, source_name
from epochal.study.identity import place_of, require_same_code, require_same_data
from epochal.study.plan import Plan, plan, possible, settle
from epochal.study.progress import Progress
from epochal.study.resuming import taken_up
from epochal.study.rivals import require_parts, rivals
from epochal.study.sizing import Size, duration, passes, size, sizes
from epochal.study.stages import finals, qualify, rehearse
from epochal.train.device import environment
from epochal.train.store import INDEX, Store, open_store
from epochal.train.surroundings import set_apart

__all__ = ["Climb", "climb", "plan", "source_name"]


@dataclass
class Climb:
    """A climb that has ended, or was interrupted: its result, and where everything lies."""

    result: ClimbResult
    directory: Path

    def leaderboard(self) -> Any:
        """A DataFrame, best rung first."""
        from epochal.report.table import leaderboard

        return leaderboard(self.result)

    @property
    def bundle(self) -> Any:
        from epochal.ship.bundle import Bundle

        return Bundle.open(self.directory / "bundle", trust=True)

    def refit(self, **asked: Any) -> Any:
        """The winner trained again on train and validation, as a bundle; the arguments are those of `epochal.refit`."""
        from epochal.study.refit import refit

        return refit(self.directory, **asked)

    def ensemble(self, **asked: Any) -> Any:
        """All seeds of the winner as one bundle; the arguments are those of `epochal.refit`."""
        return self.refit(ensemble=True, **asked)

    @property
    def report(self) -> Path:
        return self.directory / "report.html"

    def _repr_html_(self) -> str:
        from epochal.report.table import repr_html

        return repr_html(self.result)


@set_apart()
def climb(
    source: Any,
    *,
    options: Any = None,
    task: str | None = None,
    budget: float | str | None = None,
    seeds: int | None = None,
    seed: int | None = None,
    out: Path | str | None = None,
    rungs: tuple[str, ...] | None = None,
    theirs: tuple[str, ...] | None = None,
    trials: int | None = None,
    margin: float | None = None,
    metric: str | None = None,
    cost: str | None = None,
    positive: str | None = None,
    hand_made: Sequence[str] | None = None,
    pretrained: Path | str | None = None,
    resume: bool = False,
    repeat: Path | str | None = None,
    progress: Callable[[str], None] | None = None,
    loading: Loading | None = None,
    command: str | None = None,
) -> Climb:
    """Run the ladder of approaches on labelled data, say what each step bought, and bundle the best.

    Args:
        source: a folder of images, a list of them, a table, a named set, or (images, labels) arrays; see
            `open_dataset`.
        options: how the data is read: `ReadOptions` for images, `TableOptions` for tables.
        task: "image" or "table", where the source could be either.
        budget: seconds for everything, or a duration; "20m" unless said.
        seeds: trainings of each rung, 3 unless said: fewer make intervals that mean little.
        seed: of the first of them, 0 unless said; the others follow it.
        rungs: names of the rungs to climb; all unless said.
        theirs: rungs after them: "lightgbm", "xgboost" or "catboost" for tables, or your own, by the place of their
            code: "sklearn.ensemble:ExtraTreesClassifier", or "mine.py:MyNet" for a torch module (see
            `epochal.models.theirs`).
        trials: learning rates tried for each network, 3 unless said, charged to its budget.
        out: the run directory; by default runs/NAME, numbered where that exists, and next to the data where the current
            folder is the data or lies in it.
        margin: differences below this do not matter to you, in the unit of the metric; for those in per cent a
            fraction, 0.005 unless said.
        metric: by which rungs are compared and chosen. Of classes "accuracy" unless said, "balanced-accuracy",
            "macro-f1", "auroc", "average-precision" or "log-loss"; of numbers "r2" unless said, "mae" or "rmse".
        cost: in place of a metric, what mistakes cost, such as "miss=500 alarm=20", for two classes.
        positive: of two classes, the one that is looked for; the rarer one unless said.
        hand_made: parts of the inputs that you made, such as columns computed from others: the best classical rung and
            the best network are also trained without them, and the report says what each loses.
        pretrained: weights of a residual network, with which two more rungs begin: a bundle of yours, a file or folder
            by the names of torchvision, timm or Hugging Face transformers, or published ones, such as
            "resnet50-weights".
        resume: continue the climb in `out`, with its settings: what is finished is kept.
        repeat: the directory of a climb of the same data whose members, learning rates and numbers of examples are
            taken, so that every training is made again as it was, whatever the clock says.
        progress: called with a line of text now and then.
        loading: called, while data is downloaded and decoded, with what is being done, how much is done, of how much.

    Raises:
        UserError: the data, the budget or the directory cannot be used as they are; the message says why.
    """
    watch = progress or (lambda line: None)
    began = time.perf_counter()
    name = source_name(source)
    their_model.cache_clear()  # of an earlier climb in this process
    asked: dict[str, Any] = {"budget": budget, "seeds": seeds, "seed": seed, "trials": trials}
    asked |= {"rungs": rungs and tuple(map(settled, rungs)), "theirs": tuple(map(settled, theirs or ())) or None}
    asked |= {"margin": margin, "metric": metric, "cost": cost, "positive": positive}
    asked |= {"hand_made": tuple(hand_made) if hand_made else None}
    asked |= {"pretrained": None if pretrained is None else place_of(pretrained)}
    asked = {key: value for key, value in asked.items() if value is not None}
    reads = input_of(source, options, task, watch)
    if not resume:
        possible(name, kinds_with(reads), **asked)  # refuse what makes no sense before anything is written
    weights = None if pretrained is None else open_weights(pretrained, loading)
    options = options if weights is None else reading_for(weights, options)
    before = store_of(repeat) if repeat is not None else None
    directory = choose_directory(out, source, resume=resume)
    with open_store(directory) as store:
        if before and not resume:
            store.take_decisions(before)
        reads = inputs()[store.decide("input", partial(str, reads.name))]
        settings, options = settle(store, name, asked, options, reads, directory)
        if resume:
            watch(taken_up(store, possible(name, kinds_with(reads), **settings).seconds))
        dataset = reads.open(source, options, loading)
        made = plan(name, store.decide("kind", lambda: dataset.task.kind), **settings)
        require_same_code(store, made.rungs)
        for line in dataset.report.summary:
            watch(line)
        require_same_data(store, dataset)
        require_parts(made.hand_made, list(reads.parts(dataset)), name)
        store.put("source", place_of(source))
        reading = store.decide("reading", lambda: time.perf_counter() - began)
        made = made.after_reading(reading).replace(workers=store.decide("workers", lambda: made.workers))
        if reading > made.reading:
            watch(
                f"Reading the data took {reading:.0f} s. {len(made.rungs)} rungs with {len(made.seeds)} seeds need at "
                f"least {made.left:.0f} s more, so this climb will take about {reading + made.left:.0f} s instead of "
                f"{made.seconds:.0f} s. Use fewer --rungs or --seeds to shorten it."
            )
        started = store.decide("started", lambda: datetime.now().astimezone().isoformat(timespec="seconds"))
        if made.pretrained and weights is None:
            weights = kept_weights(store if resume else before) or open_weights(made.pretrained, loading)
        given = transfer_recipes(made.transfer, weights, directory / "weights") if weights else {}
        store.put("weights", next((recipe.options["weights"] for recipe in given.values()), None))
        here = Progress(
            asked=made,
            dataset=dataset,
            store=store,
            watch=watch,
            began=began,
            before=float(store.get("spent", 0.0)),
            given=given,
        )
        complete = True
        try:
            for stage in (size, qualify, rehearse, finals, data_curve, rivals):
                stage(here)
                here.note_time()
        except KeyboardInterrupt:
            complete = False
            here.note_time()
            watch(f"Interrupted. What is finished is kept; continue with: --resume {directory}")
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


@dataclass(frozen=True)
class Rehearsal:
    """What a climb would do: its plan, the size of each rung, and the networks that it would leave out."""

    plan: Plan
    sizes: tuple[Size, ...]
    left_out: tuple[str, ...]

    def to_text(self) -> str:
        """The plan, and a line for each rung."""
        lines = [self.plan.to_text(), "", f"  {'member':40}{'qualifying':>17}{'finals':>17}  full strength from"]
        for found in self.sizes:
            network = self.plan.rung(found.name).by_steps
            if found.name in self.left_out:
                lines.append(f"  {found.member:40}not climbed below a budget of {duration(found.climbed)}")
                continue
            finals = passes(found.final) if network else ""
            strength = duration(found.itself) if network else ""
            lines.append(f"  {found.member:40}{passes(found.qualifying):>17}{finals:>17}  {strength}".rstrip())
        return "\n".join(lines)


def dry_run(
    source: Any, *, options: Any = None, task: str | None = None, loading: Loading | None = None, **asked: Any
) -> Rehearsal:
    """Read the data and measure the rungs, and say what a climb would do; nothing is trained and nothing is kept.

    The arguments are those of `climb`. Takes about a twentieth of the budget.

    Raises:
        UserError: as `climb`.
    """
    their_model.cache_clear()
    began, name, reads = time.perf_counter(), source_name(source), input_of(source, options, task)
    made = possible(name, kinds_with(reads), **asked)
    weights = open_weights(made.pretrained, loading) if made.pretrained else None
    options = options if weights is None else reading_for(weights, options)
    dataset = reads.open(source, options or reads.options(), loading)
    made = plan(name, dataset.task.kind, **asked).after_reading(time.perf_counter() - began)
    with tempfile.TemporaryDirectory(prefix="epochal-") as folder, open_store(Path(folder)) as store:
        here = Progress(
            asked=made,
            dataset=dataset,
            store=store,
            watch=lambda line: None,
            began=began,
            before=0.0,
            given=transfer_recipes(made.transfer, weights, Path(folder) / "weights") if weights else {},
        )
        size(here)
        return Rehearsal(plan=here.plan, sizes=tuple(sizes(here)), left_out=tuple(here.left_out))


def kept_weights(store: Store | None) -> Pretrained | None:
    """The copy of the pretrained weights that a run keeps: their source may have been moved, and nothing else was
    trained with. None where it keeps none."""
    path = store and store.get("weights")
    return stored_weights(Path(path)) if path and Path(path).exists() else None


def store_of(directory: Path | str) -> Store:
    """The store of a climb that is to be repeated.

    Raises:
        RunDirectoryError: there is no climb, or another version of epochal made it.
    """
    if not (absolute(directory) / INDEX).is_file():
        raise RunDirectoryError(f"repeat: expected the directory of a climb, got {absolute(directory)}: it holds none.")
    store = Store(absolute(directory))
    store.require_format()
    return store
