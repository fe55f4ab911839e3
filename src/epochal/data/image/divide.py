"""Dividing a listing into train, validation and test: published splits kept, copies and groups never across."""

from collections.abc import Sequence

import numpy as np

from epochal.core.errors import DataError
from epochal.data.image.audit import Copies
from epochal.data.image.listing import Listing
from epochal.data.image.options import ReadOptions
from epochal.data.image.report import Duplicates, Pair
from epochal.data.report import SPLITS
from epochal.data.split import (
    DEFAULT_VALIDATION,
    TEST,
    TRAIN,
    VALIDATION,
    assign,
    join,
    rank,
    small_classes,
    small_test,
    straddling,
)

SHOWN_PAIRS = 50  # of each kind
MOST_VALIDATION = 6_000  # examples cut from a published training split where nothing was said: enough to tell 1 point


def divide(
    listing: Listing, targets: np.ndarray, labels: Sequence[str], copies: Copies | None, options: ReadOptions
) -> tuple[np.ndarray, Duplicates]:
    """The split of each example (-1: set aside), with groups and copies on one side; and what copies were found."""
    count = len(targets)
    pairs = copies.pairs if copies is not None else np.empty((0, 2), np.int64)
    units = join(count, pairs, listing.groups)
    order = rank(options.seed, listing.items)
    known, published = _published(listing, options)
    before = known.copy()
    aside = np.zeros(count, bool)
    if published:
        aside = straddling(known, units)
        if not (known == VALIDATION).any():
            free = np.flatnonzero((known == TRAIN) & ~aside)
            fraction = options.validation_fraction
            if fraction == DEFAULT_VALIDATION:
                fraction = min(fraction, MOST_VALIDATION / max(1, len(free)))
            groups = [listing.groups[index] for index in free] if listing.groups else None
            known[free] = assign(
                targets[free],
                join(len(free), _within(pairs, free, count), groups),
                order[free],
                validation=fraction,
                test=0,
                classes=len(labels),
            )
            listing.decide(
                "validation",
                f"{fraction:.0%} of the published training split",
                "the published one became the test split"
                if "validation" in set(listing.published or ())
                else "none is published",
                "--validation-fraction",
            )
    else:
        known = assign(
            targets,
            units,
            order,
            validation=options.validation_fraction,
            test=options.test_fraction,
            classes=len(labels),
        )
        train_fraction = 1 - options.validation_fraction - options.test_fraction
        listing.decide(
            "splits",
            f"{train_fraction:.0%} train, {options.validation_fraction:.0%} validation, "
            f"{options.test_fraction:.0%} test, by class, seed {options.seed}",
            "published splits are not used" if options.split == "none" else "no test split is published",
            "--test-fraction, --validation-fraction, --split-seed",
        )
    _name_set_aside(listing, known, units, aside, pairs)
    known[aside] = -1
    _warn(listing, targets, labels, known, aside)
    return known, _duplicates(listing, copies, before, aside)


def _name_set_aside(
    listing: Listing, split: np.ndarray, units: np.ndarray, aside: np.ndarray, pairs: np.ndarray
) -> None:
    copies = join(len(split), pairs)
    held_out: dict[tuple[str, int], int] = {}  # who stands for each unit and cluster of copies, the last split first
    for index in np.argsort(-split, kind="stable"):
        if split[index] > TRAIN and not aside[index]:
            held_out.setdefault(("unit", int(units[index])), int(index))
            held_out.setdefault(("copies", int(copies[index])), int(index))
    for index in np.flatnonzero(aside):
        copy = held_out.get(("copies", int(copies[index])))
        other = held_out[("unit", int(units[index]))] if copy is None else copy
        how = "shares its group with" if copy is None else "shows the same picture as"
        listing.problem(
            listing.items[index],
            f"is in {SPLITS[split[index]]} and {how} {listing.items[other]}, which is in {SPLITS[split[other]]}",
        )


def _published(listing: Listing, options: ReadOptions) -> tuple[np.ndarray, bool]:
    """The split of each example as published, and whether a test split is among them.

    Of train and validation without test, validation becomes the test split: one must stay sealed.
    """
    if options.split == "none":
        listing.published = None
    if listing.published is None:
        return np.zeros(len(listing.items), np.int64), False
    known = np.array([SPLITS.index(name) if name else TRAIN for name in listing.published])
    if (known == VALIDATION).any() and not (known == TEST).any():
        known[known == VALIDATION] = TEST
        listing.decide(
            "test",
            "the published validation split",
            "no test split is published, and one must stay sealed",
            "--split none",
        )
    return known, bool((known == TEST).any())


def _within(pairs: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """Pairs whose members are both chosen, in numbers of the chosen."""
    place = np.full(count, -1, np.int64)
    place[chosen] = np.arange(len(chosen))
    moved = place[pairs]
    return moved[(moved >= 0).all(axis=1)]


def _warn(listing: Listing, targets: np.ndarray, labels: Sequence[str], split: np.ndarray, aside: np.ndarray) -> None:
    sizes = [int((split == which).sum()) for which in (TRAIN, VALIDATION, TEST)]
    for size, name in zip(sizes, SPLITS, strict=True):
        if size == 0:
            raise DataError(
                f"{listing.name}: no example is left for {name}. There are {len(targets)} usable images of "
                f"{len(labels)} classes: add images, or let groups be smaller."
            )
    learned = np.unique(targets[split == TRAIN])
    if len(learned) == 1:
        raise DataError(
            f"{listing.name}: only one class is left in train, {labels[learned[0]]!r}, so there is nothing to tell "
            "apart: add images of the other classes, or let groups be smaller."
        )
    listing.warnings += small_classes(labels, targets, split)
    if aside.any():
        listing.warnings.append(
            f"{int(aside.sum()):,} examples are set aside from training, because they, a copy of them, or their "
            "group are also in a split that is held out. The published test split stays whole."
        )
    listing.warnings += small_test(sizes[TEST], "images")


def _duplicates(listing: Listing, copies: Copies | None, split: np.ndarray, aside: np.ndarray) -> Duplicates:
    if copies is None:
        return Duplicates(method="not looked for")
    units = join(len(split), copies.pairs)
    sizes = np.bincount(units)
    crossing = np.unique(units[straddling(split, units)]) if listing.published else np.empty(0)
    examples = []
    conflicts = 0
    for kind, pairs in (("exact", copies.exact), ("near", copies.near)):
        differing = [pair for pair in pairs.tolist() if listing.labels[pair[0]] != listing.labels[pair[1]]]
        conflicts += len(differing) if kind == "exact" else 0
        alike = [pair for pair in pairs.tolist() if listing.labels[pair[0]] == listing.labels[pair[1]]]
        for first, second in (differing + alike)[:SHOWN_PAIRS]:  # those with two labels are the ones to look at
            examples.append(
                Pair(
                    first=listing.items[first],
                    second=listing.items[second],
                    kind=kind,
                    first_label=listing.labels[first],
                    second_label=listing.labels[second],
                    straddles=bool(listing.published and split[first] != split[second]),
                )
            )
    if conflicts:
        listing.warnings.append(
            f"{conflicts} pairs of identical pictures carry different labels: both are kept; see the list of copies."
        )
    return Duplicates(
        exact_pairs=copies.exact_pairs,
        near_pairs=len(copies.near),
        clusters=int((sizes > 1).sum()),
        straddling=len(crossing),
        set_aside=int(aside.sum()),
        conflicts=conflicts,
        examples=tuple(examples),
        method=copies.method,
    )
