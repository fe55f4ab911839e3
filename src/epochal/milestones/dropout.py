"""2012: units silenced at random keep a wide network from learning its images by heart, once it trains for long."""

from functools import partial

from epochal.core.recipe import Recipe
from epochal.milestones.table import CLAIMS
from epochal.study.changes import change
from epochal.study.lab import Lab, Scale, ask_score, curves
from epochal.study.milestone import Measured, Milestone, PaperScale

SMALL = Scale(data="mnist", items=1_000, passes=50, trials=3)
PAPER = Scale(
    data="mnist",
    passes=200,
    trials=3,
    recipe={"batch_size": 100},
    options={"hidden": 1024, "layers": 3},
)

WIDE = Recipe(
    model="mlp",
    options={"hidden": 512, "layers": 2, "activation": "relu", "initialisation": "he"},
    learning_rate=0.05,
)


def measure(lab: Lab, scale: Scale = SMALL) -> Measured:
    dataset = lab.open(scale)
    images, trials, passes = len(dataset.train), scale.trials, scale.passes * lab.scale
    wide = scale.fit(WIDE)
    dropped = change("dropout").apply(wide)
    plain_long, dropped_long, plain_short, dropped_short = (
        f"{name}, {length}" for length in ("long", "short") for name in ("without dropout", "with dropout")
    )
    long = lab.train(
        dataset, {plain_long: wide, dropped_long: dropped}, examples=scale.passes * images, trials=trials, points=20
    )
    short = lab.train(
        dataset, {plain_short: wide, dropped_short: dropped}, examples=images, trials=trials, scaled=False
    )
    return Measured(
        questions=(
            ask_score(
                f"Does dropout help a wide network that trains for {passes:.3g} passes on {images:,} images?",
                (plain_long, long[plain_long]),
                (dropped_long, long[dropped_long]),
                dataset,
                size=0.003,
                margin=0.002,
            ),
            ask_score(
                "Does it hurt one that sees each of them once?",
                (plain_short, short[plain_short]),
                (dropped_short, short[dropped_short]),
                dataset,
                predicted="less",
                fixed_time=True,
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


ALSO = (
    "The networks of the paper's table differ in size and units too, ours in dropout alone, and no pixels are "
    "dropped. That short trainings suffer is the other side of the paper's remark that a network with dropout takes "
    "two to three times as long to train."
)

MILESTONE = Milestone(
    **vars(CLAIMS["dropout"]),
    setting=f"MNIST, {SMALL.items:,} images: two hidden layers of 512 rectifiers with and without dropout of one "
    f"half, for {SMALL.passes:g} passes and for one. Each arm has the best of {SMALL.trials} learning rates.",
    differs=f"{SMALL.items:,} images instead of 60,000. {ALSO}",
    measure=measure,
    paper_scale=PaperScale(
        setting="MNIST, 54,000 images: three hidden layers of 1,024 rectifiers with and without dropout of one half, "
        f"for {PAPER.passes:g} passes in batches of {PAPER.recipe['batch_size']} and for one pass. Each arm has the "
        f"best of {PAPER.trials} learning rates.",
        differs=f"A tenth of the images is kept for validation; the number of passes is ours. {ALSO}",
        data=PAPER.data,
        measure=partial(measure, scale=PAPER),
    ),
)
