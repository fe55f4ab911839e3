"""What a refit or an ensemble is, and what it may be expected to score, in a record and in words."""

from dataclasses import dataclass

from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.protocols import Goal
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.judge.verdict_text import difference, listed, short, value
from epochal.kinds.table import kind_of
from epochal.report.result import Shipped

REFIT, ENSEMBLE = "refit", "ensemble"


@dataclass(frozen=True, kw_only=True)
class Refitted(Record):
    """A bundle that was made after a climb. Its scores, and those of the climb's bundle, are on the test split."""

    kind: str  # "refit": trained again on train and validation | "ensemble": the mean of several trainings
    rung: str
    title: str
    seeds: tuple[int, ...]  # of the trainings behind an answer
    items: int  # that it was trained on
    items_before: int  # that the climb's bundle was trained on
    examples: int  # shown in a training, those after its best point left out
    examples_before: int
    stop: float  # share of the schedule after which the training ends
    temperature: float  # or what else calibrates the answers of its goal
    temperatures: tuple[float, ...] = ()  # of the members of an ensemble, before the mean
    calibration: str  # where that comes from
    metric: Metric = ACCURACY
    shipped: Shipped
    single: Interval  # of the climb's bundle
    finding: Finding  # this bundle against the climb's, on the same items
    confusion: tuple[tuple[int, ...], ...] = ()  # rows true, columns predicted
    sentence: str = ""
    notes: tuple[str, ...] = ()


def fitted_together(goal: Goal) -> str:
    """Where the calibration of an ensemble comes from."""
    return f"fitted on the validation split, on the mean {goal.calibration.together}"


def with_words(result: Refitted, items: int, task: Task) -> Refitted:
    """The result with its sentence and notes; `items` are those of the test split."""
    made = _of_seeds(result) if result.kind == ENSEMBLE else _anew(result, task)
    return result.replace(sentence=f"{made} {_expected(result, items, task.item)}", notes=_notes(result, task))


def _of_seeds(result: Refitted) -> str:
    seeds = listed(map(str, result.seeds))
    return (
        f"The ensemble of {len(result.seeds)} trainings of {result.title} (seeds {seeds}): the mean of their answers."
    )


def _anew(result: Refitted, task: Task) -> str:
    passes = result.examples / result.items
    ending = "" if result.stop == 1 else f", stopped after {100 * result.stop:.0f}% of its schedule, as in the climb"
    return (
        f"{result.title}, trained again on train and validation together: {result.items:,} {task.item}s instead of "
        f"{result.items_before:,}. It makes the same number of passes over them, {passes:.3g} ({result.examples:,} "
        f"examples instead of {result.examples_before:,}){ending}, and "
        f"{kind_of(task).goal.calibration.brief.format(result.temperature)} is that of the climb."
    )


def _expected(result: Refitted, items: int, item: str) -> str:
    score, metric = result.shipped.score, result.metric
    return (
        f"Expected {metric.title} on unseen data: {value(score.mean, metric)} (95% interval {value(score.low, metric)} "
        f"to {value(score.high, metric)}), measured on the {items:,} test {item}s. The climb's bundle scores "
        f"{value(result.single.mean, metric)} on them ({difference(result.finding)})."
    )


def _notes(result: Refitted, task: Task) -> tuple[str, ...]:
    item, made = task.item, result.shipped
    lines = [
        f"The test {item}s were scored for this report only: none of them was trained on, and nothing was chosen by "
        "them."
    ]
    fitted = f"The {kind_of(task).goal.calibration.name} is {result.calibration}."
    if made.reliability is not None:
        error = 100 * made.reliability.error.mean
        lines.append(f"Calibration error on the test {item}s: {error:.1f}%. {fitted}")
    if made.residuals is not None:
        covered = value(made.residuals.covered.mean, ACCURACY)
        lines.append(
            f"The predicted number plus or minus {short(made.residuals.width, 4)} holds the truth of {covered} of the "
            f"test {item}s; {made.residuals.promised:.0%} was promised. {fitted}"
        )
    if result.kind == ENSEMBLE:
        count = len(result.seeds)
        lines.append(
            f"An answer takes about {count} times as long as that of one training, and the files are {count} times as "
            "large."
        )
    return tuple(lines)
