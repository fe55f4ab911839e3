"""2012: local response normalisation, which AlexNet's authors found to help, and VGG's two years later did not."""

from dataclasses import replace

from epochal.milestones.alexnet_claims import FEW_PASSES, alexnet, at_both_scales, with_ingredient
from epochal.study.lab import Lab, Scale
from epochal.study.milestone import Measured

# Three learning rates for each: the layer makes activations smaller, which alone asks for another rate.
SMALL = replace(FEW_PASSES, trials=3)
LABELS = ("no normalisation", "local response normalisation")


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    return with_ingredient(
        lab,
        scale,
        without=alexnet().with_options(normalisation="none"),
        ingredient="local_response",
        labels=LABELS,
        question="Does local response normalisation help?",
        size=0.01,
        margin=0.005,
    )


MILESTONE = at_both_scales(
    "local-response",
    measure,
    SMALL,
    compared="with the normalisation of the paper against none",
    differs="; neither dropout nor augmentation, which only slow so few passes; the learning rate of each is the best "
    f"of {SMALL.trials}. At the paper's constants the layer divides small activations by 1.7 and hardly normalises "
    "them.",
)
