"""How the report says numbers: scores and differences in the unit of their metric, durations, counts."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

from epochal.core.experiment import BETTER, CANNOT_TELL, EQUIVALENT, WORSE
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.judge.verdict_text import listed as listed
from epochal.judge.verdict_text import plain as plain_score
from epochal.judge.verdict_text import short as short

MINUS, TIMES, DASH, NONE = "\u2212", "\u00d7", "\u2013", "\u2014"
SIGNS = {BETTER: "\u25b2", WORSE: "\u25bc", EQUIVALENT: "=", CANNOT_TELL: "?"}


def known(value: object) -> bool:
    """A finite number, which a diverged or interrupted rung may not have."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def percent(fraction: float | None, digits: int = 1) -> str:
    """0.9861 -> '98.6%'."""
    return NONE if fraction is None or not known(fraction) else f"{100 * fraction:.{digits}f}%"


def value(number: float | None, metric: Metric = ACCURACY, digits: int = 1) -> str:
    """A score under the metric: '98.6%', '0.862', or '0.231'; a heading says the unit of the latter."""
    if number is None or not known(number):
        return NONE
    return percent(number, digits) if metric.percent else plain_score(number, metric, digits).replace("-", MINUS)


def interval(score: Interval | None, metric: Metric = ACCURACY, digits: int = 1) -> str:
    """The 95% interval, in per cent where the metric is: '97.2\u201399.1', or '0.198\u20130.264'."""
    if score is None or not (known(score.low) and known(score.high)):
        return NONE
    return DASH.join(value(end, metric, digits).removesuffix("%") for end in (score.low, score.high))


def points(effect: float, digits: int = 1) -> str:
    """A difference of two fractions in percentage points, always signed: '+1.2', '\u22120.4', '0.0'."""
    return difference(effect, ACCURACY, digits)


def difference(effect: float, metric: Metric = ACCURACY, digits: int = 1) -> str:
    """A difference of two scores, always signed, in points where the metric is in per cent: '+1.2', '\u22120.013'."""
    if not known(effect):
        return NONE
    size = abs(effect)
    text = f"{100 * size:.{digits}f}" if metric.percent else plain_score(size, metric)
    return text if not any(c in "123456789" for c in text) else ("+" if effect > 0 else MINUS) + text


def span(bounds: Iterable[float], metric: Metric = ACCURACY, digits: int = 1) -> str:
    """An interval of a difference: '\u22120.4 to +1.2'."""
    low, high = bounds
    return f"{difference(low, metric, digits)} to {difference(high, metric, digits)}"


def unit(metric: Metric) -> str:
    """Of a difference, as the heading of a column: 'points', 'nats'; 'difference' where there is none."""
    return ("points" if metric.percent else metric.unit) or "difference"


def scale(metric: Metric, target: str = "") -> str:
    """What a reader must know to read scores of the metric: its unit, and that lower is better where it is.

    `target` is what is predicted, of a number: its unit is that of metrics without one.
    """
    parts = [] if metric.percent or not metric.unit else [f"in {metric.unit}"]
    if target and not (metric.percent or metric.unit) and metric.top is None:
        parts = [f"in the unit of {target}"]
    if metric.sign < 0:
        parts.append("lower is better")
    return ", ".join(parts)


def capital(text: str) -> str:
    """The first letter as a capital, the others as they are: 'Area under the ROC curve'."""
    return text[:1].upper() + text[1:]


def duration(seconds: float | None) -> str:
    """0.04 -> '40 ms', 7.25 -> '7.3 s', 754 -> '12 min 34 s', 9000 -> '2 h 30 min'."""
    if seconds is None or not known(seconds):
        return NONE
    if seconds <= 0:
        return "0 s"
    if seconds < 0.0005:
        return "under 1 ms"
    if seconds < 0.995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        minutes, rest = divmod(whole, 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / 60), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def moments(seconds: float | None) -> str:
    """As `duration`, with more digits below 10 ms, where answers differ: '0.18 ms', '3.1 ms', '15 \u00b5s'."""
    if seconds is None or not known(seconds) or not 0 < seconds < 0.00995:
        return duration(seconds)
    if seconds < 0.0000995:
        return f"{1e6 * seconds:.0f} \u00b5s"
    return f"{1e3 * seconds:.2f} ms" if seconds < 0.000995 else f"{1e3 * seconds:.1f} ms"


def count(number: float | None) -> str:
    """1234567 -> '1,234,567'."""
    return NONE if number is None or not known(number) else f"{number:,.0f}"


def short_count(number: float | None) -> str:
    """61706 -> '61.7k', 2.5e9 -> '2.5G'; below a thousand the number itself."""
    if number is None or not known(number):
        return NONE
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size * 0.9995:
            value = number / size
            return f"{value:.0f}{letter}" if value >= 99.95 else f"{value:.1f}{letter}"
    return f"{number:.0f}"


def round_values(values: Sequence[float]) -> list[str]:
    """What stands at ticks, all in one unit: '50k', '1.05M'; below ten thousand in full."""
    largest = max(map(abs, values), default=0.0)
    units = ((1e12, 1e12, "T"), (1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"), (0.0, 1.0, ""))
    size, letter = next((size, letter) for least, size, letter in units if largest >= least)
    return [f"{value / size:,.10g}{letter if value else ''}".replace("-", MINUS) for value in values]


def times(number: float | None) -> str:
    """How often: '3', '0.4', '120'."""
    if number is None or not known(number):
        return NONE
    return f"{number:,.0f}" if number >= 9.5 else f"{number:.1f}".removesuffix(".0")


def size(count_bytes: float | None) -> str:
    """Bytes in the unit that reads best: '412 MB'."""
    if count_bytes is None or not known(count_bytes):
        return NONE
    value = float(count_bytes)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            return f"{value:.0f} {unit}" if value >= 10 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return NONE


def moment(stamp: str) -> str:
    """An ISO 8601 time as people write it: '2026-11-21 12:30 UTC'; whatever else it is, as it is."""
    try:
        when = datetime.fromisoformat(stamp)
    except ValueError:
        return stamp
    zone = when.tzname() or ""
    return f"{when:%Y-%m-%d %H:%M} {zone}".strip()


def plural(number: int, noun: str, many: str | None = None) -> str:
    """'1 seed', '3 seeds', '2 classes', '4 categories'."""
    several = many or (noun[:-1] + "ies" if noun.endswith("y") else noun + "s")
    return f"{number:,} {noun if number == 1 else several}"


def plain(value: object) -> str:
    """A value of the data report as words, whatever its kind."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, dict):
        return "; ".join(f"{str(key).replace('_', ' ')}: {plain(item)}" for key, item in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(plain(item) for item in value)
    return str(value)
