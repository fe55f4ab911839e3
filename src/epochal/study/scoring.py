"""How a climb scores: the values of an arm's items under its goal, on validation and on the test split."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.core.protocols import Goal
from epochal.core.run import FINISHED
from epochal.judge.statistics import CrossedMean
from epochal.train.experiment import Arm, values_of


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """The goal of a climb, and the validation targets, on which answers are calibrated and choices are made."""

    goal: Goal
    targets: Any
    _calibrations: dict[str, tuple[Any, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def metric(self) -> Metric:
        return self.goal.metric

    @property
    def doubt(self) -> float:
        return self.goal.doubt(self.targets)

    def calibrations(self, arm: Arm) -> tuple[Any, ...]:
        """Of each finished training, what calibrates it on validation."""
        if arm.name not in self._calibrations:
            self._calibrations[arm.name] = tuple(self.goal.calibrate(one, self.targets) for one in arm.answers)
        return self._calibrations[arm.name]

    def values(self, arm: Arm) -> np.ndarray:
        """[seeds, items] on validation."""
        return self.on(arm, arm.answers, self.targets)

    def on(self, arm: Arm, answers: Sequence[Any], targets: Any) -> np.ndarray:
        """[seeds, items] of the answers of the arm's trainings on any split."""
        pairs = zip(answers, self.calibrations(arm), strict=True)
        return np.stack([self.goal.items(answer, targets, calibration) for answer, calibration in pairs])

    def mean(self, arm: Arm) -> float:
        """On validation, over seeds and items."""
        return float(self.values(arm).mean())

    def merit(self, arm: Arm) -> float:
        """The mean, turned so that more is better."""
        return self.metric.sign * self.mean(arm)

    def shortfall(self, arm: Arm) -> float:
        """How far the mean is from perfect, 0: the error of a share, and a loss or a cost as it is."""
        mean = self.mean(arm)
        return 1 - mean if self.metric.sign > 0 else mean

    @property
    def share(self) -> Metric:
        """The metric, or the nearest one that is a share: errors must be fractions for a power law."""
        return self.goal.share

    def error(self, answer: Any) -> float:
        """The shortfall of one training on validation, of `share`: a fraction, or above 1 for numbers that are further
        off than their mean is."""
        goal = self.goal.under(self.share)
        return 1 - float(goal.items(answer, self.targets, goal.calibrate(answer, self.targets)).mean())

    def values_of(self, answers: Sequence[Any]) -> np.ndarray:
        """[trainings, items] of answers on validation that belong to no arm."""
        return values_of(answers, self.goal, self.targets)

    def best(self, arms: dict[str, Arm]) -> str:
        """The name of the arm with the best mean; the cheaper of equals."""
        return max(arms, key=lambda name: (self.merit(arms[name]), -arms[name].learning_seconds))

    def best_seed(self, arm: Arm) -> int:
        """Which of the arm's finished trainings is the one to bundle: that with the lowest validation loss."""
        return int(np.argmin([run.scores["loss"] for run in arm.runs if run.status == FINISHED]))


def interval_of(layout: CrossedMean) -> Interval:
    """A mean over seeds and items with its 95% interval."""
    low, high = layout.interval()
    return Interval(mean=layout.mean, low=low, high=high)
