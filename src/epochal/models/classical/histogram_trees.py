"""Boosted trees for tables: each tree corrects what the trees before it got wrong (Friedman 2001).

J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5), 2001; with
columns cut into 255 bins and leaf-wise growth as in LightGBM (Ke et al. 2017), by scikit-learn's
HistGradientBoostingClassifier and HistGradientBoostingRegressor.

Rows are taken at rest: what is missing goes to the side where it helps, and levels of a category are split into any two
sets. Settings: learning rate 0.1 and at most 500 rounds of one tree (one a class from three classes on) with 31 leaves.
A tenth of the training examples, and of fewer than 1,000 examples 100 or a fifth, is held out, and training stops after
20 rounds that did not lower its loss. On Adult that is after about 120 rounds.

A round costs as many trees as there are classes, so small members of the family do fewer rounds, at a learning rate of
0.3: few rounds learn more at it than at 0.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from epochal.core.task import Task
from epochal.models.classical.boosting import MOST_UNWATCHED, held_out_share
from epochal.models.classical.rows import Outputs, Rows, check_rows, check_training
from epochal.models.classical.shared import all_columns, not_fitted, one_core_free

BINS = 255
FEWEST_PRESENT = 20  # examples that must have a number in a column, so that those which are binned have one, too
BINNED = 200_000  # examples that scikit-learn makes bins from


@dataclass(frozen=True, kw_only=True)
class HistogramTreesConfig:
    """`rounds` of one tree, or of one a class."""

    learning_rate: float = 0.1
    rounds: int = 500
    leaves: int = 31
    smallest_leaf: int = 20  # examples; fewer where the training set is smaller than 20 such leaves
    patience: int = 20  # rounds without a lower held-out loss


class HistogramTrees:
    """Gradient-boosted decision trees on rows at rest.

    `converged` is False where the held-out loss was still falling at the last round.
    """

    def __init__(self, config: HistogramTreesConfig, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self._trees: Any = None  # None too where training saw one class only
        self._seen: np.ndarray | None = None  # classes with an example, ascending; empty for numbers
        self._used = np.zeros(0, bool)  # columns in which enough numbers are present
        self._examples = 0

    def fit(self, rows: np.ndarray, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Grow the trees. The seed decides which examples are held out, and which ones the bins are made from.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_training(rows, targets, len(self.task.levels), self.task)
        self._examples, self.converged, self._trees = len(rows), True, None
        self._seen = np.unique(targets) if self.task.labels else np.zeros(0, np.int64)
        self._used = np.ones(rows.shape[1], bool)
        if len(self._seen) == 1:
            return
        share = held_out_share(targets, self.task)
        early = share > 0
        wanted = FEWEST_PRESENT * max(1.0, len(rows) / BINNED) if early else 1
        self._used = (~np.isnan(rows)).sum(axis=0) >= wanted
        kind = HistGradientBoostingClassifier if self.task.labels else HistGradientBoostingRegressor
        trees = kind(
            learning_rate=self.config.learning_rate,
            max_iter=self.config.rounds if early else min(self.config.rounds, MOST_UNWATCHED),
            max_leaf_nodes=self.config.leaves,
            min_samples_leaf=min(self.config.smallest_leaf, max(2, len(rows) // 20)),
            max_bins=BINS,
            categorical_features=[0 < codes <= BINS for codes in self.task.levels],
            early_stopping=early,
            validation_fraction=share or None,
            n_iter_no_change=self.config.patience,
            tol=1e-5,
            random_state=seed % 2**32,
        )
        with one_core_free():
            self._trees = trees.fit(self._usable(rows), targets, sample_weight=weights)
        self.converged = not early or trees.n_iter_ < self.config.rounds

    def outputs(self, rows: np.ndarray) -> Outputs:
        """[batch, classes], log-probabilities; or [batch, 1], the number in the unit of the targets."""
        if self._seen is None:
            raise not_fitted("Boosted trees")
        check_rows(rows, len(self.task.levels))
        if not len(rows):
            return np.zeros((0, self.task.outputs), np.float32)
        if not self.task.labels:
            with one_core_free(answering=True):
                return self._trees.predict(self._usable(rows)).astype(np.float32)[:, None]
        return all_columns(self._scores(rows), self._seen, self.task.classes, self._examples)

    def parameters_count(self) -> int:
        """Two numbers for each split (its column and its threshold) and one for each leaf; and those to start from."""
        if self._trees is None:
            return 0
        leaves = [tree.get_n_leaf_nodes() for trees in self._trees._predictors for tree in trees]
        return sum(3 * count - 2 for count in leaves) + np.size(self._trees._baseline_prediction)

    def estimators(self) -> dict[str, Any]:
        """`trees`; nothing where training saw one class only."""
        return {} if self._trees is None else {"trees": self._trees}

    def arrays(self) -> dict[str, np.ndarray]:
        """`seen` [seen classes] int64, `used` [columns] bool, `examples` [] int64."""
        if self._seen is None:
            raise not_fitted("Boosted trees")
        return {"seen": self._seen, "used": self._used, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: HistogramTreesConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "HistogramTrees":
        rung = cls(config, task)
        rung._seen, rung._examples = arrays["seen"], int(arrays["examples"])
        rung._used = arrays["used"]
        rung._trees = estimators.get("trees")
        return rung

    def _usable(self, rows: Rows) -> Rows:
        """The rows with 0 in columns that are not used: scikit-learn cannot bin a column without a number."""
        return rows if self._used.all() else np.where(self._used, rows, np.float32(0))

    def _scores(self, rows: np.ndarray) -> np.ndarray:
        """[batch, seen classes], log-odds up to a constant of the row."""
        if self._trees is None:
            return np.zeros((len(rows), 1))
        with one_core_free(answering=True):
            scores = self._trees.decision_function(self._usable(rows))
        return scores if scores.ndim == 2 else np.stack([np.zeros_like(scores), scores], axis=1)
