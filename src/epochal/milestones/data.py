"""2012: with too few images a network learns them by heart; with more, its error falls along a power law."""

from functools import partial

import numpy as np

from epochal.core.claim import Picture, Series
from epochal.core.errors import DataError
from epochal.core.recipe import Recipe
from epochal.core.run import Budget
from epochal.data.dataset import Dataset
from epochal.judge.claims import VALUE, Question
from epochal.judge.learning_curve import fit_power_law
from epochal.milestones.table import CLAIMS
from epochal.study.lab import Lab
from epochal.study.milestone import Measured, Milestone
from epochal.train.fit import fit
from epochal.train.trainee import prepare

LARGEST = 16_000
DIVISORS = (64, 32, 16, 8, 4, 1)  # of the largest size; the law is fitted on all but the last
LEAST = 5  # images of a class, on average
EXAMPLES = 160_000  # shown in each training, whatever the number of images
BETWEEN = 20  # places at which the law is drawn
LEAST_DRAWN = 1e-3  # an axis of logarithms has no zero

NETWORK = Recipe(
    model="mlp",
    options={"hidden": 128, "activation": "relu", "initialisation": "he"},
    learning_rate=0.05,
)


def train(dataset: Dataset, size: int, seed: int, examples: int) -> dict[str, float]:
    """Train on a number of images, drawn by the seed: how many they were, and the errors on them and on validation."""
    part = dataset.train_fraction(size / len(dataset.train), seed)
    budget = Budget(examples=examples)
    predictor, _ = fit(prepare(part, NETWORK, seed, budget), budget, seed, points=1)
    train_error, error = (
        float((predictor(split.inputs).labels != split.targets).mean()) for split in (part.train, part.validation)
    )
    return {"size": len(part.train), "training error": train_error, "error": error}


def sizes_of(dataset: Dataset) -> list[int]:
    """Training sizes, rising; the last is the one that is predicted from the others.

    Raises:
        DataError: there are too few images for a law.
    """
    largest, least = min(LARGEST, len(dataset.train)), LEAST * dataset.task.classes
    sizes = [largest // divisor for divisor in DIVISORS if largest // divisor >= least]
    if len(sizes) < 4:
        raise DataError(
            f"{dataset.task.name} has {len(dataset.train):,} training images of {dataset.task.classes} classes, and a "
            f"power law needs {DIVISORS[-4] * least:,} or more: give more images, or fewer classes."
        )
    return sizes


def measure(lab: Lab) -> Measured:
    dataset = lab.data("fashion-mnist")
    wanted, examples = sizes_of(dataset), lab.examples(EXAMPLES)
    found = lab.work(
        {
            f"{size} images, seed {seed}": partial(train, dataset, size, seed, examples)
            for size in wanted
            for seed in lab.seeds
        }
    )
    table = [[found[f"{size} images, seed {seed}"] for size in wanted] for seed in lab.seeds]
    sizes = [int(one["size"]) for one in table[0]]
    errors, learned = (np.array([[one[key] for one in row] for row in table]) for key in ("error", "training error"))
    predicted = np.array([fit_power_law(sizes[:-1], row[None, :-1]).predict(sizes[-1])[0] for row in errors])
    gaps = errors - learned
    few, many = (f"{size:,} images" for size in (sizes[0], sizes[-1]))
    return Measured(
        questions=(
            Question(
                text=f"Does a network learn {few} by heart?",
                unit="training accuracy",
                arm=few,
                values=1 - learned[:, 0],
                kind=VALUE,
                size=0.99,
                percent=True,
                under_trained=few if lab.shortened else "",
            ),
            Question(
                text=f"Is the gap between training and validation smaller with {many}?",
                unit="training minus validation accuracy",
                control=few,
                control_values=gaps[:, 0],
                arm=many,
                values=gaps[:, -1],
                predicted="less",
                size=0.05,
                margin=0.01,
                percent=True,
                under_trained=many if lab.shortened else "",
            ),
            Question(
                text=f"Does the law of up to {sizes[-2]:,} images foretell the error with {many}?",
                unit="validation error",
                control="the law's prediction",
                control_values=predicted,
                arm=f"measured with {many}",
                values=errors[:, -1],
                predicted="same",
                margin=0.015,
                percent=True,
                under_trained=many if lab.shortened else "",
            ),
        ),
        pictures=(law_picture(sizes, errors), gap_picture(sizes, errors, learned)),
    )


def law_picture(sizes: list[int], errors: np.ndarray) -> Picture:
    """`errors` [seeds, sizes] on validation."""
    law = fit_power_law(sizes[:-1], errors[:, :-1])
    places = np.geomspace(sizes[0], sizes[-1], BETWEEN).tolist()
    middle, low, high = zip(*(law.predict(place) for place in places), strict=True)
    return Picture(
        kind="lines",
        title="Error against the number of images",
        caption=f"The law, with its 95% band, was fitted on the sizes up to {sizes[-2]:,}, and knew nothing of the "
        "largest. Marks are the mean of the seeds, from the lowest to the highest.",
        x_label="training images",
        y_label="validation error",
        log_x=True,
        log_y=True,
        percent=True,
        series=(
            Series(
                label="the law",
                role="control",
                x=tuple(places),
                y=middle,
                low=tuple(max(each, LEAST_DRAWN) for each in low),
                high=high,
            ),
            over_seeds("measured", "arm", sizes, np.maximum(errors, LEAST_DRAWN)),
        ),
    )


def gap_picture(sizes: list[int], errors: np.ndarray, learned: np.ndarray) -> Picture:
    """`errors` on validation and `learned` on training images, both [seeds, sizes]."""
    return Picture(
        kind="lines",
        title="Learned by heart, or understood",
        caption="Accuracy on the images of the training and on others; equally many examples shown at each size.",
        x_label="training images",
        y_label="accuracy",
        log_x=True,
        percent=True,
        series=(
            over_seeds("on training images", "other", sizes, 1 - learned),
            over_seeds("on validation images", "arm", sizes, 1 - errors),
        ),
    )


def over_seeds(label: str, role: str, sizes: list[int], values: np.ndarray) -> Series:
    """The mean of `values` [seeds, sizes], from the lowest to the highest."""
    return Series(
        label=label,
        role=role,
        x=tuple(map(float, sizes)),
        y=tuple(values.mean(axis=0).tolist()),
        low=tuple(values.min(axis=0).tolist()),
        high=tuple(values.max(axis=0).tolist()),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["data"]),
    setting=f"Fashion-MNIST, {LARGEST // DIVISORS[0]} to {LARGEST:,} images, one hidden layer of 128 rectifiers, "
    f"{EXAMPLES:,} examples shown at each size; the law is fitted on up to {LARGEST // DIVISORS[-2]:,} images, and "
    f"checked at {LARGEST:,}.",
    differs="A small network on thousands of small grey images, not a large one on a million photos; the network stays "
    "the same at every size of the data.",
    measure=measure,
)
