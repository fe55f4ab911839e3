"""1989: units that share their weights across the image make fewer errors than units that each learn their own."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.judge.claims import EXACT, Question
from epochal.milestones.table import CLAIMS
from epochal.models.catalogue import build
from epochal.models.flops import parameters
from epochal.models.zipcode import NATIVE
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_score, curves, shares
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.train.experiment import Arm

SMALL = Scale(data="mnist", items=7_291, side=NATIVE, passes=8)  # as many images as in the paper
PAPER = replace(SMALL, passes=23)
FEWER = (320, 1_500)  # the first as in Hastie et al.; the second for the picture
LEAST = 10_000  # examples shown, however few the images
PARAMETERS, CONNECTIONS = 9_760, 64_660  # of the paper
LAYERS = ("h1", "h2", "h3", "output")
ZIP_CODES = Task(
    name="zip codes", input_shape=(1, NATIVE, NATIVE), labels=tuple("0123456789"), counts={}, fingerprint="none"
)

OWN, SHARED = "weights of their own", "shared weights"
CONTROL = Recipe(model="zipcode", options={"shared": False}, learning_rate=0.03, schedule="one_cycle", batch_size=64)
RECIPES = {OWN: CONTROL, SHARED: change("weight_sharing").apply(CONTROL)}


def train(lab: Lab, dataset: Dataset, passes: float) -> dict[str, Arm]:
    """Both networks on these images."""
    count = len(dataset.train)
    arms = lab.train(
        dataset,
        {f"{name}, {count:,} images": recipe for name, recipe in RECIPES.items()},
        examples=max(passes * count, LEAST),
    )
    return dict(zip(RECIPES, arms.values(), strict=True))


def ask(count: int, arms: Mapping[str, Arm], dataset: Dataset) -> Question:
    """Which of both networks makes fewer errors after the same number of images."""
    control, arm = ((f"{name}, {count:,} images", arms[name]) for name in (OWN, SHARED))
    text = f"Do units that share their weights make fewer errors, learning from {count:,} images?"
    return ask_score(text, control, arm, dataset, size=0.005, margin=0.002)


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    digits = lab.open(scale)
    available = len(digits.train)
    found = {}
    for count in FEWER:
        if 2 * digits.task.classes <= count < available:
            few = digits.train_fraction(count / available)
            found[len(few.train)] = train(lab, few, scale.passes)
    found[available] = arms = train(lab, digits, scale.passes)
    shared = build(RECIPES[SHARED], ZIP_CODES)
    return Measured(
        questions=(
            *(ask(count, found[count], digits) for count in sorted({min(found), available})),
            Question(
                text="Has the network the parameters of the paper?",
                unit="parameters",
                arm=SHARED,
                values=parameters(shared),
                kind=EXACT,
                size=PARAMETERS,
            ),
            Question(
                text="Has it the connections of the paper?",
                unit="connections",
                arm=SHARED,
                values=shared.connections,
                kind=EXACT,
                size=CONNECTIONS,
            ),
        ),
        pictures=(
            curves(
                f"Learning from {available:,} images",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=OWN,
            ),
            against_images(found, digits),
            by_layer(),
        ),
    )


def against_images(found: Mapping[int, Mapping[str, Arm]], dataset: Dataset) -> Picture:
    """Error of both networks against the number of training images."""
    errors = {
        name: np.array([1 - shares(arms[name], dataset) for arms in found.values()]) for name in RECIPES
    }  # [sizes, seeds] each
    return Picture(
        kind="lines",
        title="Error against the number of training images",
        caption="Mean of the seeds, with a band from the lowest to the highest.",
        x_label="training images",
        y_label="validation error",
        log_x=True,
        percent=True,
        series=tuple(
            Series(
                label=name,
                role="control" if name == OWN else "arm",
                x=tuple(map(float, found)),
                y=tuple(table.mean(axis=1).tolist()),
                low=tuple(table.min(axis=1).tolist()),
                high=tuple(table.max(axis=1).tolist()),
            )
            for name, table in errors.items()
        ),
    )


def by_layer() -> Picture:
    """What each network learns, layer by layer, at the size of the paper."""
    networks = {name: build(recipe, ZIP_CODES) for name, recipe in RECIPES.items()}
    return Picture(
        kind="bars",
        title="Parameters of each layer",
        caption=f"Both have the same {CONNECTIONS:,} connections. Shared, "
        f"{parameters(networks[SHARED]):,} parameters serve them all; unshared, each has one of its own.",
        y_label="parameters",
        log_y=True,
        ticks=tuple(layer.capitalize() if layer == "output" else layer.upper() for layer in LAYERS),
        series=tuple(
            Series(
                label=name,
                role="control" if name == OWN else "arm",
                x=tuple(map(float, range(len(LAYERS)))),
                y=tuple(float(parameters(getattr(built, layer))) for layer in LAYERS),
            )
            for name, built in networks.items()
        ),
    )


ALSO = (
    "Digits of MNIST instead of zip codes from the post, with momentum and a softmax instead of a second-order method "
    "and squared errors; judged on validation images. The paper's own control is fully connected; ours has the same "
    "local connections, and shares none. The paper does not list which maps feed which: ours follow a regular scheme."
)

MILESTONE = Milestone(
    **vars(CLAIMS["convolution"]),
    setting=f"MNIST cut to {SMALL.items:,} training images of 16x16 pixels, {SMALL.passes:g} passes: the network of "
    f"the paper against the same with kernels of its own for every unit. From {FEWER[0]:,} images too, as Hastie et "
    f"al. have it, and for the picture from {FEWER[1]:,}; {LEAST:,} digits are shown where that is more",
    differs=f"{SMALL.passes:g} passes instead of {PAPER.passes:g}. {ALSO}",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"MNIST cut to {PAPER.items:,} training images of 16x16 pixels, {PAPER.passes:g} passes: the network "
        f"of the paper against the same with kernels of its own for every unit, and from {FEWER[0]:,} images too",
        differs=ALSO,
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
