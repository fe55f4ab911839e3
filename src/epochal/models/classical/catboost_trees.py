"""CatBoost: boosted trees to which a level is what earlier rows of that level were (Prokhorenkova 2018).

L. Prokhorenkova, G. Gusev, A. Vorobev, A. V. Dorogush and A. Gulin, "CatBoost: unbiased boosting with categorical
features", NeurIPS 2018, by the authors' library.

Rows are taken at rest: what is missing counts as below all numbers, and codes of categories become the mean target of
the rows before, in a random order, so that a row's own target is never in them. All nodes of one depth ask the same.
Settings are the library's (depth 6, penalty 3) with the rate, rounds and early stopping of the ladder's boosted trees.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from epochal.models.classical.boosting import BoostingConfig, Lesson, LibraryTrees, categories


@dataclass(frozen=True, kw_only=True)
class CatBoostConfig(BoostingConfig):
    depth: int = 6
    penalty: float = 3.0  # on the square of what a leaf says


class CatBoost(LibraryTrees):
    """Boosted trees of CatBoost; `_file` is its binary file."""

    def _trained(self, lesson: Lesson) -> tuple[bytes, int]:
        import catboost

        loss = {0: "RMSE", 2: "Logloss"}.get(lesson.classes, "MultiClass")
        settings: dict[str, Any] = {
            "loss_function": loss,
            "iterations": lesson.rounds,
            "learning_rate": self.config.learning_rate,
            "depth": self.config.depth,
            "l2_leaf_reg": self.config.penalty,
            "random_seed": lesson.seed,
            "thread_count": lesson.threads,
            "logging_level": "Silent",
            "allow_writing_files": False,
        }
        if lesson.classes > 2:
            settings["classes_count"] = lesson.classes
        held = None
        if lesson.held is not None:
            held = self._pool(*lesson.held)
            settings |= {"od_type": "Iter", "od_wait": self.config.patience, "use_best_model": True}
        trees = catboost.CatBoost(settings)
        trees.fit(self._pool(lesson.rows, lesson.targets, lesson.weights), eval_set=held)
        made = len(trees.get_evals_result()["validation"][loss]) if held is not None else lesson.rounds
        told = trees.get_metadata()
        for name in ("model_guid", "train_finish_time"):  # which differ where nothing else does
            told[name] = ""
        with tempfile.TemporaryDirectory(prefix="epochal-") as folder:
            path = Path(folder) / "model.cbm"
            trees.save_model(str(path), format="cbm")
            return path.read_bytes(), made

    def _opened(self, file: bytes) -> Any:
        import catboost

        return catboost.CatBoost().load_model(blob=file)

    def _scores(self, rows: np.ndarray, threads: int) -> np.ndarray:
        return self._trees.predict(self._pool(rows), prediction_type="RawFormulaVal", thread_count=threads)

    def _size(self) -> int:
        depths = np.log2(self._trees.get_tree_leaf_counts())
        return int(self._trees.get_leaf_values().size + 2 * depths.sum())

    def _pool(self, rows: np.ndarray, targets: np.ndarray | None = None, weights: np.ndarray | None = None) -> Any:
        """Numbers first, then codes as words, which is how the library takes categories."""
        import catboost

        coded = categories(self.task)
        if not coded:
            return catboost.Pool(rows, targets, weight=weights)
        words = np.array([str(code).encode() for code in range(max(self.task.levels))], object)
        numbers = np.delete(rows, coded, axis=1)
        return catboost.Pool(
            catboost.FeaturesData(
                num_feature_data=np.ascontiguousarray(numbers) if numbers.shape[1] else None,
                cat_feature_data=words[rows[:, coded].astype(np.int64)],
            ),
            targets,
            weight=weights,
        )
