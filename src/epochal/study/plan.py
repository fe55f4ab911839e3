"""The plan of a climb: which rungs, which seeds, and how the budget is shared, before anything is known to be fast."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import BudgetError, RunDirectoryError, UserError
from epochal.core.metric import ACCURACY, Metric
from epochal.core.protocols import Input
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.kinds.opening import kinds_with
from epochal.kinds.rung import Rung
from epochal.kinds.table import KINDS
from epochal.models.places import is_location, settled
from epochal.train.budget import seconds as parse_seconds
from epochal.train.experiment import TUNING
from epochal.train.store import Store
from epochal.train.workers import share, side_by_side

SIZING, QUALIFYING, REHEARSAL, CURVE = 0.03, 0.47, 0.08, 0.06  # shares of what reading leaves; the finals get the rest
FINALISTS = 2
REHEARSED = 4  # networks that are trained once more, for longer, to see which of them go to the finals
LONGER = 1.5  # a rehearsal is to a training of the qualifying round: two of one length say nothing of a longer one
CURVE_SEEDS = 2
FRACTIONS = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)  # of the training data, for the data curve
LEAST = 0.4  # seconds: a shorter training measures nothing


@dataclass(frozen=True, kw_only=True)
class Plan(Record):
    """What a climb will do with its budget, before it is known how fast anything is."""

    name: str
    kind: str  # of the task
    rungs: tuple[str, ...]
    seeds: tuple[int, ...]
    trials: int
    margin: float
    own_margin: bool = False  # whether the user said it; else it is the metric's, which may follow from the data
    metric: Metric = ACCURACY
    positive: str = ""  # the class that is looked for, of two; the rarer one where nothing is said
    hand_made: tuple[str, ...] = ()  # parts of the inputs that are withheld, to see what each family loses
    pretrained: str = ""  # where the weights of the transfer rungs come from
    seconds: float
    workers: int  # networks that train side by side, with one thread each
    reading: float = 0.0  # seconds that reading the data took, once that is known

    @property
    def left(self) -> float:
        """Seconds for everything but reading the data."""
        return self.seconds - self.reading

    @property
    def least(self) -> float:
        """The seconds that must be left for the qualifying round to measure anything."""
        return float(np.ceil(LEAST * self.left / self.training))

    def after_reading(self, seconds: float) -> "Plan":
        """The plan with `seconds` of reading taken off the budget. `least` seconds always remain, even if the climb
        then takes longer than was asked for."""
        return self.replace(reading=max(0.0, min(seconds, self.seconds - self.least)))

    @property
    def networks(self) -> tuple[str, ...]:
        """The rungs that learn by steps."""
        return tuple(name for name in self.rungs if self.rung(name).by_steps)

    def rung(self, name: str) -> Rung:
        return KINDS[self.kind].ladder.rung(name)

    @property
    def transfer(self) -> dict[str, Recipe]:
        """The recipe of each rung that begins with pretrained weights, by its name."""
        return {name: rung.recipe for name, rung in KINDS[self.kind].ladder.transfer.items()}

    @property
    def arm(self) -> float:
        """Seconds of one rung in the qualifying round: its trials, and all its seeds."""
        return QUALIFYING * self.left / len(self.rungs)

    def stretch(self, *, by_steps: bool) -> float:
        """Factor by which a rung may exceed its share of the time: those that learn by steps run in parallel."""
        return share(len(self.networks), self.workers) if by_steps else 1.0

    def network_arm(self, classical: float) -> float:
        """Seconds of one network in the qualifying round: an equal share, and what the classical rungs, which take so
        many seconds together, leave of theirs; but no more than lets a rehearsal, or a final where there is none, be
        `LONGER` than its trainings. The finals have the rest."""
        stretch = self.stretch(by_steps=True)
        equal, left = self.arm * stretch, (self.arm * len(self.rungs) - classical) * stretch
        most = (self.rehearsal or self.final) / LONGER / self.learning(1.0)
        return max(min(left / max(len(self.networks), 1), most), equal)

    @property
    def training(self) -> float:
        """Seconds of one training of a network in the qualifying round, where the classical rungs leave nothing."""
        return self.learning(self.arm * self.stretch(by_steps=True))

    def learning(self, arm: float) -> float:
        """Seconds of one training of a network whose trials and seeds together take `arm` seconds."""
        return arm * (1 - (TUNING if self.trials > 1 else 0.0)) / len(self.seeds)

    @property
    def sizing(self) -> float:
        """Seconds that finding out which member of its family the budget bears may take for one rung."""
        return SIZING * self.left / len(self.rungs)

    @property
    def rehearsal(self) -> float:
        """Seconds of one network's rehearsal; 0 where there are no more networks than places in the finals."""
        networks = min(REHEARSED, len(self.networks))
        return REHEARSAL * self.left / networks * share(networks, self.workers) if networks > FINALISTS else 0.0

    @property
    def final(self) -> float:
        """Seconds of one training of a network in the finals."""
        finals = (1 - SIZING - QUALIFYING - CURVE - (REHEARSAL if self.rehearsal else 0.0)) * self.left
        return finals / FINALISTS * share(FINALISTS, self.workers) / len(self.seeds)

    def to_text(self) -> str:
        """The shares of the budget, before anything was measured."""
        rehearsing = REHEARSAL if self.rehearsal else 0.0
        finals = 1 - SIZING - QUALIFYING - rehearsing - CURVE
        rows = [
            ("sizing", SIZING, "each rung is measured; the largest member of its family that fits is chosen"),
            (
                "qualifying",
                QUALIFYING,
                f"{self.trials} learning rates for each network, then {len(self.seeds)} trainings of each rung "
                f"({self.training:.1f} s for a network, {self.workers} at a time)",
            ),
            ("rehearsal", rehearsing, f"one longer training of the {REHEARSED} networks with the lowest error"),
            ("finals", finals, f"the {FINALISTS} best networks, {self.final:.1f} s for each of their trainings"),
            ("data curve", CURVE, f"the best rung on {len(FRACTIONS)} fractions of the training data"),
        ]
        lines = [f"Plan for {self.name}: {self.seconds:.0f} s in all, {len(self.rungs)} rungs, {len(self.seeds)} seeds"]
        lines += [f"  {name:11} {part * self.left:6.0f} s  {what}" for name, part, what in rows if part]
        return "\n".join([*lines, "  then the choice, the test split (opened once), the bundle and the report"])


def plan(
    name: str,
    kind: str,
    *,
    budget: float | str = "20m",
    seeds: int = 3,
    seed: int = 0,
    rungs: tuple[str, ...] | None = None,
    theirs: tuple[str, ...] = (),
    trials: int = 3,
    margin: float | None = None,
    metric: str | None = None,
    cost: str | None = None,
    positive: str | None = None,
    hand_made: Sequence[str] | None = None,
    pretrained: str | None = None,
) -> Plan:
    """The plan of a climb of a kind of task; the other arguments are those of `climb`.

    Raises:
        BudgetError: the seeds, trials or seconds make no sense, or are too few for that many rungs.
        UserError: a rung or a metric is not known, or the costs cannot be read.
        MissingExtraError: the library of a rung is not installed.
    """
    row = KINDS[kind]
    scored, looked_for = row.goal.named(metric, cost)
    if seeds < 1:
        raise BudgetError(f"seeds: expected 1 or more, got {seeds}. With fewer than 3 an interval says little.")
    if seed < 0:
        raise BudgetError(f"seed: expected 0 or more, got {seed}.")
    if trials < 1:
        raise BudgetError(f"trials: expected 1 or more learning rates for each network, got {trials}.")
    if margin is not None and (margin < 0 or (scored.percent and margin >= 0.5)):
        expected = "a fraction from 0 to 0.5 (0.005 is half a point)" if scored.percent else "0 or more"
        raise BudgetError(f"margin: expected {expected}, got {margin}.")
    ladder = row.ladder
    names = ladder.names(pretrained=bool(pretrained))
    if pretrained and not ladder.transfer:
        raise UserError("--pretrained: no rung of this ladder begins with the weights of others. Leave it out.")
    chosen = tuple(rungs) if rungs else names
    ladder.require(chosen, pretrained=bool(pretrained))
    if misplaced := [name for name in theirs if not is_location(name) and name not in ladder.extras]:
        extras = f", or one of {', '.join(ladder.extras)}" if ladder.extras else ""
        raise UserError(
            f"--rung {misplaced[0]}: expected the place of your code, MODULE:CLASS or FILE.py:CLASS, such as "
            f"sklearn.ensemble:ExtraTreesClassifier{extras}. Rungs of the ladder are chosen with --rungs."
        )
    ladder.require(theirs, "rung")
    added = dict.fromkeys(map(settled, (*(name for name in chosen if name not in names), *theirs)))
    chosen = tuple(rung for rung in names if rung in chosen) + tuple(ladder.rung(name).name for name in added)
    total = parse_seconds(budget)
    made = Plan(
        name=name,
        kind=kind,
        rungs=chosen,
        seeds=tuple(range(seed, seed + seeds)),
        trials=trials,
        margin=scored.margin if margin is None else margin,
        own_margin=margin is not None,
        metric=scored,
        positive=positive or looked_for,
        hand_made=tuple(hand_made or ()),
        pretrained=pretrained or "",
        seconds=total,
        workers=side_by_side(),
    )
    if made.training < LEAST:
        raise BudgetError(
            f"budget: {total:g} s is too little for {len(chosen)} rungs and {seeds} seeds (each training would get "
            f"{1000 * made.training:.0f} ms). Give at least {made.least:.0f}s, or fewer --rungs or --seeds."
        )
    return made


def possible(name: str, kinds: Sequence[str], **asked: Any) -> Plan:
    """The plan for the first of these kinds of tasks on which it makes sense.

    Raises:
        UserError: as `plan`, where it makes sense on none: of the first kind for which the budget alone is wrong, or
            else of the first kind.
    """
    errors = []
    for kind in kinds:
        try:
            return plan(name, kind, **asked)
        except UserError as error:
            errors.append(error)
    raise next((error for error in errors if isinstance(error, BudgetError)), errors[0])


def settle(
    store: Store, name: str, asked: dict[str, Any], options: Any, reads: Input, directory: Path
) -> tuple[dict[str, Any], Any]:
    """The settings and the reading options of this climb: those it began with, where it is resumed.

    Raises:
        RunDirectoryError: something else is asked for now; the message names what differs.
    """
    began = store.decide("settings", lambda: {key: list(v) if isinstance(v, tuple) else v for key, v in asked.items()})
    none: Any = reads.options()
    read = type(none).from_dict(store.decide("options", lambda: (options or none).to_dict()))
    if unknown := sorted(set(began) - set(inspect.signature(plan).parameters)):
        raise RunDirectoryError(
            f"{directory} holds another kind of run than a climb (its settings have {', '.join(unknown)}). Choose "
            "another directory."
        )
    kinds = [kind] if (kind := store.get("kind")) else kinds_with(reads)
    made, again = possible(name, kinds, **began), possible(name, kinds, **(began | asked))
    differing = [
        "budget" if key == "seconds" else key
        for key in ("seconds", "seeds", "rungs", "trials", "margin", "metric", "positive", "hand_made", "pretrained")
        if getattr(made, key) != getattr(again, key)
    ]
    if options is not None and options != read:
        differing += [key for key, value in options.to_dict().items() if value != read.to_dict()[key]]
    if differing:
        raise RunDirectoryError(
            f"The climb in {directory} has another {', '.join(differing)}. Leave these options out to resume or repeat "
            "it, or start a new climb with another --out."
        )
    return began, read
