"""The leaderboard: as a data frame, as a table for the terminal, and as a fragment for notebooks."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup

from epochal.core.metric import Metric
from epochal.judge.verdict_text import value as with_unit
from epochal.report import words
from epochal.report.result import ClimbResult
from epochal.report.rivals_text import rivals_sentence
from epochal.report.view import RungView, best_first, headline, in_tiers, rung_views

if TYPE_CHECKING:
    import pandas
    from rich.table import Table

FRAME = (
    "rung",
    "member",
    "tier",
    "year",
    "kind",
    "validation",
    "low",
    "high",
    "test",
    "answer",
    "size",
    "parameters",
    "seconds",
    "examples",
    "passes",
    "marks",
)
NOTEBOOK_ROWS = 15
GAP = 2  # spaces between columns
BEST = "best on validation"


def leaderboard(result: ClimbResult) -> "pandas.DataFrame":
    """One row a rung, the best on validation first; scores are in the unit of the metric, NaN where there is none.

    Rungs that share a tier cannot be told apart. `low` and `high` are the 95% interval of `validation`. `answer` is the
    seconds for one item, `size` the bytes of one trained model. `seconds`, `examples` and `passes` over the training
    data are those of one training at the largest budget that the rung reached.
    """
    import pandas

    rows = []
    for view in best_first(rung_views(result), result.metric):
        validation, test, last = view.validation, view.test, view.last
        rows.append(
            {
                "rung": view.name,
                "member": view.title,
                "tier": view.rung.tier,
                "year": view.rung.year,
                "kind": view.kind,
                "validation": validation.mean if validation else math.nan,
                "low": validation.low if validation else math.nan,
                "high": validation.high if validation else math.nan,
                "test": test.mean if test else math.nan,
                "answer": math.nan if view.answer is None else view.answer,
                "size": view.rung.size,
                "parameters": last.cost.parameters if last else None,
                "seconds": last.cost.seconds if last else math.nan,
                "examples": last.cost.examples if last else None,
                "passes": math.nan if view.passes is None else view.passes,
                "marks": ", ".join(marks_of(view)),
            }
        )
    frame = pandas.DataFrame(rows, columns=list(FRAME))
    return frame.astype(dict.fromkeys(("tier", "size", "parameters", "examples"), "Int64"))


def marks_of(view: RungView) -> tuple[str, ...]:
    """The marks of a rung, with what was decided about it first."""
    decided = [word for word, yes in ((view.decided, view.chosen), (BEST, view.winner)) if yes]
    return (*decided, *view.marks)


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of the table: its heading in one line or two, what it holds of a rung, and how soon it is left out
    where there is too little room: the highest first, and never one of 0."""

    head: str
    cell: Callable[[RungView], str]
    right: bool = True
    spare: int = 0


def columns(metric: Metric) -> tuple[Column, ...]:
    """The columns of the table for scores under this metric."""

    def validation(view: RungView) -> str:
        found = view.validation
        return f"{words.value(found.mean, metric)} [{words.interval(found, metric)}]" if found else words.NONE

    name = ", ".join(filter(None, (metric.title, words.scale(metric))))
    return (
        Column(head="tier", cell=lambda view: "" if view.rung.tier is None else str(view.rung.tier)),
        Column(head="rung", cell=lambda view: view.title, right=False),
        Column(head="year", cell=lambda view: str(view.rung.year), spare=3),
        Column(head=f"validation\n{name}", cell=validation),
        Column(head="test", cell=lambda view: words.value(view.test.mean, metric) if view.test else words.NONE),
        Column(head="one\nanswer", cell=lambda view: words.moments(view.answer), spare=1),
        Column(head="size", cell=lambda view: words.size(view.rung.size), spare=2),
        Column(head="one\ntraining", cell=lambda view: words.duration(view.seconds), spare=4),
        Column(head="passes over\nthe data", cell=lambda view: words.times(view.passes), spare=5),
        Column(head="marks", cell=lambda view: ", ".join(_short_marks(view)), right=False),
    )


def _short_marks(view: RungView) -> list[str]:
    """The marks as a table has room for them; the best on validation is the first row."""
    return [mark.removesuffix(" at this budget") for mark in marks_of(view) if mark != BEST]


def table_rows(result: ClimbResult, columns: Sequence[Column]) -> list[list[tuple[RungView, list[str]]]]:
    """The cells of each rung that has a score, by tiers."""
    views = best_first(rung_views(result), result.metric)
    return [[(view, [column.cell(view) for column in columns]) for view in tier] for _, tier in in_tiers(views)]


def without_score(result: ClimbResult) -> list[str]:
    """A line for each rung that has no score, and why: 'GoogLeNet (2014)  not climbed: needs ...'."""
    views = [view for view in best_first(rung_views(result), result.metric) if view.validation is None]
    names = [f"{view.title} ({view.rung.year})" for view in views]
    width = max(map(len, names), default=0)
    return [f"{name.ljust(width)}  {view.missing}" for name, view in zip(names, views, strict=True)]


def terminal_table(result: ClimbResult, width: int) -> "Table":
    """The leaderboard for rich to print, with the columns that `width` has room for."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim")
    shown = fitting(result, width)
    for column in shown:
        no_wrap = column.spare > 0 or column.right
        table.add_column(column.head, justify="right" if column.right else "left", no_wrap=no_wrap)
    for number, tier in enumerate(table_rows(result, shown)):
        if number:
            table.add_row()
        for view, cells in tier:
            table.add_row(*(Text(cell) for cell in cells), style="bold" if view.chosen else "")
    return table


def fitting(result: ClimbResult, width: int) -> tuple[Column, ...]:
    """The columns that fit into `width`, and those that are never left out."""
    shown = _used(result)
    while _width(result, shown) > width and any(column.spare for column in shown):
        first = max(shown, key=lambda column: column.spare)
        shown = tuple(column for column in shown if column is not first)
    return shown


def _used(result: ClimbResult) -> tuple[Column, ...]:
    """The columns that hold something: results of earlier versions know no tiers, answers and sizes."""
    made = columns(result.metric)
    rows = [cells for tier in table_rows(result, made) for _, cells in tier]
    return tuple(
        column for place, column in enumerate(made) if any(cells[place] not in ("", words.NONE) for cells in rows)
    )


def _width(result: ClimbResult, shown: Sequence[Column]) -> int:
    return sum(_widths(result, shown)) + GAP * (len(shown) - 1)


def _widths(result: ClimbResult, shown: Sequence[Column]) -> list[int]:
    """Of each column, in letters."""
    rows = [[cells for _, cells in tier] for tier in table_rows(result, shown)]
    cells = [*(column.head.split("\n") for column in shown)]
    return [max(map(len, (*heads, *(row[k] for tier in rows for row in tier)))) for k, heads in enumerate(cells)]


def plain_table(result: ClimbResult) -> str:
    """The same for files and pipes: aligned text, no colours, no lines wrapped, nothing left out."""
    shown = _used(result)
    widths = _widths(result, shown)

    def aligned(cells: Sequence[str]) -> str:
        places = zip(cells, widths, shown, strict=True)
        return (" " * GAP).join(c.rjust(w) if column.right else c.ljust(w) for c, w, column in places).rstrip()

    heads = [column.head.split("\n") for column in shown]
    lines = [aligned([head[0] if len(head) > 1 else "" for head in heads]), aligned([head[-1] for head in heads])]
    for number, tier in enumerate(table_rows(result, shown)):
        lines += [""] * bool(number) + [aligned(cells) for _, cells in tier]
    return "\n".join(line for place, line in enumerate(lines) if line or place)


def sentences(result: ClimbResult) -> list[str]:
    """What is said below the table: the reason, whether deep learning and more data are needed, and notes."""
    families = rivals_sentence(result.rivals, result.task.item) if result.rivals else ""
    said = (result.verdict, result.need_deep_learning, families, result.more_data, *result.notes)
    return [text for text in said if text]


def shipped_score(result: ClimbResult) -> str:
    """The score of the bundled model on the test split next to the mean over seeds; empty where it is not known."""
    view = next((view for view in rung_views(result) if view.chosen), None)
    if result.shipped is None or view is None or view.test is None or view.last is None:
        return ""
    score, metric, seeds = result.shipped.score, result.metric, view.last.seeds
    mean = f"; the mean over {words.plural(seeds, 'seed')} is {with_unit(view.test.mean, metric)}" if seeds > 1 else ""
    return (
        f"The bundle holds one training. Its {metric.title} on the test split is {with_unit(score.mean, metric)} "
        f"({words.interval(score, metric).replace(words.DASH, ' to ')}{'%' * metric.percent}){mean}."
    )


def repr_html(result: ClimbResult) -> str:
    """A fragment for notebooks: the headline and the leaderboard, in whatever colours the notebook has."""
    shown = _used(result)

    def cell(tag: str, column: Column, text: str) -> Markup:
        style = f"text-align:{'right' if column.right else 'left'};padding:.2em .7em;white-space:nowrap"
        scope = Markup(" scope='col'") if tag == "th" else ""
        return Markup('<{}{} style="{}">{}</{}>').format(Markup(tag), scope, style, text, Markup(tag))

    head = Markup("").join(cell("th", column, column.head.replace("\n", " ")) for column in shown)
    rows = [row for tier in table_rows(result, shown) for row in tier]
    body = Markup("")
    for view, cells in rows[:NOTEBOOK_ROWS]:
        row = Markup("").join(cell("td", column, text) for column, text in zip(shown, cells, strict=True))
        body += Markup("<tr{}>{}</tr>").format(Markup(" style='font-weight:600'") if view.chosen else "", row)
    below = Markup("").join(Markup("<br>{}").format(line) for line in without_score(result))
    started = "" if result.complete else "Interrupted; best so far. "
    said = " ".join(text for text in (result.verdict, result.need_deep_learning) if text)
    return Markup(
        "<div><p style='font-size:1.15em;max-width:44em'><strong>{}{}</strong></p><p style='max-width:44em'>{}</p>"
        "<div style='overflow-x:auto'><table style='font-variant-numeric:tabular-nums'><thead><tr>{}</tr></thead>"
        "<tbody>{}</tbody></table></div><p>{}</p></div>"
    ).format(started, headline(result) or "No verdict yet.", said, head, body, below)
