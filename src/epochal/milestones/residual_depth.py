"""2015: plain networks train worse as they get deeper, and shortcuts past the layers mend it."""

from functools import partial

from epochal.core.recipe import Recipe
from epochal.milestones.table import CLAIMS
from epochal.study.changes import change
from epochal.study.lab import ACCURACY, Lab, Scale, ask_score, curves
from epochal.study.milestone import Measured, Milestone, PaperScale

SMALL = Scale(data="digits", passes=10)
PAPER = Scale(  # section 4.2
    data="cifar10",
    passes=64_000 * 128 / 45_000,
    validation=0.1,  # 45,000 images to train on, and 5,000
    recipe={"learning_rate": 0.1, "batch_size": 128, "augment": ("crop", "flip")},
)
POINTS = 5  # of each learning curve, on all training images in the small version
TRAINING = "training accuracy"


def recipe(scale: Scale, depth: int, **options: str) -> Recipe:
    """A network of the paper's CIFAR family without its shortcuts, with the schedule of section 4.2."""
    base = Recipe(
        model="resnet",
        options={"depth": depth, "shortcuts": "none", **options},
        learning_rate=0.02,
        momentum=0.9,
        weight_decay=1e-4,
        schedule="step",
        warmup=0.05,  # section 4.2 starts the deepest network at a tenth of the rate
        batch_size=64,
        memory_format="channels_last",
    )
    return scale.fit(base)


def measure(lab: Lab, scale: Scale = SMALL, unit: str = TRAINING) -> Measured:
    images = lab.open(scale)
    if unit == TRAINING:  # few images are soon learned by heart: there the claim is about optimisation
        images = images.on_training()
    residual = change("residual")
    deep, shallow = recipe(scale, 56), recipe(scale, 20)
    unnormalised = recipe(scale, 32, normalisation="none")
    arms = lab.train(
        images,
        {
            "plain, 56 layers": deep,
            "residual, 56 layers": residual.apply(deep),
            "plain, 20 layers": shallow,
            "residual, 32 layers, no batch norm": residual.apply(unnormalised),
            "residual, 32 layers": residual.apply(recipe(scale, 32)),
        },
        examples=scale.passes * len(images.train),
        points=POINTS,
    )
    one = {label: (label, arm) for label, arm in arms.items()}
    return Measured(
        questions=(
            ask_score(
                "Does a plain network train worse at 56 layers than at 20?",
                one["plain, 20 layers"],
                one["plain, 56 layers"],
                images,
                unit=unit,
                predicted="less",
                size=0.05,
                margin=0.01,
            ),
            ask_score(
                "Do shortcuts make 56 layers train?",
                one["plain, 56 layers"],
                one["residual, 56 layers"],
                images,
                unit=unit,
                size=0.1,
                margin=0.01,
            ),
            ask_score(
                "Do shortcuts need batch normalisation, at 32 layers?",
                one["residual, 32 layers, no batch norm"],
                one["residual, 32 layers"],
                images,
                unit=unit,
                size=0.05,
                margin=0.01,
            ),
        ),
        pictures=(
            curves(
                "How well each network fits the images that it trains on" if unit == TRAINING else "Learning",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control="plain, 56 layers",
                y_label=unit,
            ),
        ),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["residual-depth"]),
    setting=f"scikit-learn's digits, {SMALL.passes:g} passes, training accuracy of plain and residual networks of 20 "
    "to 56 layers",
    differs=f"1,079 images of 8x8 pixels instead of 50,000 of 32x32, {SMALL.passes:g} passes instead of "
    f"{PAPER.passes:.0f}, a rate of 0.02 instead of 0.1, no augmentation; judged on the training images, because the "
    "claim is about optimisation. At 0.1 and 15 passes, tried first, two of five residual networks stayed as bad as "
    "plain ones.",
    measure=measure,
    paper_scale=PaperScale(
        setting=f"CIFAR-10, 45,000 training images, {PAPER.passes:.0f} passes in batches of "
        f"{PAPER.recipe['batch_size']}: validation accuracy of plain and residual networks of 20 to 56 layers",
        differs="The rate is divided by ten at one half and at three quarters of the training, and rises to 0.1 over "
        "its first twentieth for every network. Figure 1 shows training errors, this validation accuracy; as in the "
        "paper, a tenth of the images is kept for it.",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER, unit=ACCURACY),
    ),
)
