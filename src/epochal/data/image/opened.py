"""From a source of images to a data set: listing, decoding, looking for copies, splitting and encoding."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.core.task import Task
from epochal.data import cache
from epochal.data.dataset import Dataset, Examples, counts_of, fingerprint
from epochal.data.image.audit import find_copies
from epochal.data.image.codec import Codec
from epochal.data.image.decode import Decoded, decode
from epochal.data.image.divide import divide
from epochal.data.image.listing import Listing, check_classes, check_labels
from epochal.data.image.options import ReadOptions
from epochal.data.image.read import list_source
from epochal.data.image.report import DataReport, Duplicates
from epochal.data.labels import Progress, order_labels
from epochal.data.report import SPLITS
from epochal.data.split import TEST, TRAIN, VALIDATION, rank, some, stratified


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
    check_labels(listing, numeric_classes=options.numeric_classes)
    _limit(listing, options)
    listed = list(listing.labels)
    decoded = decode(listing, options, progress)
    listing.images = None
    listing.keep(decoded.kept)
    check_classes(listing.labels, listing.name)
    _tell_lost(listing, set(listed) - set(listing.labels))
    present = set(listing.labels)
    labels = tuple(name for name in listing.class_names or order_labels(present) if name in present)
    places = {label: index for index, label in enumerate(labels)}
    targets = np.array([places[label] for label in listing.labels], dtype=np.int64)
    if progress is not None and options.duplicates:
        progress("looking for copies", 0, len(targets))
    copies = find_copies(decoded.images, decoded.contents) if options.duplicates else None
    if progress is not None and options.duplicates:
        progress("looking for copies", len(targets), len(targets))
    if copies is not None and copies.note:
        listing.warnings.append(copies.note)
    split, duplicates = divide(listing, targets, labels, copies, options)
    used = np.unique(targets[split >= 0])
    if len(used) < len(labels):  # all examples of a class were set aside, as copies of what is held out
        _tell_lost(listing, set(labels) - {labels[index] for index in used})
        labels, targets = tuple(labels[index] for index in used), np.searchsorted(used, targets)
    return _assemble(listing, decoded, targets, labels, split, duplicates, options)


def check(source: Any, options: ReadOptions | None = None, progress: Progress | None = None) -> DataReport:
    """What `open_dataset` finds out about a data set; nothing is trained."""
    return open_dataset(source, options=options, progress=progress).report


def from_arrays(images: Any, labels: Any, *, options: ReadOptions | None = None) -> Dataset:
    """A data set of arrays: images [n, h, w], [n, h, w, c] or [n, c, h, w], and one label for each.

    uint8 is taken as it is; other types are 0 to 1, 0 to 255 or 0 to 65535 by their brightest pixel, or as
    `ReadOptions(white=...)` says.
    """
    return open_dataset((images, labels), options=options)


def _tell_lost(listing: Listing, lost: set[str]) -> None:
    if lost:
        named = (
            f"class {some([*lost])} is" if len(lost) == 1 else f"{len(lost):,} classes ({some(order_labels(lost))}) are"
        )
        listing.warnings.append(f"{named} left out, because no usable image is left.")


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


def _assemble(
    listing: Listing,
    decoded: Decoded,
    targets: np.ndarray,
    labels: Sequence[str],
    split: np.ndarray,
    duplicates: Duplicates,
    options: ReadOptions,
) -> Dataset:
    parts, digests = {}, {}
    for name, which in zip(SPLITS, (TRAIN, VALIDATION, TEST), strict=True):
        chosen = np.flatnonzero(split == which)
        parts[name] = Examples(
            inputs=cache.take(decoded.images, chosen, decoded.folder, decoded.key),
            targets=targets[chosen],
            items=tuple(listing.items[index] for index in chosen),
        )
        digests[name] = decoded.digests[chosen]
    codec = _normalised(decoded.codec, parts["train"].inputs, options)
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
        labels=tuple(labels),
        counts={name: counts_of(part.targets, labels) for name, part in parts.items()},
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
        values=tuple(listing.values.get(label, label) for label in labels),
        _test=parts["test"],
        _digests=digests,
        _folder=decoded.folder,
    )


def _normalised(codec: Codec, images: np.ndarray, options: ReadOptions) -> Codec:
    """The codec with the mean and std that were asked for, or those of the training images.

    Raises:
        DataError: the numbers asked for are of other channels.
    """
    if options.mean is None or options.std is None:
        return codec.fitted(images)
    if not len(options.mean) == len(options.std) == codec.channels:
        raise DataError(
            f"mean {options.mean} and std {options.std} need one number for each of the {codec.channels} channels of "
            f"these {codec.mode} images. Say channels grey or rgb, or give other numbers."
        )
    return codec.replace(mean=options.mean, std=options.std)
