"""The goal of predicting a number: `core.protocols.Goal` for predicted numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float

from epochal.core.errors import UserError
from epochal.core.interval import Interval
from epochal.core.metric import Metric
from epochal.core.protocols import Calibration, Numbers, Worst
from epochal.core.task import Task
from epochal.core.weighed import Weighed, parted, plain, relative
from epochal.judge.goals.numbers import METRICS, Values, items, variance, with_spread
from epochal.judge.goals.weights import weighed_sentence
from epochal.judge.score import score
from epochal.judge.shown import residuals
from epochal.judge.verdict_text import short

Targets = Values
Truth = Targets | Weighed
PROMISED = 0.9  # share of unseen items whose truth lies within the calibrated width of the prediction


@dataclass(frozen=True, kw_only=True)
class OneNumber:
    """Predictions are `Numbers`, and targets numbers, `Weighed` where items have weights. Models learn them with mean 0
    and standard deviation 1.

    It is calibrated by the half width of an interval: the quantile of the absolute residuals on validation that a
    further item stays below with probability `PROMISED` (split conformal prediction: Papadopoulos et al. 2002; Lei et
    al. 2018, Distribution-free predictive inference for regression, section 2.2).
    """

    metric: Metric = METRICS["r2"]

    tail = 0.0
    prediction = Numbers
    calibration = Calibration(
        name="width",
        method="split conformal prediction (Papadopoulos et al., 2002; Lei et al., 2018)",
        words=f"each number plus or minus {{:,.4g}}, to hold the truth for {PROMISED:.0%} of unseen items",
        brief="the interval of plus or minus {:,.4g} around its answers",
        together="of the members' numbers",
        may_be_zero=True,
        promised=PROMISED,
    )

    @property
    def watched(self) -> Metric:
        return METRICS["r2"]

    @property
    def share(self) -> Metric:
        return METRICS["r2"]

    def under(self, metric: Metric) -> "OneNumber":
        return replace(self, metric=metric)

    def named(self, name: str | None, cost: str | None) -> tuple[Metric, str]:
        """The metric of that name; R2 where nothing is said.

        Raises:
            UserError: there is none of that name, or costs of classes are given.
        """
        if cost is not None:
            raise UserError("--cost: mistakes between two classes have costs, and a number is predicted. Use --metric.")
        if name is not None and name not in METRICS:
            raise UserError(f"metric: expected one of {', '.join(METRICS)} for a number, got {name}.")
        return METRICS[name or "r2"], ""

    def settled(
        self, metric: Metric, positive: str, task: Task, targets: Truth, counts: Mapping[str, Mapping[str, int]]
    ) -> "OneNumber":
        """With the margin for these targets.

        Raises:
            UserError: a class is called positive, or a split has too few items.
        """
        if positive:
            raise UserError(f"--positive: {task.target or task.name} is a number, and has no classes. Leave it out.")
        for split in ("validation", "test"):
            if (count := sum(counts[split].values())) < 2:
                raise UserError(
                    f"{task.name}: the {split} split has {count} usable {task.item}, and an interval needs two or "
                    f"more. Add {task.item}s, or keep more of them with --{split}-fraction."
                )
        return replace(self, metric=with_spread(metric, *parted(targets)))

    def caveats(self, task: Task, targets: Truth, counts: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
        """That items have weights."""
        said = weighed_sentence(targets, task.item, "residuals and the share that intervals hold")
        return (said,) if said else ()

    def learned(self, targets: Targets, task: Task) -> Float[np.ndarray, " items"]:
        """float32, with the mean and standard deviation of the training split taken out."""
        return ((np.asarray(targets, np.float64) - task.centre) / task.spread).astype(np.float32)

    def answer(self, outputs: Float[np.ndarray, "items outputs"], task: Task) -> Numbers:
        return Numbers(values=outputs[:, 0].astype(np.float64) * task.spread + task.centre)

    def loss(self, outputs: Float[np.ndarray, "items outputs"], learned: Float[np.ndarray, " items"]) -> float:
        """The mean squared error."""
        return float(np.mean((outputs[:, 0].astype(np.float64) - learned) ** 2))

    def restore(self, arrays: Mapping[str, np.ndarray]) -> Numbers:
        return Numbers(values=arrays["numbers"])

    def look(self, answer: Numbers, targets: Truth) -> dict[str, float]:
        """The share of the variance that is left, and R2, which is 1 less it."""
        true, weights = parted(targets)
        spread = (float(np.var(true)) if weights is None else variance(true, weights)) or 1.0
        left = float(np.mean(relative(weights, len(true)) * (answer.values - true) ** 2)) / spread
        return {"loss": left, "score": 1 - left}

    def calibrate(self, answer: Numbers, targets: Truth) -> float:
        """The half width, in the unit of the targets. Where items have weights, it is a weighted quantile, in which the
        further item counts as much as the mean one (Tibshirani, Barber, Candes & Ramdas 2019, Conformal prediction
        under covariate shift)."""
        true, weights = parted(targets)
        left = np.abs(np.asarray(true) - answer.values)
        if weights is not None:
            order, shares = np.argsort(left, kind="stable"), relative(weights, len(left))
            place = np.searchsorted(np.cumsum(shares[order]), (len(left) + 1) * PROMISED)
            return float(left[order[min(int(place), len(left) - 1)]])
        left = np.sort(left)
        return float(left[min(len(left), int(np.ceil((len(left) + 1) * PROMISED))) - 1])

    def together(self, answers: Sequence[Numbers], calibrations: Sequence[float]) -> Numbers:
        """The mean of the members' numbers."""
        return Numbers(values=np.mean([one.values for one in answers], axis=0))

    def outputs(self, answer: Numbers, calibration: float) -> np.ndarray:
        return answer.values[:, None]

    def items(self, answer: Numbers, targets: Truth, calibration: float) -> Values:
        return items(self.metric, answer.values, *parted(targets))

    def missing(self, targets: Truth) -> Values:
        """Those of always answering the mean."""
        true, weights = parted(targets)
        mean = np.mean(true) if weights is None else np.average(true, weights=weights)
        return items(self.metric, np.full(len(true), mean), true, weights)

    def doubt(self, targets: Truth) -> float:
        return 0.0

    def shown(
        self, answer: Numbers, targets: Truth, calibration: float, unseen: tuple[Numbers, Truth]
    ) -> dict[str, Any]:
        """Residuals, and how often the promised interval holds the truth; each item counts once."""
        targets = plain(targets)
        within = (np.abs(targets - answer.values) <= calibration)[None]
        mean, low, high = score(within.astype(float))
        return {
            "residuals": residuals(
                answer.values,
                np.asarray(targets, np.float64),
                width=calibration,
                promised=PROMISED,
                covered=Interval(mean=mean, low=low, high=high),
            )
        }

    def confusion(
        self, answer: Numbers, targets: Truth, calibration: float, classes: int
    ) -> tuple[tuple[int, ...], ...]:
        return ()

    def worst(self, answer: Numbers, targets: Truth, calibration: float, task: Task) -> list[Worst]:
        """Those that are furthest off."""
        targets = plain(targets)
        left = np.abs(np.asarray(targets) - answer.values)
        return [
            Worst(place=int(k), truth=short(targets[k], 6), predicted=short(answer.values[k], 4), size=float(left[k]))
            for k in np.argsort(-left)
        ]
