"""The model card of a bundle, written from the facts that are in it (Mitchell et al., 2019)."""

from collections.abc import Mapping
from typing import Any

from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.codec import Codec
from epochal.models.catalogue import MODELS


def model_card(*, recipe: Recipe, task: Task, codec: Codec, temperature: float, evidence: Mapping[str, Any]) -> str:
    """Markdown. `evidence` may hold "climb", the result of a climb, and "runs", the trainings; both as plain data."""
    rung = MODELS[recipe.model]
    calibration = evidence.get("refit", {}).get("calibration", "fitted on the validation split")
    counts = ", ".join(f"{task.counts[split]:,} {split}" for split in ("train", "validation", "test"))
    lines = [
        f"# {rung.title} for {task.name}",
        "",
        f"{rung.title} ({rung.year}) tells {task.classes} classes of images apart: {_labels(task.labels)}.",
        "",
        "## Model",
        "",
        f"- Paper: {rung.paper}",
        f"- Options: {_pairs(recipe.options) or 'those of the paper'}",
        f"- Input: any picture; it becomes {codec.mode} of {codec.height} x {codec.width} pixels ({codec.resize}).",
        f"- Calibration: temperature {temperature:.3f}, {calibration}.",
        f"- Recipe digest: {recipe.digest()}",
        "",
        "## Data",
        "",
        f"- {task.name}: {counts} images; fingerprint {task.fingerprint[:16]}.",
        *[f"- {note}" for note in task.notes],
        "",
        "## Evidence",
        "",
        *(_evidence(evidence) or ["No measurements were kept with this bundle."]),
        "",
        "## Limits",
        "",
        "- It answers with one of its classes whatever the picture shows: it has no class for everything else.",
        "- Its probabilities are calibrated for pictures drawn as the data above were, and for no others.",
        "- Errors can differ between groups of pictures; no audit of groups is part of this bundle.",
        "",
    ]
    return "\n".join(lines)


def _labels(labels: tuple[str, ...], shown: int = 20) -> str:
    more = f" and {len(labels) - shown} more" if len(labels) > shown else ""
    return ", ".join(labels[:shown]) + more


def _pairs(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _evidence(evidence: Mapping[str, Any]) -> list[str]:
    climb, made = evidence.get("climb", {}), evidence.get("refit", {})
    lines = [made["sentence"], *made["notes"], "", "The climb:", ""] if made else []
    lines += [climb[name] for name in ("verdict", "need_deep_learning", "more_data") if climb.get(name)]
    lines += climb.get("notes", ())
    lines += [""] * bool(lines)
    for rung in climb.get("rungs", ()):
        if rung["name"] == climb.get("chosen") and rung["stages"]:
            last = rung["stages"][-1]
            lines += [
                f"- {split.capitalize()}: {_score(last[split])}." for split in ("validation", "test") if last.get(split)
            ]
    lines += [
        f"- On the test split, {finding['arm']} against {finding['control']}: "
        f"{', '.join((finding['verdict'], *finding['marks']))}, {_effect(finding)}."
        for finding in climb.get("on_test", ())
    ]
    lines += [
        f"- Training with seed {run['seed']}: {_scores(run['scores']) or run['status']}; {run['cost']['examples']:,} "
        f"examples in {run['cost']['seconds']:.1f} s, {run['cost']['parameters']:,} parameters."
        for run in evidence.get("runs", ())
    ]
    return lines


def _effect(finding: Mapping[str, Any]) -> str:
    """The effect with the interval that decided the verdict, as the verdict above it needs."""
    percent = finding.get("percent", True)
    effect, low, high = (
        f"{100 * value:+.1f}" if percent else f"{value:+.3g}" for value in (finding["effect"], *finding["simultaneous"])
    )
    unit = "points" if percent else finding["unit"]
    count = finding.get("comparisons", 1)
    together = f" for {count} comparisons together" if count > 1 else ""
    return f"{' '.join(filter(None, (effect, unit)))} (95% interval{together} {low} to {high})"


def _score(score: Mapping[str, float]) -> str:
    return f"{score['mean']:.1%} right (95% interval {score['low']:.1%} to {score['high']:.1%})"


def _scores(scores: Mapping[str, float]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.4f}" for name, value in scores.items())
