"""Score against the number of training items, of the best classical rung and the best network."""

from collections.abc import Sequence

from markupsafe import Markup

from epochal.core.metric import Metric
from epochal.report import words
from epochal.report.charts.data_curve import sizes_axis
from epochal.report.result import Side
from epochal.report.svg import CLASSICAL, NETWORK, Axis, element, line, mark, path, picture, text, ticks


def rivals_chart(sides: Sequence[Side], metric: Metric, *, item: str, narrow: bool) -> Markup:
    """The picture, in a wide and a narrow form of the same content. `sides` are the classical rung and the network."""
    width, height = (340, 300) if narrow else (760, 340)
    left, right, top, bottom = 48, width - 12, 16, height - 46
    sizes = sides[0].sizes
    across = Axis(low=sizes[0] * 0.85, high=sizes[-1] * 1.12, start=left, end=right, log=True)
    seen = [score for side in sides for row in side.scores for score in row]
    room = 0.08 * (max(seen) - min(seen)) or 0.01
    up = Axis(low=min(seen) - room, high=max(seen) + room, start=bottom, end=top)

    values = ticks(up.low, up.high, 4)
    digits = 0 if all(abs(100 * value - round(100 * value)) < 1e-6 for value in values) else 1
    parts, said = [], []
    for value in values:
        parts.append(line(left, up(value), right, up(value), "grid"))
        parts.append(text(left - 6, up(value) + 4, words.value(value, metric, digits), "tick", "end"))
    parts.append(line(left, bottom, right, bottom, "axis"))
    parts += sizes_axis([float(size) for size in sizes], across, bottom)
    parts.append(text(right, bottom + 38, f"training {item}s (log scale) \u2192", "tick faint", "end"))
    for side, kind in zip(sides, (CLASSICAL, NETWORK), strict=True):
        means = [sum(row[k] for row in side.scores) / len(side.scores) for k in range(len(sizes))]
        parts.append(path([(across(size), up(mean)) for size, mean in zip(sizes, means, strict=True)], f"curve {kind}"))
        for k, size in enumerate(sizes):
            dots = [up(row[k]) for row in side.scores]
            parts += [element("circle", cx=across(size), cy=dot, r=2.5, class_=f"seed {kind}") for dot in dots]
            parts.append(mark(across(size), up(means[k]), kind))
        shown = (f"{words.value(mean, metric)} at {words.count(size)}" for size, mean in zip(sizes, means, strict=True))
        said.append(f"{side.title}: {', '.join(shown)}")
    return picture(
        *parts,
        width=width,
        height=height,
        title=f"{words.capital(metric.title)} of {sides[0].title} and {sides[1].title} against the training {item}s",
        description=f"{'; '.join(said)}.",
        name="rivals-narrow" if narrow else "rivals",
        class_="chart narrow" if narrow else "chart wide",
    )
