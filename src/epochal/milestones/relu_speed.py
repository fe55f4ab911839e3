"""2012: rectifiers learn several times faster than saturating units, says the paper that started it all."""

from functools import partial

from epochal.core.recipe import Recipe
from epochal.judge.claims import RATIO, Question
from epochal.milestones.table import CLAIMS
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, curves, reached
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.train.experiment import Arm

SMALL = Scale(data="cifar10", items=2_500, side=16, passes=24, trials=3)
PAPER = Scale(data="cifar10", passes=40, validation=0.1, trials=3)  # as many as Figure 1 shows
POINTS = 30
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


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    images = lab.open(scale).on_training()
    arms = lab.train(
        images,
        {TANH: CONTROL, RELU: change("relu").apply(CONTROL)},
        examples=scale.passes * len(images.train),
        trials=scale.trials,
        points=POINTS,
        needs=0,  # the question is how soon a level is passed, not how far a training gets
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
                fixed_time=True,
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


ALSO = (
    "LeNet-5, which has two convolutions, three full layers and units after its subsampling too. Half of the paper's "
    "factor confirms the claim here."
)

MILESTONE = Milestone(
    **vars(CLAIMS["relu-speed"]),
    setting=f"CIFAR-10, {SMALL.items:,} images of {SMALL.side}x{SMALL.side} pixels, {SMALL.passes:g} passes; LeNet-5 "
    f"with tanh units and with rectifiers, each at the best of {SMALL.trials} rates, without regularisation; examples "
    "until 25% training error",
    differs=f"{ALSO} Smaller images, and a twentieth of them.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"CIFAR-10, 45,000 images of 32x32 pixels, {PAPER.passes:g} passes; LeNet-5 with tanh units and with "
        f"rectifiers, each at the best of {PAPER.trials} rates, without regularisation; examples until 25% training "
        "error",
        differs=f"{ALSO} A tenth of the images is not trained on.",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
