"""2012: units silenced at random keep a wide network from learning its images by heart, once it trains for long."""

from epochal.core.recipe import Recipe
from epochal.study.changes import change
from epochal.study.lab import Lab, ask_accuracy, curves
from epochal.study.milestone import Measured, Milestone

IMAGES = 1_000
MANY, FEW = 50, 1  # passes over the images
TRIALS = 3  # learning rates tried for each arm

WIDE = Recipe(
    model="mlp",
    options={"hidden": 512, "layers": 2, "activation": "relu", "initialisation": "he"},
    learning_rate=0.05,
)


def measure(lab: Lab) -> Measured:
    dataset = lab.data("mnist", train=IMAGES)
    images = len(dataset.train)
    dropped = change("dropout").apply(WIDE)
    plain_long, dropped_long, plain_short, dropped_short = (
        f"{name}, {length}" for length in ("long", "short") for name in ("without dropout", "with dropout")
    )
    long = lab.train(
        dataset, {plain_long: WIDE, dropped_long: dropped}, examples=MANY * images, trials=TRIALS, points=20
    )
    short = lab.train(
        dataset, {plain_short: WIDE, dropped_short: dropped}, examples=FEW * images, trials=TRIALS, scaled=False
    )
    return Measured(
        questions=(
            ask_accuracy(
                f"Does dropout help a wide network that trains for {MANY} passes on {images:,} images?",
                (plain_long, long[plain_long]),
                (dropped_long, long[dropped_long]),
                dataset,
                size=0.003,
                margin=0.002,
            ),
            ask_accuracy(
                "Does it hurt one that sees each of them once?",
                (plain_short, short[plain_short]),
                (dropped_short, short[dropped_short]),
                dataset,
                predicted="less",
                size=0.003,
                margin=0.002,
            ),
        ),
        pictures=(
            curves(
                "A long training: dropout ends higher",
                "Mean of the seeds, with a band from the lowest to the highest.",
                long,
                control=plain_long,
            ),
            curves(
                "A short training: dropout falls behind",
                "Mean of the seeds, with a band from the lowest to the highest.",
                short,
                control=plain_short,
            ),
        ),
    )


MILESTONE = Milestone(
    name="dropout",
    year=2012,
    title="Dropout against learning by heart",
    claim="Silencing half of the hidden units at random in every step keeps a wide network from overfitting; it slows "
    "learning, and so hurts where training is short.",
    paper="Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov, Dropout: a simple way to prevent neural networks "
    "from overfitting, JMLR 15, 2014 (Hinton et al., preprint 2012)",
    published="MNIST test error 1.60% for a standard network, 1.35% with dropout and logistic units, 1.25% with "
    "dropout and rectifiers (Table 2)",
    setting=f"MNIST, {IMAGES:,} images: two hidden layers of 512 rectifiers with and without dropout of one half, for "
    f"{MANY} passes and for one. Each arm has the best of {TRIALS} learning rates.",
    differs=f"{IMAGES:,} images instead of 60,000. The networks of the paper's table differ in size and units too, "
    "ours in dropout alone, and no pixels are dropped. That short trainings suffer is the other side of the paper's "
    "remark that a network with dropout takes two to three times as long to train.",
    minutes=1.4,
    data="mnist",
    measure=measure,
)
