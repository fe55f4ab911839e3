"""The model card of a bundle, written from the facts that are in it (Mitchell et al., 2019)."""

from collections.abc import Mapping
from typing import Any

from epochal.core.experiment import Finding
from epochal.core.interval import Interval
from epochal.core.metric import ACCURACY, Metric
from epochal.core.protocols import Codec
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.judge.reliability import Abstaining, Recall, Reliability
from epochal.judge.reliability_text import abstained, calibration, ranking
from epochal.judge.residual_text import promise, spread
from epochal.judge.shown import Residuals
from epochal.judge.verdict_text import difference, value
from epochal.kinds.table import kind_of, rung_of

MOST_CLASSES = 30


def model_card(*, recipe: Recipe, task: Task, codec: Codec, calibration: float, evidence: Mapping[str, Any]) -> str:
    """Markdown. `evidence` may hold "climb", the result of a climb, and "runs", the trainings; both as plain data."""
    rung = rung_of(task, recipe.model)
    climb, made = evidence.get("climb", {}), evidence.get("refit", {})
    title, source = rung.member(recipe), made.get("calibration", "fitted on the validation split")
    takes, *makes = codec.described()
    counts = ", ".join(f"{task.counts[split]:,} {split}" for split in ("train", "validation", "test"))
    lines = [
        f"# {title} for {task.name}",
        "",
        *([f"**{said}**", ""] if (said := made.get("sentence") or climb.get("headline")) else []),
        f"{title} ({rung.year}) {_purpose(task)}.",
        "",
        "## Model",
        "",
        f"- Paper: {rung.paper}",
        f"- Options: {_pairs(recipe.options) or 'those of the paper'}",
        f"- Input: {takes}",
        *[f"- {line}" for line in makes],
        f"- Calibration: {kind_of(task).goal.calibration.words.format(calibration)}, {source}.",
        *(_cost(climb, task.item) if not made else []),
        f"- Recipe digest: {recipe.digest()}",
        "",
        "## Data",
        "",
        f"- {task.name}: {counts} {task.item}s; fingerprint {task.fingerprint[:16]}.",
        *[f"- {note}" for note in task.notes],
        "",
        *_promises(made or climb, climb, task),
        "## Evidence",
        "",
        *(_evidence(evidence) or ["No measurements were kept with this bundle."]),
        "",
        "## Limits",
        "",
        *_limits(task),
        f"- Errors can differ between groups of {task.item}s; no audit of groups is part of this bundle.",
        "",
    ]
    return "\n".join(lines)


def _purpose(task: Task) -> str:
    if task.labels:
        return f"tells {task.classes} classes of {task.item}s apart: {_labels(task.labels)}"
    return f"predicts a number of each {task.item}" + (f": {task.target}" if task.target else "")


def _limits(task: Task) -> list[str]:
    if task.labels:
        return [
            f"- It answers with one of its classes whatever the {task.item} holds: it has none for everything else.",
            f"- Its probabilities are calibrated for {task.item}s drawn as the data above were, and for no others.",
        ]
    return [
        f"- It answers with a number whatever the {task.item} holds, even for one that is like none of the data above.",
        f"- Its intervals are calibrated for {task.item}s drawn as the data above were, and for no others.",
    ]


def _labels(labels: tuple[str, ...], shown: int = 20) -> str:
    more = f" and {len(labels) - shown} more" if len(labels) > shown else ""
    return ", ".join(labels[:shown]) + more


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _chosen(climb: Mapping[str, Any]) -> Mapping[str, Any]:
    """The rung that was recommended, empty where none is known."""
    return next((rung for rung in climb.get("rungs", ()) if rung["name"] == climb.get("chosen")), {})


def _cost(climb: Mapping[str, Any], item: str) -> list[str]:
    """What an answer costs, which earlier versions did not measure."""
    rung = _chosen(climb)
    if rung.get("answer") is None or rung.get("size") is None:
        return []
    return [
        f"- An answer for one {item} takes {1000 * rung['answer']:.2g} ms on the machine of the climb.",
        f"- The model takes {rung['size']:,} bytes.",
    ]


def _promises(made: Mapping[str, Any], climb: Mapping[str, Any], task: Task) -> list[str]:
    """What this bundle scores on the test split; nothing where that was not measured."""
    found = made.get("shipped")
    if not found:
        return []
    metric = _metric(made)
    lines = ["## What it scores", "", "This model itself, on the test split:", ""]
    lines.append(f"- {metric.title[0].upper()}{metric.title[1:]}: {_score(found['score'], metric)}.")
    stages = _chosen(climb).get("stages")
    if made is climb and stages and stages[-1].get("test") and stages[-1]["seeds"] > 1:
        mean = value(stages[-1]["test"]["mean"], metric)
        lines.append(f"- It is one of {stages[-1]['seeds']} trainings, whose mean is {mean}.")
    if found.get("reliability"):
        reliability = Reliability.from_dict(found["reliability"])
        lines.append(f"- {calibration(reliability)}")
        lines += [f"- {ranking(reliability.ranking)}"] if reliability.ranking else []
    if found.get("residuals"):
        left = Residuals.from_dict(found["residuals"])
        lines += [f"- {promise(left, f'{task.item}s')}", f"- {spread(left)}"]
    lines += [f"- {abstained(Abstaining.from_dict(one), f'{task.item}s')}" for one in found.get("abstaining", ())]
    recalls = sorted((Recall.from_dict(one) for one in found.get("recalls", ())), key=lambda one: one.recall.mean)
    if recalls:
        lines += ["", "How often each class is found, the lowest first:", ""]
        lines += [f"| class | found | 95% interval | test {task.item}s |", "| --- | ---: | ---: | ---: |"]
        lines += [_row(task.labels[one.label], one.recall, one.items) for one in recalls[:MOST_CLASSES]]
    if len(recalls) > MOST_CLASSES:
        least = value(recalls[MOST_CLASSES].recall.mean, ACCURACY, 0)
        lines += ["", f"The other {len(recalls) - MOST_CLASSES} classes are found {least} of the time or more."]
    return [*lines, ""]


def _row(label: str, recall: Interval, items: int) -> str:
    name = label.replace("|", "\\|")
    found, low, high = (value(number, ACCURACY, 0) for number in (recall.mean, recall.low, recall.high))
    return f"| {name} | {found} | {low} to {high} | {items:,} |"


def _metric(made: Mapping[str, Any]) -> Metric:
    """Earlier versions knew accuracy only."""
    return Metric.from_dict(made["metric"]) if made.get("metric") else ACCURACY


def _evidence(evidence: Mapping[str, Any]) -> list[str]:
    climb, made = evidence.get("climb", {}), evidence.get("refit", {})
    lines = [made["sentence"], *made["notes"], "", "The climb:", ""] if made else []
    lines += [climb[name] for name in ("verdict", "need_deep_learning", "more_data") if climb.get(name)]
    lines += climb.get("notes", ())
    lines += [""] * bool(lines)
    for stage in _chosen(climb).get("stages", ())[-1:]:
        lines += [
            f"- {split.capitalize()}, mean over the seeds: {_score(stage[split], _metric(climb))}."
            for split in ("validation", "test")
            if stage.get(split)
        ]
    titles = {rung["name"]: rung.get("member") or rung.get("title") or rung["name"] for rung in climb.get("rungs", ())}
    for finding in map(Finding.from_dict, climb.get("on_test", ())):
        arm, control = (titles.get(name, name) for name in (finding.arm, finding.control))
        found = ", ".join((finding.verdict, *finding.marks))
        lines.append(f"- On the test split, {arm} against {control}: {found} ({difference(finding)}).")
    lines += [
        f"- Training with seed {run['seed']}: {_scores(run['scores']) or run['status']}; {run['cost']['examples']:,} "
        f"examples in {run['cost']['seconds']:.1f} s, {run['cost']['parameters']:,} parameters."
        for run in evidence.get("runs", ())
    ]
    return lines


def _score(score: Mapping[str, float], metric: Metric) -> str:
    mean, low, high = (value(score[name], metric) for name in ("mean", "low", "high"))
    return f"{mean} (95% interval {low} to {high})"


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in scores.items())
