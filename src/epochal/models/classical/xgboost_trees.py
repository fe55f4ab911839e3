"""XGBoost: boosted trees by first and second derivatives of the loss, with a penalty on leaves (Chen 2016).

T. Chen and C. Guestrin, "XGBoost: a scalable tree boosting system", KDD 2016, by the authors' library.

Rows are taken at rest: what is missing goes to the side where it helps, and codes of categories are split into any two
sets. Settings are the library's (trees of depth 6 on 256 bins, penalty 1) with the rate, rounds and early stopping of
the ladder's boosted trees.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.models.classical.boosting import BoostingConfig, Lesson, LibraryTrees


@dataclass(frozen=True, kw_only=True)
class XGBoostConfig(BoostingConfig):
    depth: int = 6
    penalty: float = 1.0  # on the square of what a leaf says


class XGBoost(LibraryTrees):
    """Boosted trees of XGBoost; `_file` is its binary JSON."""

    def _trained(self, lesson: Lesson) -> tuple[bytes, int]:
        import xgboost

        settings: dict[str, Any] = {
            "objective": {0: "reg:squarederror", 2: "binary:logistic"}.get(lesson.classes, "multi:softprob"),
            "learning_rate": self.config.learning_rate,
            "max_depth": self.config.depth,
            "reg_lambda": self.config.penalty,
            "tree_method": "hist",
            "seed": lesson.seed,
            "nthread": lesson.threads,
            "verbosity": 0,
        }
        if lesson.classes > 2:
            settings["num_class"] = lesson.classes
        held: list[Any] = []
        stop: list[Any] = []
        if lesson.held is not None:
            held = [
                (self._matrix(*lesson.held, threads=lesson.threads), "held")
            ]  # a name without a space, which would end it
            stop = [xgboost.callback.EarlyStopping(rounds=self.config.patience, save_best=True)]
        losses: dict[str, dict[str, list[float]]] = {}
        trees = xgboost.train(
            settings,
            self._matrix(lesson.rows, lesson.targets, lesson.weights, threads=lesson.threads),
            lesson.rounds,
            evals=held,
            evals_result=losses,
            callbacks=stop,
            verbose_eval=False,
        )
        made = len(next(iter(losses["held"].values()))) if held else lesson.rounds
        return bytes(trees.save_raw("ubj")), made

    def _opened(self, file: bytes) -> Any:
        import xgboost

        trees = xgboost.Booster({"verbosity": 0})
        trees.load_model(bytearray(file))
        return trees

    def _scores(self, rows: np.ndarray, threads: int) -> np.ndarray:
        self._trees.set_param({"nthread": threads})
        return self._trees.predict(self._matrix(rows, threads=threads), output_margin=True)

    def _size(self) -> int:
        leaves = [tree.count("leaf=") for tree in self._trees.get_dump()]
        return sum(3 * count - 2 for count in leaves)

    def _matrix(
        self, rows: np.ndarray, targets: np.ndarray | None = None, weights: np.ndarray | None = None, *, threads: int
    ) -> Any:
        import xgboost

        kinds = ["c" if codes else "q" for codes in self.task.levels]
        return xgboost.DMatrix(
            rows, targets, weight=weights, feature_types=kinds, enable_categorical=True, nthread=threads
        )
