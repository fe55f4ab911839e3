"""1986: errors sent back through hidden units teach a network what no network without them can compute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import Any

import numpy as np
import torch
from torch import Tensor

from epochal.core.claim import Picture, Series
from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.seeds import stream
from epochal.core.task import Task
from epochal.judge.claims import SHARE, Question
from epochal.milestones.table import CLAIMS
from epochal.models import catalogue
from epochal.study.lab import Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.loop import State, loop
from epochal.train.optimise import Stepper
from epochal.train.together import EachSeed, Stack

XOR, PARITY = "XOR", "parity of four bits"
BITS = {XOR: 2, PARITY: 4}
HIDDEN = {XOR: 2, PARITY: 8}
SWEEPS = {XOR: 2000, PARITY: 4000}  # over all patterns
SOLVED = 0.01  # error per pattern, as in the published count
LOOK_EVERY = 5  # sweeps between two looks at the errors
POINTS = 60  # of the picture's lines
WITHOUT = "no hidden units"


def recipe(hidden: int) -> Recipe:
    """Gradient descent at the published rate of 0.25, with momentum (equation 9 of the Nature paper)."""
    return Recipe(
        model="mlp" if hidden else "perceptron",
        options={"hidden": hidden, "layers": 1, "activation": "sigmoid"} if hidden else {},
        optimiser="momentum",
        learning_rate=0.25,
        momentum=0.9,
        schedule="constant",
    )


def errors(model: Any, batch: Batch) -> Tensor:
    """[patterns] half the squared error of the one output, a sigmoid unit."""
    return (torch.sigmoid(model(batch.inputs)).squeeze(1) - batch.targets) ** 2 / 2


class SquaredError:
    """E, half the squared error of all patterns together (Rumelhart, Hinton & Williams 1986, Nature, equation 3)."""

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        return errors(model, batch).sum()


class LargestError:
    """The error on the worst pattern, to look at."""

    parts: tuple[str, ...] = ("all",)

    def loss(self, part: str, model: Any, batch: Batch) -> Tensor:
        return errors(model, batch).amax()


@dataclass(frozen=True, eq=False)
class AllPatterns:
    """Every pattern in every batch, for every seed.

    Yields `Batch(inputs [seeds, patterns, 1, 1, bits], targets [seeds, patterns])`.
    """

    batch: Batch
    fixed = True

    @property
    def per_batch(self) -> int:
        return int(self.batch.targets.shape[1])

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        return repeat(self.batch)


def parity(bits: int) -> tuple[Tensor, Tensor]:
    """Every pattern [patterns, bits], and whether its number of ones is odd [patterns]; of two bits this is XOR."""
    patterns = (torch.arange(2**bits)[:, None] >> torch.arange(bits).flip(0)) & 1
    return patterns.float(), (patterns.sum(dim=1) % 2).float()


def solve(bits: int, hidden: int, seeds: Sequence[int], sweeps: int) -> dict[str, Any]:
    """One network a seed, all at once.

    Returns:
        "solved", for each seed the sweep by which every pattern's error was small, or None; and of the first network
        that solved it, the "responses" [units, patterns] of its hidden units and, last, its output.
    """
    patterns, targets = parity(bits)
    task = Task(name="parity", input_shape=(1, 1, bits), labels=("odd",), counts={}, fingerprint="parity")
    models = []
    for seed in seeds:
        torch.manual_seed(stream(seed, "weights"))
        models.append(catalogue.build(recipe(hidden), task))
    inputs = patterns.view(-1, 1, 1, bits)
    batch = Batch(inputs.expand(len(seeds), -1, -1, -1, -1), targets.expand(len(seeds), -1))
    stack = Stack(models)
    stepper = Stepper(recipe(hidden), list(stack.stacked.values()), sweeps, stacked=True)
    state = State(model=stack, steppers={"all": stepper}, seed=seeds[0])
    solved: list[int | None] = [None] * len(seeds)
    look = EachSeed(LargestError())

    @torch.no_grad()
    def note(state: State) -> None:
        if state.step % LOOK_EVERY == 0 or state.step == sweeps:
            for place in torch.nonzero(look.loss("all", state.model, batch) < SOLVED).flatten().tolist():
                if solved[place] is None:
                    solved[place] = state.step

    loop(state, AllPatterns(batch), EachSeed(SquaredError()), steps=sweeps, after=note)
    responses = []
    if hidden and any(solved):
        network: Any = stack.take(next(place for place, sweep in enumerate(solved) if sweep))
        with torch.no_grad():
            rows = torch.cat([network.hidden(patterns), torch.sigmoid(network(inputs))], dim=1).T
        responses = rows.tolist()
    return {"solved": solved, "responses": responses}


def measure(lab: Lab) -> Measured:
    sweeps = {problem: lab.examples(most) for problem, most in SWEEPS.items()}
    jobs = {
        (problem, hidden): partial(solve, BITS[problem], hidden, lab.seeds, sweeps[problem])
        for problem in BITS
        for hidden in (0, HIDDEN[problem])
    }
    found = lab.work({label(problem, hidden): job for (problem, hidden), job in jobs.items()})
    solved = {name: [sweep is not None for sweep in one["solved"]] for name, one in found.items()}
    for problem in BITS:
        name = label(problem, HIDDEN[problem])
        if any(solved[name]):
            needed = np.array([sweep for sweep in found[name]["solved"] if sweep])
            lab.notes.append(
                f"{name}: {len(needed)} of {len(lab.seeds)} networks solved it within {sweeps[problem]:,} sweeps, "
                f"after {np.median(needed):,.0f}, the median, and {needed.mean():,.0f}, the mean."
            )
    return Measured(
        questions=tuple(
            Question(
                text=f"Do hidden units solve {problem}, which nothing solves without them?",
                unit="share of networks that solved it",
                control=label(problem, 0),
                control_values=solved[label(problem, 0)],
                arm=label(problem, HIDDEN[problem]),
                values=solved[label(problem, HIDDEN[problem])],
                kind=SHARE,
                under_trained=label(problem, HIDDEN[problem]) if lab.shortened else "",
                size=0.5,
                margin=0.05,
                percent=True,
            )
            for problem in BITS
        ),
        pictures=(shares(found, sweeps), *features(found[label(XOR, HIDDEN[XOR])]["responses"])),
    )


def label(problem: str, hidden: int) -> str:
    """A problem with what is put to it: 'XOR, 2 hidden units'."""
    return f"{problem}, {f'{hidden} hidden units' if hidden else WITHOUT}"


def shares(found: dict[str, dict[str, Any]], sweeps: dict[str, int]) -> Picture:
    """The share of networks that have solved their problem, sweep by sweep."""
    series = []
    for problem in BITS:
        places = np.unique(np.geomspace(min(50, sweeps[problem]), sweeps[problem], POINTS).round())
        for hidden in (0, HIDDEN[problem]):
            ends = [np.inf if sweep is None else sweep for sweep in found[label(problem, hidden)]["solved"]]
            series.append(
                Series(
                    label=label(problem, hidden),
                    role="arm" if hidden else "control",
                    x=tuple(places.tolist()),
                    y=tuple((np.array(ends)[:, None] <= places).mean(axis=0).tolist()),
                )
            )
    return Picture(
        kind="lines",
        title="With hidden units most networks find a solution, without them none does",
        caption=f"The share of networks whose error is below {SOLVED} on every pattern.",
        x_label="sweeps over all patterns",
        y_label="share of networks that solved it",
        log_x=True,
        percent=True,
        series=tuple(series),
    )


def features(responses: list[list[float]]) -> tuple[Picture, ...]:
    """What the units of one network that solved XOR do on the four patterns; nothing, where none solved it."""
    if not responses:
        return ()
    names = [*(f"hidden unit {place + 1}" for place in range(len(responses) - 1)), "output"]
    return (
        Picture(
            kind="grid",
            title="Features that nobody designed",
            caption="One network that learned XOR: how strongly its units respond to the four patterns.",
            ticks=("0 0", "0 1", "1 0", "1 1"),
            series=tuple(
                Series(label=name, role="arm" if name == "output" else "other", x=(0.0, 1.0, 2.0, 3.0), y=tuple(row))
                for name, row in zip(names, responses, strict=True)
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["backprop"]),
    setting=f"Two bits with {HIDDEN[XOR]} hidden sigmoid units for {SWEEPS[XOR]:,} sweeps, and four bits with "
    f"{HIDDEN[PARITY]} for {SWEEPS[PARITY]:,}, all patterns in each step; the same without hidden units.",
    differs="Weights start as in Glorot & Bengio 2010, and at a deviation of 0.01 without hidden units. Steps on all "
    "patterns at once, with momentum, are the Nature paper's; how the networks of the published count stepped is not "
    "stated, so the numbers of presentations are not quite comparable. Parity has twice the hidden units that it "
    "can do with.",
    seeds=100,
    measure=measure,
)
