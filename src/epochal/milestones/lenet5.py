"""1998: a convolutional network reads digits better than nearest neighbours and than a linear classifier."""

from functools import partial

import numpy as np

from epochal.core.claim import Picture, Series
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones.table import CLAIMS
from epochal.study.lab import Lab, Scale, ask_score, curves, shares
from epochal.study.milestone import Measured, Milestone, PaperScale

SMALL = Scale(data="mnist", items=20_000, passes=3)
PAPER = Scale(data="mnist", passes=20)
LINEAR, NEIGHBOURS, LENET = "linear classifier", "nearest neighbours", "LeNet-5"
PUBLISHED = {LINEAR: 0.12, NEIGHBOURS: 0.05, LENET: 0.0095}  # Figure 9, test error
RECIPES = {
    LENET: RUNGS["lenet"].recipe.replace(memory_format="channels_last"),
    NEIGHBOURS: RUNGS["nearest-neighbours"].recipe,
    # Rosenblatt's one layer, but with the softmax of logistic regression: the stronger of the two linear classifiers.
    LINEAR: RUNGS["perceptron"].recipe.replace(objective="cross_entropy"),
}


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    digits = lab.open(scale)
    arms = lab.train(digits, RECIPES, examples=scale.passes * len(digits.train))  # the neighbours see each image once
    one = {label: (label, arm) for label, arm in arms.items()}
    errors = {name: 1 - shares(arms[name], digits) for name in PUBLISHED}  # [seeds] each
    return Measured(
        questions=(
            ask_score(
                "Does LeNet-5 make fewer errors than nearest neighbours?",
                one[NEIGHBOURS],
                one[LENET],
                digits,
                size=0.01,
                margin=0.002,
            ),
            ask_score(
                "Does LeNet-5 make fewer errors than a linear classifier?",
                one[LINEAR],
                one[LENET],
                digits,
                size=0.05,
                margin=0.002,
            ),
        ),
        pictures=(
            bars(errors),
            curves(
                "Learning",
                "Mean of the seeds, with a band from the lowest to the highest.",
                {name: arms[name] for name in (LENET, LINEAR)},
                control=LINEAR,
            ),
        ),
    )


def bars(errors: dict[str, np.ndarray]) -> Picture:
    """Errors, and the published ones."""
    places = tuple(map(float, range(len(errors))))
    return Picture(
        kind="bars",
        title="Errors of three ways to read digits",
        caption="Here on validation images, the mean of the seeds with the lowest and the highest; published, on the "
        "test images of MNIST (Figure 9).",
        y_label="error",
        percent=True,
        ticks=tuple(errors),
        series=(
            Series(
                label="here",
                role="arm",
                x=places,
                y=tuple(float(values.mean()) for values in errors.values()),
                low=tuple(float(values.min()) for values in errors.values()),
                high=tuple(float(values.max()) for values in errors.values()),
            ),
            Series(label="published", role="published", x=places, y=tuple(PUBLISHED[name] for name in errors)),
        ),
    )


ALSO = (
    "LeNet-5 has a trained output layer in place of fixed codes, with momentum and a softmax; the linear classifier is "
    "logistic regression, and the neighbours' votes count by their distance, both stronger than the paper's. Judged on "
    "validation images."
)

MILESTONE = Milestone(
    **vars(CLAIMS["lenet5"]),
    setting=f"MNIST, {SMALL.items:,} training images: LeNet-5 and a linear classifier for {SMALL.passes:g} passes, "
    "and nearest neighbours among all of them",
    differs=f"A third of the training images and {SMALL.passes:g} passes instead of {PAPER.passes:g}; {ALSO}",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"MNIST, 54,000 training images: LeNet-5 and a linear classifier for {PAPER.passes:g} passes, and "
        "nearest neighbours among all of them",
        differs=f"A tenth of the training images is kept for validation; {ALSO}",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
