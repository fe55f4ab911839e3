"""2012: poolings whose windows overlap against poolings whose windows lie side by side."""

from epochal.milestones.alexnet_claims import FEW_PASSES, alexnet, at_both_scales, with_ingredient
from epochal.study.lab import Lab, Scale
from epochal.study.milestone import Measured

LABELS = ("windows of 2x2, side by side", "windows of 3x3, overlapping")


def measure(lab: Lab, scale: Scale = FEW_PASSES) -> Measured:
    return with_ingredient(
        lab,
        scale,
        without=alexnet().with_options(overlapping=False),
        ingredient="overlapping_pooling",
        labels=LABELS,
        question="Does overlapping help?",
        size=0.004,
        margin=0.002,
    )


MILESTONE = at_both_scales(
    "overlapping-pooling",
    measure,
    FEW_PASSES,
    compared="overlapping windows against windows side by side",
    differs=", with two poolings instead of three; neither dropout nor augmentation, which only slow so few passes.",
)
