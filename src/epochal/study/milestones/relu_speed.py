"""2012: rectifiers learn several times faster than saturating units, says the paper that started it all."""

from epochal.core.recipe import Recipe
from epochal.judge.claims import RATIO, Question
from epochal.study.changes import change
from epochal.study.lab import Lab, curves, reached
from epochal.study.milestone import Measured, Milestone
from epochal.train.experiment import Arm

SIDE = 16
IMAGES = 2_500
PASSES = 24
POINTS = 30
TRIALS = 3  # learning rates, each three times the one before
LEVEL = 0.75  # training accuracy: the paper's 25% training error
FACTOR = 3.0  # half of the paper's six times, since the network is smaller
TANH, RELU = "tanh", "rectifier"

# Nothing but the units and the rate differs, and nothing regularises, as in the paper.
CONTROL = Recipe(
    model="lenet",
    options={"activation": "tanh", "initialisation": "glorot", "output": "linear"},
    learning_rate=0.03,
    schedule="constant",
)


def soon(lab: Lab, label: str, arm: Arm) -> list[float]:
    """[seeds] examples until training accuracy passes `LEVEL`; the whole training where it never does."""
    found = [reached(run, LEVEL) for run in arm.runs]
    if missing := found.count(None):
        lab.notes.append(
            f"{label}: {missing} of {len(found)} trainings never passed {LEVEL:.0%}; each counts as its whole length."
        )
    return [run.budget.examples if at is None else at for at, run in zip(found, arm.runs, strict=True)]


def measure(lab: Lab) -> Measured:
    images = lab.data("cifar10", size=SIDE, train=IMAGES).on_training()
    arms = lab.train(
        images,
        {TANH: CONTROL, RELU: change("relu").apply(CONTROL)},
        examples=PASSES * len(images.train),
        trials=TRIALS,
        points=POINTS,
    )
    return Measured(
        questions=(
            Question(
                text="Do rectifiers need fewer examples than tanh units to learn three quarters of the images?",
                unit=f"examples until {LEVEL:.0%} of the training images are right",
                control=TANH,
                control_values=soon(lab, TANH, arms[TANH]),
                arm=RELU,
                values=soon(lab, RELU, arms[RELU]),
                kind=RATIO,
                predicted="less",
                size=FACTOR,
                margin=1.2,
            ),
        ),
        pictures=(
            curves(
                "Tanh units and rectifiers on the images that they learn",
                "Each at the best of three rates; mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=TANH,
                y_label="training accuracy",
            ),
        ),
    )


MILESTONE = Milestone(
    name="relu-speed",
    year=2012,
    title="Six times faster than tanh",
    claim="A convolutional network of rectifiers learns several times faster than the same one of tanh units.",
    paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, NIPS 2012",
    published="A four-layer convolutional network of rectifiers reaches 25% training error on CIFAR-10 six times "
    "faster than one of tanh units (Figure 1)",
    setting=f"CIFAR-10, {IMAGES:,} images of {SIDE}x{SIDE} pixels, {PASSES} passes; LeNet-5 with tanh units and with "
    f"rectifiers, each at the best of {TRIALS} rates, without regularisation; examples until 25% training error",
    differs="LeNet-5, which has two convolutions, three full layers and units after its subsampling too; smaller "
    "images, and a twentieth of them. Half of the paper's factor confirms the claim here.",
    minutes=1.7,
    data="cifar10",
    measure=measure,
)
