"""Scoring a bundle that tells classes apart: metrics, the recall of each class, and the accuracy that it promised."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.core.metric import Metric
from epochal.data.labels import Progress, shown
from epochal.judge.claims import newcombe, wilson
from epochal.judge.goals.classes import METRICS, decisions, doubt, items, unlevelled, with_positive
from epochal.judge.goals.few import few_items
from epochal.judge.score import score
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Difference, Evaluation, Measured, Promise, Recall, sentence
from epochal.ship.scoring import (
    Chosen,
    answered,
    difference_of,
    first,
    own_metric,
    promised_score,
    same_name,
    some_names,
    unusable,
    weights_of,
)


def evaluate_classes(bundle: Bundle, chosen: Chosen, progress: Progress | None) -> Evaluation:
    """
    Raises:
        DataError: no label is a class of the bundle, or too few items can be used.
    """
    labelled, item = chosen.labelled, bundle.task.item
    classes = {label: place for place, label in enumerate(bundle.labels)}
    labels = [labelled.labels[place] for place in chosen.places]
    unknown = Counter(label for label in labels if label and label not in classes)
    usable = [place for place, label in zip(chosen.places, labels, strict=True) if label in classes]
    if not usable:
        raise DataError(_no_class(chosen, unknown, bundle))
    found = answered(bundle, chosen, usable, bundle.probabilities, progress)
    chances, targets = found.values, np.array([classes[labelled.labels[place]] for place in found.places.tolist()])
    present = np.unique(targets)
    own = own_metric(bundle)
    called = decisions(own, chances)
    weights = weights_of(labelled, found.places)
    measured, notes = _measured(own, chances, targets, weights, item)
    if weights is None:  # right and wrong can be counted, there and here
        promise = promised(bundle, present)
        here = next(one for one in measured if one.metric.name == "accuracy")
        difference = None if promise is None else _difference(promise, called == targets)
    else:
        promise = promised_score(bundle, own, weighed=True)
        here = next((one for one in measured if one.metric.name == own.name), measured[0])
        difference = difference_of(promise, here) if promise is not None and here.metric.name == own.name else None
    missing = tuple(bundle.labels[place] for place in range(len(classes)) if place not in set(present.tolist()))
    few = few_items(own, {"": {shown(bundle.labels[one]): int((targets == one).sum()) for one in present}}, item)
    notes += [few] if few else []
    return Evaluation(
        bundle=bundle.task.name,
        data=labelled.name,
        split=chosen.split,
        item=item,
        items=len(targets),
        metrics=measured,
        recalls=tuple(_recall(bundle.labels[one], called, targets, int(one)) for one in present),
        promise=promise,
        difference=difference,
        sentence=sentence(here, len(targets), item, promise, difference),
        unknown=dict(sorted(unknown.items())),
        missing=missing,
        problems=found.problems,
        notes=(
            *labelled.notes,
            *chosen.notes,
            *_set_aside(unknown, missing, item),
            *unusable(found.problems, item),
            *notes,
            *same_name(bundle, chosen),
        ),
    )


def _measured(
    own: Metric, chances: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, item: str
) -> tuple[tuple[Measured, ...], list[str]]:
    """The bundle's own metric first. All mean the same positive class."""
    positive = own.options.get("positive")
    others = [one for one in METRICS.values() if one.name != own.name]
    ordered = [own, *(with_positive(one, None if positive is None else int(positive)) for one in others)]
    ordered = [one if weights is None else unlevelled(one) for one in ordered]
    found, notes = [], []
    for metric in ordered:
        try:
            values = items(metric, chances, targets, weights)
        except ValueError:  # ranks need items of two classes
            notes.append(f"No {metric.title}: it needs {item}s of two classes or more.")
            continue
        mean, low, high = score(values[None], metric, doubt=doubt(metric, targets, weights))
        found.append(Measured(metric=metric, value=mean, low=low, high=high))
    return tuple(found), notes


def _recall(label: str, called: np.ndarray, targets: np.ndarray, one: int) -> Recall:
    there = targets == one
    value, low, high = wilson(float((called[there] == one).sum()), float(there.sum()))
    return Recall(label=label, items=int(there.sum()), value=value, low=low, high=high)


def promised(bundle: Bundle, present: np.ndarray) -> Promise | None:
    """What the bundled model scored on its own test split, on the classes `present`; else on its validation split.

    None where the bundle holds neither.
    """
    made: Mapping[str, Any] = next(
        (bundle.evidence[part] for part in ("refit", "climb") if part in bundle.evidence), {}
    )
    confusion = np.array(made.get("confusion") or np.zeros((0, 0)), np.int64)
    if confusion.size:
        rows = confusion[present]
        right, count = int(confusion[present, present].sum()), int(rows.sum())
        return _promise("test", right, count, part=len(present) < len(confusion))
    runs = [run for run in bundle.evidence.get("runs", ()) if "score" in run.get("scores", {})]
    if not runs:
        return None
    run = min(runs, key=lambda each: each["scores"].get("loss", np.inf))  # the one that is bundled
    count = int(bundle.task.counts.get("validation", 0))
    return _promise("validation", round(run["scores"]["score"] * count), count)


def _promise(split: str, right: int, count: int, *, part: bool = False) -> Promise | None:
    if count == 0:
        return None
    value, low, high = wilson(right, count)
    return Promise(split=split, items=count, right=right, value=value, low=low, high=high, part=part)


def _difference(promise: Promise, correct: np.ndarray) -> Difference:
    assert promise.right is not None
    value, low, high = newcombe(np.arange(promise.items) < promise.right, correct)
    return Difference(value=value, low=float(low), high=float(high))


def _set_aside(unknown: Counter[str], missing: Iterable[str], item: str) -> list[str]:
    lines, missing = [], list(missing)
    if unknown:
        lines.append(
            f"{sum(unknown.values()):,} {item}s are set aside: their labels are no classes of the bundle "
            f"({some_names(sorted(unknown))})."
        )
    if missing:
        lines.append(f"There is no {item} of {len(missing)} of the bundle's classes ({some_names(missing)}).")
    return lines


def _no_class(chosen: Chosen, unknown: Counter[str], bundle: Bundle) -> str:
    labelled = chosen.labelled
    if not unknown:
        return f"{labelled.name}: no {bundle.task.item} has a label. {first(labelled.problems)}"
    return (
        f"{labelled.name}: none of its labels ({some_names(sorted(unknown))}) is a class of the bundle "
        f"({some_names(bundle.labels)}). Classes are matched by name: rename the folders or the labels."
    )
