"""The reliability diagram: of the answers given with a confidence, the share that was right."""

from markupsafe import Markup

from epochal.judge.reliability import Reliability
from epochal.report import words
from epochal.report.svg import Axis, element, line, path, picture, text, ticks

WIDTH, HEIGHT, LEFT, TOP = 340, 300, 44, 12


def reliability_chart(found: Reliability, kind: str, title: str, item: str) -> Markup:
    """A mark for each bin, with its interval, next to the line on which confidence is what it says."""
    right, bottom = WIDTH - 12, HEIGHT - 46
    least = min(min(one.least, one.confidence, one.accuracy.low) for one in found.bins)
    low = min(0.9, int(10 * least) / 10)
    across = Axis(low=low, high=1.0, start=LEFT, end=right)
    up = Axis(low=low, high=1.0, start=bottom, end=TOP)
    parts = []
    for value in ticks(low, 1.0, 5):
        shown = words.percent(value, 0 if 1 - low > 0.1 else 1)
        parts.append(line(LEFT, up(value), right, up(value), "grid"))
        parts.append(text(LEFT - 6, up(value) + 4, shown, "tick", "end"))
        parts.append(text(across(value), bottom + 18, shown, "tick", "middle"))
    parts.append(line(LEFT, bottom, right, bottom, "axis"))
    parts.append(path([(across(low), up(low)), (across(1.0), up(1.0))], "today"))
    for one in found.bins:
        x, share = across(one.confidence), one.accuracy
        parts.append(line(x, up(share.low), x, up(share.high), f"whisker thin {kind}"))
        parts.append(element("circle", cx=x, cy=up(share.mean), r=4.5, class_=f"mark {kind}"))
    parts.append(text(LEFT, 8, "right", "tick faint"))
    parts.append(text(right, bottom + 38, "confidence \u2192", "tick faint", "end"))
    described = "; ".join(
        f"{words.plural(one.count, item)} at {words.percent(one.confidence)} confidence: "
        f"{words.percent(one.accuracy.mean)} right"
        for one in found.bins
    )
    return picture(
        *parts,
        width=WIDTH,
        height=HEIGHT,
        title=f"Reliability of the confidence of {title} on the test split",
        description=f"{described}.",
        name="reliability",
        class_="chart",
    )
