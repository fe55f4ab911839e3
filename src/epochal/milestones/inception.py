"""2014: inception modules do better than AlexNet with a fraction of its parameters, and classifiers halfway help."""

from functools import partial

import torch

from epochal.core.claim import Picture, Series
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.dataset import Dataset
from epochal.judge.claims import EXACT, Question
from epochal.kinds.image_ladder import RUNGS
from epochal.milestones.table import CLAIMS
from epochal.models import catalogue
from epochal.models.flops import flops, parameters
from epochal.study.lab import ACCURACY, IMAGENET, Lab, Scale, ask_score, shares
from epochal.study.milestone import Measured, Milestone, PaperScale
from epochal.train.experiment import Arm

# Images are few, so that 36 passes are 600 steps: fewer do not show what so deep a network can learn.
SMALL = Scale(data="digits", passes=8, trials=3, recipe={"augment": ()}, options={"width": 1 / 16}, needs=36)
PAPER = Scale(data=IMAGENET, side=224, passes=90, recipe={"batch_size": 128, "schedule": "step"})
POINTS = 8
FEWER = 12  # times fewer parameters than AlexNet, as section 1 has it
PHOTOGRAPHS = Task(
    name="imagenet",
    input_shape=(3, 224, 224),
    labels=tuple(str(number) for number in range(1000)),
    counts={},
    fingerprint="",
)

ALEXNET, GOOGLENET, BARE = "AlexNet", "GoogLeNet", "GoogLeNet without auxiliary classifiers"
RECIPES = {
    ALEXNET: RUNGS["alexnet"].recipe,
    GOOGLENET: RUNGS["googlenet"].recipe,
    BARE: RUNGS["googlenet"].recipe.with_options(auxiliary=False),
}
IN_USE = {ALEXNET: RECIPES[ALEXNET], GOOGLENET: RECIPES[BARE], BARE: RECIPES[BARE]}  # what is left after training


def size(recipe: Recipe, task: Task) -> tuple[int, float]:
    """Parameters, and multiplications with their additions for one image, of this network at this task's input."""
    with torch.device("meta"):  # shapes without memory
        network = catalogue.build(recipe, task)
        return parameters(network), flops(network, task.input_shape) / 2


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    images = lab.open(scale)
    arms = lab.train(
        images,
        # the longest training starts first
        {name: scale.fit(RECIPES[name]) for name in (GOOGLENET, BARE, ALEXNET)},
        examples=scale.passes * len(images.train),
        trials=scale.trials,
        needs=scale.needs,
        points=POINTS,
    )
    published = {name: size(IN_USE[name], PHOTOGRAPHS) for name in (ALEXNET, GOOGLENET)}
    return Measured(
        questions=(
            ask_score(
                "Is GoogLeNet better than AlexNet?",
                (ALEXNET, arms[ALEXNET]),
                (GOOGLENET, arms[GOOGLENET]),
                images,
                size=0.01,
                margin=0.005,
            ),
            ask_score(
                "Do the auxiliary classifiers help?",
                (BARE, arms[BARE]),
                (GOOGLENET, arms[GOOGLENET]),
                images,
                size=0.005,
                margin=0.005,
            ),
            Question(
                text=f"Has AlexNet {FEWER} times the parameters of GoogLeNet, both at the papers' own size?",
                unit="ratio of parameters, rounded",
                arm=f"{ALEXNET} over {GOOGLENET}",
                values=round(published[ALEXNET][0] / published[GOOGLENET][0]),
                kind=EXACT,
                size=FEWER,
            ),
        ),
        pictures=(spent(arms, images), costs(published), sizes(arms, images, scale)),
    )


def costs(published: dict[str, tuple[int, float]]) -> Picture:
    """Parameters and arithmetic of both networks at the papers' own size, in units of AlexNet's."""
    base = published[ALEXNET]
    return Picture(
        kind="bars",
        title="What the networks cost at the papers' own size",
        caption="Counted at 224x224 pixels and 1,000 classes, without the auxiliary classifiers: "
        + "; ".join(
            f"{name} {count / 1e6:.2f} million parameters, {products / 1e9:.2f} billion multiplications"
            for name, (count, products) in published.items()
        )
        + ".",
        y_label="times AlexNet's",
        ticks=("parameters", "multiplications an image"),
        series=tuple(
            Series(
                label=name,
                role="control" if name == ALEXNET else "arm",
                x=(0.0, 1.0),
                y=(count / base[0], products / base[1]),
            )
            for name, (count, products) in published.items()
        ),
    )


def sizes(arms: dict[str, Arm], dataset: Dataset, scale: Scale) -> Picture:
    """Accuracy against parameters at the size that was run here, one mark a network."""
    series = []
    for name, recipe in IN_USE.items():
        scores = shares(arms[name], dataset)
        series.append(
            Series(
                label=name,
                role=_role(name),
                x=(float(size(scale.fit(recipe), dataset.task)[0]),),
                y=(float(scores.mean()),),
                low=(float(scores.min()),),
                high=(float(scores.max()),),
            )
        )
    return Picture(
        kind="lines",
        title="Accuracy against parameters, as run here",
        caption="Mean of the seeds, with the lowest and the highest. Where both networks are narrowed alike, the dense "
        "layers that hold most of AlexNet's parameters shrink the most.",
        x_label="parameters in use",
        y_label=ACCURACY,
        percent=True,
        series=tuple(series),
    )


def spent(arms: dict[str, Arm], dataset: Dataset) -> Picture:
    """Learning curves against the arithmetic spent on training."""
    series = []
    for name, arm in arms.items():
        cost = arm.runs[0].cost
        each = (cost.flops or 0.0) / max(cost.examples, 1)
        length = min(len(run.curve) for run in arm.runs)
        points = list(zip(*(run.curve[:length] for run in arm.runs), strict=True))
        scores = [[point.values["score"] for point in several] for several in points]
        series.append(
            Series(
                label=name,
                role=_role(name),
                x=tuple(several[0].examples * each for several in points),
                y=tuple(sum(several) / len(several) for several in scores),
                low=tuple(min(several) for several in scores),
                high=tuple(max(several) for several in scores),
            )
        )
    return Picture(
        kind="lines",
        title="Accuracy against the arithmetic of training",
        caption="All see the same number of examples; a line that begins further right pays more for each of them. "
        "Mean of the seeds, with a band from the lowest to the highest.",
        x_label="floating-point operations",
        y_label=ACCURACY,
        log_x=True,
        percent=True,
        series=tuple(series),
    )


def _role(name: str) -> str:
    return {ALEXNET: "control", GOOGLENET: "arm"}.get(name, "other")


MILESTONE = Milestone(
    **vars(CLAIMS["inception"]),
    setting=f"scikit-learn's digits, {SMALL.passes:g} passes, GoogLeNet with and without its auxiliary classifiers and "
    f"AlexNet, {SMALL.trials} learning rates tried for each; parameters counted at the papers' own size",
    differs="1,079 images of 8x8 pixels and ten classes instead of 1.2 million of 224x224 and a thousand; one network "
    "instead of seven that vote; no augmentation; the initialisation of He et al. 2015; both networks a sixteenth as "
    "wide, and never below 16 channels, where GoogLeNet is hardly the smaller one. The layers of the papers come to "
    "60.97 and 7.00 million parameters: a factor of 8.7, and not 12.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"ImageNet at {PAPER.side}x{PAPER.side} pixels, GoogLeNet with and without its auxiliary classifiers "
        f"and AlexNet for {PAPER.passes:g} passes in batches of {PAPER.recipe['batch_size']}",
        differs="The paper states neither passes nor a first rate: both are those of AlexNet's paper, for all three, "
        "and so is the schedule, in place of a fall by 4% every 8 passes. Weights begin as by He et al. 2015 and are "
        "not averaged; crops move by up to an eighth of the side. One network and one crop, not seven networks and "
        "144 crops. Judged on validation images, by the first answer.",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
