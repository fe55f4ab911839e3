"""A data set, opened: a task, its training and validation images, and a test split that stays sealed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.data import audit, cache
from epochal.data.codec import Codec
from epochal.data.decode import Decoded, decode
from epochal.data.listing import Listing, Progress, check_labels, order_labels
from epochal.data.options import ReadOptions
from epochal.data.read import list_source
from epochal.data.report import SPLITS, DataReport, Duplicates, Pair
from epochal.data.split import TEST, TRAIN, VALIDATION, assign, join, rank, small_classes, straddling, stratified


@dataclass(frozen=True, kw_only=True, eq=False)
class Examples:
    """Images uint8 [n, channels, height, width] (in memory, or mapped), targets int64 [n], and names of the items."""

    images: np.ndarray
    targets: np.ndarray
    items: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.targets)


@dataclass(frozen=True, kw_only=True, eq=False)
class Dataset:
    """A task with its data.

    The test split is sealed: `open_test` is for the one report at the end, after the choice is made. Nothing may be
    chosen by it.
    """

    task: Task
    train: Examples
    validation: Examples
    codec: Codec
    report: DataReport
    _test: Examples = field(repr=False)
    _digests: Mapping[str, np.ndarray] = field(repr=False)  # split -> uint8 [n, 16], hashes of the images
    _folder: Path | None = field(default=None, repr=False)

    def open_test(self) -> Examples:
        """The test split, the same each time.

        The rule of the house: open it once, after the choice is made, to report on what was chosen. Whoever picks a
        model, a setting or a moment to stop by these scores makes them mean nothing.
        """
        return self._test

    def subset(self, indices: Sequence[int] | np.ndarray) -> "Dataset":
        """The same data set with fewer training examples; validation, test and codec are unchanged."""
        chosen = np.asarray(indices, np.int64)
        if not len(chosen):
            raise DataError("a subset needs at least one training example.")
        train = Examples(
            images=cache.take(self.train.images, chosen, self._folder, self.task.fingerprint),
            targets=self.train.targets[chosen],
            items=tuple(self.train.items[index] for index in chosen),
        )
        digests = {**self._digests, "train": self._digests["train"][chosen]}
        targets = {"train": train.targets, "validation": self.validation.targets, "test": self._test.targets}
        task = self.task.replace(
            counts={**self.task.counts, "train": len(train)},
            fingerprint=fingerprint(digests, targets, self.task.labels),
        )
        counts = {**self.report.counts, "train": _count(train.targets, self.task.labels)}
        return Dataset(
            task=task,
            train=train,
            validation=self.validation,
            codec=self.codec,
            report=self.report.replace(counts=counts),
            _test=self._test,
            _digests=digests,
            _folder=self._folder,
        )

    def train_fraction(self, fraction: float, seed: int = 0) -> "Dataset":
        """A stratified subset of the training split, for learning curves. With one seed, smaller ones lie in larger ones."""
        if not 0 < fraction <= 1:
            raise DataError(f"a fraction of the training split must be above 0 and at most 1; it was {fraction}.")
        order = rank(seed, self.train.items)
        return self.subset(stratified(self.train.targets, order, round(fraction * len(self.train))))

    def describe(self) -> str:
        """The data report as text."""
        return self.report.to_text()

    def _repr_html_(self) -> str:
        return self.report._repr_html_()


def open_dataset(source: Any, *, options: ReadOptions | None = None, progress: Progress | None = None) -> Dataset:
    """Read, check, split and encode a data set.

    `source`: an image folder, a CSV or Parquet manifest, an IDX folder, NumPy files, the name of a published set,
    "digits", or a pair (images, labels). What is not said in `options` is decided from the data, and said in
    `Dataset.report`. `progress(doing, done, total)` is called now and then.

    Raises:
        DataError: the data cannot be used as they are; the message says what to do.
    """
    options = options or ReadOptions()
    options.validate()
    listing = list_source(source, options, progress)
    check_labels(listing.labels, listing.name)
    _limit(listing, options)
    listed = list(listing.labels)
    decoded = decode(listing, options, progress)
    listing.images = None
    listing.keep(decoded.kept)
    check_labels(listing.labels, listing.name)
    lost = sorted(set(listed) - set(listing.labels))
    if lost:
        listing.warnings.append(f"no usable image is left of {len(lost)} classes: {', '.join(lost[:10])}.")
    labels = listing.class_names or order_labels(listing.labels)
    places = {label: index for index, label in enumerate(labels)}
    targets = np.array([places[label] for label in listing.labels], dtype=np.int64)
    copies = audit.find_copies(decoded.images, decoded.contents) if options.duplicates else None
    split, duplicates = _split(listing, targets, labels, copies, options)
    return _assemble(listing, decoded, targets, labels, split, duplicates)


def check(source: Any, options: ReadOptions | None = None, progress: Progress | None = None) -> DataReport:
    """What `open_dataset` finds out about a data set; nothing is trained."""
    return open_dataset(source, options=options, progress=progress).report


def from_arrays(images: Any, labels: Any, *, options: ReadOptions | None = None) -> Dataset:
    """A data set of arrays: images [n, h, w], [n, h, w, c] or [n, c, h, w], and one label for each.

    uint8 is taken as it is; other types are 0 to 1, 0 to 255 or 0 to 65535 by their brightest pixel, or as
    `ReadOptions(white=...)` says.
    """
    return open_dataset((images, labels), options=options)


def fingerprint(digests: Mapping[str, np.ndarray], targets: Mapping[str, np.ndarray], labels: Sequence[str]) -> str:
    """sha256 of every image, label and split."""
    total = hashlib.sha256("\0".join(labels).encode())
    for split in SPLITS:
        total.update(f"|{split}|{len(targets[split])}|".encode())
        total.update(np.ascontiguousarray(digests[split]).tobytes())
        total.update(targets[split].astype("<i8").tobytes())
    return total.hexdigest()


def _limit(listing: Listing, options: ReadOptions) -> None:
    """Cut the listing to at most `max_examples`, with classes and published splits in proportion."""
    if options.max_examples is None or len(listing.items) <= options.max_examples:
        return
    found = len(listing.items)
    published = listing.published or [None] * found
    strata = sorted({(str(split), label) for split, label in zip(published, listing.labels, strict=True)})
    number = {stratum: index for index, stratum in enumerate(strata)}
    stratum = np.array([number[(str(split), label)] for split, label in zip(published, listing.labels, strict=True)])
    listing.keep(stratified(stratum, rank(options.seed, listing.items), options.max_examples))
    listing.warnings.append(f"{len(listing.items):,} of {found:,} examples are read, as max_examples asks.")


def _split(
    listing: Listing, targets: np.ndarray, labels: Sequence[str], copies: audit.Copies | None, options: ReadOptions
) -> tuple[np.ndarray, Duplicates]:
    """The split of each example (-1: set aside), with groups and copies on one side; and what copies were found."""
    count = len(targets)
    pairs = copies.pairs if copies is not None else np.empty((0, 2), np.int64)
    units = join(count, pairs, listing.groups)
    order = rank(options.seed, listing.items)
    fractions = {"validation": options.validation_fraction, "test": options.test_fraction}
    known = np.array([SPLITS.index(name) if name else TRAIN for name in listing.published or [None] * count])
    if listing.published is not None and not (known == TEST).any() and (known == VALIDATION).any():
        known[known == VALIDATION] = TEST
        listing.decide(
            "test", "the published validation split", "no test split is published, and one must stay sealed", "--split none"
        )
    before = known.copy()
    aside = np.zeros(count, bool)
    if (known == TEST).any():
        aside = straddling(known, units)
        if not (known == VALIDATION).any():
            cut = np.flatnonzero((known == TRAIN) & ~aside)
            line = join(len(cut), _within(pairs, cut, count), [listing.groups[i] for i in cut] if listing.groups else None)
            known[cut] = assign(
                targets[cut], line, order[cut], validation=fractions["validation"], test=0, classes=len(labels)
            )
            listing.decide(
                "validation", f"{fractions['validation']:.0%} of the published training split",
                "no validation split is published" if "the published" not in _last(listing) else "it became the test split",
                "--validation-fraction",
            )
    else:
        known = assign(
            targets, units, order,
            validation=fractions["validation"], test=fractions["test"], classes=len(labels),
        )
        shares = f"{1 - sum(fractions.values()):.0%} train, {fractions['validation']:.0%} validation, {fractions['test']:.0%} test"
        listing.decide(
            "splits", f"{shares}, by class, seed {options.seed}", "no test split is published",
            "--test-fraction, --validation-fraction, --split-seed",
        )
    known[aside] = -1
    for index in np.flatnonzero(aside):
        listing.problem(listing.items[index], "is in train, and it or its group is also held out")
    _warn(listing, targets, labels, known, aside)
    return known, _duplicates(listing, copies, before, aside)


def _last(listing: Listing) -> str:
    return listing.decisions[-1].chosen if listing.decisions else ""


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
                f"{listing.name}: no example is left for {name}. There are {len(targets)} usable images of {len(labels)} "
                "classes: add images, or let groups be smaller."
            )
    listing.warnings += small_classes(labels, targets, split)
    if aside.any():
        listing.warnings.append(
            f"{int(aside.sum()):,} examples are set aside from training, because they, a copy of them, or their group are "
            "also in a split that is held out. The published test split stays whole."
        )
    resolution = 1.96 * (2 * 0.9 * 0.1 / sizes[TEST]) ** 0.5
    if resolution > 0.02:
        listing.warnings.append(
            f"the test split has {sizes[TEST]:,} images: differences in accuracy below about {100 * resolution:.0f} points "
            "cannot be told from chance there."
        )


def _duplicates(listing: Listing, copies: audit.Copies | None, split: np.ndarray, aside: np.ndarray) -> Duplicates:
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
        for first, second in (differing + alike)[:50]:  # those with two labels are the ones to look at
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


def _assemble(
    listing: Listing, decoded: Decoded, targets: np.ndarray, labels: Sequence[str], split: np.ndarray, duplicates: Duplicates
) -> Dataset:
    parts, digests = {}, {}
    for name, which in zip(SPLITS, (TRAIN, VALIDATION, TEST), strict=True):
        chosen = np.flatnonzero(split == which)
        parts[name] = Examples(
            images=cache.take(decoded.images, chosen, decoded.folder, decoded.key),
            targets=targets[chosen],
            items=tuple(listing.items[index] for index in chosen),
        )
        digests[name] = decoded.digests[chosen]
    codec = decoded.codec.fitted(parts["train"].images)
    task = Task(
        name=listing.name,
        input_shape=codec.input_shape,
        labels=tuple(labels),
        counts={name: len(part) for name, part in parts.items()},
        fingerprint=fingerprint(digests, {name: part.targets for name, part in parts.items()}, labels),
    )
    report = DataReport(
        name=listing.name,
        kind=listing.kind,
        counts={name: _count(part.targets, labels) for name, part in parts.items()},
        sizes=decoded.sizes,
        channels=codec.channels,
        problems=tuple(listing.problems),
        ignored=listing.ignored,
        duplicates=duplicates,
        decisions=tuple(listing.decisions),
        warnings=tuple(listing.warnings),
    )
    return Dataset(
        task=task,
        train=parts["train"],
        validation=parts["validation"],
        codec=codec,
        report=report,
        _test=parts["test"],
        _digests=digests,
        _folder=decoded.folder,
    )


def _count(targets: np.ndarray, labels: Sequence[str]) -> dict[str, int]:
    counts = np.bincount(targets, minlength=len(labels))
    return {label: int(number) for label, number in zip(labels, counts, strict=True)}
