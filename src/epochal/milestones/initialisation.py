"""2010: the size of the first random weights decides whether a deep network can begin to learn."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.judge.claims import RATIO, Question
from epochal.milestones.table import CLAIMS
from epochal.models.parts.activations import Activation
from epochal.study.changes import change
from epochal.study.lab import Lab, ask_score, curves, shares
from epochal.study.milestone import Measured, Milestone
from epochal.study.speed import ask_pace, at_rates, pace
from epochal.train.trainee import prepare

WIDTH = 64
SHALLOW, DEEP = 5, 30  # hidden layers, as in Glorot & Bengio's Table 1, and about as many as in He et al.'s Figure 3
PASSES = 25
POINTS = 60  # of the curves that tell how soon a level is reached
RATES = (0.01, 0.03, 0.1, 0.3)  # of tanh networks
TRIALS = 3  # rates of deep ones, each three times the one before
SHARE = 0.9  # of the best accuracy: the level to be reached
FASTER = 1.5  # Glorot & Bengio say "substantially faster convergence", and give no number
ALIVE = 1_000.0  # theory: a factor of sqrt(2) for each of 29 layers, 23,000 in all

STANDARD, NORMALISED = "tanh, 5 layers, standard", "tanh, 5 layers, normalised"
GLOROT, HE = "rectifier, 30 layers, Glorot", "rectifier, 30 layers, He"


def recipe(layers: int, activation: str, initialisation: str, learning_rate: float) -> Recipe:
    """A multilayer perceptron at a constant rate, which does not depend on how long it trains."""
    return Recipe(
        model="mlp",
        options={"layers": layers, "hidden": WIDTH, "activation": activation, "initialisation": initialisation},
        learning_rate=learning_rate,
        schedule="constant",
    )


def deviations(dataset: Dataset, recipe: Recipe, seed: int) -> list[float]:
    """The standard deviation of what each hidden layer gives for a batch of images, before any training."""
    trainee = prepare(dataset, recipe, seed, Budget(examples=1))
    outputs: list[Tensor] = []
    for module in trainee.model.hidden:
        if isinstance(module, Activation):
            module.register_forward_hook(lambda module, inputs, output: outputs.append(output))
    batch = next(iter(trainee.feed.batches(trainee.model, seed)))
    with torch.no_grad():
        trainee.model(batch.inputs)
    return [float(output.std()) for output in outputs]


def deviations_of_seeds(dataset: Dataset, recipe: Recipe, seeds: tuple[int, ...]) -> list[list[float]]:
    """[seeds, layers] of `deviations`."""
    return [deviations(dataset, recipe, seed) for seed in seeds]


def measure(lab: Lab) -> Measured:
    digits = lab.data("digits")
    learned = digits.on_training()
    examples = PASSES * len(digits.train)
    standard, glorot = recipe(SHALLOW, "tanh", "uniform_fan_in", RATES[0]), recipe(DEEP, "relu", "glorot", 0.003)
    normalised, he = change("glorot").apply(standard), change("he").apply(glorot)
    tried = {label: at_rates(label, one, RATES) for label, one in ((STANDARD, standard), (NORMALISED, normalised))}
    shallow = lab.train(digits, tried[STANDARD] | tried[NORMALISED], examples=examples, points=POINTS)
    deep = lab.train(learned, {GLOROT: glorot, HE: he}, examples=examples, trials=TRIALS)
    started = lab.work(
        {
            label: partial(deviations_of_seeds, digits, one, lab.seeds)
            for label, one in ((GLOROT, glorot), (HE, he), (STANDARD, standard), (NORMALISED, normalised))
        }
    )
    signals = {label: np.array(table) for label, table in started.items()}
    level = SHARE * max(shares(arm, digits).mean() for arm in shallow.values())
    paces = {label: pace(lab, label, [shallow[one] for one in tried[label]], level) for label in tried}
    return Measured(
        questions=(
            ask_pace(
                f"Do {SHALLOW} layers of tanh units learn sooner from the normalised initialisation?",
                (STANDARD, paces[STANDARD]),
                (NORMALISED, paces[NORMALISED]),
                level,
                size=FASTER,
                margin=1.1,
            ),
            ask_score(
                f"Do {DEEP} layers of rectifiers train from the initialisation of He et al., and not from Glorot's?",
                (GLOROT, deep[GLOROT]),
                (HE, deep[HE]),
                learned,
                unit="training accuracy",
                size=0.5,
                margin=0.01,
            ),
            Question(
                text=f"Does a signal that Glorot's initialisation loses over {DEEP} layers of rectifiers survive?",
                unit="standard deviation of the last hidden layer before training",
                control=GLOROT,
                control_values=signals[GLOROT][:, -1],
                arm=HE,
                values=signals[HE][:, -1],
                kind=RATIO,
                size=ALIVE,
                margin=2.0,
            ),
        ),
        pictures=(
            Picture(
                kind="lines",
                title="What is left of the signal, layer by layer, before training",
                caption="Standard deviation of each layer's outputs; mean of the seeds, band from lowest to highest.",
                x_label="hidden layer",
                y_label="standard deviation",
                log_y=True,
                series=tuple(
                    Series(
                        label=label,
                        role={GLOROT: "control", HE: "arm"}.get(label, "other"),
                        x=tuple(float(layer + 1) for layer in range(table.shape[1])),
                        y=tuple(table.mean(axis=0).tolist()),
                        low=tuple(table.min(axis=0).tolist()),
                        high=tuple(table.max(axis=0).tolist()),
                    )
                    for label, table in signals.items()
                ),
            ),
            curves(
                f"{DEEP} layers of rectifiers",
                "Mean of the seeds, with a band from the lowest to the highest.",
                deep,
                control=GLOROT,
                y_label="training accuracy",
            ),
            curves(
                f"{SHALLOW} layers of tanh units, each at its best rate",
                "Mean of the seeds, with a band from the lowest to the highest.",
                {f"{label}, rate {found.rate:g}": found.arm for label, found in paces.items()},
                control=f"{STANDARD}, rate {paces[STANDARD].rate:g}",
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["initialisation"]),
    setting=f"scikit-learn's digits, {PASSES} passes, perceptrons of width {WIDTH}: {SHALLOW} hidden layers of tanh "
    f"units (standard is equation 1 of Glorot & Bengio) and {DEEP} of rectifiers, each at its best rate",
    differs="1,079 images of 8x8 pixels instead of Shapeset's endless 32x32; 64 units a layer instead of 1,000. For "
    "tanh we ask how soon it learns, because on digits both end up right. He et al. trained convolutions on ImageNet.",
    measure=measure,
)
