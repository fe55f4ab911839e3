"""2012: poolings whose windows overlap against poolings whose windows lie side by side."""

from functools import partial

from epochal.kinds.image_ladder import RUNGS
from epochal.study import imagenet
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_accuracy, curves
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.study.milestones.table import CLAIMS

SMALL = Scale(
    data="cifar10",
    images=5_000,
    side=16,
    passes=3,
    needs=8,
    recipe={"augment": ()},
    options={"dropout": 0.0, "width": 1 / 8},
)
CONTROL, ARM = "windows of 2x2, side by side", "windows of 3x3, overlapping"


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    dataset = lab.open(scale)
    control = scale.fit(RUNGS["alexnet"].recipe).with_options(overlapping=False)
    arms = lab.train(
        dataset,
        {CONTROL: control, ARM: change("overlapping_pooling").apply(control)},
        examples=scale.passes * len(dataset.train),
        needs=scale.needs,
        points=6,
    )
    return Measured(
        questions=(
            ask_accuracy(
                "Does overlapping help?",
                (CONTROL, arms[CONTROL]),
                (ARM, arms[ARM]),
                dataset,
                size=0.004,
                margin=0.002,
            ),
        ),
        pictures=(
            curves(
                "Accuracy in the course of training",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=CONTROL,
            ),
        ),
    )


COMPARED = "overlapping windows against windows side by side"

MILESTONE = Milestone(
    **vars(CLAIMS["overlapping-pooling"]),
    setting=f"AlexNet, an eighth as wide, on {SMALL.images:,} images of CIFAR-10 at {SMALL.side}x{SMALL.side} pixels, "
    f"{SMALL.passes:g} passes: {COMPARED}",
    differs=f"{SMALL.images:,} images of {SMALL.side}x{SMALL.side} instead of 1.2 million of 224x224, and 574 "
    "thousand weights instead of 60 million, begun as by He et al. 2015, with two poolings instead of three; neither "
    "dropout nor augmentation, which only slow so few passes.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"{imagenet.SETTING}: {COMPARED}",
        differs=imagenet.DIFFERS,
        data=imagenet.ALEXNET.data,
        measure=partial(measure, scale=imagenet.ALEXNET),
    ),
)
