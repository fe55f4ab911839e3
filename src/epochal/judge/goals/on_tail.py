"""A goal asked of the end of a training: an item's value is its mean over several states of the model.

What trains against an adversary, or against itself, has no last word: the last step may be a good or a bad moment of a
circle. Such a kind wraps its goal: `OnTail(goal=Play(), tail=0.25)`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from epochal.core.metric import Metric
from epochal.core.protocols import Calibration, Goal, OverPoints, Worst
from epochal.core.task import Task


@dataclass(frozen=True, kw_only=True)
class OnTail:
    """`goal`, whose values and scores are means over the last `tail` of the steps of a training.

    A training answers with `OverPoints`. One model alone, such as one that learns at once or one in a bundle, answers
    as `goal` says, and so counts as one point. What is shown, calibrated and shipped is the last point.
    """

    goal: Goal
    tail: float

    @property
    def metric(self) -> Metric:
        return self.goal.metric.replace(averaged=True)

    @property
    def share(self) -> Metric:
        return self.goal.share.replace(averaged=True)

    @property
    def watched(self) -> Metric:
        return self.goal.watched

    @property
    def prediction(self) -> type:
        return self.goal.prediction

    @property
    def calibration(self) -> Calibration:
        return self.goal.calibration

    def under(self, metric: Metric) -> "OnTail":
        return replace(self, goal=self.goal.under(metric.replace(averaged=False)))

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        metric, positive = self.goal.named(name, cost)
        return metric.replace(averaged=True), positive

    def settled(
        self, metric: Metric, positive: str, task: Task, targets: Any, counts: Mapping[str, Mapping[str, int]]
    ) -> "OnTail":
        one = metric.replace(averaged=False)
        return replace(self, goal=self.goal.settled(one, positive, task, targets, counts))

    def caveats(self, task: Task, targets: Any, counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
        said = f"Each score is the mean over several states of the model in the last {self.tail:.0%} of its training."
        return (said, *self.goal.caveats(task, targets, counts))

    def learned(self, targets: Any, task: Task) -> np.ndarray:
        return self.goal.learned(targets, task)

    def answer(self, outputs: np.ndarray, task: Task) -> Any:
        return self.goal.answer(outputs, task)

    def loss(self, outputs: np.ndarray, learned: np.ndarray) -> float:
        return self.goal.loss(outputs, learned)

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Any:
        return OverPoints.restored(arrays, self.goal.restore)

    def look(self, answer: Any, targets: Any) -> dict[str, float]:
        looks = [self.goal.look(point, targets) for point in points_of(answer)]
        return {name: float(np.mean([look[name] for look in looks])) for name in looks[0]}

    def calibrate(self, answer: Any, targets: Any) -> float:
        return self.goal.calibrate(last(answer), targets)

    def together(self, answers: Sequence[Any], calibrations: Sequence[float]) -> Any:
        return self.goal.together([last(answer) for answer in answers], calibrations)

    def outputs(self, answer: Any, calibration: float) -> np.ndarray:
        """What the last point says, which is the model that ships."""
        return self.goal.outputs(last(answer), calibration)

    def items(self, answer: Any, targets: Any, calibration: float) -> np.ndarray:
        """The means over the points of their values [points, items]."""
        values = [self.goal.items(point, targets, calibration) for point in points_of(answer)]
        return np.asarray(np.mean(values, axis=0))

    def missing(self, targets: Any) -> np.ndarray:
        return self.goal.missing(targets)

    def doubt(self, targets: Any) -> float:
        return self.goal.doubt(targets)

    def shown(self, answer: Any, targets: Any, calibration: float, unseen: tuple[Any, Any]) -> dict[str, Any]:
        return self.goal.shown(last(answer), targets, calibration, (last(unseen[0]), unseen[1]))

    def confusion(self, answer: Any, targets: Any, calibration: float, classes: int) -> tuple[tuple[int, ...], ...]:
        return self.goal.confusion(last(answer), targets, calibration, classes)

    def worst(self, answer: Any, targets: Any, calibration: float, task: Task) -> list[Worst]:
        return self.goal.worst(last(answer), targets, calibration, task)


def points_of(answer: Any) -> Sequence[Any]:
    """The predictions of the states that an answer was made by, the last state last."""
    return answer.points if isinstance(answer, OverPoints) else (answer,)


def last(answer: Any) -> Any:
    return points_of(answer)[-1]
