"""Predictions of any tools on the same items, compared: scores with intervals, verdicts and tiers."""

import difflib
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from epochal.core.errors import DataError, UserError
from epochal.core.experiment import WORSE
from epochal.core.metric import ACCURACY, Metric
from epochal.data.labels import shown
from epochal.data.predictions import CLASSES, NUMBERS, WRONG, Joined, Tool, Truth, join, positive_place, tools_of
from epochal.data.report import Decision
from epochal.judge.compare import Pair, compare_family
from epochal.judge.goals import classes as of_classes
from epochal.judge.goals import numbers as of_numbers
from epochal.judge.score import score
from epochal.judge.tiers import tiers
from epochal.judge.verdict_text import amount, listed
from epochal.study.comparison import Comparison, ToolScore

OF_PROBABILITIES = (*of_classes.OF_RANKS, "log-loss")
MOST_OF_ONE = 0.6  # share of the items in one class from which on accuracy says little
HEAVY = 0.03  # share of the items that, where it holds half of all squared errors, makes their mean a matter of few


def compare(
    truth: Any,
    *predictions: Any,
    id: str | None = None,
    label: str | None = None,
    prediction: str | None = None,
    task: str | None = None,
    metric: str | None = None,
    cost: str | None = None,
    positive: str | None = None,
    margin: float | None = None,
    missing: str = "refuse",
) -> Comparison:
    """Compare predictions of any tools on the same items, joined by id.

    Args:
        truth: a CSV, Parquet or JSON lines file, or a data frame, with a column of ids and one of labels or numbers.
        predictions: files, each a tool of the file's name; "NAME=FILE,FILE" for the seeds of one tool; or mappings from
            the name of a tool to its file or data frame, or to a list of them, its seeds.
        id: the column of ids, in all files.
        label: the column of labels or numbers in the truth.
        prediction: the column of labels or numbers in the predictions.
        task: "classes" or "numbers"; told from the metric or the truth where nothing is said.
        metric: of classes accuracy, balanced-accuracy, macro-f1, auroc, average-precision or log-loss; of numbers r2,
            mae or rmse. The first of each where nothing is said.
        cost: in place of a metric, of two classes: what each mistake costs, such as "miss=500 alarm=20".
        positive: of two classes, the one that is looked for; the rarer one where nothing is said.
        margin: differences below it do not matter; a fraction, 0.005 being half a point, for metrics in per cent.
        missing: items without a prediction: "refuse" them, "leave-out" them for all tools, or count them as "wrong".

    Raises:
        DataError: a file cannot be used; the message says what was expected, what came, and what to do.
        UserError: an option makes no sense.
    """
    task = _task_of(task, metric, cost)
    if missing == WRONG and metric in OF_PROBABILITIES:
        raise UserError(
            f"missing: expected refuse or leave-out for {metric}, which is of probabilities; got 'wrong', which is of "
            "labels."
        )
    costs = of_classes.parse_cost(cost) if cost is not None else None
    named = positive or (costs.positive if costs else "") or None
    joined = join(
        truth,
        tools_of(predictions),
        id=id,
        label=label,
        prediction=prediction,
        task=task,
        positive=named,
        missing=missing,
    )
    decisions = list(joined.decisions)
    if named is not None and joined.truth.task == CLASSES:
        positive_place(joined.truth, named)
    chosen = _metric(joined.truth, metric, costs, named, decisions)
    _require_scored(chosen, joined)
    limit = _margin(margin, chosen, decisions)
    tables = {tool.name: _items(chosen, tool, joined.truth) for tool in joined.tools}
    doubt = of_classes.doubt(chosen, joined.truth.targets) if joined.truth.task == CLASSES else 0.0
    scores = [_scored(tool, tables[tool.name], chosen, doubt) for tool in joined.tools]
    scores.sort(key=lambda one: -chosen.sign * one.value)
    answers = {tool.name: _answers(chosen, tool) for tool in joined.tools}
    pairs = [
        Pair(
            control=better.name,
            arm=other.name,
            control_items=tables[better.name],
            arm_items=tables[other.name],
            identical=_identical((*answers[better.name], *answers[other.name]))
            and len({better.seeds, other.seeds} - {1}) < 2,
            doubt=doubt,
        )
        for better, other in itertools.combinations(scores, 2)
    ]
    findings = compare_family(pairs, margin=limit, metric=chosen)
    worse = {(one.arm, one.control) for one in findings if one.verdict == WORSE}
    return Comparison(
        truth=joined.truth.name,
        task=joined.truth.task,
        metric=chosen,
        margin=limit,
        items=len(joined.truth.ids),
        classes=joined.truth.classes,
        tools=tuple(scores),
        tiers=tiers({one.name: one.value for one in scores}, lambda one, best: (one, best) in worse, chosen),
        findings=findings,
        decisions=tuple(decisions),
        warnings=(*joined.warnings, *_cautions(chosen, joined)),
    )


def _task_of(task: str | None, metric: str | None, cost: str | None) -> str | None:
    """The task that is asked for by name, or that the metric has; None where neither is given."""
    if metric is not None and cost is not None and metric != of_classes.COST:
        raise UserError(f"Expected --metric or --cost; got both ({metric} and {cost}). Leave one of them out.")
    if metric == of_classes.COST and cost is None:
        raise UserError(
            'Expected what each mistake costs; got --metric cost alone. Say it: --cost "miss=500 alarm=20".'
        )
    if metric is not None and metric not in (*of_classes.METRICS, *of_numbers.METRICS, of_classes.COST):
        near = difflib.get_close_matches(metric.casefold(), (*of_classes.METRICS, *of_numbers.METRICS), n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UserError(
            f"metric: expected, of classes, one of {', '.join(of_classes.METRICS)}, or of numbers, one of "
            f"{', '.join(of_numbers.METRICS)}; got {metric!r}.{meant} For the costs of mistakes use --cost."
        )
    if metric is None and cost is None:
        return task
    own = NUMBERS if metric in of_numbers.METRICS else CLASSES
    if task not in (None, own):
        raise UserError(f"task: the metric {metric or 'cost'} is of {own}; got --task {task}. Leave one of them out.")
    return own


def _metric(
    truth: Truth, name: str | None, costs: of_classes.Costs | None, positive: str | None, decisions: list[Decision]
) -> Metric:
    if truth.task == NUMBERS and positive is not None:
        raise UserError("positive: expected two classes, and the truth is numbers. Leave out --positive.")
    if name is None and costs is None:
        name = next(iter(of_numbers.METRICS if truth.task == NUMBERS else of_classes.METRICS))
        decisions.append(Decision(what="metric", chosen=name, why="none was named", override="--metric NAME"))
    if truth.task == NUMBERS:
        return of_numbers.with_spread(of_numbers.METRICS[str(name)], truth.targets)
    chosen = of_classes.cost_metric(costs.miss, costs.alarm) if costs else of_classes.METRICS[str(name)]
    if chosen.name not in of_classes.OF_ONE_CLASS or (len(truth.classes) != 2 and not costs and positive is None):
        return chosen
    counts = np.bincount(truth.targets, minlength=len(truth.classes))
    place = of_classes.positive_class(truth.classes, counts.tolist(), positive or "")
    if positive is None:
        rare = "the rarer one" if counts[0] != counts[1] else "the second of two that are equally frequent"
        decisions.append(
            Decision(
                what="positive class",
                chosen=shown(truth.classes[place]),
                why=f"it is {rare}",
                override="--positive CLASS",
            )
        )
    return of_classes.with_positive(chosen, place)


def _require_scored(metric: Metric, joined: Joined) -> None:
    """Raises DataError where the predictions are no probabilities and the metric needs them, or name a third class."""
    truth = joined.truth
    if truth.task != CLASSES:
        return
    labels = [tool.name for tool in joined.tools if tool.form == "labels"]
    if metric.name in OF_PROBABILITIES and labels:
        raise DataError(
            f"{metric.title}: expected probabilities of every tool; {listed(labels)} gave labels only. Give a "
            "column of probabilities for each class"
            + (
                ", or name the one of a single class with --prediction and --positive"
                if len(truth.classes) == 2
                else ""
            )
            + ", or choose --metric accuracy, balanced-accuracy or macro-f1."
        )
    if metric.name in of_classes.OF_ONE_CLASS and len(truth.classes) == 2 and joined.tools[0].classes > 2:
        raise DataError(
            f"{metric.title}: expected predictions of {' and '.join(map(shown, truth.classes))} only; some items have "
            f"another class, or none. {' '.join(joined.warnings)} Choose --metric accuracy, or correct them."
        )


def _margin(margin: float | None, metric: Metric, decisions: list[Decision]) -> float:
    if margin is None:
        words = amount(metric.margin, metric)
        decisions.append(Decision(what="margin", chosen=words, why="none was named", override="--margin NUMBER"))
        return metric.margin
    if not np.isfinite(margin) or margin < 0 or (metric.percent and margin >= 0.5):
        expected = "a fraction of 0 or more, below 0.5 (0.005 is half a point)" if metric.percent else "0 or more"
        raise UserError(f"margin: expected {expected}; got {margin:g}.")
    return margin


def _items(metric: Metric, tool: Tool, truth: Truth) -> Float[np.ndarray, "seeds items"]:
    goal = of_classes.items if truth.task == CLASSES else of_numbers.items
    return np.stack([goal(metric, tool.predictions(seed), truth.targets) for seed in range(len(tool.runs))])


def _scored(tool: Tool, table: Float[np.ndarray, "seeds items"], metric: Metric, doubt: float) -> ToolScore:
    mean, low, high = score(table, metric, doubt=doubt)
    return ToolScore(
        name=tool.name,
        files=tool.files,
        form=tool.form,
        columns=tool.columns,
        seeds=len(table),
        value=mean,
        low=low,
        high=high,
    )


def _answers(metric: Metric, tool: Tool) -> list[np.ndarray]:
    """What the metric judges, of each seed: the labels of the items, or the probabilities, or the numbers."""
    if tool.form == NUMBERS or metric.name in OF_PROBABILITIES:
        return [tool.predictions(seed) for seed in range(len(tool.runs))]
    return [of_classes.decisions(metric, tool.predictions(seed)) for seed in range(len(tool.runs))]


def _identical(answers: Sequence[np.ndarray]) -> bool:
    """Whether all trainings of one tool, or of two, gave the same answers."""
    return all(np.array_equal(one, answers[0]) for one in answers[1:])


def _cautions(metric: Metric, joined: Joined) -> list[str]:
    """What the scores leave unsaid: classes of very different sizes, few large errors, one seed beside several."""
    truth, lines = joined.truth, []
    if metric.name == ACCURACY.name:
        counts = np.bincount(truth.targets, minlength=len(truth.classes))
        share = counts.max() / counts.sum()
        if share >= MOST_OF_ONE:
            lines.append(
                f"always answering {shown(truth.classes[int(counts.argmax())])} would be right {share:.1%} of the "
                "time, so accuracy says little here: consider --metric balanced-accuracy."
            )
    if metric.name in ("r2", "rmse"):
        for tool in joined.tools:
            squares = np.sort(((np.stack(tool.runs) - truth.targets) ** 2).mean(axis=0))[::-1]
            half = int(np.searchsorted(np.cumsum(squares), squares.sum() / 2)) + 1
            if squares.any() and half <= HEAVY * len(squares):
                lines.append(
                    f"{half:,} of {len(squares):,} items hold half of all squared errors of {tool.name}, so intervals "
                    f"of {metric.title} may be too short: consider --metric mae."
                )
    for tool in joined.tools:
        if len(tool.runs) > 1 and _identical([tool.predictions(seed) for seed in range(len(tool.runs))]):
            lines.append(f"the {len(tool.runs)} files of {tool.name} hold the same predictions.")
    single = [tool.name for tool in joined.tools if len(tool.runs) == 1]
    if single and len(single) < len(joined.tools):
        lines.append(
            f"{listed(single)} {'has' if len(single) == 1 else 'have'} one file only, so intervals do not include what "
            "another seed would change there."
        )
    return lines
