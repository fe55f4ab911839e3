"""Scoring a bundle that predicts a number: metrics, what its intervals hold, and the score that it promised."""

import numpy as np

from epochal.core.errors import DataError
from epochal.core.metric import Metric
from epochal.data.labels import Progress
from epochal.judge.claims import wilson
from epochal.judge.goals.numbers import METRICS, items
from epochal.judge.score import score
from epochal.judge.verdict_text import short
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Evaluation, Measured, sentence
from epochal.ship.scoring import (
    Chosen,
    answered,
    difference_of,
    first,
    own_metric,
    promised_score,
    same_name,
    unusable,
    weights_of,
)


def evaluate_numbers(bundle: Bundle, chosen: Chosen, progress: Progress | None) -> Evaluation:
    """
    Raises:
        DataError: too few items have a number as their label, or can be read.
    """
    labelled, item = chosen.labelled, bundle.task.item
    assert labelled.numbers is not None
    places = np.asarray(chosen.places, np.int64)
    usable = places[np.isfinite(labelled.numbers[places])].tolist()
    if not usable:
        raise DataError(f"{labelled.name}: no {item} has a number as its label. {first(labelled.problems)}")
    found = answered(bundle, chosen, usable, bundle.numbers, progress)
    targets = labelled.numbers[found.places]
    own = own_metric(bundle)
    weights = weights_of(labelled, found.places)
    measured, notes = _measured(own, found.values, targets, weights, item)
    promise = promised_score(bundle, own, weighed=weights is not None)
    here = next((one for one in measured if one.metric.name == own.name), measured[0])
    difference = difference_of(promise, here) if promise is not None and here.metric.name == own.name else None
    return Evaluation(
        bundle=bundle.task.name,
        data=labelled.name,
        split=chosen.split,
        item=item,
        items=len(targets),
        metrics=measured,
        promise=promise,
        difference=difference,
        sentence=sentence(here, len(targets), item, promise, difference),
        problems=found.problems,
        notes=(
            _held(bundle, found.values, targets),
            *labelled.notes,
            *chosen.notes,
            *unusable(found.problems, item),
            *notes,
            *same_name(bundle, chosen),
        ),
    )


def _measured(
    own: Metric, predicted: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, item: str
) -> tuple[tuple[Measured, ...], list[str]]:
    """The bundle's own metric first."""
    found, notes = [], []
    for metric in (own, *(one for one in METRICS.values() if one.name != own.name)):
        try:
            values = items(metric, predicted, targets, weights)
        except ValueError:  # R2 is relative to the spread of the numbers
            notes.append(f"No {metric.title}: it needs {item}s whose numbers differ.")
            continue
        mean, low, high = score(values[None], metric, doubt=0.0)
        found.append(Measured(metric=metric, value=mean, low=low, high=high))
    return tuple(found), notes


def _held(bundle: Bundle, predicted: np.ndarray, targets: np.ndarray) -> str:
    """Whether the interval that goes with each number holds what it promises."""
    within = np.abs(targets - predicted) <= bundle.calibration
    value, low, high = wilson(float(within.sum()), float(len(within)))
    promised = bundle.kind.goal.calibration.promised or 0.0
    return (
        f"The predicted number plus or minus {short(bundle.calibration, 4)} holds the truth of {value:.1%} of the "
        f"{bundle.task.item}s (95% interval {low:.1%} to {high:.1%}); {promised:.0%} was promised."
    )
