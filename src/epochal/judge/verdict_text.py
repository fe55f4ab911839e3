"""Findings in plain sentences: which rung to take, and whether deep learning is needed here."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, NO_EFFECT, UNDER_TRAINED, WORSE, Finding


@dataclass(frozen=True, kw_only=True)
class RungSummary:
    """What a verdict needs of one rung: its mean score with its 95% interval, and the seconds of one training."""

    name: str
    title: str
    deep: bool
    score: float
    low: float
    high: float
    seconds: float
    under_trained: bool = False


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The rung to take, the one with the best score, those level with it, and one sentence that says so.

    `caveat` names the rungs that are out and were under-trained; empty where there are none.
    """

    chosen: str
    best: str
    level: tuple[str, ...]  # not shown worse than the best by more than the margin; the best is among them
    sentence: str
    caveat: str = ""


def recommend(rungs: Sequence[RungSummary], findings: Mapping[str, Finding], *, margin: float) -> Recommendation:
    """The cheapest rung among those not shown worse than the best.

    The rule: the best is the rung with the highest score (the cheaper of equals). `findings` compares each other rung
    with it: control = the best, arm = that rung, keyed by the rung's name. A rung is out when its simultaneous
    interval lies below zero and reaches below -margin, that is when it is shown to be worse and the loss may matter;
    a rung whose verdict is "cannot tell" stays in, but only while its observed loss is within the margin: we do not
    hand over a model that looks worse by more than the user cares for on the plea of too little data. Of those left,
    the one with the fewest seconds a training is chosen.

    Raises:
        ValueError: no rungs, or a rung other than the best without a finding against the best.
    """
    if not rungs:
        raise ValueError("Expected one rung or more; got none.")
    best = max(rungs, key=lambda rung: (rung.score, -rung.seconds))
    level = [best]
    for rung in rungs:
        if rung.name == best.name:
            continue
        finding = findings.get(rung.name)
        if finding is None or finding.control != best.name:
            raise ValueError(
                f"Expected a finding of {rung.name} against {best.name}, the best; got none. Compare them."
            )
        if finding.verdict in (EQUIVALENT, BETTER) or (finding.verdict == CANNOT_TELL and finding.effect >= -margin):
            level.append(rung)
    chosen = min(level, key=lambda rung: (rung.seconds, -rung.score))
    if len(level) == 1:
        sentence = (
            f"{best.title} is the best, at {_score(best)}: each other is shown to be worse, or scored more than "
            f"{100 * margin:.1f} points lower."
        )
    elif chosen.name == best.name:
        others = "the other one" if len(level) == 2 else f"the {len(level) - 1} others"
        sentence = f"{best.title} is the best, at {_score(best)}, and cheaper than {others} level with it."
    else:
        finding = findings[chosen.name]
        shown = "level with" if finding.verdict == EQUIVALENT else "not shown to be worse than"
        sentence = (
            f"{chosen.title}, at {_score(chosen)}, is {shown} {best.title}, the best at {_score(best)} "
            f"({_difference(finding)}), and trains {_times(best.seconds, chosen.seconds)}."
        )
    early = [rung.title for rung in rungs if rung.under_trained and rung not in level]
    return Recommendation(
        chosen=chosen.name,
        best=best.name,
        level=tuple(rung.name for rung in level),
        sentence=sentence,
        caveat=f"That is the verdict at this budget, at which {listed(early)} "
        f"{'was' if len(early) == 1 else 'were'} under-trained: a larger one may change it."
        if early
        else "",
    )


def need_deep_learning(classical: RungSummary | None, deep: RungSummary | None, finding: Finding | None) -> str:
    """One plain answer to "do I need deep learning here?".

    `classical` and `deep` are the best rung of each kind, and `finding` compares them: control = the classical one,
    arm = the deep one. Without one of the kinds there is nothing to compare, and the answer says that.

    Raises:
        ValueError: the finding is missing, or is of other rungs.
    """
    if deep is None or classical is None:
        missing = "network" if deep is None else "classical approach"
        return f"Cannot tell whether deep learning is needed: no {missing} finished, so there is nothing to compare."
    if finding is None or (finding.control, finding.arm) != (classical.name, deep.name):
        raise ValueError(f"Expected a finding with control {classical.name} and arm {deep.name}; got {finding}.")
    numbers = _difference(finding)
    caveat = _caveat(classical, deep, finding)
    if finding.verdict == BETTER:
        sure = "" if finding.simultaneous[0] > finding.margin else ", though the gain may be smaller than what matters"
        return (
            f"Yes: {deep.title} beats {classical.title}, the best without deep learning ({numbers}){sure}; "
            f"it trains {_times(classical.seconds, deep.seconds)}.{caveat}"
        )
    if finding.verdict == WORSE:
        return (
            f"No: {classical.title} beats the best network, {deep.title} ({_difference(finding, of_control=True)}), "
            f"and trains {_times(deep.seconds, classical.seconds)}.{caveat}"
        )
    if finding.verdict == EQUIVALENT:
        return (
            f"No: {classical.title} is level with the best network, {deep.title} "
            f"({_difference(finding, of_control=True)}), "
            f"and trains {_times(deep.seconds, classical.seconds)}.{caveat}"
        )
    return (
        f"Cannot tell with this test split: {deep.title} against {classical.title} ({numbers}); "
        f"{what_would_settle(finding)}. {classical.title} trains {_times(deep.seconds, classical.seconds)}.{caveat}"
    )


def describe(finding: Finding) -> str:
    """One sentence for one finding, marks included."""
    words = {
        BETTER: f"{finding.arm} is better than {finding.control}",
        WORSE: f"{finding.arm} is worse than {finding.control}",
        EQUIVALENT: f"{finding.arm} is level with {finding.control}",
        CANNOT_TELL: f"Cannot tell {finding.arm} from {finding.control}",
    }[finding.verdict]
    if NO_EFFECT in finding.marks:
        return f"{finding.arm} changed nothing: every prediction is the same as that of {finding.control}."
    tail = f"; {what_would_settle(finding)}" if finding.verdict == CANNOT_TELL else ""
    mark = ", under-trained at this budget" if UNDER_TRAINED in finding.marks else ""
    return f"{words} ({_difference(finding)}{mark}){tail}."


def what_would_settle(finding: Finding, *, what: str = "test images") -> str:
    """For "cannot tell": how many more items or seeds would settle it, were the true effect the one observed."""
    ways = []
    if finding.needed_items is not None:
        ways.append(f"about {_round(finding.needed_items - finding.items):,} more {what}")
    if finding.needed_seeds is not None:
        more = finding.needed_seeds - finding.seeds
        ways.append(f"about {more:,} more {'seed' if more == 1 else 'seeds'}")
    if ways:
        return f"{', or '.join(ways)}, would settle it" if len(ways) > 1 else f"{ways[0]} would settle it"
    if finding.seeds == 1:
        return f"more {what} alone would not settle it"
    return f"neither more {what} alone nor more seeds alone would settle it"


def least_told(findings: Sequence[Finding]) -> str:
    """How small a difference could have been found between the two that scored most alike; empty where none did."""
    differing = [finding for finding in findings if 0 < finding.detectable < math.inf]
    if not differing:
        return ""
    closest = min(differing, key=lambda finding: abs(finding.effect))
    which = "" if len(differing) == 1 else " between the two that scored most alike"
    return f"A true difference of {100 * closest.detectable:.1f} points{which} would be found four times in five."


def _caveat(classical: RungSummary, deep: RungSummary, finding: Finding) -> str:
    flagged = [rung for rung in (deep, classical) if rung.under_trained]
    if not flagged or (UNDER_TRAINED not in finding.marks and finding.verdict in (BETTER, WORSE)):
        return ""
    names, verb = listed([rung.title for rung in flagged]), "was" if len(flagged) == 1 else "were"
    return f" But {names} {verb} {UNDER_TRAINED}: a larger one may change this."


def listed(words: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *before, last = list(words) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def _score(rung: RungSummary) -> str:
    return f"{100 * rung.score:.1f}% [{100 * rung.low:.1f}, {100 * rung.high:.1f}]"


def _difference(finding: Finding, *, of_control: bool = False) -> str:
    """The effect with its interval, arm minus control; the other way round where a sentence starts with the control."""
    effect, (low, high) = finding.effect, finding.simultaneous
    if of_control:
        effect, low, high = -effect, -high, -low
    together = "" if finding.comparisons == 1 else f" for {finding.comparisons} comparisons together"
    return (
        f"difference {_signed(effect)} points, 95% interval{together} {_signed(low)} to {_signed(high)}, "
        f"margin {100 * finding.margin:.1f}"
    )


def _signed(fraction: float) -> str:
    text = f"{100 * fraction:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text


def _times(slower: float, faster: float) -> str:
    """How `faster` compares with `slower`, as the end of "it trains ..."."""
    if min(slower, faster) <= 0:
        return "in no time that we could measure" if faster <= 0 else "more slowly"
    ratio = slower / faster
    if 0.8 <= ratio <= 1.25:
        return "about as fast"
    times = max(ratio, 1 / ratio)
    shown = f"{times:.1f}" if times < 9.95 else f"{_round(round(times)):,}"
    return f"{shown} times {'faster' if ratio > 1 else 'slower'}"


def _round(number: int) -> int:
    """Two significant digits, for "about"."""
    if number < 100:
        return number
    power = 10 ** (len(str(number)) - 2)
    return -(-number // power) * power
