"""Scoring a bundle on any labelled data: every item of it, by the bundle's own metrics and its own preprocessing."""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from epochal.core.errors import DataError, UserError
from epochal.core.protocols import ClassScores, Labelled, Numbers
from epochal.data.labels import Progress
from epochal.ship.bundle import Bundle
from epochal.ship.evaluation import Evaluation
from epochal.ship.of_classes import evaluate_classes
from epochal.ship.of_numbers import evaluate_numbers
from epochal.ship.scoring import Chosen

ALL, SPLITS = "all", ("train", "validation", "test")

SCORED: Mapping[type, Callable[[Bundle, Chosen, Progress | None], Evaluation]] = {
    ClassScores: evaluate_classes,
    Numbers: evaluate_numbers,
}


def evaluate(
    bundle: Bundle | str | os.PathLike[str],
    source: Any,
    *,
    split: str | None = None,
    options: Any = None,
    trust: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a bundle on labelled data, and say whether that agrees with what the bundle promised.

    Args:
        bundle: an open bundle, or its folder.
        source: what `epochal.open_dataset` takes; arrays by split need no training split here.
        split: "train", "validation", "test" or "all" of data that have published splits; None takes the test split
            where there is one. Nothing is split here: without published splits all items are used.
        options: how the data is read, such as `ReadOptions` of images and `TableOptions` of tables; what the bundle's
            preprocessing decides is taken from there.
        trust: as of `Bundle.open`, where a folder is given.

    Raises:
        UserError: the bundle cannot be opened, the data has no such split, or too few of its items can be used.
    """
    opened = bundle if isinstance(bundle, Bundle) else Bundle.open(bundle, trust=trust)
    reads, expected = opened.kind.input, opened.kind.input.options
    options = expected() if options is None else options
    if not isinstance(options, expected):
        raise UserError(
            f"options: expected {expected.__name__} for a bundle of {opened.task.item}s, got {type(options).__name__}."
        )
    labelled = reads.labelled(opened.codec, source, options=options, task=opened.task, progress=progress)
    chosen = _that_count(_choose_split(labelled, split, opened.task.item), opened.task.item)
    return SCORED[opened.kind.goal.prediction](opened, chosen, progress)


def _that_count(chosen: Chosen, item: str) -> Chosen:
    """Those of the chosen items whose weight is above 0; all where all count alike."""
    weights = chosen.labelled.weights
    if weights is None:
        return chosen
    kept = [place for place in chosen.places if weights[place] > 0 or not chosen.labelled.labels[place]]
    left = len(chosen.places) - len(kept)
    aside = (f"{left:,} {item}{' has' if left == 1 else 's have'} the weight 0: set aside.",) if left else ()
    said = f"Scores weigh each {item} by its weight; recalls and the share that intervals hold count each {item} once."
    return replace(chosen, places=kept, notes=(*chosen.notes, said, *aside))


def _choose_split(labelled: Labelled, asked: str | None, item: str) -> Chosen:
    """The items of one published split, or all."""
    if asked not in (None, ALL, *SPLITS):
        raise UserError(f"split: expected one of {', '.join((*SPLITS, ALL))}, got {asked!r}.")
    everything = Chosen(labelled=labelled, split=ALL, places=range(len(labelled.names)))
    there = [split for split in SPLITS if split in set(labelled.published or ())]
    if asked == ALL or (asked is None and not there):
        return everything
    if asked is not None and asked not in there:
        has = f"its splits are {' and '.join(there)}" if there else "it has no published splits"
        raise DataError(f"{labelled.name} has no {asked} split: {has}. Leave out --split, or say --split all.")
    chosen = asked or next((split for split in ("test", "validation") if split in there), ALL)
    if chosen == ALL:
        return everything
    kept = [place for place, split in enumerate(labelled.published or ()) if split == chosen]
    left = len(labelled.names) - len(kept)
    notes = (
        f"Only the published {chosen} split is used; {left:,} {item}s of the other splits are left out. "
        "To use them, say --split all.",
    )
    return Chosen(labelled=labelled, split=chosen, places=kept, notes=notes if asked is None and left else ())
