"""2012: images varied in ways that keep their label hold off overfitting."""

from epochal.core.claim import LESS
from epochal.core.run import FINISHED
from epochal.judge.claims import RATIO, Question
from epochal.milestones.alexnet_claims import OPTIONS, alexnet, at_both_scales
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_score, curves, under_trained
from epochal.study.milestone import Measured
from epochal.train.experiment import Arm

SMALL = Scale(data="cifar10", items=200, side=16, passes=60, options=OPTIONS)
LEAST = 1e-6  # loss
CONTROL = "no augmentation"
LABELS = {"crop": "random crops", "flip": "mirrored images", "colour_pca": "shifted colours"}


def losses(arm: Arm) -> list[float]:
    """The loss on validation of each training that finished, at its end; nothing counts as `LEAST`: it has no ratio."""
    return [max(run.scores["loss"], LEAST) for run in arm.runs if run.status == FINISHED]


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    dataset = lab.open(scale)
    control = scale.fit(alexnet()).replace(augment=())
    arms = lab.train(
        dataset,
        {CONTROL: control} | {label: change(name).apply(control) for name, label in LABELS.items()},
        examples=scale.passes * len(dataset.train),
        points=6,
    )
    colours = LABELS["colour_pca"]
    return Measured(
        questions=(
            *(
                Question(
                    text=f"Do {LABELS[name]} hold down overfitting?",
                    unit="loss on images that were not learned from",
                    control=CONTROL,
                    control_values=losses(arms[CONTROL]),
                    arm=LABELS[name],
                    values=losses(arms[LABELS[name]]),
                    under_trained=under_trained((LABELS[name], arms[LABELS[name]])),
                    kind=RATIO,
                    predicted=LESS,
                    size=1.1,
                    margin=1.05,
                )
                for name in ("crop", "flip")
            ),
            ask_score(
                "Do shifted colours lower the error?",
                (CONTROL, arms[CONTROL]),
                (colours, arms[colours]),
                dataset,
                size=0.01,
                margin=0.005,
            ),
        ),
        pictures=(
            curves(
                "Accuracy on images that were not learned from",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=CONTROL,
            ),
            curves(
                "Overfitting: the loss on images that were not learned from",
                "A loss that rises again while training continues is one of a network that learns its images by heart.",
                arms,
                "loss",
                control=CONTROL,
                y_label="validation loss",
                percent=False,
            ),
        ),
    )


MILESTONE = at_both_scales(
    "augmentation",
    measure,
    SMALL,
    compared="each augmentation alone against none",
    differs="; no dropout, with which so few steps do not come to overfitting. Crops move by up to an eighth of the "
    "side over black, and the answers for ten crops of an image are not averaged. Few images, many passes, and the "
    "loss as the measure of overfitting, were chosen after first looks, in which crops cost accuracy at 500 images.",
)
