"""2014: stacks of small convolutions do better with 19 layers than with 11."""

from collections.abc import Mapping
from functools import partial

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones.table import CLAIMS
from epochal.study.lab import ACCURACY, IMAGENET, Lab, Scale, ask_score, curves, shares
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.train.experiment import Arm

# Images are few, so that 36 passes are 600 steps: fewer do not show what so deep a network can learn.
SMALL = Scale(data="digits", passes=12, trials=3, recipe={"augment": ()}, options={"width": 1 / 16}, needs=36)
PAPER = Scale(data=IMAGENET, side=224, passes=74, recipe={"batch_size": 256, "schedule": "step"})  # section 3.1
PUBLISHED = {11: 0.296, 13: 0.287, 16: 0.270, 19: 0.273}  # Table 3, top-1 error of A, B, D and E at scale 256


def recipe(depth: int, scale: Scale) -> Recipe:
    """The network of this depth, from random weights."""
    return scale.fit(RUNGS["vgg"].recipe).with_options(depth=depth)


def label(depth: int) -> str:
    return f"{depth} layers"


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    images = lab.open(scale)
    arms = lab.train(
        images,
        {label(depth): recipe(depth, scale) for depth in reversed(PUBLISHED)},  # the longest training starts first
        examples=scale.passes * len(images.train),
        trials=scale.trials,
        needs=scale.needs,
    )
    arms = {label(depth): arms[label(depth)] for depth in PUBLISHED}
    one = {name: (name, arm) for name, arm in arms.items()}
    return Measured(
        questions=(
            ask_score(
                "Is the network better with 19 layers than with 11?",
                one[label(11)],
                one[label(19)],
                images,
                size=0.01,
                margin=0.005,
            ),
            ask_score(
                "Is it better with 13 layers than with 11?",
                one[label(11)],
                one[label(13)],
                images,
                size=0.005,
                margin=0.005,
            ),
        ),
        pictures=(
            gains(arms, images),
            curves(
                "How fast each depth learns",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=label(11),
            ),
            curves(
                "The loss on the images that each depth trains on",
                "Mean of the seeds, with a band from the lowest to the highest. Measured while training, with dropout.",
                arms,
                "train_loss",
                control=label(11),
                y_label="training loss",
                percent=False,
                log_y=True,
            ),
        ),
    )


def gains(arms: Mapping[str, Arm], dataset: Dataset) -> Picture:
    """What each depth gains over 11 layers, here and in the paper."""
    scores = [shares(arms[label(depth)], dataset) for depth in PUBLISHED]
    base, depths = float(scores[0].mean()), tuple(float(depth) for depth in PUBLISHED)
    return Picture(
        kind="lines",
        title="What depth adds to 11 layers",
        caption="Here: mean of the seeds, with the lowest and the highest. Published: top-1 accuracy on ImageNet.",
        x_label="layers with weights",
        y_label=f"{ACCURACY}, less that of 11 layers",
        percent=True,
        series=(
            Series(
                label="here",
                role="arm",
                x=depths,
                y=tuple(float(score.mean()) - base for score in scores),
                low=tuple(float(score.min()) - base for score in scores),
                high=tuple(float(score.max()) - base for score in scores),
            ),
            Series(
                label="published",
                role="published",
                x=depths,
                y=tuple(PUBLISHED[11] - error for error in PUBLISHED.values()),
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["depth"]),
    setting=f"scikit-learn's digits, {SMALL.passes:g} passes, the paper's networks A, B, D and E, {SMALL.trials} "
    "learning rates tried for each",
    differs="1,079 images of 8x8 pixels and ten classes instead of 1.2 million of 224x224 and a thousand; 16 to 32 "
    "channels instead of 64 to 512, and dense layers of 256 units instead of 4,096; no augmentation; the "
    "initialisation of He et al. 2015 instead of the weights of a shallower network. Without normalisation, the deeper "
    "networks have more to overcome and little to gain from such small images.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"ImageNet at {PAPER.side}x{PAPER.side} pixels, the paper's networks A, B, D and E for "
        f"{PAPER.passes:g} passes in batches of {PAPER.recipe['batch_size']}",
        differs="Every depth starts from the random weights of He et al. 2015, the deeper ones not from a shallower "
        "network; the rate falls at one half and at three quarters of the training, not when validation stalls; crops "
        "move by up to an eighth of the side over black. Judged on validation images, at one scale.",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
