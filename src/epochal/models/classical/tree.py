"""A decision tree: questions about one column at a time, pruned by cross-validation (Breiman 1984).

L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone, "Classification and regression trees", Wadsworth, 1984, by
scikit-learn's trees: Gini impurity for classes, squared error for numbers. Rows are taken at rest: what is missing goes
to the side where it helps, and codes of categories, which are in the order of frequency, are split as numbers.

The tree grows best first: each split is the one that lowers the impurity most, so that its first splits are the best
smaller tree. How many leaves it keeps is decided by five-fold cross-validation, among powers of two up to 1,024: the
number with the lowest log-loss, or squared error. The book prunes by a price for each leaf, and chooses that price in
the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from sklearn.model_selection import KFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from epochal.core.task import Task
from epochal.core.weighed import relative
from epochal.models.classical.plain_trees import PlainTrees, plain_trees, restored
from epochal.models.classical.rows import Outputs, Rows, check_rows, check_training, smoothed
from epochal.models.classical.shared import all_columns, not_fitted

FOLDS = 5


@dataclass(frozen=True, kw_only=True)
class TreeConfig:
    """`leaves` at most; a leaf holds `smallest_leaf` examples or more. `pruned` False keeps all leaves."""

    leaves: int = 1024
    smallest_leaf: int = 5
    pruned: bool = True


class Tree:
    """One decision tree on rows at rest."""

    converged = True

    def __init__(self, config: TreeConfig, task: Task):
        self.config = config
        self.task = task
        self._tree: PlainTrees | None = None
        self._seen = np.zeros(0, np.int64)  # classes with an example, ascending; empty for numbers
        self._examples = 0

    def fit(self, rows: np.ndarray, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Grow and prune. The seed decides the folds, and which of two questions that are equally good is asked.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_training(rows, targets, len(self.task.levels), self.task)
        self._examples = len(rows)
        self._seen = np.unique(targets) if self.task.labels else self._seen
        leaves = self._kept_leaves(rows, targets, weights, seed) if self.config.pruned else self.config.leaves
        grown = self._grown(rows, targets, weights, leaves, seed)
        self._tree = plain_trees([grown.tree_], self._values, missing=True)

    def outputs(self, rows: np.ndarray) -> Outputs:
        """[batch, classes], log-probabilities; or [batch, 1], the number in the unit of the targets."""
        if self._tree is None:
            raise not_fitted("The tree")
        check_rows(rows, len(self.task.levels))
        values = self._tree.sums(rows)
        if not self.task.labels:
            return values
        return all_columns(np.log(values), self._seen, self.task.classes, self._examples)

    def parameters_count(self) -> int:
        """Two numbers for each split (its column and its threshold), and what each leaf says."""
        return 0 if self._tree is None else 2 * self._tree.splits + self._tree.values.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """Those of `PlainTrees`; `seen` int64, `examples` [] int64."""
        if self._tree is None:
            raise not_fitted("The tree")
        return {**self._tree.stored(), "seen": self._seen, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: TreeConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "Tree":
        rung = cls(config, task)
        rung._tree = restored(arrays)
        rung._seen, rung._examples = arrays["seen"], int(arrays["examples"])
        return rung

    def _grown(self, rows: Rows, targets: np.ndarray, weights: np.ndarray | None, leaves: int, seed: int) -> Any:
        options = {
            "max_leaf_nodes": max(2, leaves),
            "min_samples_leaf": self.config.smallest_leaf,
            "min_samples_split": 2 if leaves > 1 else len(rows) + 1,
            "random_state": seed % 2**32,
        }
        kind = DecisionTreeClassifier if self.task.labels else DecisionTreeRegressor
        return kind(**options).fit(rows, targets, sample_weight=weights)

    def _values(self, tree: Any) -> Float[np.ndarray, "nodes outputs"]:
        """What each node says: chances of the seen classes, or a number."""
        values: np.ndarray = tree.value[:, 0]
        return smoothed(values, tree.weighted_n_node_samples) if self.task.labels else values

    def _kept_leaves(self, rows: Rows, targets: np.ndarray, weights: np.ndarray | None, seed: int) -> int:
        """The power of two with the lowest loss on the folds; of those that are level, the smallest."""
        sizes = [2**power for power in range(self.config.leaves.bit_length())]
        if len(rows) < FOLDS:
            return 1
        shares, losses = relative(weights, len(rows)), np.zeros(len(sizes))
        for train, rest in KFold(FOLDS, shuffle=True, random_state=seed % 2**32).split(rows):
            own = None if weights is None else weights[train]
            grown = self._grown(rows[train], targets[train], own, self.config.leaves, seed)
            values, asked = self._values(grown.tree_), grown.apply(rows[rest])
            for place, size in enumerate(sizes):
                said = values[first_leaves(grown.tree_, size)[asked]]
                losses[place] += self._loss(said, targets[rest], shares[rest], np.unique(targets[train]))
        return sizes[int(np.argmin(losses))]

    def _loss(
        self, said: Float[np.ndarray, "batch outputs"], targets: np.ndarray, shares: np.ndarray, seen: np.ndarray
    ) -> float:
        """Summed squared errors, or log-losses, each times its share; a class that the fold had no example of counts as
        hardly likely."""
        if not self.task.labels:
            return float((shares * (said[:, 0] - targets) ** 2).sum())
        known = np.isin(targets, seen)
        chances = said[np.flatnonzero(known), np.searchsorted(seen, targets[known])]
        missed = float(shares[~known].sum()) * float(np.log(self._examples))
        return float(-(shares[known] * np.log(chances)).sum()) + missed


def first_leaves(tree: Any, leaves: int) -> Int[np.ndarray, " nodes"]:
    """Of a tree that grew best first: for each node, the leaf above it, or itself, when the tree had so many leaves.

    Each split adds two nodes at the end, so the first 2 * leaves - 1 nodes are the smaller tree.
    """
    above = np.zeros(tree.node_count, dtype=np.int64)
    for children in (tree.children_left, tree.children_right):
        inner = np.flatnonzero(children >= 0)
        above[children[inner]] = inner
    for node in range(tree.node_count):
        above[node] = node if node < 2 * leaves - 1 else above[above[node]]
    return above
