"""From what was measured to a claim's verdict: confirmed, refuted, equivalent or inconclusive.

The questions of one claim are judged together: each interval is at 1 - 5% / questions (Bonferroni), and the verdict
comes from the intervals alone. With the effect turned so that the predicted direction is positive, a claim is

    confirmed      the whole interval lies at or beyond the size that the claim needs
    equivalent     the whole interval lies within the margin: no effect that matters
    refuted        the whole interval lies below the size that the claim needs
    inconclusive   otherwise

and a claim that two things are the *same* is confirmed by an interval within the margin and refuted by one outside.

An interval knows nothing of what a longer training would have brought. Where the side that the claim predicts to be
better was still learning when its training stopped, what would be refuted or equivalent is inconclusive. Where the
other side was, and the claim is of what that side can learn in the end, what would be confirmed is inconclusive.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from scipy import special

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, LESS, MORE, REFUTED, SAME, Check
from epochal.core.experiment import EQUIVALENT
from epochal.judge.statistics import crossed_difference

DIFFERENCE, RATIO, SHARE, VALUE, EXACT = "difference", "ratio", "share", "value", "exact"
LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked of the measured values of one arm, mostly against a control's.

    Values are of items, [seeds, items], such as correctness, compared as a difference over both; or numbers [seeds],
    compared as a "difference" or a "ratio" of means (ratios of geometric means), or held alone as a "value"; a "share"
    takes successes as zeros and ones [trials], alone or against a control's; an "exact" takes one number, and confirms
    where it equals `size`. For a ratio, `size` and `margin` are factors from 1 up: 2 says twice as many, or half.

    `under_trained` names the side that the claim predicts to be better, where it was still learning when its training
    stopped. `rival_under_trained` names the other side, where it was, and the claim is of what it can learn in the end.
    `fixed_time` marks a question about what is learned within a fixed time, in which being slow is an answer.
    """

    text: str
    unit: str
    arm: str
    values: Any
    control: str = ""
    control_values: Any = None
    kind: str = DIFFERENCE
    predicted: str = MORE
    size: float = 0.0
    margin: float = 0.0
    percent: bool = False
    identical: bool = False  # all that arm and control answered agrees bit for bit: no effect, whatever the seeds
    under_trained: str = ""
    rival_under_trained: str = ""
    fixed_time: bool = False


def judge(questions: Sequence[Question]) -> tuple[Check, ...]:
    """The answers, corrected together.

    Raises:
        ValueError: values have a shape that the question does not take, or are not finite.
    """
    counted = sum(question.kind != EXACT for question in questions)
    return tuple(_check(question, 1 - (1 - LEVEL) / max(counted, 1)) for question in questions)


def overall(checks: Sequence[Check]) -> str:
    """A claim is confirmed by all of its checks, and refuted, or found without effect, by any."""
    verdicts = [check.verdict for check in checks]
    for verdict in (REFUTED, EQUIVALENT, INCONCLUSIVE):
        if verdict in verdicts:
            return verdict
    return CONFIRMED


def verdict(low: float, high: float, *, predicted: str, size: float, margin: float) -> str:
    """The verdict on an effect whose interval is `low` to `high`; all on a scale where no effect is zero."""
    if predicted == SAME:
        if -margin < low and high < margin:
            return CONFIRMED
        return REFUTED if low >= margin or high <= -margin else INCONCLUSIVE
    if predicted == LESS:
        low, high = -high, -low
    if low >= size and low > 0:
        return CONFIRMED
    if -margin < low and high < margin:
        return EQUIVALENT
    return REFUTED if high < max(size, 0.0) or high <= 0 else INCONCLUSIVE


def welch(
    first: Float[np.ndarray, " first_seeds"], second: Float[np.ndarray, " second_seeds"], level: float = LEVEL
) -> tuple[float, float, float]:
    """Mean difference, second minus first, with its interval: variances that may differ (Welch 1947).

    Args:
        first, second: the values of each seed, two or more in each.
    """
    parts = np.array([first.var(ddof=1) / len(first), second.var(ddof=1) / len(second)])
    effect = float(second.mean() - first.mean())
    total = float(parts.sum())
    if total == 0:
        return effect, effect, effect
    freedom = total**2 / float((parts**2 / np.array([len(first) - 1, len(second) - 1])).sum())
    half = float(-special.stdtrit(freedom, (1 - level) / 2)) * np.sqrt(total)
    return effect, effect - half, effect + half


def student(values: Float[np.ndarray, " seeds"], level: float = LEVEL) -> tuple[float, float, float]:
    """Mean of the values of each seed, two or more, with its interval (Student 1908)."""
    mean = float(values.mean())
    half = (
        float(-special.stdtrit(len(values) - 1.0, (1 - level) / 2)) * float(values.std(ddof=1)) / np.sqrt(len(values))
    )
    return mean, mean - half, mean + half


def wilson(successes: float, trials: float, level: float = LEVEL) -> tuple[float, float, float]:
    """A share with its score interval (Wilson 1927)."""
    z = float(-special.ndtri((1 - level) / 2))
    share = successes / trials
    centre = (share + z**2 / (2 * trials)) / (1 + z**2 / trials)
    half = z / (1 + z**2 / trials) * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    return share, max(0.0, float(centre - half)), min(1.0, float(centre + half))


def newcombe(
    first: Shaped[np.ndarray, " first_trials"], second: Shaped[np.ndarray, " second_trials"], level: float = LEVEL
) -> tuple[float, float, float]:
    """Difference of two shares, second minus first, from their score intervals (Newcombe 1998, method 10)."""
    p, low_p, high_p = wilson(float(first.sum()), len(first), level)
    q, low_q, high_q = wilson(float(second.sum()), len(second), level)
    effect = q - p
    return effect, effect - np.hypot(q - low_q, high_p - p), effect + np.hypot(high_q - q, p - low_p)


def _check(question: Question, level: float) -> Check:
    values = np.asarray(question.values, dtype=np.float64)
    control = None if question.control_values is None else np.asarray(question.control_values, dtype=np.float64)
    _refuse(question, values, control)
    if question.kind == EXACT:
        found = float(values)
        return _answer(
            question, (found,) * 3, (found,) * 3, found, None, 1, None, CONFIRMED if found == question.size else REFUTED
        )
    if question.identical and control is not None:
        none = (1.0,) * 3 if question.kind == RATIO else (0.0,) * 3
        conclusion = CONFIRMED if question.predicted == SAME else EQUIVALENT
        items = values.shape[1] if values.ndim == 2 else None
        means = _mean(question, values), _mean(question, control)
        return _answer(question, none, none, *means, len(values), items, conclusion)
    alone, joint = _interval(question, values, control, LEVEL), _interval(question, values, control, level)
    size, margin, low, high = question.size, question.margin, joint[1], joint[2]
    if question.kind == RATIO:
        size, margin = (float(np.log(max(factor, 1.0))) for factor in (size, margin))
        conclusion = verdict(
            float(np.log(low)), float(np.log(high)), predicted=question.predicted, size=size, margin=margin
        )
    elif question.kind in (SHARE, VALUE) and control is None:  # the size is a place on the value's own axis
        towards = -1 if question.predicted == LESS else 1
        beyond = sorted((towards * (low - size), towards * (high - size)))
        conclusion = CONFIRMED if beyond[0] >= 0 else REFUTED if beyond[1] < 0 else INCONCLUSIVE
    else:
        conclusion = verdict(low, high, predicted=question.predicted, size=size, margin=margin)
    learning = question.rival_under_trained if conclusion == CONFIRMED else question.under_trained
    excused = bool(learning) and not question.fixed_time and conclusion != INCONCLUSIVE
    conclusion = INCONCLUSIVE if excused else conclusion
    before = None if control is None else _mean(question, control)
    items = values.shape[1] if values.ndim == 2 else None
    answer = _answer(question, alone, joint, _mean(question, values), before, len(values), items, conclusion)
    return answer.replace(under_trained=learning) if excused else answer


def _interval(
    question: Question, values: np.ndarray, control: np.ndarray | None, level: float
) -> tuple[float, float, float]:
    if question.kind == SHARE:
        return wilson(float(values.sum()), len(values), level) if control is None else newcombe(control, values, level)
    if control is None:
        return student(values, level)
    if question.kind == RATIO:
        effect, low, high = welch(np.log(control), np.log(values), level)
        return float(np.exp(effect)), float(np.exp(low)), float(np.exp(high))
    if values.ndim == 2:
        right_or_wrong = all(((table == 0) | (table == 1)).all() for table in (control, values))
        layout = crossed_difference(control, values, pseudo=float(right_or_wrong))
        return (layout.mean, *layout.interval(level))
    return welch(control, values, level)


def _mean(question: Question, values: np.ndarray) -> float:
    return float(np.exp(np.log(values).mean())) if question.kind == RATIO else float(values.mean())


def _answer(
    question: Question,
    alone: tuple[float, float, float],
    joint: tuple[float, float, float],
    mean: float,
    control_mean: float | None,
    seeds: int,
    items: int | None,
    conclusion: str,
) -> Check:
    return Check(
        question=question.text,
        kind=question.kind,
        unit=question.unit,
        control=question.control,
        arm=question.arm,
        control_mean=control_mean,
        arm_mean=mean,
        effect=float(alone[0]),
        interval=(float(alone[1]), float(alone[2])),
        simultaneous=(float(joint[1]), float(joint[2])),
        predicted=question.predicted,
        size=question.size,
        margin=question.margin,
        verdict=conclusion,
        seeds=seeds,
        items=items,
        percent=question.percent,
    )


def _refuse(question: Question, values: np.ndarray, control: np.ndarray | None) -> None:
    given = [values] if control is None else [values, control]
    for each in given:
        if not np.isfinite(each).all():
            raise ValueError(f"{question.text} Expected finite values, got {each}. Leave out the seeds that diverged.")
        if question.kind == EXACT:
            if each.ndim:
                raise ValueError(f"{question.text} Expected one number, got the shape {each.shape}.")
        elif each.ndim not in (1, 2) or (each.ndim == 2 and question.kind != DIFFERENCE):
            raise ValueError(f"{question.text} Expected values [seeds], got the shape {each.shape}.")
        elif len(each) < 2 and each.ndim == 1:
            raise ValueError(f"{question.text} Expected two seeds or more: one says nothing of chance.")
        if question.kind == RATIO and not (each > 0).all():
            raise ValueError(f"{question.text} Expected values above zero for a ratio, got {each}.")
    if control is not None and control.ndim != values.ndim:
        raise ValueError(f"{question.text} Expected control and arm of one shape, got {control.shape}, {values.shape}.")
    if control is None and question.kind in (DIFFERENCE, RATIO):
        raise ValueError(f"{question.text} Expected the values of a control for a {question.kind}.")
