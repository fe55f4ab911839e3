"""What the claims about tables share: Adult, its boosted trees, and networks with equal passes and trials."""

from collections.abc import Mapping
from dataclasses import replace

from epochal.core.claim import Picture, Series
from epochal.core.errors import DataError
from epochal.core.recipe import Recipe
from epochal.data.dataset import Dataset
from epochal.kinds.rung import Ladder
from epochal.kinds.table import kind_of
from epochal.study.lab import Lab, curves, shares
from epochal.train.experiment import Arm

TREES = "boosted trees"
TREES_RUNG = "histogram-trees"
VALIDATION = 1 / 3  # of the published training rows: enough to tell half a point
TRIALS = 3
POINTS = 8  # of each learning curve
SETTING = (
    "Adult, 21,700 rows to train on and 10,800 to judge by. Networks train with AdamW in batches of 256 at the best of "
    f"{TRIALS} learning rates, with a one-cycle schedule; trees are scikit-learn's, at most 500 rounds with early "
    "stopping."
)
DIFFERS = (
    "Scores are on validation rows cut from the published training rows, and the test rows stay sealed; 21,700 rows "
    "are left to train on, instead of 26,000. One size of each network and three learning rates instead of a search "
    "over sizes, dropout and rates; a fixed number of passes instead of early stopping for networks; scikit-learn's "
    "boosted trees, untuned, instead of CatBoost and XGBoost. Networks see numbers with heavy tails by their normal "
    "scores, too."
)


def open_table(lab: Lab) -> tuple[Dataset, Ladder]:
    """Adult, or the user's table in its place, and the ladder of its kind.

    Raises:
        DataError: the user's data is no table.
    """
    dataset = lab.data("adult", validation=VALIDATION)
    ladder = kind_of(dataset.task).ladder
    if TREES_RUNG not in ladder.rungs:
        raise DataError(
            f"{dataset.task.name} has {dataset.task.item}s, and this claim is about tables. Give a table with --data, "
            "such as customers.csv with --label churned."
        )
    return dataset, ladder


def train_networks(lab: Lab, dataset: Dataset, recipes: Mapping[str, Recipe], *, passes: float) -> dict[str, Arm]:
    """Each network under its label, all with the same passes and trials."""
    return lab.train(dataset, recipes, examples=passes * len(dataset.train), trials=TRIALS, points=POINTS)


def train_trees(lab: Lab, dataset: Dataset, ladder: Ladder) -> Arm:
    """Boosted trees on all training rows, whatever the scale: they take a second."""
    recipes = {TREES: ladder.rungs[TREES_RUNG].recipe}
    return lab.train(dataset, recipes, examples=len(dataset.train), scaled=False)[TREES]


def courses(title: str, dataset: Dataset, networks: Mapping[str, Arm], trees: Arm) -> Picture:
    """The networks' learning curves, and the score of boosted trees as a level line."""
    metric = kind_of(dataset.task).goal.metric
    picture = curves(
        title,
        "Mean of the seeds, with a band from the lowest to the highest. Trees make no passes: their line is level.",
        networks,
        y_label=f"validation {metric.title}",
        percent=metric.percent,
    )
    scores, ends = shares(trees, dataset), (0.0, max((place for one in picture.series for place in one.x), default=1.0))
    level = Series(
        label=TREES,
        role="control",
        x=ends,
        y=(float(scores.mean()),) * 2,
        low=(float(scores.min()),) * 2,
        high=(float(scores.max()),) * 2,
    )
    return replace(picture, series=(level, *picture.series))
