"""Findings in plain sentences: which rung to take, and whether deep learning is needed here."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE, Finding
from epochal.core.metric import ACCURACY, Metric

# What a score says to whoever has never met its metric, by the metric's name, and the fewest digits of it that do.
_SAID: Mapping[str, tuple[int, str]] = {
    ACCURACY.name: (0, "{score} right on unseen data ({span})"),
    "r2": (0, "R2 of {score} on unseen {items} ({span})"),
    "rmse": (0, "RMSE of {score} on unseen {items} ({span})"),
    "mae": (0, "Off by {score} on average on unseen {items} (mean absolute error, {span})"),
}
_SAID_ELSE = (1, "{title} on unseen data: {score} ({span})")


@dataclass(frozen=True, kw_only=True)
class RungSummary:
    """What a verdict needs of one rung: its mean score with its 95% interval, the seconds of one training, and what its
    user pays for ever: the seconds of one answer and the bytes of its files."""

    name: str
    title: str
    deep: bool
    score: float
    low: float
    high: float
    seconds: float
    under_trained: bool = False
    answer: float = 0.0
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """The rung to take, the one with the best score, the tier of those not shown to be worse, and a sentence.

    `caveat` names the rungs that are out and were under-trained; empty where there are none. Where nothing is shown to
    have been `learned`, nothing is recommended (`judge.nothing_text`), and `chosen` is what is bundled.
    """

    chosen: str
    best: str
    tier: tuple[str, ...]  # not shown worse than the best; the best is among them
    sentence: str
    caveat: str = ""
    learned: bool = True


def recommend(
    rungs: Sequence[RungSummary],
    findings: Mapping[str, Finding],
    *,
    metric: Metric = ACCURACY,
    margin: float,
) -> Recommendation:
    """The rung that is cheapest to use among those not shown worse than the best.

    `findings` compares each other rung with the best on validation: control = the best, arm = that rung, keyed by the
    rung's name. The first tier is the best with every rung that is
    not shown to be worse by its simultaneous interval, except rungs that were still learning and scored worse. Rungs
    of it that scored more than `margin` worse are not recommended: too little data is no reason to choose a model that
    looks worse. Of the rest, the one that answers fastest is chosen; of the rungs within a factor of two of it, the one
    whose files are smallest.

    Raises:
        ValueError: no rungs, or a rung other than the best without a finding against the best.
    """
    if not rungs:
        raise ValueError("Expected one rung or more; got none.")
    named = {finding.control for finding in findings.values()}  # whoever compared them has decided which is the best
    best = max(rungs, key=lambda rung: (rung.name in named, metric.sign * rung.score))
    tier, level, unknown = [best], [best], list[RungSummary]()
    for rung in rungs:
        if rung.name == best.name:
            continue
        finding = findings.get(rung.name)
        if finding is None or finding.control != best.name:
            raise ValueError(
                f"Expected a finding of {rung.name} against {best.name}, the best; got none. Compare them."
            )
        within = metric.sign * finding.effect >= -margin
        if finding.verdict != WORSE and (within or not rung.under_trained):
            tier.append(rung)
            if finding.verdict != CANNOT_TELL or within:
                level.append(rung)
        elif finding.verdict != WORSE:
            unknown.append(rung)
    fastest = min(rung.answer for rung in level)
    quick = [rung for rung in level if rung.answer <= 2 * fastest]
    chosen = min(quick, key=lambda rung: (rung.size, rung.answer, rung.seconds))
    early = [rung.title for rung in rungs if rung.under_trained and rung not in tier]
    return Recommendation(
        chosen=chosen.name,
        best=best.name,
        tier=tuple(rung.name for rung in tier),
        sentence=_reason(best, chosen, tier, level, unknown, metric, margin, alone=len(rungs) == 1),
        caveat=f"At this budget, {listed(early)} {'was' if len(early) == 1 else 'were'} under-trained: a larger budget "
        "may change the verdict."
        if early
        else "",
    )


def _reason(
    best: RungSummary,
    chosen: RungSummary,
    tier: Sequence[RungSummary],
    level: Sequence[RungSummary],
    unknown: Sequence[RungSummary],
    metric: Metric,
    margin: float,
    *,
    alone: bool,
) -> str:
    """Why this rung is recommended, in two sentences or three; `alone` says that there was no other."""
    if alone:
        return (
            f"{best.title} is the only rung that was trained. Its validation {metric.title} is {scored(best, metric)}."
        )
    top = f"{best.title} had the best validation {metric.title}, {scored(best, metric)}"
    if len(tier) == 1:
        names, were = listed([rung.title for rung in unknown]), "was" if len(unknown) == 1 else "were"
        return f"{top}. Every other rung is shown to be worse" + (
            f", except {names}, which scored lower but {were} still learning." if unknown else "."
        )
    others = [rung.title for rung in tier if rung is not best]
    sentences = [f"{top}, but {listed(others)} cannot be told apart from it on this data."]
    if chosen is not best:
        sentences.append(
            f"{chosen.title}, at {scored(chosen, metric)}, is within the margin of {amount(margin, metric)} and "
            f"answers {_times(best.answer, chosen.answer)}{_smaller(best, chosen)}."
        )
    elif len(level) > 1:
        sentences.append(
            f"{best.title} is the cheapest to use of the rungs within the margin of {amount(margin, metric)}."
        )
    else:
        they = f"{others[0]} scored" if len(others) == 1 else "each of these rungs scored"
        sentences.append(
            f"{best.title} is recommended, because {they} worse by more than the margin of {amount(margin, metric)}."
        )
    return " ".join(sentences)


def headline(title: str, mean: float, low: float, high: float, metric: Metric = ACCURACY, *, item: str) -> str:
    """What is recommended, and what it may be expected to score on data that it has not seen.

    `item` is what one example is called: "image", "row".
    """
    least, form = _SAID.get(metric.name, _SAID_ELSE)
    digits = _digits(mean, low, high, metric, least)
    said = form.format(
        title=metric.title[0].upper() + metric.title[1:],
        score=value(mean, metric, digits),
        span=_range(low, high, metric, digits),
        items=f"{item}s",
    )
    return f"Recommended: {title}. {said}."


def need_deep_learning(
    classical: RungSummary | None,
    deep: RungSummary | None,
    finding: Finding | None,
    *,
    item: str,
    metric: Metric = ACCURACY,
    left_out: Sequence[str] = (),
    pretrained: bool = False,
    split: str = "test",
    chosen: str = "",
) -> str:
    """One plain answer to "do I need deep learning here?".

    `classical` and `deep` are the best rung of each kind, and `finding` compares them: control = the classical one,
    arm = the deep one. Without one of the kinds there is nothing to compare, and the answer says that. A network that
    was still learning cannot be said to lose. `left_out` are networks that the budget did not bear; `pretrained` says
    that some rung used pre-trained weights; `split` is the one that was scored, `item` what one example is called, and
    `chosen` the rung that is recommended, which a network may be for what it costs to use.

    Raises:
        ValueError: the finding is missing, or is of other rungs.
    """
    missing = (
        f" {listed(left_out)} {'was' if len(left_out) == 1 else 'were'} not climbed at this budget." if left_out else ""
    )
    given = "" if pretrained else " No rung used pre-trained weights, which often help on small data (--pretrained)."
    if deep is None or classical is None:
        kind = "network" if deep is None else "classical approach"
        return (
            f"Cannot tell whether deep learning is needed: no {kind} was trained, so there is nothing to compare."
            f"{missing}"
        )
    if finding is None or (finding.control, finding.arm) != (classical.name, deep.name):
        raise ValueError(f"Expected a finding with control {classical.name} and arm {deep.name}; got {finding}.")
    of = "" if metric.percent or metric.unit else metric.title  # a bare number has to say of what it is
    dearer = f"Training {deep.title} takes {_as_long(deep.seconds, classical.seconds)}."
    if finding.verdict == BETTER:
        sure = "" if abs(finding.effect) and _surely(finding) else " The gain may be smaller than the margin."
        return (
            f"Yes: {deep.title} beats {classical.title}, the best without deep learning "
            f"({difference(finding, of=of)}).{sure} {dearer}"
        )
    if deep.under_trained:
        return (
            f"Cannot tell whether deep learning is needed: {deep.title}, the best network, was still learning when its "
            f"budget ended, at {scored(deep, metric)} against {scored(classical, metric)} for {classical.title}. "
            f"A larger budget may settle it.{missing}{given}"
        )
    if finding.verdict in (WORSE, EQUIVALENT):
        verb = "beats" if finding.verdict == WORSE else "is level with"
        all_the_same = (
            f" {deep.title} is recommended all the same: on validation it was within the margin, and is cheaper to use."
            if deep.name == chosen
            else ""
        )
        return (
            f"No: {classical.title} {verb} the best network, {deep.title} ({difference(finding, turned=True, of=of)})."
            f"{all_the_same} {dearer}{missing}{given}"
        )
    return (
        f"Cannot tell with this {split} split whether deep learning is needed: {deep.title} against {classical.title}, "
        f"{difference(finding, of=of)}; {what_would_settle(finding, what=f'{split} {item}s')}. {dearer}{missing}{given}"
    )


def what_would_settle(finding: Finding, *, what: str) -> str:
    """For "cannot tell": how many more items or seeds would settle it, were the true effect the one observed.

    `what` is what the items are called: "test images".
    """
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


def detectable_sentence(findings: Sequence[Finding]) -> str:
    """How small a difference could have been found between the two that scored most alike; empty where none did. Two
    seeds may leave so much room that not even all points would be found."""
    differing = [finding for finding in findings if 0 < finding.detectable < math.inf]
    if not differing:
        return ""
    closest = min(differing, key=lambda finding: abs(finding.effect))
    if closest.percent and closest.detectable >= 1:
        return "With this split and these seeds, no difference at all would be detected 80% of the time."
    which = "" if len(differing) == 1 else " between the two closest rungs"
    return (
        f"With this split, a difference of {amount(closest.detectable, metric_of(closest))}{which} would be detected "
        "80% of the time."
    )


def listed(words: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    *before, last = list(words) or [""]
    return f"{', '.join(before)} and {last}" if before else last


def metric_of(finding: Finding) -> Metric:
    """The metric in whose words a finding is written."""
    return Metric(
        name=finding.metric,
        title=finding.metric.replace("-", " "),
        unit=finding.unit,
        better=finding.better,
        percent=finding.percent,
    )


def value(number: float, metric: Metric, digits: int = 1) -> str:
    """A score: '98.2%', '0.862', or '0.231 nats'. `digits` are those after the point of a per cent; see `plain`."""
    if metric.percent:
        return f"{100 * number:.{digits}f}%"
    return f"{plain(number, metric, digits)} {metric.unit}".rstrip()


def plain(number: float, metric: Metric, digits: int = 1) -> str:
    """A score of a metric that is no share, as precise as a share with so many digits, without its unit: '0.862'.

    One per cent is two digits after the point. Where the metric says what a perfect answer scores, as R2 does, these
    are digits after the point; else they are significant, and numbers with more digits than that are whole: '1,835'.
    """
    if metric.top is None:
        return short(number, digits + 2)
    text = f"{number:.{digits + 2}f}"
    return text if float(text) else text.lstrip("-")


def amount(number: float, metric: Metric) -> str:
    """A difference without its sign: '0.5 points', or '0.012 nats'."""
    return f"{100 * number:.1f} points" if metric.percent else f"{short(number)} {metric.unit}".rstrip()


def scored(rung: RungSummary, metric: Metric) -> str:
    """'98.2% (97.1 to 99.0)'."""
    digits = _digits(rung.score, rung.low, rung.high, metric, 1)
    return f"{value(rung.score, metric, digits)} ({_range(rung.low, rung.high, metric, digits)})"


def difference(finding: Finding, *, turned: bool = False, of: str = "") -> str:
    """The effect with the interval that decided, arm minus control; control minus arm where `turned`. `of` names what
    differs, where it must be said."""
    effect, (low, high) = finding.effect, finding.simultaneous
    if turned:
        effect, low, high = -effect, -high, -low
    together = "" if finding.comparisons == 1 else f", corrected for {finding.comparisons} comparisons"
    unit = "points" if finding.percent else finding.unit
    return (
        f"difference {f'in {of} ' if of else ''}{_signed(effect, finding)} {unit}".rstrip()
        + f", 95% interval {_signed(low, finding)} to {_signed(high, finding)}{together}"
    )


def _range(low: float, high: float, metric: Metric, digits: int = 1) -> str:
    if metric.percent:
        return f"{100 * low:.{digits}f} to {100 * high:.{digits}f}%"
    return f"{plain(low, metric, digits)} to {plain(high, metric, digits)}"


def _digits(mean: float, low: float, high: float, metric: Metric, least: int, most: int = 3) -> int:
    """Digits of per cents, `least` or more, with which a mean does not read as a bound of its interval that it is not:
    98.6% (96.8 to 99.4%), and not 99% (97 to 99%)."""
    ends = [end for end in (low, high) if end != mean]
    for digits in range(least, most):
        if all(value(end, metric, digits) != value(mean, metric, digits) for end in ends):
            return digits
    return most


def _signed(number: float, finding: Finding) -> str:
    if finding.percent:
        text = f"{100 * number:+.1f}"
    else:  # as many decimals as show two digits of the largest of the effect and the ends of its interval
        largest = max(map(abs, (finding.effect, *finding.simultaneous)))
        needed = 1 - math.floor(math.log10(largest)) if largest > 0 else 0
        text = f"{number:+,.{max(needed, 3 if finding.margin < 1 else 1 if finding.margin < 100 else 0)}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text


def _surely(finding: Finding) -> bool:
    """Whether the whole interval lies beyond the margin."""
    return min(abs(bound) for bound in finding.simultaneous) > finding.margin


def _as_long(slower: float, faster: float) -> str:
    """How long `slower` takes, next to `faster`: "3 times as long", "about as long"."""
    if min(slower, faster) <= 0:
        return "longer"
    ratio = slower / faster
    if 0.8 <= ratio <= 1.25:
        return "about as long"
    return f"{_number(ratio)} times as long" if ratio > 1 else f"{_number(1 / ratio)} times less time"


def _number(times: float) -> str:
    return f"{times:.1f}" if times < 9.95 else f"{_round(round(times)):,}"


def _times(slower: float, faster: float) -> str:
    """How `faster` compares with `slower`, as the end of "it answers ..."."""
    if min(slower, faster) <= 0:
        return "in no time that we could measure" if faster <= 0 else "more slowly"
    ratio = slower / faster
    if 0.8 <= ratio <= 1.25:
        return "about as fast"
    return f"{_number(max(ratio, 1 / ratio))} times {'faster' if ratio > 1 else 'slower'}"


def _smaller(best: RungSummary, chosen: RungSummary) -> str:
    """That the files of `chosen` are smaller, where this decided between two that answer about as fast."""
    if chosen.answer * 2 < best.answer or not 0 < chosen.size < best.size:
        return ""
    ratio = best.size / chosen.size
    return ", with smaller files" if ratio < 1.25 else f", with files {_number(ratio)} times smaller"


def short(number: float, figures: int = 3) -> str:
    """So many significant digits, and larger numbers whole: '0.231', '1,835'."""
    return f"{number:,.0f}" if abs(number) >= 10**figures - 0.5 else f"{number:,.{figures}g}"


def _round(number: int) -> int:
    """Two significant digits, for "about"."""
    if number < 100:
        return number
    power = 10 ** (len(str(number)) - 2)
    return -(-number // power) * power
