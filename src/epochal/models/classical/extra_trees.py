"""Extremely randomised trees: hundreds of trees that hardly choose, and their mean opinion (Geurts 2006).

P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006, by scikit-learn's
ExtraTreesClassifier with the paper's settings for classes: a node tries the square root of the number of pixels, each
at one threshold drawn at random, and every tree sees all the examples. Images are averaged down as for boosted trees.

Leaves hold one example at least, and more where the trees would hold more than 2^25 numbers (`smallest_leaf`): 5 for
300 trees on 54,000 images of 10 classes. So a bundle stays under about 150 MB.

The trees are kept as plain arrays: see `plain_trees.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier

from epochal.core.task import Task
from epochal.models.classical.pixels import check_examples, check_images, reduced_numbers
from epochal.models.classical.plain_trees import PlainTrees, plain_trees
from epochal.models.classical.shared import Logits, all_columns, not_fitted

MOST_NUMBERS = 2**25  # of chances in the leaves of all trees together
# What bundles call the arrays of the trees
STORED = {"roots": "roots", "pixels": "inputs", "thresholds": "thresholds", "places": "places", "chances": "values"}


@dataclass(frozen=True, kw_only=True)
class ExtraTreesConfig:
    """`numbers` is the most inputs that a tree may split on."""

    trees: int = 300
    numbers: int = 1024


def smallest_leaf(examples: int, classes: int, trees: int) -> int:
    """Examples that a leaf has at least, so that the leaves of all trees hold at most `MOST_NUMBERS` chances."""
    return max(1, -(-examples * classes * trees // MOST_NUMBERS))


def chances(values: np.ndarray) -> np.ndarray:
    """[nodes, classes], rows of which sum to one, from the classes' shares or numbers of examples."""
    return values / values.sum(axis=1, keepdims=True)


class ExtraTrees:
    """The mean of randomised trees on the pixels."""

    converged = True

    def __init__(self, config: ExtraTreesConfig, task: Task):
        self.config = config
        self.task = task
        self._trees: PlainTrees | None = None
        self._seen: np.ndarray | None = None  # classes with an example, ascending
        self._examples = 0

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Grow the trees. The seed draws the pixels and thresholds that each node tries.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_examples(images, targets, self.task)
        self._examples, self._seen = len(images), np.unique(targets)
        forest = ExtraTreesClassifier(
            n_estimators=self.config.trees,
            min_samples_leaf=smallest_leaf(len(images), len(self._seen), self.config.trees),
            random_state=seed % 2**32,
        )
        forest.fit(reduced_numbers(images, self.config.numbers), targets)
        trees = (each.tree_ for each in forest.estimators_)
        self._trees = plain_trees(trees, lambda tree: chances(tree.value[:, 0]), dtype=np.float16)

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the log of the mean chance, to which one more tree that knows nothing contributes."""
        if self._seen is None or self._trees is None:
            raise not_fitted("Extremely randomised trees")
        check_images(images, self.task)
        sums = self._trees.sums(images, lambda some: reduced_numbers(some, self.config.numbers))
        mean = (sums + 1 / len(self._seen)) / (len(self._trees.roots) + 1)
        return all_columns(np.log(mean), self._seen, self.task.classes, self._examples)

    def parameters_count(self) -> int:
        """Two numbers for each split (its pixel and its threshold), and the chances of each leaf."""
        return 0 if self._trees is None else 2 * self._trees.splits + self._trees.values.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`roots` [trees] int32; `pixels` int32 (-1 for a leaf), `thresholds` float32 and `places` int32, each [nodes]:
        the place of the right child, or of the leaf's row in `chances` [leaves, seen classes] float16; `seen` int64,
        `examples` [] int64."""
        if self._seen is None or self._trees is None:
            raise not_fitted("Extremely randomised trees")
        nodes = {name: getattr(self._trees, field) for name, field in STORED.items()}
        return {**nodes, "seen": self._seen, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: ExtraTreesConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "ExtraTrees":
        rung = cls(config, task)
        rung._trees = PlainTrees(**{field: arrays[name] for name, field in STORED.items()})
        rung._seen, rung._examples = arrays["seen"], int(arrays["examples"])
        return rung
