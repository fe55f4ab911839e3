"""2022: numbers that are cut into bins lift a multilayer perceptron to near boosted trees."""

from epochal.core.claim import SAME
from epochal.core.recipe import Recipe
from epochal.kinds.rung import Ladder
from epochal.milestones.adult_claims import (
    DIFFERS,
    SETTING,
    TREES,
    courses,
    open_table,
    train_networks,
    train_trees,
)
from epochal.milestones.table import CLAIMS
from epochal.study.lab import Lab, ask_score
from epochal.study.milestone import Measured, Milestone

WITHOUT, WITH = "without embeddings", "with embeddings"
PASSES = 16  # a first look had both as good with 16 as with 8, or better
SIZE, MARGIN = 0.003, 0.002  # of accuracy: the least gain that counts, and what does not matter
NEAR = 0.01  # of accuracy: as near to the trees as that


def networks(ladder: Ladder) -> dict[str, Recipe]:
    """The same perceptron with and without bins. All else is equal: layers, units, dropout, and every setting."""
    embedded = ladder.rungs["numeric-embeddings"].recipe
    return {WITHOUT: embedded.with_options(bins=0), WITH: embedded}


def measure(lab: Lab) -> Measured:
    dataset, ladder = open_table(lab)
    nets = train_networks(lab, dataset, networks(ladder), passes=PASSES)
    trees = train_trees(lab, dataset, ladder)
    return Measured(
        questions=(
            ask_score(
                "Do embeddings of its numbers lift a multilayer perceptron?",
                (WITHOUT, nets[WITHOUT]),
                (WITH, nets[WITH]),
                dataset,
                in_the_end=True,
                size=SIZE,
                margin=MARGIN,
            ),
            ask_score(
                "Is the perceptron with embeddings near boosted trees?",
                (TREES, trees),
                (WITH, nets[WITH]),
                dataset,
                predicted=SAME,
                margin=NEAR,
            ),
        ),
        pictures=(courses("With and without embeddings, and boosted trees", dataset, nets, trees),),
    )


MILESTONE = Milestone(
    **vars(CLAIMS["numeric-embeddings"]),
    setting=f"{SETTING} The perceptron has two hidden layers of 256 rectifiers with dropout of 0.2; with embeddings, "
    f"64 bins of each number come to its inputs, and nothing else differs. Both make {PASSES} passes.",
    differs="Bins at quantiles of the different values, in addition to the number itself, instead of quantiles of all "
    "rows or the splits of a tree; no layers between bins and network, and no periodic embeddings, which did best of "
    f"those that are published above. One table instead of eleven. {DIFFERS} The number of passes was chosen in favour "
    "of both networks, after a first look.",
    measure=measure,
)
