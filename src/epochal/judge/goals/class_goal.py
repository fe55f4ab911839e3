"""The goal of telling classes apart: `core.protocols.Goal` for scores of classes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.special import logsumexp

from epochal.core.errors import UserError
from epochal.core.metric import ACCURACY, Metric
from epochal.core.protocols import Calibration, ClassScores, Worst
from epochal.core.task import Task
from epochal.core.weighed import Weighed, parted, plain, relative
from epochal.judge.calibration import fit_temperature, probabilities
from epochal.judge.confusion import confusion_matrix
from epochal.judge.goals.classes import (
    COST,
    METRICS,
    OF_ONE_CLASS,
    OF_RANKS,
    Chances,
    Targets,
    Values,
    cost_metric,
    decisions,
    doubt,
    items,
    log_mean,
    parse_cost,
    positive_class,
    unlevelled,
    with_positive,
)
from epochal.judge.goals.few import few_items
from epochal.judge.goals.weights import weighed_sentence
from epochal.judge.reliability import abstaining, confidence_and_right, recalls, reliability, threshold_for_coverage

ANSWERED = (0.95, 0.9, 0.8)  # shares of the items that are answered, for which abstaining is shown
SHOWN = 10  # classes that an error names
SHOWN_OF_EQUALS = "recalls, the confusion table, reliability and abstaining"  # count each item once
MOST_OF_ONE = 0.6  # share of the items in one class from which on accuracy says little

Truth = Targets | Weighed


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Predictions are `ClassScores`, and targets the places of classes; `Weighed` where items have weights.

    It is calibrated by a temperature, which logits are divided by (Guo et al. 2017, section 4.2).
    """

    metric: Metric = ACCURACY

    tail = 0.0
    prediction = ClassScores
    calibration = Calibration(
        name="temperature",
        method="temperature scaling (Guo et al., 2017)",
        words="temperature {:.3f}",
        brief="its temperature of {:.3g}",
        together="of the members' probabilities (Lakshminarayanan, Pritzel & Blundell, 2017)",
    )

    @property
    def watched(self) -> Metric:
        return ACCURACY

    @property
    def share(self) -> Metric:
        """The metric, or accuracy where it is no share of anything."""
        return self.metric if self.metric.percent and self.metric.sign > 0 else ACCURACY

    def under(self, metric: Metric) -> "Classes":
        return replace(self, metric=metric)

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        """The metric of that name, or the costs of mistakes such as "miss=500 alarm=20"; accuracy where nothing is
        said.

        Raises:
            UserError: both are given, or they cannot be read.
        """
        if cost is not None:
            if name not in (None, COST):
                raise UserError(f"Expected --metric or --cost, got both ({name} and {cost}). Leave one of them out.")
            costs = parse_cost(cost)
            return cost_metric(costs.miss, costs.alarm), costs.positive
        if name is not None and name not in METRICS:
            raise UserError(
                f"metric: expected one of {', '.join(METRICS)}, got {name}. For the costs of mistakes use --cost."
            )
        return METRICS[name or "accuracy"], ""

    def settled(
        self, metric: Metric, positive: str, task: Task, targets: Truth, counts: Mapping[str, Mapping[str, int]]
    ) -> "Classes":
        """With the positive class named where there are two, and for items with weights where the targets have some.

        Raises:
            UserError: a metric of two classes is asked of more, no class has the name of the positive one, or a split
                has too few items or classes for the metric.
        """
        if positive and positive not in task.labels:
            more = f" and {task.classes - SHOWN:,} more" if task.classes > SHOWN else ""
            raise UserError(f"--positive {positive}: expected a class, {', '.join(task.labels[:SHOWN])}{more}.")
        if metric.name == COST and task.classes != 2:
            raise UserError(
                f"--cost: expected two classes, one of them positive; {task.name} has {task.classes}. "
                "Choose a --metric."
            )
        for split in ("validation", "test"):
            there = [count for count in counts[split].values() if count]
            if sum(there) < 2:
                raise UserError(
                    f"{task.name}: the {split} split has {sum(there)} usable {task.item}, and an interval needs two or "
                    f"more. Add {task.item}s, or keep more of them with --{split}-fraction."
                )
            if metric.name in OF_RANKS and len(there) < 2:
                raise UserError(
                    f"{metric.title} asks whether one class ranks above the others, and the {split} split of "
                    f"{task.name} has {task.item}s of one class only. Add {task.item}s of the other, or choose another "
                    "--metric."
                )
        if metric.name in OF_ONE_CLASS and (task.classes == 2 or positive):
            here = np.bincount(plain(targets), minlength=task.classes).tolist()
            metric = with_positive(metric, positive_class(task.labels, here, positive))
        return replace(self, metric=unlevelled(metric) if isinstance(targets, Weighed) else metric)

    def caveats(self, task: Task, targets: Truth, counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
        """That items have weights, that accuracy says little where one class has most of the items, and that some
        classes have few."""
        few = few_items(self.metric, {f"in {split}": counts[split] for split in ("validation", "test")}, task.item)
        said = (weighed_sentence(targets, task.item, SHOWN_OF_EQUALS), self._unbalanced(task, targets), few)
        return tuple(text for text in said if text)

    def _unbalanced(self, task: Task, targets: Truth) -> str:
        classes, weights = parted(targets)
        here = np.bincount(classes, relative(weights, len(classes)), minlength=task.classes)
        most = here.max() / here.sum()
        if self.metric.name != ACCURACY.name or most < MOST_OF_ONE:
            return ""
        share = f"{100 * most:.0f}%"
        return (
            f"{share} of the training {task.item}s are of the class {task.labels[int(here.argmax())]}, so always "
            f"answering it would be right about {share} of the time. Accuracy says little here: consider --metric "
            "balanced-accuracy, or --cost where mistakes have a price."
        )

    def learned(self, targets: Targets, task: Task) -> Targets:
        """The places of classes, as they are."""
        return targets

    def answer(self, outputs: Float[np.ndarray, "items outputs"], task: Task) -> ClassScores:
        return ClassScores(logits=outputs)

    def loss(self, outputs: Float[np.ndarray, "items outputs"], learned: Targets) -> float:
        """Log-loss in nats."""
        return float(self._losses(outputs, learned).mean())

    def _losses(self, outputs: np.ndarray, learned: Targets) -> Values:
        logits = outputs.astype(np.float64)
        return logsumexp(logits, axis=1) - logits[np.arange(len(learned)), learned]

    def restore(self, arrays: Mapping[str, np.ndarray]) -> ClassScores:
        return ClassScores(logits=arrays["logits"])

    def look(self, answer: ClassScores, targets: Truth) -> dict[str, float]:
        """Log-loss in nats, and accuracy."""
        classes, weights = parted(targets)
        right = answer.labels == classes
        if weights is None:
            return {"loss": self.loss(answer.logits, classes), "score": float(right.mean())}
        each = self._losses(answer.logits, classes)
        return {"loss": float(np.average(each, weights=weights)), "score": float(np.average(right, weights=weights))}

    def calibrate(self, answer: ClassScores, targets: Truth) -> float:
        """The temperature."""
        return fit_temperature(answer.logits, *parted(targets))

    def together(self, answers: Sequence[ClassScores], calibrations: Sequence[float]) -> ClassScores:
        """The mean of the members' probabilities (Lakshminarayanan, Pritzel & Blundell 2017, Deep ensembles, section
        2.4), as logarithms. The softmax of each is taken at its own temperature, so that one that is sure of itself
        without reason does not outweigh the others."""
        logits = np.stack([one.logits for one in answers])
        return ClassScores(logits=log_mean(logits, calibrations).astype(np.float32))

    def outputs(self, answer: ClassScores, calibration: float) -> np.ndarray:
        return probabilities(answer.logits, calibration)

    def items(self, answer: ClassScores, targets: Truth, calibration: float) -> Values:
        return items(self.metric, probabilities(answer.logits, calibration), *parted(targets))

    def missing(self, targets: Truth) -> Values:
        """Those of always answering the first class, without a doubt."""
        places, weights = parted(targets)
        classes = max(int(places.max()) + 1, 2)  # a cost is of two, also where all items are of one
        return items(self.metric, np.eye(classes)[np.zeros(len(places), int)], places, weights)

    def doubt(self, targets: Truth) -> float:
        return doubt(self.metric, *parted(targets))

    def shown(
        self,
        answer: ClassScores,
        targets: Truth,
        calibration: float,
        unseen: tuple[ClassScores, Truth],
    ) -> dict[str, Any]:
        """Recalls, reliability and abstaining; each item counts once."""
        before, classes_before, classes = unseen[0], plain(unseen[1]), plain(targets)
        chances = probabilities(answer.logits, calibration)
        sure, _ = confidence_and_right(probabilities(before.logits, calibration), classes_before)
        confidence, right = confidence_and_right(chances, classes)
        called = decisions(self.metric, chances)
        return {
            "recalls": recalls(called[None], classes),
            "reliability": reliability(chances, classes),
            "abstaining": tuple(
                abstaining(confidence, right, threshold_for_coverage(sure, share)) for share in ANSWERED
            ),
        }

    def confusion(
        self, answer: ClassScores, targets: Truth, calibration: float, classes: int
    ) -> tuple[tuple[int, ...], ...]:
        called = decisions(self.metric, probabilities(answer.logits, calibration))
        return tuple(tuple(int(count) for count in row) for row in confusion_matrix(called, plain(targets), classes))

    def worst(self, answer: ClassScores, targets: Truth, calibration: float, task: Task) -> list[Worst]:
        """Those of which the model was most sure."""
        targets = plain(targets)
        chances: Chances = probabilities(answer.logits, calibration)
        called, sure = decisions(self.metric, chances), chances.max(axis=1)
        wrong = np.flatnonzero(called != targets)
        return [
            Worst(place=int(k), truth=task.labels[targets[k]], predicted=task.labels[called[k]], size=float(sure[k]))
            for k in wrong[np.argsort(-sure[wrong])]
        ]
