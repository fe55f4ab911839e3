"""The page: gathers what the template prints, renders it, and writes it as one self-contained file."""

import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from epochal.core.metric import ACCURACY
from epochal.core.paths import absolute
from epochal.judge.verdict_text import amount
from epochal.report import words
from epochal.report.charts import confusion, stripes
from epochal.report.charts.cost import ANSWER, TRAINING, Price, cost_chart, free, front, too_low
from epochal.report.charts.curves import small_multiples
from epochal.report.charts.data_curve import data_curve_chart, measured, usable
from epochal.report.charts.history import history
from epochal.report.charts.scale import score_scale
from epochal.report.facts import data_view, recipe_rows, shape
from epochal.report.findings import Family, correction, family
from epochal.report.promises import promises
from epochal.report.result import ClimbResult, WrongExample
from epochal.report.rivals import rivals_view
from epochal.report.table import marks_of
from epochal.report.view import (
    RungView,
    Scored,
    best_first,
    by_year,
    headline,
    in_tiers,
    rung_views,
    shown_split,
)
from epochal.train.checkpoint import write_atomically

PICTURE = re.compile(r"data:image/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=\s]+")
MOST_CELLS = 8  # of a wrong item; the others are folded away
LONG_HEADLINE = 140  # letters; a longer one is set in a smaller size


def write_report(result: ClimbResult, path: Path | str) -> Path:
    """Write the page to `path` (a file, or a folder which gets report.html), whole or not at all; returns the file."""
    path = absolute(path)
    return write(render(result), path / "report.html" if path.is_dir() else path)


def write(page: str, file: Path) -> Path:
    """Write a page whole or not at all, its folder too where there is none; returns the file.

    Raises:
        RunDirectoryError: it cannot be written there.
    """
    write_atomically(file, page.encode(errors="backslashreplace"))
    return file


def render(result: ClimbResult) -> str:
    """The page as text: one HTML document that needs nothing else, whatever the climb lacks."""
    return environment().get_template("page.html.j2").render(_context(result))


@cache
def environment() -> Environment:
    """The templates of this folder, which escape whatever is put into them."""
    made = Environment(
        loader=PackageLoader("epochal.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(words=words, shape=shape, marks_of=marks_of)
    return made


@cache
def style(*more: str) -> Markup:
    """The style sheet of every page, with more of them after it."""
    sheets = files("epochal.report").joinpath("templates")
    texts = [sheets.joinpath(name).read_text(encoding="utf-8") for name in ("style.css", "charts.css", *more)]
    return Markup(re.sub(r"/\*.*?\*/|\n\s*", "", "".join(texts), flags=re.S))  # our own files: no user's text in them


def _context(result: ClimbResult) -> dict[str, Any]:
    every = rung_views(result)
    views = [view for view in every if view.climbed]  # the pictures have no place for what was not climbed
    named = {view.name: view for view in every}
    metric, task, items = result.metric, result.task, f"{result.task.item}s"
    scored = shown_split(views, metric)
    scores = [score for view in views if (score := scored.of(view))]
    scale = score_scale(scores, metric)
    history_rows = [
        (
            view,
            scored.of(view),
            stripes.score_stripe(scale, scored.of(view), view.kind, hollow=view.early, chosen=view.chosen),
        )
        for view in by_year(views)
    ]
    said = headline(result)
    ranked = best_first(every, metric)
    return {
        "result": result,
        "task": task,
        "item": task.item,
        "items": items,
        "style": style(),
        "metric": metric,
        "scale": words.scale(metric, task.target),
        "headline": said or result.verdict,
        "reason": result.verdict if said else "",
        "views": views,
        "every": every,
        "tiers": in_tiers(ranked),
        "any_tier": any(view.rung.tier is not None for view in every),
        "chosen": named.get(result.chosen),
        "split": scored.split,
        "scored": scored,
        "any_test": any(view.test for view in views),
        "any_score": bool(scores),
        "any_final": any(view.final for view in views),
        "any_answer": any(view.answer is not None for view in views),
        "without": [view for view in ranked if not scored.of(view)],
        "history": history(by_year(views), scored),
        "history_rows": history_rows,
        "history_ruler": stripes.score_ruler(scale),
        "promises": promises(result, named),
        "families": _families(result, named),
        "uncompared": _uncompared(result, views),
        "costs": [cost for price in (TRAINING, ANSWER) if (cost := _cost(views, scored, price, named))],
        "broken_at": words.value(scale.worst, metric, 0),
        "too_low": too_low(views, scored),
        "curves": small_multiples(by_year(views), result.watched, items),
        "data_curve": _data_curve(result, named),
        "rivals": rivals_view(result),
        "matrix": confusion.matrix(result.confusion, task.labels),
        "matrix_fits": len(result.confusion) <= confusion.LARGEST_MATRIX,
        "most_confused": confusion.most_confused(result.confusion, task.labels),
        "hardest": confusion.hardest(confusion.matrix(result.confusion, task.labels)),
        "wrong": [(example, _picture(example)) for example in result.wrong],
        "most_cells": MOST_CELLS,
        "any_cells": any(example.cells for example in result.wrong),
        "data": data_view(result),
        "recipes": recipe_rows(every),
        "margin": amount(result.steps[0].margin, metric) if result.steps else "",
        "long_headline": len(said or result.verdict) > LONG_HEADLINE,
    }


def _cost(views: list[RungView], scored: Scored, price: Price, named: dict[str, RungView]) -> dict[str, Any] | None:
    """The two forms of one picture of cost, and what nothing beats on both; None where there is nothing to draw."""
    wide = cost_chart(views, scored, price, narrow=False)
    if not wide:
        return None
    best = words.listed(named[name].title for name in front(views, scored, price))
    narrow = cost_chart(views, scored, price, narrow=True)
    too_bad = {view.name for view in too_low(views, scored)}  # named already
    unmeasured = words.listed(view.title for view in free(views, scored, price) if view.name not in too_bad)
    return {"price": price, "wide": wide, "narrow": narrow, "best": best, "free": unmeasured}


def _families(result: ClimbResult, named: dict[str, RungView]) -> list[Family]:
    """The three families of comparisons, as far as the climb got."""
    winner = named[result.winner].title if result.winner in named else "the best"
    chosen = named[result.chosen].title if result.chosen in named else "the recommended rung"
    item = result.task.item
    families = [
        family(
            result.steps,
            named,
            "Step by step, at the equal qualifying budget",
            "Each rung against the best before it, on validation. " + correction(result.steps, item),
            metric=result.metric,
            item=item,
        ),
        family(
            result.finals,
            named,
            f"The finals, at the larger budget: the others against {winner}",
            "On validation. " + correction(result.finals, item),
            metric=result.metric,
            item=item,
        ),
        family(
            result.on_test,
            named,
            f"For the record, on the test split: {chosen} against every other",
            "The test split was opened once, after the choice; nothing was chosen by it. "
            + correction(result.on_test, item),
            metric=result.metric,
            item=item,
            folded=True,
        ),
    ]
    return [one for one in families if one]


def _uncompared(result: ClimbResult, views: list[RungView]) -> list[RungView]:
    """Rungs that appear in no step although they are not where the ladder starts."""
    compared = {name for finding in result.steps for name in (finding.arm, finding.control)}
    return [view for view in views if view.name not in compared]


def _data_curve(result: ClimbResult, named: dict[str, RungView]) -> dict[str, Any] | None:
    curve = result.data_curve
    if curve is None or not usable(curve):
        return None
    view = named.get(curve.rung)
    kind, title = (view.kind, view.title) if view else ("network", curve.rung)
    rows = [
        (size, sum(errors) / len(errors), min(errors), max(errors), len(errors))
        for size, errors in measured(curve)
        if errors
    ]
    held, items = curve.held_out, f"{result.task.item}s"
    complete = all(words.known(held.get(key)) for key in ("size", "predicted", "low", "high", "measured"))
    return {
        "curve": curve,
        "title": title,
        "kind": kind,
        "rows": rows,
        "error": _error_of(result),
        "wide": data_curve_chart(curve, kind, title, items=items, narrow=False),
        "narrow": data_curve_chart(curve, kind, title, items=items, narrow=True),
        "held": held if complete else None,
        "law": curve.law if all(words.known(curve.law.get(k)) for k in ("floor", "scale", "exponent")) else None,
    }


def _error_of(result: ClimbResult) -> str:
    """What the error of the data curve is, where it is not the share of wrong answers: '100% minus the macro F1'."""
    if result.metric.percent:
        return "" if result.metric.name == ACCURACY.name else f"100% minus the {result.metric.title}"
    return "" if result.watched.percent else f"1 minus {result.watched.title}"


def _picture(example: WrongExample) -> str:
    """The thumbnail, if it is what it should be: an image within the page."""
    return example.thumbnail if PICTURE.fullmatch(example.thumbnail) else ""
