"""2012: local response normalisation, which AlexNet's authors found to help, and VGG's two years later did not."""

from functools import partial

from epochal.kinds.image_ladder import RUNGS
from epochal.study import imagenet
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_accuracy, curves
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.study.milestones.table import CLAIMS

# Three learning rates for each: the layer makes activations smaller, which alone asks for another rate.
SMALL = Scale(
    data="cifar10",
    images=5_000,
    side=16,
    passes=3,
    needs=8,
    trials=3,
    recipe={"augment": ()},
    options={"dropout": 0.0, "width": 1 / 8},
)
CONTROL, ARM = "no normalisation", "local response normalisation"


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    dataset = lab.open(scale)
    control = scale.fit(RUNGS["alexnet"].recipe).with_options(normalisation="none")
    arms = lab.train(
        dataset,
        {CONTROL: control, ARM: change("local_response").apply(control)},
        examples=scale.passes * len(dataset.train),
        trials=scale.trials,
        needs=scale.needs,
        points=6,
    )
    return Measured(
        questions=(
            ask_accuracy(
                "Does local response normalisation help?",
                (CONTROL, arms[CONTROL]),
                (ARM, arms[ARM]),
                dataset,
                size=0.01,
                margin=0.005,
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


COMPARED = "with the normalisation of the paper against none"

MILESTONE = Milestone(
    **vars(CLAIMS["local-response"]),
    setting=f"AlexNet, an eighth as wide, on {SMALL.images:,} images of CIFAR-10 at {SMALL.side}x{SMALL.side} pixels, "
    f"{SMALL.passes:g} passes: {COMPARED}",
    differs=f"{SMALL.images:,} images of {SMALL.side}x{SMALL.side} instead of 1.2 million of 224x224, and 574 "
    "thousand weights instead of 60 million, begun as by He et al. 2015; neither dropout nor augmentation, which "
    f"only slow so few passes; the learning rate of each is the best of {SMALL.trials}. At the paper's constants the "
    "layer divides small activations by 1.7 and hardly normalises them.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"{imagenet.SETTING}: {COMPARED}",
        differs=imagenet.DIFFERS,
        data=imagenet.ALEXNET.data,
        measure=partial(measure, scale=imagenet.ALEXNET),
    ),
)
