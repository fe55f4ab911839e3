"""Score of the better of two rivals against the number of training items, and the level that the other reaches."""

from markupsafe import Markup

from epochal.core.metric import Metric
from epochal.report import words
from epochal.report.charts.data_curve import sizes_axis
from epochal.report.result import Rivals
from epochal.report.svg import Axis, element, line, mark, path, picture, text, ticks


def rivals_chart(found: Rivals, kinds: tuple[str, str], metric: Metric, *, item: str, narrow: bool) -> Markup:
    """The picture, in a wide and a narrow form of the same content. `kinds` are those of the better and of the other:
    "classical" or "network"."""
    better, other = found.ordered
    width, height = (340, 300) if narrow else (760, 340)
    left, right, top, bottom = 52, width - 12, 16, height - 46
    across = Axis(low=found.sizes[0] * 0.85, high=found.sizes[-1] * 1.12, start=left, end=right, log=True)
    seen = [other.score, *(score for row in found.scores for score in row)]
    room = 0.08 * (max(seen) - min(seen)) or 0.01
    up = Axis(low=min(seen) - room, high=max(seen) + room, start=bottom, end=top)

    values = ticks(up.low, up.high, 4)
    digits = 0 if all(abs(100 * value - round(100 * value)) < 1e-6 for value in values) else 1
    parts = []
    for value in values:
        parts.append(line(left, up(value), right, up(value), "grid"))
        parts.append(text(left - 6, up(value) + 4, words.value(value, metric, digits), "tick", "end"))
    parts.append(line(left, bottom, right, bottom, "axis"))
    parts += sizes_axis([float(size) for size in found.sizes], across, bottom)
    parts.append(text(right, bottom + 38, f"training {item}s (log scale) \u2192", "tick faint", "end"))

    level = up(other.score)
    parts.append(path([(left, level), (right, level)], f"curve ahead {kinds[1]}"))
    parts.append(text(left + 6, level - 7, f"{other.title}, with all {words.count(found.sizes[-1])}", "name"))
    means = [sum(row[k] for row in found.scores) / len(found.scores) for k in range(len(found.sizes))]
    parts.append(
        path([(across(size), up(mean)) for size, mean in zip(found.sizes, means, strict=True)], f"curve {kinds[0]}")
    )
    for k, size in enumerate(found.sizes):
        dots = [up(row[k]) for row in found.scores]
        parts += [element("circle", cx=across(size), cy=dot, r=2.5, class_=f"seed {kinds[0]}") for dot in dots]
        parts.append(mark(across(size), up(means[k]), kinds[0]))
    said = ", ".join(
        f"{words.value(mean, metric)} at {words.count(size)}" for size, mean in zip(found.sizes, means, strict=True)
    )
    return picture(
        *parts,
        width=width,
        height=height,
        title=f"{words.capital(metric.title)} of {better.title} against the number of training {item}s",
        description=f"{better.title}: {said}. {other.title} with all of them: {words.value(other.score, metric)}.",
        name="rivals-narrow" if narrow else "rivals",
        class_="chart narrow" if narrow else "chart wide",
    )
