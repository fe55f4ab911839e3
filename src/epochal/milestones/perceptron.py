"""1958: a perceptron learns from its mistakes whatever one threshold unit can compute, and never learns XOR.

The bound. There is one row of weights for each of two classes: a mistake on x adds x to the right row and takes it
from the other, so the difference d of the rows moves by 2x, and half of it by x, which is Rosenblatt's rule for
w = d / 2. Let every x have its sign turned so that its class is positive, R be the length of the longest, g the margin
of the best unit vector u, and b the length of w at the start. Each mistake adds g or more to u.w, and R^2 or less to
the square of the length of w (Novikoff 1962). After k mistakes, then, k g - b <= u.w <= |w| <= sqrt(b^2 + k R^2), and
so k <= (R / g)^2 + 2 b / g. From zero weights that is Novikoff's bound; these start at a deviation of 0.01, thresholds
included, because at zero both answers tie, and a tie is neither right nor learned from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import numpy as np
import torch
from torch import Tensor

from epochal.core.claim import LESS, Picture, Series
from epochal.core.protocols import Batch
from epochal.core.recipe import Recipe
from epochal.core.seeds import stream
from epochal.core.task import Task
from epochal.judge.claims import SHARE, Question
from epochal.milestones.table import CLAIMS
from epochal.models import catalogue
from epochal.models.perceptron import Perceptron
from epochal.study.lab import Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.loop import State, loop
from epochal.train.objectives import make_objective
from epochal.train.optimise import Stepper
from epochal.train.together import EachSeed, Stack

LOGIC = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}  # answers to 00, 01, 10, 11
RANDOM = "separable sets"
EPOCHS = 1000  # after which learning is given up
NUMBERS, EXAMPLES = 5, 50  # of a separable set
GAPS = (0.05, 0.5)  # least distance of an example from the plane that sets classes apart, from and to
SHOWN = 15  # epochs in the picture
RECIPE = Recipe(
    model="perceptron",
    objective="perceptron",
    optimiser="sgd",
    momentum=0.0,
    learning_rate=1.0,
    schedule="constant",
    batch_size=1,
)


@dataclass(frozen=True, eq=False)
class OneByOne:
    """Single examples, in a new order each epoch and trial, until every trial answers all of its own rightly.

    Yields `Batch(inputs [trials, 1, 1, 1, numbers], targets [trials, 1])`.
    """

    inputs: Tensor  # [trials, examples, 1, 1, numbers]
    targets: Tensor  # [trials, examples]
    per_batch = 1
    fixed = True

    def batches(self, model: Stack, seed: int, start: int = 0) -> Iterator[Batch]:
        trials, examples = self.targets.shape
        rows = torch.arange(trials)[:, None]
        for epoch in count(start // examples):
            if not mistaken(model, self).any():
                return
            generator = torch.Generator().manual_seed(stream(seed, "order", epoch))
            order = torch.rand(trials, examples, generator=generator).argsort(dim=1)
            inputs, targets = self.inputs[rows, order], self.targets[rows, order]
            for place in range(max(start - epoch * examples, 0), examples):
                yield Batch(inputs[:, place : place + 1], targets[:, place : place + 1])


@torch.no_grad()
def mistaken(model: Stack, feed: OneByOne) -> Tensor:
    """[trials] bool: whether a trial answers any of its examples wrongly."""
    objective = EachSeed(make_objective(RECIPE, 0))
    return objective.loss("all", model, Batch(feed.inputs, feed.targets)) > 0


def untrained(numbers: int, seed: int) -> Perceptron:
    """A perceptron of two classes at its start."""
    torch.manual_seed(stream(seed, "weights"))
    task = Task(name="logic", input_shape=(1, 1, numbers), labels=("0", "1"), counts={}, fingerprint="logic")
    model: Perceptron = catalogue.build(RECIPE, task)
    torch.nn.init.normal_(model.responses.bias, std=0.01)
    return model


def half_difference(model: Perceptron) -> Tensor:
    """[numbers + 1] the w of the bound: half of what the rows differ by, the threshold last."""
    rows = torch.cat([model.responses.weight, model.responses.bias[:, None]], dim=1).detach()
    return (rows[1] - rows[0]) / 2


def learn(inputs: np.ndarray, targets: np.ndarray, seeds: Sequence[int], epochs: int) -> dict[str, Any]:
    """One perceptron a seed, each on its own examples, all at once.

    Args:
        inputs: [trials, examples, numbers]; the perceptron's threshold is a weight from a constant input of 1.
        targets: [trials, examples], 0 or 1.

    Returns:
        For each trial: whether it "learned" all of its examples, in how many "epochs", with how many "mistakes" in
        all and in each of the first epochs ("first", [epochs, trials]); and "start", the length of w at the start.
    """
    trials, examples, numbers = inputs.shape
    models = [untrained(numbers, seed) for seed in seeds]
    feed = OneByOne(
        torch.from_numpy(inputs).float().view(trials, examples, 1, 1, numbers), torch.from_numpy(targets).long()
    )
    steps = epochs * examples
    stack = Stack(models)
    stepper = Stepper(RECIPE, list(stack.stacked.values()), steps, stacked=True)
    state = State(model=stack, steppers={"all": stepper}, seed=seeds[0])
    mistakes = np.zeros((max(epochs, SHOWN), trials), int)

    def note(state: State) -> None:
        mistakes[(state.step - 1) // examples] += (state.losses.pop("all") > 0).numpy()

    loop(state, feed, EachSeed(make_objective(RECIPE, 0)), steps=steps, after=note)
    return {
        "learned": (~mistaken(stack, feed)).tolist(),
        "epochs": [int(row.nonzero()[0].max(initial=-1)) + 1 for row in mistakes.T],
        "mistakes": mistakes.sum(axis=0).tolist(),
        "first": mistakes[:SHOWN].tolist(),
        "start": [float(half_difference(model).norm()) for model in models],
    }


def learn_logic(function: str, seeds: Sequence[int], epochs: int) -> dict[str, Any]:
    """A function of two inputs, from other weights and in another order each trial."""
    patterns = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    inputs, targets = (np.stack([each] * len(seeds)) for each in (patterns, np.array(LOGIC[function])))
    return learn(inputs, targets, seeds, epochs)


def learn_random(seeds: Sequence[int], epochs: int) -> dict[str, Any]:
    """Another separable set each trial, and the "bound" on the mistakes made on it."""
    sets = [separable(seed) for seed in seeds]
    inputs, targets = (np.stack(each) for each in zip(*sets, strict=True))
    found = learn(inputs, targets, seeds, epochs)
    found["bound"] = [bound(*each, start) for each, start in zip(sets, found["start"], strict=True)]
    return found


def separable(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Normal inputs [examples, numbers] on the two sides of a plane, none of them nearer to it than a gap; targets
    [examples] say the side."""
    random = np.random.default_rng(stream(seed, "separable"))
    normal = random.normal(size=NUMBERS)
    normal /= np.linalg.norm(normal)
    offset, gap = 0.5 * random.normal(), np.exp(random.uniform(*np.log(GAPS)))
    found: list[np.ndarray] = []
    while len(found) < EXAMPLES:
        example = random.normal(size=NUMBERS)
        if abs(example @ normal + offset) >= gap:
            found.append(example)
    inputs = np.stack(found)
    return inputs, (inputs @ normal + offset > 0).astype(int)


def bound(inputs: np.ndarray, targets: np.ndarray, start: float) -> float:
    """The most mistakes on these examples from weights of length `start`: see the head of this module.

    The best margin is a support vector machine's, of weights so dear to violate that none is. It has no threshold of
    its own: the examples hold a constant 1, and each is there a second time, mirrored, as one of the other class.
    """
    from sklearn.svm import SVC

    examples = np.column_stack([inputs, np.ones(len(inputs))])
    turned = examples * np.where(targets == 1, 1, -1)[:, None]
    machine = SVC(kernel="linear", C=1e6)
    machine.fit(np.concatenate([turned, -turned]), np.repeat([1, -1], len(turned)))
    best = machine.coef_[0] / np.linalg.norm(machine.coef_[0])
    margin, radius = float((turned @ best).min()), float(np.linalg.norm(examples, axis=1).max())
    assert margin > 0, "these examples are separable"
    return (radius / margin) ** 2 + 2 * start / margin


def measure(lab: Lab) -> Measured:
    epochs = lab.examples(EPOCHS)
    found = lab.work(
        {RANDOM: partial(learn_random, lab.seeds, epochs)}
        | {function: partial(learn_logic, function, lab.seeds, epochs) for function in LOGIC}
    )
    for function in ("AND", "OR"):
        lab.notes.append(f"{function}: learned in {np.median(found[function]['epochs']):g} epochs, the median.")
    random = {name: np.array(values) for name, values in found[RANDOM].items()}
    ratios = random["mistakes"] / random["bound"]
    lab.notes.append(
        f"{RANDOM}: mistakes were {np.median(ratios):.3f} of the bound, the median, and {ratios.max():.3f} at most."
    )
    xor = np.array(found["XOR"]["learned"])
    return Measured(
        questions=(
            Question(
                text="Does it learn every separable set, with no more mistakes than the bound allows?",
                unit="share that learned within the bound",
                arm=f"random {RANDOM}",
                values=random["learned"] & (ratios <= 1),
                kind=SHARE,
                size=0.9,
                percent=True,
                under_trained=f"random {RANDOM}" if lab.shortened else "",
            ),
            Question(
                text="Does it learn AND and OR, and not XOR?",
                unit="share of trials that learned",
                control="XOR",
                control_values=xor,
                arm="AND, OR",
                values=found["AND"]["learned"] + found["OR"]["learned"],
                kind=SHARE,
                size=0.9,
                margin=0.05,
                percent=True,
                under_trained="AND, OR" if lab.shortened else "",
            ),
            Question(
                text=f"Does it fail on XOR, in {epochs:,} epochs?",
                unit="share of trials that learned",
                arm="XOR",
                values=xor,
                kind=SHARE,
                predicted=LESS,
                size=0.1,
                percent=True,
            ),
        ),
        pictures=(learning(found), against_bound(random)),
    )


def learning(found: dict[str, dict[str, Any]]) -> Picture:
    """Mistakes epoch by epoch on the functions of two inputs."""
    series = []
    for function in LOGIC:
        first = np.array(found[function]["first"])  # [epochs, trials]
        series.append(
            Series(
                label=function,
                role="control" if function == "XOR" else "arm",
                x=tuple(float(epoch + 1) for epoch in range(len(first))),
                y=tuple(first.mean(axis=1).tolist()),
                low=tuple(np.quantile(first, 0.1, axis=1).tolist()),
                high=tuple(np.quantile(first, 0.9, axis=1).tolist()),
            )
        )
    return Picture(
        kind="lines",
        title="AND and OR are learned in a few epochs, XOR in none",
        caption="Mean of the trials, with a band that holds the middle eight in ten.",
        x_label="epoch",
        y_label="mistakes on the four patterns",
        series=tuple(series),
    )


def against_bound(random: dict[str, np.ndarray]) -> Picture:
    """Mistakes on each separable set, and the bound."""
    order = np.argsort(random["bound"])
    places = tuple(float(place + 1) for place in range(len(order)))
    return Picture(
        kind="lines",
        title="Mistakes on separable sets, and the most that there can be",
        caption="Each place is another random set; sets are in the order of their bound, (R / margin) squared.",
        x_label="set, from the widest margin to the narrowest",
        y_label="mistakes until all is learned",
        log_y=True,
        series=(
            Series(label="bound", role="published", x=places, y=tuple(random["bound"][order].tolist())),
            Series(label="perceptron", role="arm", x=places, y=tuple(random["mistakes"][order].astype(float).tolist())),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["perceptron"]),
    setting=f"AND, OR and XOR, and random separable sets of {EXAMPLES} examples of {NUMBERS} numbers, another set in "
    f"each trial; one example at a time, for up to {EPOCHS:,} epochs.",
    differs="The units see the inputs themselves, where Rosenblatt's saw them through random connections, and there "
    "are two, one for each class. Weights start near zero, and the bound is widened by what this can cost, less than "
    "one mistake or so. XOR is given up after a fixed time; that no time is enough is a theorem.",
    seeds=100,
    measure=measure,
)
