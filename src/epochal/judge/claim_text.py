"""Checks of a claim in plain sentences: what was found, with its interval, against what was needed."""

from collections.abc import Sequence

from epochal.core.claim import CONFIRMED, INCONCLUSIVE, LESS, REFUTED, SAME, Check
from epochal.core.experiment import EQUIVALENT
from epochal.judge.claims import EXACT, RATIO

OPENING = {
    CONFIRMED: "Confirmed",
    REFUTED: "Refuted at this scale",
    EQUIVALENT: "No difference that matters at this scale",
    INCONCLUSIVE: "Inconclusive at this scale",
}
UNDER_TRAINED = "under-trained"


def number(value: float) -> str:
    """Three digits, without the exponent where it can be avoided."""
    if value == 0 or 0.001 <= abs(value) < 1e6:
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
    digits, power = f"{value:.2e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def paired(check: Check) -> bool:
    """Whether the effect is one of an arm against a control, and not the arm's own value."""
    return check.control_mean is not None


def amount(check: Check, value: float, *, signed: bool = False) -> str:
    """An effect of a check as people write it: in points or per cent, as a factor, or in its own unit."""
    if check.kind == RATIO:
        return f"{number(value)} times"
    return level(check, value, signed=signed)


def level(check: Check, value: float, *, signed: bool = False) -> str:
    """A value of the arm or of the control, such as its accuracy; signed, a difference between two of them."""
    sign = "+" if signed and value > 0 else ""
    if not check.percent:
        return f"{sign}{number(value)}"
    digits = 1 if abs(value) >= 0.0005 or value == 0 else 2
    return f"{sign}{100 * value:.{digits}f}" + (" points" if signed else "%")


def effect(check: Check) -> str:
    """The effect with its 95% interval: '+43.0 points [+38.1, +47.9]'."""
    if check.kind == EXACT:
        return amount(check, check.effect)
    signed = paired(check) and check.kind != RATIO
    low, high = (bare(amount(check, end, signed=signed)) for end in check.interval)
    return f"{amount(check, check.effect, signed=signed)} [{low}, {high}]"


def bare(said: str) -> str:
    """An amount without its unit."""
    return said.removesuffix(" points").removesuffix(" times").removesuffix("%")


def needed(check: Check) -> str:
    """What the claim needs of this check: 'at least 10 points more', 'at most 0.5 times'."""
    if check.kind == EXACT:
        return f"exactly {amount(check, check.size)}"
    if check.predicted == SAME:
        return f"no difference beyond {margin(check)}"
    less = check.predicted == LESS
    if check.kind == RATIO:
        factor = max(check.size, 1.0)
        if factor == 1:
            return "less than 1 time" if less else "more than 1 time"
        return f"at most {number(1 / factor)} times" if less else f"at least {number(factor)} times"
    if not paired(check):
        return f"at {'most' if less else 'least'} {amount(check, check.size)}"
    direction = "less" if less else "more"
    return f"at least {_size(check, check.size)} {direction}" if check.size else f"any {direction}"


def margin(check: Check) -> str:
    """The effect up to which nothing matters: '1 point', 'a factor of 1.1'."""
    return f"a factor of {number(max(check.margin, 1.0))}" if check.kind == RATIO else _size(check, check.margin)


def _size(check: Check, value: float) -> str:
    """A size of a difference, without a sign: '1 point', '2.5 points', '0.1'."""
    if not check.percent:
        return number(value)
    points = number(100 * value)
    return f"{points} point{'' if points == '1' else 's'}"


def sentence(verdict: str, checks: Sequence[Check]) -> str:
    """One sentence: the verdict, on how many of the questions, and the effect of the check that decided it."""
    found = deciding(verdict, checks)
    alike = [check.verdict == verdict and bool(check.under_trained) == bool(found.under_trained) for check in checks]
    count = sum(alike)
    both = "both" if len(checks) == 2 else f"all {count}"
    share = both if count == len(checks) else f"{count} of {len(checks)}"
    on = f" (on {share} questions)" if len(checks) > 1 else ""
    opening = f"Inconclusive, {UNDER_TRAINED}" if found.under_trained else OPENING[verdict]
    learning = f" {still_learning(found)}" if found.under_trained else ""
    return f"{opening}{on}: {comparison(found)}.{learning}"


def deciding(verdict: str, checks: Sequence[Check]) -> Check:
    """The first check whose answer is the verdict of the whole claim; of inconclusive ones, the first under-trained."""
    found = [check for check in checks if check.verdict == verdict]
    return next((check for check in found if check.under_trained), next(iter(found), checks[0]))


def answer(check: Check) -> str:
    """The verdict on one question in words: 'confirmed', 'inconclusive: under-trained'."""
    return f"{check.verdict}: {UNDER_TRAINED}" if check.under_trained else check.verdict


def still_learning(check: Check) -> str:
    """Why a check that is under-trained decides nothing, in a sentence; "" for any other."""
    if not check.under_trained:
        return ""
    rival = check.arm if check.predicted == LESS else check.control
    may = "refute" if check.under_trained == rival and check.predicted != SAME else "confirm"
    return f"The training of {check.under_trained} ended while it was still learning; a longer one may {may} the claim."


def comparison(check: Check) -> str:
    """'residual against plain, training accuracy +43.0 points [+38.1, +47.9]; the claim needs at least 10 points
    more'."""
    who = f"{check.arm} against {check.control}" if check.control else check.arm
    return f"{who}, {check.unit} {effect(check)}; the claim needs {needed(check)}"
