"""The leaderboard: as a data frame, as a table for the terminal, and as a fragment for notebooks."""

import math
from typing import TYPE_CHECKING

from markupsafe import Markup

from epochal.study.report import words
from epochal.study.report.view import RungView, best_first, rung_views
from epochal.study.result import ClimbResult

if TYPE_CHECKING:
    import pandas
    from rich.table import Table

COLUMNS = ("rung", "year", "kind", "validation", "low", "high", "test", "parameters", "seconds", "examples", "marks")
NOTEBOOK_ROWS = 15


def leaderboard(result: ClimbResult) -> "pandas.DataFrame":
    """One row a rung, the best on validation first; scores are fractions, NaN where there is none.

    `low` and `high` are the 95% interval of `validation`. `seconds` and `examples` are those of one training at the
    largest budget that the rung reached.
    """
    import pandas

    rows = []
    for view in best_first(rung_views(result)):
        validation, test, last = view.validation, view.test, view.last
        rows.append(
            {
                "rung": view.name,
                "year": view.rung.year,
                "kind": view.kind,
                "validation": validation.mean if validation else math.nan,
                "low": validation.low if validation else math.nan,
                "high": validation.high if validation else math.nan,
                "test": test.mean if test else math.nan,
                "parameters": last.cost.parameters if last else None,
                "seconds": last.cost.seconds if last else math.nan,
                "examples": last.cost.examples if last else None,
                "marks": ", ".join(marks_of(view)),
            }
        )
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"parameters": "Int64", "examples": "Int64"})


def marks_of(view: RungView) -> tuple[str, ...]:
    """The marks of a rung, with what was decided about it first."""
    decided = [word for word, yes in (("recommended", view.chosen), ("best", view.winner)) if yes]
    return (*decided, *view.marks)


def _cells(view: RungView) -> tuple[str, ...]:
    validation, last = view.validation, view.last
    shown = f"{words.percent(validation.mean)} [{words.interval(validation)}]" if validation else words.NONE
    return (
        view.title,
        str(view.rung.year),
        view.kind,
        shown,
        words.percent(view.test.mean) if view.test else words.NONE,
        words.short_count(last.cost.parameters) if last else words.NONE,
        words.duration(last.cost.seconds) if last else words.NONE,
        words.short_count(last.cost.examples) if last else words.NONE,
        ", ".join(marks_of(view)),
    )


HEADS = ("rung", "year", "kind", "validation [95%]", "test", "parameters", "one training", "examples", "marks")
RIGHT = (False, True, False, True, True, True, True, True, False)


def terminal_table(result: ClimbResult) -> "Table":
    """The leaderboard for rich to print."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, title=f"{result.task.name}: {result.task.metric}", title_justify="left")
    for head, right in zip(HEADS, RIGHT, strict=True):
        table.add_column(head, justify="right" if right else "left", no_wrap=head not in ("rung", "marks"))
    for view in best_first(rung_views(result)):
        style = "bold" if view.chosen else "" if view.validation else "dim"
        table.add_row(*(Text(cell) for cell in _cells(view)), style=style)
    return table


def plain_table(result: ClimbResult) -> str:
    """The same for files and pipes: aligned text, no colours, no lines wrapped."""
    rows = [HEADS, *(_cells(view) for view in best_first(rung_views(result)))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    lines = []
    for row in rows:
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, RIGHT, strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def repr_html(result: ClimbResult) -> str:
    """A fragment for notebooks: the verdict and the leaderboard, in whatever colours the notebook has."""
    cell = 'style="text-align:{};padding:.2em .7em;white-space:nowrap"'
    head = Markup("").join(
        Markup(f"<th scope='col' {cell.format('right' if right else 'left')}>{{}}</th>").format(name)
        for name, right in zip(HEADS, RIGHT, strict=True)
    )
    body = Markup("")
    views = best_first(rung_views(result))
    for view in views[:NOTEBOOK_ROWS]:
        row = Markup("").join(
            Markup(f"<td {cell.format('right' if right else 'left')}>{{}}</td>").format(value)
            for value, right in zip(_cells(view), RIGHT, strict=True)
        )
        body += Markup("<tr{}>{}</tr>").format(Markup(" style='font-weight:600'") if view.chosen else "", row)
    started = "" if result.complete else "Interrupted; best so far. "
    return Markup(
        "<div><p style='font-size:1.15em;max-width:44em'><strong>{}{}</strong></p><p style='max-width:44em'>{}</p>"
        "<div style='overflow-x:auto'><table style='font-variant-numeric:tabular-nums'><thead><tr>{}</tr></thead>"
        "<tbody>{}</tbody></table></div></div>"
    ).format(started, result.verdict or "No verdict yet.", result.need_deep_learning, head, body)
