"""The majority guess: the most frequent label of the training split, whatever the input. What every rung must beat."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.core.task import Task
from epochal.models.classical.shared import Logits, check_targets, not_fitted


@dataclass(frozen=True, kw_only=True)
class MajorityConfig:
    """There is nothing to set."""


class Majority:
    """Logits are the log of the training frequencies, each count raised by one (Laplace's rule of succession, 1774).

    It never looks at an input, and so takes any.
    """

    converged = True

    def __init__(self, config: MajorityConfig, task: Task):
        self.config = config
        self.task = task
        self._counts: np.ndarray | None = None  # [classes] int64; float64 where examples have weights

    def fit(self, inputs: Any, targets: np.ndarray, *, seed: int, weights: np.ndarray | None = None) -> None:
        """Count the labels, or add up their weights. The seed changes nothing.

        Raises:
            DataError: the targets do not belong to the task.
        """
        check_targets(inputs, targets, self.task)
        self._counts = np.bincount(targets, weights, minlength=self.task.classes)

    def outputs(self, inputs: Any) -> Logits:
        """[batch, classes], the same row for every input."""
        if self._counts is None:
            raise not_fitted("The majority guess")
        frequencies = (self._counts + 1.0) / (self._counts.sum() + self.task.classes)
        return np.tile(np.log(frequencies).astype(np.float32), (len(inputs), 1))

    def parameters_count(self) -> int:
        """One count a class."""
        return 0 if self._counts is None else self._counts.size

    def estimators(self) -> dict[str, Any]:
        return {}

    def arrays(self) -> dict[str, np.ndarray]:
        """`counts` [classes] int64; float64 where examples have weights."""
        if self._counts is None:
            raise not_fitted("The majority guess")
        return {"counts": self._counts}

    @classmethod
    def restore(
        cls, config: MajorityConfig, task: Task, estimators: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "Majority":
        rung = cls(config, task)
        rung._counts = arrays["counts"]
        return rung
