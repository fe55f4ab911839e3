"""2011: through many layers of sigmoids the gradient fades away, and through rectifiers it does not."""

from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.judge.claims import RATIO, Question
from epochal.milestones.table import CLAIMS
from epochal.study.changes import change
from epochal.study.lab import Lab, ask_score, shares
from epochal.study.milestone import Measured, Milestone
from epochal.train.trainee import prepare

WIDTH = 64
DEPTHS = (1, 2, 4, 8)  # hidden layers
PASSES = 30
TRIALS = 5  # learning rates, each three times the one before
FADES = 2.0 ** (DEPTHS[-1] - 1)  # each layer passed takes away half or more: a sigmoid's slope is 1/4 at most
TRAINING = "training accuracy"
SIGMOID, TANH, RELU = "sigmoid", "tanh", "rectifier"


def recipe(depth: int) -> Recipe:
    """Sigmoid units from the initialisation of He et al., which are the larger weights, and so lose less gradient than
    those that were made for sigmoids."""
    return Recipe(
        model="mlp",
        options={"layers": depth, "hidden": WIDTH, "activation": "sigmoid", "initialisation": "he"},
        learning_rate=0.1,
        schedule="constant",
    )


def gradients(dataset: Dataset, recipe: Recipe, seed: int) -> list[float]:
    """Norm of the loss's gradient at the weighted sums of each hidden layer, first to last, before any training."""
    trainee = prepare(dataset, recipe, seed, Budget(examples=1))
    sums: list[Tensor] = []
    for module in trainee.model.hidden:
        if isinstance(module, nn.Linear):
            module.register_forward_hook(lambda module, inputs, output: sums.append(output))
    batch = next(iter(trainee.feed.batches(trainee.model, seed)))
    loss = trainee.objective.loss("all", trainee.model, batch)
    return [float(gradient.norm()) for gradient in torch.autograd.grad(loss, sums)]


def gradients_of_seeds(dataset: Dataset, recipe: Recipe, seeds: tuple[int, ...]) -> list[list[float]]:
    """[seeds, layers] of `gradients`."""
    return [gradients(dataset, recipe, seed) for seed in seeds]


def layers(depth: int) -> str:
    return f"{depth} hidden layer{'s' if depth > 1 else ''}"


def line(label: str, x: tuple[int, ...], table: np.ndarray) -> Series:
    """Means of `table` [seeds, places], with a band from the lowest to the highest."""
    return Series(
        label=label,
        role={SIGMOID: "control", RELU: "arm"}.get(label, "other"),
        x=tuple(map(float, x)),
        y=tuple(table.mean(axis=0).tolist()),
        low=tuple(table.min(axis=0).tolist()),
        high=tuple(table.max(axis=0).tolist()),
    )


def measure(lab: Lab) -> Measured:
    digits = lab.data("digits").on_training()
    relu, tanh = change("relu"), change("tanh")
    recipes = {}
    for depth in DEPTHS:
        recipes[f"{SIGMOID}, {layers(depth)}"] = recipe(depth)
        recipes[f"{RELU}, {layers(depth)}"] = relu.apply(recipe(depth))
    arms = lab.train(digits, recipes, examples=PASSES * len(digits.train), trials=TRIALS)
    deepest = recipe(DEPTHS[-1])
    started = lab.work(
        {
            label: partial(gradients_of_seeds, digits, one, lab.seeds)
            for label, one in ((SIGMOID, deepest), (TANH, tanh.apply(deepest)), (RELU, relu.apply(deepest)))
        }
    )
    norms = {label: np.array(table) for label, table in started.items()}
    kept = {label: table[:, 0] / table[:, -1] for label, table in norms.items()}
    first, last = (f"{SIGMOID}, {layers(depth)}" for depth in (DEPTHS[0], DEPTHS[-1]))
    rectified = f"{RELU}, {layers(DEPTHS[-1])}"
    trained = {
        unit: np.stack([shares(arms[f"{unit}, {layers(depth)}"], digits) for depth in DEPTHS], axis=1)
        for unit in (SIGMOID, RELU)
    }
    return Measured(
        questions=(
            ask_score(
                f"Do {layers(DEPTHS[-1])} train with rectifiers, and not with sigmoids?",
                (last, arms[last]),
                (rectified, arms[rectified]),
                digits,
                unit=TRAINING,
                size=0.5,
                margin=0.01,
            ),
            ask_score(
                "Is it depth that sigmoids do not bear?",
                (first, arms[first]),
                (last, arms[last]),
                digits,
                unit=TRAINING,
                predicted="less",
                size=0.5,
                margin=0.01,
            ),
            Question(
                text="Does more of the gradient reach the first layer through rectifiers?",
                unit="norm of the gradient at the first hidden layer over that at the last, before training",
                control=SIGMOID,
                control_values=kept[SIGMOID],
                arm=RELU,
                values=kept[RELU],
                kind=RATIO,
                size=FADES,
                margin=1.5,
            ),
        ),
        pictures=(
            Picture(
                kind="lines",
                title="What reaches each layer of the error, before training",
                caption=f"Norm of the loss's gradient at the sums of each of {layers(DEPTHS[-1])}; the loss is on the "
                "right, and the gradient travels to the left. Mean of the seeds, band from lowest to highest.",
                x_label="hidden layer",
                y_label="norm of the gradient",
                log_y=True,
                series=tuple(line(label, tuple(range(1, DEPTHS[-1] + 1)), table) for label, table in norms.items()),
            ),
            Picture(
                kind="lines",
                title="How deep a network can be, and still learn the images it is shown",
                caption=f"After {PASSES} passes at the best of {TRIALS} rates; mean of the seeds, band from lowest to "
                "highest.",
                x_label="hidden layers",
                y_label=TRAINING,
                percent=True,
                series=tuple(line(label, DEPTHS, table) for label, table in trained.items()),
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["vanishing-gradient"]),
    setting=f"scikit-learn's digits, {PASSES} passes, perceptrons of width {WIDTH} and {DEPTHS[0]} to "
    f"{layers(DEPTHS[-1])}, sigmoid against rectifier, each at the best of {TRIALS} rates, from the same "
    "initialisation (He et al.)",
    differs="1,079 images of 8x8 pixels and 64 units a layer instead of 1,000; judged on the training images, because "
    "the claim is about optimisation. The size asked for is theory's: a half or more lost at each of seven layers.",
    measure=measure,
)
