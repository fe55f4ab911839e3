"""The classical rungs: from a majority guess to hand-made features and boosted trees, behind one protocol.

Each is built as `Rung(config, task)` and does no work until `fit`. `arrays` and `estimators` are what a bundle keeps;
`restore` builds the fitted rung from them again. Whether the seed changes anything is told by the traits of the
catalogue.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from epochal.core.task import Task
from epochal.models.classical.boosted_trees import BoostedTrees, BoostedTreesConfig
from epochal.models.classical.catboost_trees import CatBoost, CatBoostConfig
from epochal.models.classical.extra_trees import ExtraTrees, ExtraTreesConfig
from epochal.models.classical.forest import Forest, ForestConfig
from epochal.models.classical.histogram_trees import HistogramTrees, HistogramTreesConfig
from epochal.models.classical.hog_rbf import HogRbf, HogRbfConfig
from epochal.models.classical.hog_svm import HogSvm, HogSvmConfig
from epochal.models.classical.lightgbm_trees import LightGbm, LightGbmConfig
from epochal.models.classical.linear import Linear, LinearConfig
from epochal.models.classical.majority import Majority, MajorityConfig
from epochal.models.classical.mean import Mean, MeanConfig
from epochal.models.classical.neighbours import NearestNeighbours, NearestNeighboursConfig
from epochal.models.classical.tree import Tree, TreeConfig
from epochal.models.classical.xgboost_trees import XGBoost, XGBoostConfig


class ClassicalRung(Protocol):
    """What the trainer, the evaluation and the bundle ask of a classical rung.

    `converged` is False where the fit stopped at its limit of iterations; True before `fit` and where there is none.
    """

    converged: bool

    def fit(self, inputs: np.ndarray, targets: np.ndarray, *, seed: int) -> None:
        """Learn from encoded inputs, such as images uint8 [batch, channels, height, width] or rows of a table float32
        [batch, columns], and targets [batch]: places of classes int, or numbers float32 as the goal makes them.

        A rung that weighs its examples, as its traits in the catalogue say, also takes `weights` [batch] float32, above
        zero and with mean 1, or None where all examples count alike.
        """

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """float32 [batch, task.outputs]: a logit for each label of the task, also for those without an example; or the
        number that is predicted, in the unit of the targets."""

    def parameters_count(self) -> int:
        """How many numbers the fitted rung stores; 0 before `fit`."""

    def estimators(self) -> dict[str, Any]:
        """The scikit-learn estimators that it stores, by name."""

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays that it stores, by name."""

    @classmethod
    def restore(
        cls, config: Any, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "ClassicalRung":
        """The fitted rung whose `estimators` and `arrays` these are."""


__all__ = [
    "BoostedTrees",
    "BoostedTreesConfig",
    "CatBoost",
    "CatBoostConfig",
    "ClassicalRung",
    "ExtraTrees",
    "ExtraTreesConfig",
    "Forest",
    "ForestConfig",
    "HistogramTrees",
    "HistogramTreesConfig",
    "HogRbf",
    "HogRbfConfig",
    "HogSvm",
    "HogSvmConfig",
    "LightGbm",
    "LightGbmConfig",
    "Linear",
    "LinearConfig",
    "Majority",
    "MajorityConfig",
    "Mean",
    "MeanConfig",
    "NearestNeighbours",
    "NearestNeighboursConfig",
    "Tree",
    "TreeConfig",
    "XGBoost",
    "XGBoostConfig",
]
