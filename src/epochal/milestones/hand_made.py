"""2012: features that are learned beat features that are made by hand, given images enough to learn them from."""

from collections.abc import Sequence
from math import exp, log

import numpy as np

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.judge.claims import Question
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones.table import CLAIMS
from epochal.models.classical.hog_svm import cell_side
from epochal.study.lab import Lab, ask_score, shares, under_trained
from epochal.study.milestone import Measured, Milestone

SIDE = 16
CELL = 4  # pixels: at 16x16, HOG was better by 1 to 3 points with these than with cells of 2
SIZES = (100, 700, 5_000)  # training images
PASSES = 12
LEAST = 10_000  # examples shown, however few the images
HAND_MADE, LEARNED = "HOG + SVM", "LeNet-5"
ROLES = {HAND_MADE: "control", LEARNED: "arm"}


def recipes(dataset: Dataset) -> dict[str, Recipe]:
    """Hand-made features in cells of four pixels, or more where the rung's own rule says so; and a network."""
    cell = max(CELL, cell_side(*dataset.task.input_shape[1:])) if min(dataset.task.input_shape[1:]) >= SIDE else None
    return {HAND_MADE: RUNGS["hog-svm"].recipe.with_options(cell=cell), LEARNED: RUNGS["lenet"].recipe}


def sizes(available: int) -> list[int]:
    """Training images to learn from: those of `SIZES` that there are, and all where there are fewer than the most."""
    return [size for size in SIZES if size < available] + ([available] if available <= SIZES[-1] else [])


def crossing(at: Sequence[int], first: Sequence[float], second: Sequence[float]) -> float | None:
    """Where the second line falls below the first, straight lines over log x; None if it does not, or always was."""
    gaps = [b - a for a, b in zip(first, second, strict=True)]
    above = [place for place, gap in enumerate(gaps) if gap >= 0]
    if not above or above[-1] == len(gaps) - 1:
        return None
    last = above[-1]
    share = gaps[last] / (gaps[last] - gaps[last + 1])
    return exp(log(at[last]) + share * (log(at[last + 1]) - log(at[last])))


def where(at: Sequence[int], first: Sequence[float], second: Sequence[float]) -> str:
    """The crossing in words."""
    if (place := crossing(at, first, second)) is not None:
        return f"The lines cross at about {place:,.0f} images."
    return f"The lines do not cross: {LEARNED if second[-1] < first[-1] else HAND_MADE} ends with the lower error."


def measure(lab: Lab) -> Measured:
    everything = lab.data("cifar10", size=SIDE)
    found = {}
    for size in sizes(len(everything.train)):
        dataset = everything.train_fraction(size / len(everything.train))
        count = len(dataset.train)
        arms = lab.train(
            dataset,
            {f"{name}, {count:,} images": recipe for name, recipe in recipes(dataset).items()},
            examples=max(PASSES * count, LEAST),
            points=6,
        )
        found[count] = dict(zip(ROLES, arms.items(), strict=True))
    at = list(found)
    right = {name: np.array([shares(one[name][1], everything) for one in found.values()]) for name in ROLES}
    lead = right[LEARNED] - right[HAND_MADE]  # [sizes, seeds]
    errors = {name: (1 - table.mean(axis=1)).tolist() for name, table in right.items()}
    return Measured(
        questions=(
            ask_score(
                f"Do learned features beat hand-made ones, at {at[-1]:,} images?",
                found[at[-1]][HAND_MADE],
                found[at[-1]][LEARNED],
                everything,
                size=0.02,
                margin=0.01,
            ),
            Question(
                text=f"Is more data what learned features need: do they lead by more at {at[-1]:,} images?",
                unit=f"lead in accuracy of {LEARNED} over {HAND_MADE}",
                control=f"{at[0]:,} images",
                control_values=lead[0],
                arm=f"{at[-1]:,} images",
                values=lead[-1],
                under_trained=under_trained(found[at[-1]][LEARNED]),
                size=0.02,
                margin=0.01,
                percent=True,
            ),
        ),
        pictures=(
            Picture(
                kind="lines",
                title="Error against the number of training images",
                caption=f"{where(at, errors[HAND_MADE], errors[LEARNED])} Mean of the seeds, with a band from the "
                "lowest to the highest.",
                x_label="training images",
                y_label="validation error",
                log_x=True,
                percent=True,
                series=tuple(
                    Series(
                        label=name,
                        role=role,
                        x=tuple(map(float, at)),
                        y=tuple(errors[name]),
                        low=tuple((1 - right[name].max(axis=1)).tolist()),
                        high=tuple((1 - right[name].min(axis=1)).tolist()),
                    )
                    for name, role in ROLES.items()
                ),
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["hand-made-to-learned"]),
    setting=f"CIFAR-10 at {SIDE}x{SIDE} pixels, {SIZES[0]} to {SIZES[-1]:,} training images: HOG with a linear SVM "
    f"against LeNet-5, which sees {PASSES} passes and at least {LEAST:,} examples",
    differs=f"At most {SIZES[-1]:,} small images of 10 classes instead of 1.2 million photos of 1,000; top-1 error "
    "instead of top-5; LeNet-5 of 1998 stands for AlexNet, and HOG for the SIFT features and Fisher vectors of 2012; "
    f"HOG sees no colour. The second question was chosen after a first look, in which the network led at {SIZES[0]} "
    "images already, so that the lines do not cross on these photos as they do on digits. Each size is one subset of "
    "the images: seeds vary the network, and how the SVM's penalty is chosen.",
    measure=measure,
)
