"""2015: plain networks train worse as they get deeper, and shortcuts past the layers mend it."""

from epochal.core.recipe import Recipe
from epochal.study.changes import change
from epochal.study.lab import Lab, ask_accuracy, curves
from epochal.study.milestone import Measured, Milestone

PASSES = 10
POINTS = 5  # of each learning curve, every one on all training images
TRAINING = "training accuracy"


def recipe(depth: int, **options: str) -> Recipe:
    """A network of the paper's CIFAR family without its shortcuts, with the schedule of section 4.2."""
    return Recipe(
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


def measure(lab: Lab) -> Measured:
    digits = lab.data("digits").on_training()
    examples = PASSES * len(digits.train)
    residual = change("residual")
    deep, shallow = recipe(56), recipe(20)
    unnormalised = recipe(32, normalisation="none")
    arms = lab.train(
        digits,
        {
            "plain, 56 layers": deep,
            "residual, 56 layers": residual.apply(deep),
            "plain, 20 layers": shallow,
            "residual, 32 layers, no batch norm": residual.apply(unnormalised),
            "residual, 32 layers": residual.apply(recipe(32)),
        },
        examples=examples,
        points=POINTS,
    )
    one = {label: (label, arm) for label, arm in arms.items()}
    return Measured(
        questions=(
            ask_accuracy(
                "Does a plain network train worse at 56 layers than at 20?",
                one["plain, 20 layers"],
                one["plain, 56 layers"],
                digits,
                unit=TRAINING,
                predicted="less",
                size=0.05,
                margin=0.01,
            ),
            ask_accuracy(
                "Do shortcuts make 56 layers train?",
                one["plain, 56 layers"],
                one["residual, 56 layers"],
                digits,
                unit=TRAINING,
                size=0.1,
                margin=0.01,
            ),
            ask_accuracy(
                "Do shortcuts need batch normalisation, at 32 layers?",
                one["residual, 32 layers, no batch norm"],
                one["residual, 32 layers"],
                digits,
                unit=TRAINING,
                size=0.05,
                margin=0.01,
            ),
        ),
        pictures=(
            curves(
                "How well each network fits the images that it trains on",
                "Mean of the seeds, with a band from the lowest to the highest.",
                arms,
                control="plain, 56 layers",
                y_label=TRAINING,
            ),
        ),
    )


MILESTONE = Milestone(
    name="residual-depth",
    year=2015,
    title="A hundred layers train",
    claim="Plain networks get harder to train as they get deeper; with residual shortcuts, depth helps.",
    paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, CVPR 2016 (preprint 2015)",
    published="CIFAR-10 test error of residual networks: 8.75% at 20 layers, 6.97% at 56, 6.43% at 110 (Table 6); "
    "the plain 56-layer network has a higher training error than the plain 20-layer one throughout (Figure 1)",
    setting=f"scikit-learn's digits, {PASSES} passes, training accuracy of plain and residual networks of 20 to 56 "
    "layers",
    differs=f"1,079 images of 8x8 pixels instead of 50,000 of 32x32, {PASSES} passes instead of 164, a rate of 0.02 "
    "instead of 0.1, no augmentation; judged on the training images, because the claim is about optimisation. At 0.1 "
    "and 15 passes, tried first, two of five residual networks stayed as bad as plain ones.",
    minutes=7,
    data="digits",
    measure=measure,
)
