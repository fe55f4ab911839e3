"""Rows of the comparisons: what was compared with what, the drawing of the effect, and the verdict in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from epochal.core.experiment import CANNOT_TELL, Finding
from epochal.core.metric import Metric
from epochal.judge.verdict_text import amount, detectable_sentence, metric_of, what_would_settle
from epochal.report import words
from epochal.report.charts.stripes import effect_axis, effect_ruler, effect_stripe
from epochal.report.view import RungView


@dataclass(frozen=True, kw_only=True)
class FindingRow:
    """One comparison as the page prints it."""

    head: str
    detail: str
    kind: str
    stripe: Markup
    effect: str
    interval: str  # the one that decided the verdict
    verdict: str
    sign: str
    slug: str  # for the style of the verdict
    marks: tuple[str, ...]
    hint: str  # what would settle it


@dataclass(frozen=True, kw_only=True)
class Family:
    """Comparisons that share a correction, an axis and a heading."""

    title: str
    caption: str
    unit: str  # of the effects
    rows: tuple[FindingRow, ...]
    ruler: Markup
    folded: bool = False


def family(
    findings: Sequence[Finding],
    views: Mapping[str, RungView],
    title: str,
    caption: str,
    *,
    metric: Metric,
    item: str,
    folded: bool = False,
) -> Family | None:
    """The rows of one family, None where nothing was compared. `item` is what one example is called."""
    if not findings:
        return None
    axis = effect_axis(findings)
    # Where one arm is held against many, what tells the rows apart is the other side.
    turned = len({f.arm for f in findings}) == 1 and len({f.control for f in findings}) > 1
    rows = []
    for finding in findings:
        arm, control = views.get(finding.arm), views.get(finding.control)
        arm_title, control_title = arm.title if arm else finding.arm, control.title if control else finding.control
        about = control if turned else arm
        rows.append(
            FindingRow(
                head=f"against {control_title}" if turned else arm_title,
                detail=arm_title if turned else f"against {control_title}",
                kind=about.kind if about else "network",
                stripe=effect_stripe(axis, finding, about.kind if about else "network"),
                effect=words.difference(finding.effect, metric),
                interval=words.span(finding.simultaneous, metric),
                verdict=finding.verdict,
                sign=words.SIGNS.get(finding.verdict, ""),
                slug=finding.verdict.replace(" ", "-") if finding.verdict in words.SIGNS else "other",
                marks=finding.marks,
                hint=what_would_settle(finding, what=f"{item}s") if finding.verdict == CANNOT_TELL else "",
            )
        )
    return Family(
        title=title,
        caption=caption,
        unit=words.unit(metric),
        rows=tuple(rows),
        ruler=effect_ruler(axis, metric),
        folded=folded,
    )


def correction(findings: Sequence[Finding], item: str) -> str:
    """What the family shares: items, seeds, margin, comparisons."""
    if not findings:
        return ""
    first, seeds = findings[0], max(finding.seeds for finding in findings)
    alone = " With one seed, an interval speaks of that one training only." if seeds == 1 else ""
    together = ""
    if first.comparisons > 1:
        together = f" Intervals are corrected for {first.comparisons} comparisons."
    return (
        f"{words.plural(first.items, item)}, {words.plural(seeds, 'seed')}, "
        f"margin \u00b1{amount(first.margin, metric_of(first))}.{together}{alone} "
        f"{detectable_sentence(findings)}".rstrip()
    )
