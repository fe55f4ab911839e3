"""What the claims of AlexNet's paper share: one ingredient put into it, small on CIFAR-10 or large on ImageNet."""

from collections.abc import Callable
from functools import partial

from epochal.core.recipe import Recipe
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones import imagenet
from epochal.milestones.table import CLAIMS
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_score, curves
from epochal.study.milestone import Measured, Milestone, PaperScale

OPTIONS = {"dropout": 0.0, "width": 1 / 8}
# Few passes: the claims need more for a verdict, and neither dropout nor augmentation pays off in so few.
FEW_PASSES = Scale(
    data="cifar10", items=5_000, side=16, passes=3, needs=8, recipe={"augment": ()}, options=OPTIONS
)  # fmt: skip


def with_ingredient(
    lab: Lab,
    scale: Scale,
    *,
    without: Recipe,
    ingredient: str,
    labels: tuple[str, str],
    question: str,
    size: float,
    margin: float,
) -> Measured:
    """Whether AlexNet is right more often with an ingredient than `without` it.

    Args:
        without: the recipe that lacks the ingredient, before it is fitted to the scale.
        labels: of the two arms.
    """
    dataset, (control, arm) = lab.open(scale), labels
    bare = scale.fit(without)
    arms = lab.train(
        dataset,
        {control: bare, arm: change(ingredient).apply(bare)},
        examples=scale.passes * len(dataset.train),
        trials=scale.trials,
        needs=scale.needs,
        points=6,
    )
    pair = (control, arms[control]), (arm, arms[arm])
    return Measured(
        questions=(ask_score(question, *pair, dataset, size=size, margin=margin),),
        pictures=(
            curves(
                "Accuracy in the course of training",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control=control,
            ),
        ),
    )


def alexnet() -> Recipe:
    return RUNGS["alexnet"].recipe


def at_both_scales(
    name: str, measure: Callable[..., Measured], small: Scale, *, compared: str, differs: str
) -> Milestone:
    """The milestone of a claim of the paper.

    Args:
        measure: of a lab and a scale, which is `small` unless said.
        differs: how the small experiment differs from the paper's, after its images and weights.
    """
    return Milestone(
        **vars(CLAIMS[name]),
        setting=f"AlexNet, an eighth as wide, on {small.items:,} images of CIFAR-10 at {small.side}x{small.side} "
        f"pixels, {small.passes:g} passes: {compared}",
        differs=f"{small.items:,} images of {small.side}x{small.side} instead of 1.2 million of 224x224, and 574 "
        f"thousand weights instead of 60 million, begun as by He et al. 2015{differs}",
        measure=measure,
        paper_scale=PaperScale(
            setting=f"{imagenet.SETTING}: {compared}",
            differs=imagenet.DIFFERS,
            data=imagenet.ALEXNET.data,
            measure=partial(measure, scale=imagenet.ALEXNET),
        ),
    )
