"""The plan of a climb: which rungs, which seeds, and how the budget is shared, before anything is known to be fast."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.record import Record
from epochal.data.options import ReadOptions
from epochal.models.catalogue import CLASSICAL, NETWORK, RUNGS
from epochal.train.budget import seconds as parse_seconds
from epochal.train.experiment import MEASURING, TUNING
from epochal.train.store import Store
from epochal.train.workers import share, side_by_side

QUALIFYING, REHEARSAL, CURVE = 0.36, 0.12, 0.08  # shares of what reading the data leaves; the finals get the rest
FINALISTS = 2
REHEARSED = 5  # networks that are trained once more, for longer, to see which of them go to the finals
CURVE_SEEDS = 2
FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the training data, for the data curve
LEAST = 0.4  # seconds: a shorter training measures nothing


@dataclass(frozen=True, kw_only=True)
class Plan(Record):
    """What a climb will do with its budget, before it is known how fast anything is."""

    name: str
    rungs: tuple[str, ...]
    seeds: tuple[int, ...]
    trials: int
    margin: float
    seconds: float
    workers: int  # networks that train side by side, with one thread each
    reading: float = 0.0  # seconds that reading the data took, once that is known

    @property
    def left(self) -> float:
        """Seconds for everything but reading the data."""
        return self.seconds - self.reading

    @property
    def least(self) -> float:
        """The seconds that must be left for a training of the qualifying round to measure anything."""
        return float(np.ceil(LEAST * self.left / self.training))

    def after_reading(self, seconds: float) -> "Plan":
        """The plan once the data is read: of what that left, and of no less than the least, though it takes longer."""
        return self.replace(reading=max(0.0, min(seconds, self.seconds - self.least)))

    @property
    def arm(self) -> float:
        """Seconds of one rung in the qualifying round: measuring its speed, its trials, and all its seeds."""
        return QUALIFYING * self.left / len(self.rungs)

    def stretch(self, kind: str) -> float:
        """How many times its share of the time a rung of that kind may take, because others run beside it."""
        networks = sum(RUNGS[name].kind == NETWORK for name in self.rungs)
        return share(networks, self.workers) if kind == NETWORK else 1.0

    @property
    def training(self) -> float:
        """Seconds of one training of a network in the qualifying round."""
        spent = MEASURING + (TUNING if self.trials > 1 else 0.0)
        return self.arm * self.stretch(NETWORK) * (1 - spent) / len(self.seeds)

    @property
    def rehearsal(self) -> float:
        """Seconds of one network's rehearsal; 0 where there are no more networks than places in the finals."""
        networks = min(REHEARSED, sum(RUNGS[name].kind == NETWORK for name in self.rungs))
        return REHEARSAL * self.left / networks * share(networks, self.workers) if networks > FINALISTS else 0.0

    def to_text(self) -> str:
        total = QUALIFYING * self.seconds
        rehearsing = REHEARSAL if self.rehearsal else 0.0
        final = self.seconds - total - rehearsing * self.seconds - CURVE * self.seconds
        lines = [
            f"Plan for {self.name}: {self.seconds:.0f} s in all, {len(self.rungs)} rungs, {len(self.seeds)} seeds",
            f"  qualifying  {total:7.0f} s  each rung {self.arm:.1f} s: speed measured, {self.trials} learning rates "
            f"tried, then {len(self.seeds)} trainings of {self.training:.1f} s ({self.workers} networks at a time)",
            f"  rehearsal   {rehearsing * self.seconds:7.0f} s  up to {REHEARSED} networks that could still win, once "
            f"more for {self.rehearsal:.0f} s each, to see whose error goes on falling",
            f"  finals      {final:7.0f} s  up to {FINALISTS} rungs that could still win, at a larger and again equal "
            "budget (and what the classical rungs leave over)",
            f"  data curve  {CURVE * self.seconds:7.0f} s  the best rung on {len(FRACTIONS)} fractions of the training "
            "data",
            "  then the choice, the test split (opened once), the bundle and the report",
            "",
            f"  {'rung':22} {'year':>4}  {'trainings':>9}  {'each':>8}",
        ]
        for name in self.rungs:
            rung = RUNGS[name]
            runs = f"{1 if rung.deterministic else len(self.seeds):9d}"
            most = self.arm * (1 - MEASURING) / (1 if rung.deterministic else len(self.seeds))
            each = f"<= {most:.1f} s" if rung.kind == CLASSICAL else f"{self.training:.1f} s"
            lines.append(f"  {rung.title:22} {rung.year:4}  {runs}  {each:>8}")
        return "\n".join(lines)


def plan(
    name: str,
    *,
    budget: float | str = "20m",
    seeds: int = 3,
    rungs: tuple[str, ...] | None = None,
    trials: int = 3,
    margin: float = 0.005,
) -> Plan:
    """The plan of a climb.

    Raises:
        BudgetError: the seeds, trials or seconds make no sense, or are too few for that many rungs.
        UserError: a rung is not known.
    """
    if seeds < 1:
        raise BudgetError(f"seeds: expected 1 or more, got {seeds}. With fewer than 3 an interval says little.")
    if trials < 1:
        raise BudgetError(f"trials: expected 1 or more learning rates for each network, got {trials}.")
    if not 0 <= margin < 0.5:
        raise BudgetError(f"margin: expected a fraction from 0 to 0.5 (0.005 is half a point), got {margin}.")
    chosen = tuple(rungs) if rungs else tuple(RUNGS)
    if unknown := [rung for rung in chosen if rung not in RUNGS]:
        raise UserError(f"rungs: {', '.join(unknown)} not known. The ladder has {', '.join(RUNGS)}.")
    chosen = tuple(rung for rung in RUNGS if rung in chosen)
    total = parse_seconds(budget)
    made = Plan(
        name=name,
        rungs=chosen,
        seeds=tuple(range(seeds)),
        trials=trials,
        margin=margin,
        seconds=total,
        workers=side_by_side(),
    )
    if made.training < LEAST:
        raise BudgetError(
            f"budget: {total:g} s is too little for {len(chosen)} rungs and {seeds} seeds (each training would get "
            f"{1000 * made.training:.0f} ms). Give at least {made.least:.0f}s, or fewer --rungs or --seeds."
        )
    return made


def settle(
    store: Store, name: str, asked: dict[str, Any], options: ReadOptions | None, directory: Path
) -> tuple[Plan, ReadOptions]:
    """The plan and the reading options of this climb: those it began with, where it is resumed.

    Raises:
        RunDirectoryError: something else is asked for now; the message names what differs.
    """
    began = store.decide("settings", lambda: {key: list(v) if isinstance(v, tuple) else v for key, v in asked.items()})
    read = ReadOptions.from_dict(store.decide("options", lambda: (options or ReadOptions()).to_dict()))
    made = plan(name, **began)
    again = plan(name, **(began | asked))
    differing = [
        key for key in ("seconds", "seeds", "rungs", "trials", "margin") if getattr(made, key) != getattr(again, key)
    ]
    if options is not None and options != read:
        differing += [key for key, value in options.to_dict().items() if value != read.to_dict()[key]]
    if differing:
        raise RunDirectoryError(
            f"The climb in {directory} was started with another {', '.join(differing)}. Leave those out when you "
            "resume it, or start a new climb with another --out."
        )
    return made, read
