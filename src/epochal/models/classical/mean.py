"""The mean guess: the mean of the training targets, whatever the input. The floor of what predicts numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float32

from epochal.core.task import Task
from epochal.models.classical.shared import check_targets, not_fitted


@dataclass(frozen=True, kw_only=True)
class MeanConfig:
    """There is nothing to set."""


class Mean:
    """The number with the least squared error of all that are the same for every input. It never looks at one."""

    converged = True

    def __init__(self, config: MeanConfig, task: Task):
        self.config = config
        self.task = task
        self._mean: np.ndarray | None = None  # [1] float32

    def fit(self, inputs: Any, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Average the targets. The seed changes nothing.

        Raises:
            DataError: the targets do not belong to the task.
        """
        check_targets(inputs, targets, self.task)
        mean = targets.mean(dtype=np.float64) if weights is None else np.average(targets.astype(float), weights=weights)
        self._mean = np.array([mean], dtype=np.float32)

    def outputs(self, inputs: Any) -> Float32[np.ndarray, "batch 1"]:
        """The same number for every input, in the unit of the targets."""
        if self._mean is None:
            raise not_fitted("The mean guess")
        return np.tile(self._mean, (len(inputs), 1))

    def parameters_count(self) -> int:
        return 0 if self._mean is None else 1

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`mean` [1] float32."""
        if self._mean is None:
            raise not_fitted("The mean guess")
        return {"mean": self._mean}

    @classmethod
    def restore(
        cls, config: MeanConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "Mean":
        rung = cls(config, task)
        rung._mean = arrays["mean"]
        return rung
