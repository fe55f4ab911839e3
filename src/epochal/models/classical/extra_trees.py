"""Extremely randomised trees: hundreds of trees that hardly choose, and their mean opinion (Geurts 2006).

P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine Learning 63, 2006, by scikit-learn's
ExtraTreesClassifier with the paper's settings for classes: a node tries the square root of the number of pixels, each
at one threshold drawn at random, and every tree sees all the examples. Images are averaged down as for boosted trees.

Leaves hold one example at least, and more where the trees would hold more than 2^25 numbers (`smallest_leaf`): 5 for
300 trees on 54,000 images of 10 classes. So a bundle stays under about 150 MB.

The trees are kept as plain arrays, nodes of all trees in one row, and answer by a walk of all images down all trees at
once. The left child of a node is the next node.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32
from sklearn.ensemble import ExtraTreesClassifier

from epochal.core.task import Task
from epochal.models.classical.pixels import (
    Logits,
    all_columns,
    check_examples,
    check_images,
    not_fitted,
    reduced_numbers,
)

MOST_NUMBERS = 2**25  # of chances in the leaves of all trees together
WALKS = 2**19  # images x trees that are walked at once


@dataclass(frozen=True, kw_only=True)
class ExtraTreesConfig:
    """`numbers` is the most inputs that a tree may split on."""

    trees: int = 300
    numbers: int = 1024


def smallest_leaf(examples: int, classes: int, trees: int) -> int:
    """Examples that a leaf has at least, so that the leaves of all trees hold at most `MOST_NUMBERS` chances."""
    return max(1, -(-examples * classes * trees // MOST_NUMBERS))


class ExtraTrees:
    """The mean of randomised trees on the pixels."""

    converged = True

    def __init__(self, config: ExtraTreesConfig, task: Task):
        self.config = config
        self.task = task
        self._nodes: dict[str, np.ndarray] = {}
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
        self._nodes = _plain([each.tree_ for each in forest.estimators_])

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], the log of the mean chance, to which one more tree that knows nothing contributes."""
        if self._seen is None:
            raise not_fitted("Extremely randomised trees")
        check_images(images, self.task)
        trees = len(self._nodes["roots"])
        rows, parts = max(1, WALKS // trees), [np.zeros((0, len(self._seen)), dtype=np.float32)]
        for start in range(0, len(images), rows):
            parts.append(self._sums(reduced_numbers(images[start : start + rows], self.config.numbers)))
        chances = (np.concatenate(parts) + 1 / len(self._seen)) / (trees + 1)
        return all_columns(np.log(chances), self._seen, self.task.classes, self._examples)

    def parameters_count(self) -> int:
        """Two numbers for each split (its pixel and its threshold), and the chances of each leaf."""
        if not self._nodes:
            return 0
        return 2 * int((self._nodes["pixels"] >= 0).sum()) + self._nodes["chances"].size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`roots` [trees] int32; `pixels` int32 (-1 for a leaf), `thresholds` float32 and `places` int32, each [nodes]:
        the place of the right child, or of the leaf's row in `chances` [leaves, seen classes] float16; `seen` int64,
        `examples` [] int64."""
        if self._seen is None:
            raise not_fitted("Extremely randomised trees")
        return {**self._nodes, "seen": self._seen, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: ExtraTreesConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "ExtraTrees":
        rung = cls(config, task)
        rung._nodes = {name: arrays[name] for name in ("roots", "pixels", "thresholds", "places", "chances")}
        rung._seen, rung._examples = arrays["seen"], int(arrays["examples"])
        return rung

    def _sums(self, features: Float32[np.ndarray, "batch numbers"]) -> Float32[np.ndarray, "batch classes"]:
        """Chances of each seen class, summed over the trees."""
        roots, pixels, places = self._nodes["roots"], self._nodes["pixels"], self._nodes["places"]
        thresholds, width = self._nodes["thresholds"], features.shape[1]
        leaves = np.empty(len(features) * len(roots), dtype=np.int32)
        walks = np.arange(len(leaves), dtype=np.int32)  # those that have not come to a leaf
        at, starts = np.tile(roots, len(features)), walks // len(roots) * width
        flat = features.ravel()
        while len(walks):
            pixel = pixels[at]
            inside = pixel >= 0
            if not inside.all():
                leaves[walks[~inside]] = places[at[~inside]]
                walks, at, starts, pixel = walks[inside], at[inside], starts[inside], pixel[inside]
            at = np.where(flat[starts + pixel] <= thresholds[at], at + 1, places[at])
        rows = leaves.reshape(len(features), len(roots))
        sums = np.zeros((len(features), self._nodes["chances"].shape[1]), dtype=np.float32)
        for tree in range(len(roots)):
            sums += self._nodes["chances"][rows[:, tree]]
        return sums


def _plain(trees: list[Any]) -> dict[str, np.ndarray]:
    """The arrays of scikit-learn's trees, in which a node's left child is the next one."""
    roots, pixels, thresholds, places, chances = [], [], [], [], []
    nodes = leaves = 0
    for tree in trees:
        leaf = tree.children_left < 0
        inner = np.flatnonzero(~leaf)
        assert (tree.children_left[inner] == inner + 1).all()
        roots.append(nodes)
        pixels.append(np.where(leaf, -1, tree.feature).astype(np.int32))
        thresholds.append(_rounded_down(tree.threshold))
        places.append(np.where(leaf, leaves + np.cumsum(leaf) - 1, tree.children_right + nodes).astype(np.int32))
        values = tree.value[leaf, 0]
        chances.append((values / values.sum(axis=1, keepdims=True)).astype(np.float16))
        nodes, leaves = nodes + len(leaf), leaves + int(leaf.sum())
    return {
        "roots": np.array(roots, dtype=np.int32),
        "pixels": np.concatenate(pixels),
        "thresholds": np.concatenate(thresholds),
        "places": np.concatenate(places),
        "chances": np.concatenate(chances),
    }


def _rounded_down(thresholds: np.ndarray) -> Float32[np.ndarray, " nodes"]:
    """The largest float32 up to each float64: a float32 number is below both or above both."""
    near = thresholds.astype(np.float32)
    return np.where(near > thresholds, np.nextafter(near, np.float32(-np.inf)), near)
