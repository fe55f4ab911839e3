"""2006: trained layer by layer without labels first, a deep network of sigmoid units learns what it could not."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from epochal.core.claim import Picture, Series
from epochal.core.protocols import Batch, Feed
from epochal.core.recipe import Recipe
from epochal.core.run import FINISHED, Budget
from epochal.core.seeds import stream
from epochal.data.dataset import Dataset
from epochal.data.feed import ArrayFeed
from epochal.judge.claims import Question
from epochal.kinds.image_input import thumbnail
from epochal.milestones.table import CLAIMS
from epochal.models.mlp import Mlp
from epochal.models.rbm import ContrastiveDivergence, Rbm, copy_features
from epochal.study.changes import change
from epochal.study.lab import ACCURACY, Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.device import device
from epochal.train.experiment import TUNING_SEED, rates
from epochal.train.fit import fit
from epochal.train.loop import State, loop
from epochal.train.optimise import Stepper
from epochal.train.trainee import prepare

UNLABELLED, LABELLED = 10_000, 500
LAYERS, HIDDEN = 4, 200
BEFORE, AFTER = 50_000, 20_000  # examples shown to each machine without labels, then to the network with them
TRIALS = 4  # learning rates tried for each arm, on a seed of their own
FEATURES = 24  # shown in the picture

PLAIN, PRETRAINED, RECTIFIED = "sigmoid", "sigmoid, pre-trained", "rectifiers, He's weights"

SIGMOID = Recipe(
    model="mlp",
    options={"hidden": HIDDEN, "layers": LAYERS, "activation": "sigmoid", "initialisation": "glorot"},
    learning_rate=0.1,
    batch_size=32,
)
# Hinton, A practical guide to training restricted Boltzmann machines, 2010: batches, rate, momentum, weight decay.
MACHINE = Recipe(model="rbm", learning_rate=0.1, weight_decay=2e-4, batch_size=100)


@dataclass(frozen=True)
class Above:
    """The batches of a feed as the hidden units of the topmost machine have them: what the next machine learns from."""

    inner: Feed
    machines: tuple[Rbm, ...]
    fixed = True

    @property
    def per_batch(self) -> int:
        return self.inner.per_batch

    def batches(self, model: Any, seed: int, start: int = 0) -> Iterator[Batch]:
        for inputs, targets in self.inner.batches(model, seed, start):
            yield Batch(features(self.machines, inputs), targets)


@torch.no_grad()
def features(machines: tuple[Rbm, ...], images: Tensor) -> Tensor:
    """Hidden probabilities [batch, hidden] of the topmost machine, for images of values from 0 to 1."""
    values = images.flatten(1)
    for machine in machines:
        values = machine.hidden(values)
    return values


def pretrain(dataset: Dataset, seed: int, examples: int) -> tuple[Rbm, ...]:
    """A stack of machines, each trained on what the hidden units of the one below say of the training images."""
    channels, train = dataset.task.input_shape[0], dataset.train
    from_zero_to_one = dataset.codec.replace(mean=(0.0,) * channels, std=(1.0,) * channels)
    pixels = ArrayFeed(
        train.inputs,
        train.targets,
        batch_size=min(MACHINE.batch_size, len(train)),
        tensors=from_zero_to_one.tensors,
        device=device(),
    )
    steps = max(1, round(examples / pixels.batch_size))
    machines: tuple[Rbm, ...] = ()
    for number in range(LAYERS):
        torch.manual_seed(stream(seed, "machine", number))
        machine = Rbm(HIDDEN if machines else prod(dataset.task.input_shape), HIDDEN).to(device())
        steppers = {"all": Stepper(MACHINE, list(machine.parameters()), steps)}
        state = State(model=machine, steppers=steppers, seed=seed)
        loop(state, Above(pixels, machines), ContrastiveDivergence(), steps=steps)
        machines = (*machines, machine)
    return machines


def unfold(machines: tuple[Rbm, ...], network: Mlp, dataset: Dataset) -> None:
    """Let every hidden layer begin as a machine; the first is shown normalised pixels, and makes up for it."""
    _, height, width = dataset.task.input_shape
    mean, std = (
        torch.tensor(values, device=device()).repeat_interleave(height * width)
        for values in (dataset.codec.mean, dataset.codec.std)
    )
    layers = [layer for layer in network.hidden if isinstance(layer, nn.Linear)]
    for number, (machine, layer) in enumerate(zip(machines, layers, strict=True)):
        if number:
            copy_features(machine, layer)
        else:
            copy_features(machine, layer, mean=mean, std=std)


def train(
    labelled: Dataset, recipe: Recipe, seed: int, examples: int, machines: tuple[Rbm, ...] = ()
) -> dict[str, Any]:
    """Train on the labels, from random weights or from machines: what was right, and the curve of accuracies."""
    trainee = prepare(labelled, recipe, seed, Budget(examples=examples))
    if machines:
        unfold(machines, trainee.model, labelled)
    predictor, run = fit(trainee, Budget(examples=examples), seed)
    targets = labelled.validation.targets
    answers = predictor(labelled.validation.inputs).labels if run.status == FINISHED else np.zeros_like(targets)
    return {
        "correct": (answers == targets).astype(int).tolist(),
        "examples": [point.examples for point in run.curve],
        "accuracies": [point.values["score"] for point in run.curve],
        "finished": run.status == FINISHED,
    }


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What every arm has in common: images with and without labels, and how many are shown of each."""

    labelled: Dataset
    unlabelled: Dataset
    before: int
    after: int

    def machines(self, label: str, seed: int) -> tuple[Rbm, ...]:
        return pretrain(self.unlabelled, seed, self.before) if label == PRETRAINED else ()

    def tune(self, label: str, recipe: Recipe) -> float:
        """The learning rate with which this arm is right most often, on a seed that is not judged."""
        machines = self.machines(label, TUNING_SEED)

        def right(rate: float) -> int:
            found = train(self.labelled, recipe.replace(learning_rate=rate), TUNING_SEED, self.after, machines)
            return sum(found["correct"])

        return max(rates(recipe.learning_rate, TRIALS), key=right)

    def measure(self, label: str, recipe: Recipe, seed: int, *, show: bool = False) -> dict[str, Any]:
        """One training of an arm, with pictures of the first machine's features where they are asked for."""
        machines = self.machines(label, seed)
        shown = draw(machines[0], self.labelled.task.input_shape) if show and machines else []
        return train(self.labelled, recipe, seed, self.after, machines) | {"features": shown}


def draw(machine: Rbm, shape: tuple[int, ...]) -> list[str]:
    """The weights of the first hidden units as images, from the most inhibiting, black, to the most exciting, white."""
    drawn = []
    for weights in machine.weight.detach().cpu().numpy()[:FEATURES]:
        scaled = (weights - weights.min()) / max(float(np.ptp(weights)), 1e-12)
        drawn.append(thumbnail((255 * scaled).round().astype(np.uint8).reshape(shape)))
    return drawn


def measure(lab: Lab) -> Measured:
    unlabelled = lab.data("mnist", train=UNLABELLED)
    labels = min(LABELLED, max(1, len(unlabelled.train) // 4))
    labelled = unlabelled.train_fraction(labels / len(unlabelled.train))
    bench = Bench(labelled=labelled, unlabelled=unlabelled, before=lab.examples(BEFORE), after=lab.examples(AFTER))
    recipes = {
        PLAIN: SIGMOID,
        PRETRAINED: SIGMOID,
        RECTIFIED: change("he").apply(change("relu").apply(SIGMOID)),
    }
    best = lab.work({f"{label}, rate": partial(bench.tune, label, recipe) for label, recipe in recipes.items()})
    recipes = {label: recipe.replace(learning_rate=best[f"{label}, rate"]) for label, recipe in recipes.items()}
    found = lab.work(
        {
            f"{label}, seed {seed}": partial(bench.measure, label, recipe, seed, show=seed == lab.seeds[0])
            for label, recipe in recipes.items()
            for seed in lab.seeds
        }
    )
    arms = {label: [found[f"{label}, seed {seed}"] for seed in lab.seeds] for label in recipes}
    for label, results in arms.items():
        if lost := sum(not result["finished"] for result in results):
            lab.notes.append(f"{label}: {lost} of {len(results)} trainings diverged, and count as the first class.")
    lab.notes.append(
        f"{len(labelled.train):,} labelled of {len(unlabelled.train):,} images; learning rates "
        + ", ".join(f"{recipe.learning_rate:.2g} ({label})" for label, recipe in recipes.items())
        + f", each the best of {TRIALS}."
    )

    def ask(text: str, arm: str) -> Question:
        values = {label: np.array([result["correct"] for result in arms[label]]) for label in (PLAIN, arm)}
        return Question(
            text=text,
            unit=ACCURACY,
            control=PLAIN,
            control_values=values[PLAIN],
            arm=arm,
            values=values[arm],
            size=0.05,
            margin=0.01,
            percent=True,
            under_trained=arm if lab.shortened else "",
        )

    shown = arms[PRETRAINED][0]["features"]
    return Measured(
        questions=(
            ask("Does pre-training without labels make a deep sigmoid network train?", PRETRAINED),
            ask("Do rectifiers and weights made for them do it without pre-training?", RECTIFIED),
        ),
        pictures=(
            learning_curves(arms),
            Picture(
                kind="images",
                title="What the first machine learned without a label",
                caption=f"The weights of {len(shown)} of its {HIDDEN} hidden units: strokes, and parts of strokes.",
                images=tuple(shown),
            ),
        ),
    )


def learning_curves(arms: dict[str, list[dict[str, Any]]]) -> Picture:
    series = []
    for label, results in arms.items():
        curves = [result for result in results if result["finished"]]
        if curves:
            table = np.array([result["accuracies"] for result in curves])
            series.append(
                Series(
                    label=label,
                    role="control" if label == PLAIN else "arm" if label == PRETRAINED else "other",
                    x=tuple(map(float, curves[0]["examples"])),
                    y=tuple(table.mean(axis=0).tolist()),
                    low=tuple(table.min(axis=0).tolist()),
                    high=tuple(table.max(axis=0).tolist()),
                )
            )
    return Picture(
        kind="lines",
        title="Four hidden layers learn from few labels",
        caption="Mean of the seeds, with a band from the lowest to the highest. Pre-training is not counted.",
        x_label="labelled examples shown",
        y_label=ACCURACY,
        percent=True,
        series=tuple(series),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["layerwise"]),
    setting=f"MNIST, {LABELLED} labels: {LAYERS} hidden layers of {HIDDEN} sigmoid units, from random weights or from "
    f"restricted Boltzmann machines that saw {UNLABELLED:,} images without labels; and rectifiers from He's random "
    f"weights, with no pre-training. Each arm has the best of {TRIALS} learning rates.",
    differs=f"{LABELLED} labels instead of 60,000, smaller layers, one step of contrastive divergence and plain "
    f"fine-tuning by back-propagation, as in the second paper. The gap is that of {AFTER // LABELLED} passes over the "
    "labels: trained for twice as long, the sigmoid network leaves its plateau too, and makes up most of it.",
    measure=measure,
)
