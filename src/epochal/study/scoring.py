"""How a climb scores: the values of an arm's items under its metric, on validation and on the test split."""

from dataclasses import dataclass, field

import numpy as np

from epochal.core.metric import ACCURACY, Metric
from epochal.core.run import FINISHED
from epochal.judge.calibration import fit_temperature, probabilities
from epochal.judge.goals.classes import doubt, items
from epochal.train.experiment import Arm


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """The metric of a climb, and the validation targets, on which probabilities are calibrated and choices are made."""

    metric: Metric
    targets: np.ndarray
    _temperatures: dict[str, tuple[float, ...]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def doubt(self) -> float:
        return doubt(self.metric, self.targets)

    def temperatures(self, arm: Arm) -> tuple[float, ...]:
        """Of each finished training, the temperature that calibrates it on validation."""
        if arm.name not in self._temperatures:
            self._temperatures[arm.name] = tuple(fit_temperature(logits, self.targets) for logits in arm.logits)
        return self._temperatures[arm.name]

    def values(self, arm: Arm) -> np.ndarray:
        """[seeds, items] on validation."""
        return self.on(arm, arm.logits, self.targets)

    def on(self, arm: Arm, answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """[seeds, items] of the arm's logits [seeds, items, classes] on any split."""
        pairs = zip(answers, self.temperatures(arm), strict=True)
        return np.stack([items(self.metric, probabilities(logits, t), targets) for logits, t in pairs])

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
        """The metric, or accuracy where it is no share of anything: errors must be fractions for a power law."""
        return self.metric if self.metric.percent and self.metric.sign > 0 else ACCURACY

    def error(self, logits: np.ndarray) -> float:
        """The shortfall of one training on validation, as a fraction, of `share`."""
        chances = probabilities(logits, fit_temperature(logits, self.targets))
        return 1 - float(items(self.share, chances, self.targets).mean())

    def best(self, arms: dict[str, Arm]) -> str:
        """The name of the arm with the best mean; the cheaper of equals."""
        return max(arms, key=lambda name: (self.merit(arms[name]), -arms[name].learning_seconds))

    def best_seed(self, arm: Arm) -> int:
        """Which of the arm's finished trainings is the one to bundle: that with the lowest validation loss."""
        return int(np.argmin([run.scores["validation_loss"] for run in arm.runs if run.status == FINISHED]))
