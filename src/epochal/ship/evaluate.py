"""Scoring a bundle on any labelled data: every picture of it, by the bundle's own metrics and its own preprocessing."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epochal.core.errors import DataError, UserError
from epochal.core.metric import Metric
from epochal.data.arrays import as_nchw, as_pictures
from epochal.data.codec import Codec
from epochal.data.listing import SPLIT_OF, Progress, label_array, label_texts, shown
from epochal.data.options import ReadOptions
from epochal.data.read import list_source
from epochal.data.white import EIGHT_BITS, as_numbers
from epochal.judge.claims import newcombe, wilson
from epochal.judge.goals.classes import METRICS, decisions, doubt, items, with_positive
from epochal.judge.goals.few import few_items
from epochal.judge.score import score
from epochal.kinds.table import kind_of
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Difference, Evaluation, Measured, Promise, Recall, sentence
from epochal.ship.predict import Answerer

ALL, SPLITS = "all", ("train", "validation", "test")
NAMES_SHOWN = 10


@dataclass(kw_only=True)
class Labelled:
    """Labelled pictures as they were listed; lists run parallel. A label is empty where it is missing."""

    name: str
    names: list[str]
    labels: list[str]
    pictures: list[Any]  # a path, an array that `as_pictures` or a listing brought to 8 bits, or an error
    published: list[str | None] | None = None
    problems: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def evaluate(
    bundle: Bundle | str | os.PathLike[str],
    source: Any,
    *,
    split: str | None = None,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a bundle on labelled data, and say whether that agrees with what the bundle promised.

    Args:
        bundle: an open bundle, or its folder.
        source: what `epochal.open_dataset` takes; arrays by split need no training split here.
        split: "train", "validation", "test" or "all" of data that have published splits; None takes the test split
            where there is one. Nothing is split here: without published splits all images are used.
        options: how the data is read; what the bundle's preprocessing decides is taken from there.

    Raises:
        UserError: the bundle cannot be opened, the data has no such split, or too few of its images can be used.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle)
    options = options or ReadOptions()
    options.validate()
    labelled = read_labelled(source, opened.codec, options, progress)
    used = _choose_split(labelled, split)
    classes = {label: place for place, label in enumerate(opened.labels)}
    unknown = Counter(label for label in labelled.labels if label and label not in classes)
    chosen = [index for index, label in enumerate(labelled.labels) if label in classes]
    if not chosen:
        raise DataError(_no_class(labelled, unknown, opened.labels))
    chances, right = _answers(opened, labelled, chosen, options.white, progress)
    targets = np.array([classes[labelled.labels[index]] for index in chosen])[right]
    if len(targets) < 2:
        raise DataError(
            f"{labelled.name}: {len(targets)} of {len(labelled.names):,} images could be used, and an interval needs "
            f"two or more. {_first(labelled.problems)}"
        )
    present = np.unique(targets)
    own = own_metric(opened)
    called = decisions(own, chances)
    measured, notes = _measured(own, chances, targets)
    promise = promised(opened, present)
    accuracy = next(one for one in measured if one.metric.name == "accuracy")
    difference = None if promise is None else _difference(promise, called == targets)
    missing = tuple(opened.labels[place] for place in range(len(classes)) if place not in set(present.tolist()))
    few = few_items(own, {"": {shown(opened.labels[one]): int((targets == one).sum()) for one in present}})
    notes += [few] if few else []
    return Evaluation(
        bundle=opened.task.name,
        data=labelled.name,
        split=used,
        images=len(targets),
        metrics=measured,
        recalls=tuple(_recall(opened.labels[one], called, targets, int(one)) for one in present),
        promise=promise,
        difference=difference,
        sentence=sentence(accuracy, len(targets), promise, difference),
        unknown=dict(sorted(unknown.items())),
        missing=missing,
        problems=labelled.problems,
        notes=(*labelled.notes, *_set_aside(labelled, unknown, missing), *notes, *_same_name(opened, labelled, used)),
    )


def read_labelled(source: Any, codec: Codec, options: ReadOptions, progress: Progress | None = None) -> Labelled:
    """List labelled data without splitting or judging it.

    Raises:
        DataError: the source is not there or is not understood.
    """
    if isinstance(source, tuple | list) and len(source) == 2:
        return _from_arrays({None: source}, codec, options.white)
    if isinstance(source, Mapping):
        unknown = [name for name in source if str(name).casefold() not in SPLIT_OF]
        if unknown:
            raise DataError(f"arrays by split must be named train, validation or test; there is {unknown[0]!r}.")
        return _from_arrays(
            {SPLIT_OF[str(name).casefold()]: pair for name, pair in source.items()}, codec, options.white
        )
    listing = list_source(source, options, progress)
    return Labelled(
        name=listing.name,
        names=listing.items,
        labels=listing.labels,
        pictures=list(listing.files if listing.files is not None else listing.images),  # type: ignore[arg-type]
        published=listing.published,
        problems={problem.file: problem.what for problem in listing.problems if problem.action == "set aside"},
        notes=[
            f"{each.what.capitalize()}: {each.chosen}, as {each.why} ({each.override})."
            for each in listing.decisions
            if each.what == "white"
        ],
    )


def _from_arrays(parts: Mapping[str | None, Any], codec: Codec, white: float | None) -> Labelled:
    found = Labelled(name="arrays", names=[], labels=[], pictures=[], published=None if None in parts else [])
    for split, (images, labels) in parts.items():
        named = split or "example"
        pictures = list(as_pictures(as_nchw(as_numbers(images), split), codec, white=white))
        given = label_array(labels)
        if given.shape not in ((len(pictures),), (len(pictures), 1)):
            raise DataError(f"{named}: expected {len(pictures)} labels, one for each image; got {given.shape}.")
        texts = label_texts(given.reshape(-1))
        names = [f"{named}[{index}]" for index in range(len(pictures))]
        found.problems.update((name, "has no label") for name, text in zip(names, texts, strict=True) if not text)
        found.names += names
        found.labels += texts
        found.pictures += pictures
        if found.published is not None:
            found.published += [split] * len(pictures)
    return found


def _choose_split(labelled: Labelled, asked: str | None) -> str:
    """Keep the images of one published split; returns its name, or "all"."""
    if asked not in (None, ALL, *SPLITS):
        raise UserError(f"split: expected one of {', '.join((*SPLITS, ALL))}, got {asked!r}.")
    there = [split for split in SPLITS if split in set(labelled.published or ())]
    if asked == ALL or (asked is None and not there):
        return ALL
    if asked is not None and asked not in there:
        has = f"its splits are {' and '.join(there)}" if there else "it has no published splits"
        raise DataError(f"{labelled.name} has no {asked} split: {has}. Leave out --split, or say --split all.")
    chosen = asked or next((split for split in ("test", "validation") if split in there), ALL)
    if chosen == ALL:
        return ALL
    assert labelled.published is not None
    kept = [index for index, split in enumerate(labelled.published) if split == chosen]
    left = len(labelled.names) - len(kept)
    for name in ("names", "labels", "pictures"):
        setattr(labelled, name, [getattr(labelled, name)[index] for index in kept])
    if asked is None and left:
        labelled.notes.append(
            f"Only the published {chosen} split is used; {left:,} images of the other splits are left out. "
            "To use them, say --split all."
        )
    return chosen


def _answers(
    bundle: Bundle, labelled: Labelled, chosen: list[int], white: float | None, progress: Progress | None
) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities [answered, classes] of the chosen images, and which of them were answered, bool [chosen]."""

    def encode(picture: Any) -> np.ndarray:
        return bundle.codec.encode(picture, white=EIGHT_BITS if isinstance(picture, np.ndarray) else white)

    named = ((labelled.names[index], labelled.pictures[index]) for index in chosen)
    chances, answered, done = [np.zeros((0, len(bundle.labels)))], [np.zeros(0, bool)], 0
    answerer = Answerer(encode=encode, probabilities=bundle.probabilities, labels=bundle.labels)
    for part in answerer.answer(named):
        labelled.problems.update((part.inputs[index], reason) for index, reason in part.reasons.items())
        good = part.best >= 0
        chances.append(part.probabilities[good])
        answered.append(good)
        done += len(part)
        if progress is not None:
            progress("predicting", done, len(chosen))
    return np.concatenate(chances).astype(np.float64), np.concatenate(answered)


def own_metric(bundle: Bundle) -> Metric:
    """The metric by which the bundle was chosen; accuracy, where it was trained by itself."""
    said = bundle.evidence.get("climb", {}).get("metric")
    return Metric.from_dict(said) if said else kind_of(bundle.task).goal.metric


def _measured(own: Metric, chances: np.ndarray, targets: np.ndarray) -> tuple[tuple[Measured, ...], list[str]]:
    """The bundle's own metric first. All mean the same positive class."""
    positive = own.options.get("positive")
    others = [one for one in METRICS.values() if one.name != own.name]
    ordered = [own, *(with_positive(one, None if positive is None else int(positive)) for one in others)]
    found, notes = [], []
    for metric in ordered:
        try:
            values = items(metric, chances, targets)
        except ValueError:  # ranks need images of two classes
            notes.append(f"No {metric.title}: it needs images of two classes or more.")
            continue
        mean, low, high = score(values[None], metric, doubt=doubt(metric, targets))
        found.append(Measured(metric=metric, value=mean, low=low, high=high))
    return tuple(found), notes


def _recall(label: str, called: np.ndarray, targets: np.ndarray, one: int) -> Recall:
    there = targets == one
    value, low, high = wilson(float((called[there] == one).sum()), float(there.sum()))
    return Recall(label=label, images=int(there.sum()), value=value, low=low, high=high)


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
        right, images = int(confusion[present, present].sum()), int(rows.sum())
        return _promise("test", right, images, part=len(present) < len(confusion))
    runs = [run for run in bundle.evidence.get("runs", ()) if "score" in run.get("scores", {})]
    if not runs:
        return None
    run = min(runs, key=lambda each: each["scores"].get("loss", np.inf))  # the one that is bundled
    images = int(bundle.task.counts.get("validation", 0))
    return _promise("validation", round(run["scores"]["score"] * images), images)


def _promise(split: str, right: int, images: int, *, part: bool = False) -> Promise | None:
    if images == 0:
        return None
    value, low, high = wilson(right, images)
    return Promise(split=split, images=images, right=right, value=value, low=low, high=high, part=part)


def _difference(promise: Promise, correct: np.ndarray) -> Difference:
    value, low, high = newcombe(np.arange(promise.images) < promise.right, correct)
    return Difference(value=value, low=float(low), high=float(high))


def _set_aside(labelled: Labelled, unknown: Counter[str], missing: Iterable[str]) -> list[str]:
    lines, missing = [], list(missing)
    if unknown:
        lines.append(
            f"{sum(unknown.values()):,} images are set aside: their labels are no classes of the bundle "
            f"({_names(sorted(unknown))})."
        )
    if missing:
        lines.append(f"There is no image of {len(missing)} of the bundle's classes ({_names(missing)}).")
    if labelled.problems:
        count = len(labelled.problems)
        lines.append(f"{count:,} {'image' if count == 1 else 'images'} could not be used. {_first(labelled.problems)}")
    return lines


def _same_name(bundle: Bundle, labelled: Labelled, used: str) -> list[str]:
    if bundle.task.name != labelled.name or used == "test" or labelled.name == "arrays":
        return []
    return [
        f"The bundle was made from data of the same name, {labelled.name}: where its training images are among these, "
        "the scores say too much."
    ]


def _no_class(labelled: Labelled, unknown: Counter[str], classes: tuple[str, ...]) -> str:
    if not unknown:
        return f"{labelled.name}: no image has a label. {_first(labelled.problems)}"
    return (
        f"{labelled.name}: none of its labels ({_names(sorted(unknown))}) is a class of the bundle "
        f"({_names(classes)}). Classes are matched by name: rename the folders or the labels."
    )


def _names(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return ", ".join(names[:NAMES_SHOWN]) + more


def _first(problems: Mapping[str, str]) -> str:
    """The first few problems."""
    shown = "; ".join(f"{name} {what}" for name, what in list(problems.items())[:3])
    return f"{shown}{'; ...' if len(problems) > 3 else ''}." if shown else ""
