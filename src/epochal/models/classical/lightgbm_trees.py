"""LightGBM: boosted trees that grow leaf by leaf on columns that are cut into bins (Ke 2017).

G. Ke, Q. Meng, T. Finley, T. Wang, W. Chen, W. Ma, Q. Ye and T.-Y. Liu, "LightGBM: a highly efficient gradient boosting
decision tree", NeurIPS 2017, by the authors' library.

Rows are taken at rest: what is missing goes to the side where it helps, and codes of categories are split into any two
sets. Settings are the library's (31 leaves) with the rate, rounds and early stopping of the ladder's boosted trees.
Leaves and groups of levels may be smaller where there are few examples.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.models.classical.boosting import BoostingConfig, Lesson, LibraryTrees, categories

GROUP = 100  # examples that the library wants of each group of levels


@dataclass(frozen=True, kw_only=True)
class LightGbmConfig(BoostingConfig):
    leaves: int = 31
    smallest_leaf: int = 20  # examples; fewer where the training set is smaller than 20 such leaves


class LightGbm(LibraryTrees):
    """Boosted trees of LightGBM; `_file` is its text."""

    def _trained(self, lesson: Lesson) -> tuple[bytes, int]:
        import lightgbm

        few = max(2, len(lesson.rows) // 20)
        settings: dict[str, Any] = {
            "objective": {0: "regression", 2: "binary"}.get(lesson.classes, "multiclass"),
            "num_class": lesson.classes if lesson.classes > 2 else 1,
            "learning_rate": self.config.learning_rate,
            "num_leaves": self.config.leaves,
            "min_data_in_leaf": min(self.config.smallest_leaf, few),
            "min_data_per_group": min(GROUP, few),
            "seed": lesson.seed,
            "num_threads": lesson.threads,
            "deterministic": True,
            "force_row_wise": True,  # else the faster of two ways is taken, which differ in the last bits
            "verbosity": -1,
        }
        learned = lightgbm.Dataset(
            lesson.rows,
            lesson.targets,
            weight=lesson.weights,
            categorical_feature=categories(self.task),
            params=settings,
        )
        rows, targets, weights = lesson.held or (None, None, None)
        held: list[Any] = [] if rows is None else [learned.create_valid(rows, targets, weight=weights)]
        stop: list[Any] = [lightgbm.early_stopping(self.config.patience, verbose=False)] if held else []
        trees = lightgbm.train(settings, learned, lesson.rounds, valid_sets=held, callbacks=stop)
        made = trees.current_iteration()
        best = trees.best_iteration if held else made
        return trees.model_to_string(num_iteration=best).encode(), made

    def _opened(self, file: bytes) -> Any:
        import lightgbm

        return lightgbm.Booster(model_str=file.decode())

    def _scores(self, rows: np.ndarray, threads: int) -> np.ndarray:
        return self._trees.predict(rows, raw_score=True, num_threads=threads)

    def _size(self) -> int:
        return sum(3 * tree["num_leaves"] - 2 for tree in self._trees.dump_model()["tree_info"])
