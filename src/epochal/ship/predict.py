"""Predictions of a bundle, by the type of what its goal answers: inputs in, a row for each out, each bad one named."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from epochal.core.protocols import ClassScores, Given, Numbers
from epochal.ship.numbers import NumberPredictions, PredictedNumber, gathered_numbers
from epochal.ship.predictions import Predicted, Predictions, gathered

if TYPE_CHECKING:
    from epochal.ship.bundle import Bundle

__all__ = ["ANSWERS", "NumberPredictions", "Predicted", "PredictedNumber", "Predictions"]


@dataclass(frozen=True, kw_only=True)
class Answers:
    """How answers of one type become rows: those of some inputs, and of all parts together."""

    rows: Callable[["Bundle", Given], Any]
    gathered: Callable[["Bundle", Iterable[Any]], Any]


def _classes(bundle: "Bundle", given: Given) -> Predictions:
    return Predictions.of(given, bundle.probabilities(given.encoded), bundle.labels, bundle.stakes)


def _numbers(bundle: "Bundle", given: Given) -> NumberPredictions:
    return NumberPredictions.of(given, bundle.numbers(given.encoded), bundle.calibration)


ANSWERS: Mapping[type, Answers] = {
    ClassScores: Answers(rows=_classes, gathered=lambda bundle, parts: gathered(parts, bundle.labels)),
    Numbers: Answers(rows=_numbers, gathered=lambda bundle, parts: gathered_numbers(parts, bundle.calibration)),
}
