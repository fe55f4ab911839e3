"""Boosted trees on pixels: each tree corrects what the trees before it got wrong (Friedman 2001).

J. H. Friedman, "Greedy function approximation: a gradient boosting machine", Annals of Statistics 29(5), 2001; with
binned inputs and leaf-wise growth as in LightGBM (Ke et al. 2017), by scikit-learn's HistGradientBoostingClassifier.

Settings: learning rate 0.1 and at most 100 rounds of one tree a class with 31 leaves. Images are averaged down to half
their sides until they have at most 1,024 numbers (28x28 stays, 32x32 in colour becomes 16x16, 64x64 grey 32x32).
Pixels go into 63 bins: on Fashion-MNIST that was as accurate as 255 bins and took three fifths of the time. From 1,000
examples on, a tenth of them is held out, and training stops after 10 rounds that did not lower its loss.

A round costs as many trees as there are classes, so small members of the family do fewer rounds, at a learning rate of
0.3: few rounds learn more at it than at 0.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from epochal.core.task import Task
from epochal.models.classical.pixels import BLOCK_NUMBERS, Images, check_examples, check_images, reduced_numbers
from epochal.models.classical.shared import Logits, all_columns, not_fitted, one_core_free

HELD_OUT = 0.1  # of the examples, to stop early


@dataclass(frozen=True, kw_only=True)
class BoostedTreesConfig:
    """`rounds` of one tree a class; `numbers` is the most inputs that a tree may split on."""

    learning_rate: float = 0.1
    rounds: int = 100
    leaves: int = 31
    smallest_leaf: int = 20  # examples; fewer where the training set is smaller than 20 such leaves
    bins: int = 63
    patience: int = 10  # rounds without a lower held-out loss
    numbers: int = 1024


class BoostedTrees:
    """Gradient-boosted decision trees on the pixels.

    `converged` is False where the held-out loss was still falling at the last round.
    """

    def __init__(self, config: BoostedTreesConfig, task: Task):
        self.config = config
        self.task = task
        self.converged = True
        self._trees: HistGradientBoostingClassifier | None = None  # None too where training saw one class only
        self._seen: np.ndarray | None = None  # classes with an example, ascending
        self._examples = 0

    def fit(self, images: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Grow the trees. The seed decides which examples are held out, and which ones the bins are made from.

        Raises:
            DataError: the examples do not belong to the task.
        """
        check_examples(images, targets, self.task)
        self._examples, self.converged, self._trees = len(images), True, None
        self._seen, counts = np.unique(targets, return_counts=True)
        if len(self._seen) == 1:
            return
        # The split is stratified: each class needs an example on either side.
        early = len(images) >= 1000 and counts.min() >= 2 and HELD_OUT * len(images) >= len(counts)
        trees = HistGradientBoostingClassifier(
            learning_rate=self.config.learning_rate,
            max_iter=self.config.rounds,
            max_leaf_nodes=self.config.leaves,
            min_samples_leaf=min(self.config.smallest_leaf, max(2, len(images) // 20)),
            max_bins=self.config.bins,
            early_stopping=bool(early),
            validation_fraction=HELD_OUT,
            n_iter_no_change=self.config.patience,
            tol=1e-4,
            random_state=seed % 2**32,
        )
        features = reduced_numbers(images, self.config.numbers)
        with one_core_free():
            self._trees = trees.fit(features, targets)
        self.converged = not early or trees.n_iter_ < self.config.rounds

    def outputs(self, images: np.ndarray) -> Logits:
        """[batch, classes], log-probabilities."""
        if self._seen is None:
            raise not_fitted("Boosted trees")
        check_images(images, self.task)
        rows = max(1, BLOCK_NUMBERS // int(np.prod(self.task.input_shape)))
        parts = [np.zeros((0, self.task.classes), dtype=np.float32)]
        for start in range(0, len(images), rows):
            scores = self._scores(images[start : start + rows])
            parts.append(all_columns(scores, self._seen, self.task.classes, self._examples))
        return np.concatenate(parts)

    def parameters_count(self) -> int:
        """Two numbers for each split (its pixel and its threshold) and one for each leaf; one a class to start from."""
        if self._trees is None:
            return 0
        leaves = [tree.get_n_leaf_nodes() for trees in self._trees._predictors for tree in trees]
        return sum(3 * count - 2 for count in leaves) + self._trees._baseline_prediction.size

    def estimators(self) -> dict[str, Any]:
        """`trees`; nothing where training saw one class only."""
        return {} if self._trees is None else {"trees": self._trees}

    def arrays(self) -> dict[str, np.ndarray]:
        """`seen` [seen classes] int64, `examples` [] int64."""
        if self._seen is None:
            raise not_fitted("Boosted trees")
        return {"seen": self._seen, "examples": np.array(self._examples)}

    @classmethod
    def restore(
        cls, config: BoostedTreesConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "BoostedTrees":
        rung = cls(config, task)
        rung._seen, rung._examples = arrays["seen"], int(arrays["examples"])
        rung._trees = estimators.get("trees")
        return rung

    def _scores(self, images: Images) -> np.ndarray:
        """[batch, seen classes], log-odds up to a constant of the row."""
        if self._trees is None:
            return np.zeros((len(images), 1))
        features = reduced_numbers(images, self.config.numbers)
        with one_core_free(answering=True):
            scores = self._trees.decision_function(features)
        return scores if scores.ndim == 2 else np.stack([np.zeros_like(scores), scores], axis=1)
