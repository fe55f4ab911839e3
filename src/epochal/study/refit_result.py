"""What a refit or an ensemble is, and what it may be expected to score, in a record and in words."""

from dataclasses import dataclass

from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.record import Record
from epochal.judge.verdict_text import difference, listed, value
from epochal.study.result import Shipped

REFIT, ENSEMBLE = "refit", "ensemble"


@dataclass(frozen=True, kw_only=True)
class Refitted(Record):
    """A bundle that was made after a climb. Its scores, and those of the climb's bundle, are on the test split."""

    kind: str  # "refit": trained again on train and validation | "ensemble": the mean of several trainings
    rung: str
    title: str
    seeds: tuple[int, ...]  # of the trainings behind an answer
    images: int  # items, whatever they are, that it was trained on
    images_before: int  # that the climb's bundle was trained on
    examples: int  # shown in a training, those after its best point left out
    examples_before: int
    stop: float  # share of the schedule after which the training ends
    temperature: float  # or what else calibrates the answers of its goal, such as half the width of an interval
    temperatures: tuple[float, ...] = ()  # of the members of an ensemble, before the mean
    calibration: str  # where the temperature comes from
    metric: Metric = ACCURACY
    shipped: Shipped
    single: Interval  # of the climb's bundle
    finding: Finding  # this bundle against the climb's, on the same items
    confusion: tuple[tuple[int, ...], ...] = ()  # rows true, columns predicted
    sentence: str = ""
    notes: tuple[str, ...] = ()


def with_words(result: Refitted, count: int, item: str) -> Refitted:
    """The result with its sentence and notes; `count` is that of the test split, and `item` what one is called."""
    made = _of_seeds(result) if result.kind == ENSEMBLE else _anew(result, item)
    return result.replace(sentence=f"{made} {_expected(result, count, item)}", notes=_notes(result, item))


def _of_seeds(result: Refitted) -> str:
    seeds = listed(map(str, result.seeds))
    return (
        f"The ensemble of {len(result.seeds)} trainings of {result.title} (seeds {seeds}): the mean of their answers."
    )


def _anew(result: Refitted, item: str) -> str:
    passes = result.examples / result.images
    ending = "" if result.stop == 1 else f", stopped after {100 * result.stop:.0f}% of its schedule, as in the climb"
    return (
        f"{result.title}, trained again on train and validation together: {result.images:,} {item}s instead of "
        f"{result.images_before:,}. It makes the same number of passes over them, {passes:.3g} ({result.examples:,} "
        f"examples instead of {result.examples_before:,}){ending}, and {_calibrated(result)} is that of "
        "the climb."
    )


def _calibrated(result: Refitted) -> str:
    """What calibrates its answers: chances have a temperature, and numbers an interval around them."""
    if result.shipped.residuals is None:
        return f"its temperature of {result.temperature:.3g}"
    return f"the interval of plus or minus {result.temperature:.3g} around its answers"


def _expected(result: Refitted, count: int, item: str) -> str:
    score, metric = result.shipped.score, result.metric
    return (
        f"Expected {metric.title} on unseen data: {value(score.mean, metric)} (95% interval {value(score.low, metric)} "
        f"to {value(score.high, metric)}), measured on the {count:,} test {item}s. The climb's bundle scores "
        f"{value(result.single.mean, metric)} on them ({difference(result.finding)})."
    )


def _notes(result: Refitted, item: str) -> tuple[str, ...]:
    lines = [
        f"The test {item}s were scored for this report only: none of them was trained on, and nothing was chosen by "
        "them."
    ]
    if result.shipped.reliability is not None:
        error = 100 * result.shipped.reliability.error.mean
        lines.append(f"Calibration error on the test {item}s: {error:.1f}%. The temperature is {result.calibration}.")
    if result.kind == ENSEMBLE:
        count = len(result.seeds)
        lines.append(
            f"An answer takes about {count} times as long as that of one training, and the files are {count} times as "
            "large."
        )
    return tuple(lines)
