"""What every reader of images gives: the examples of a source by name and label, before any picture is decoded."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.data.labels import MANY, NOTHING, number_of
from epochal.data.report import Decision, Problem


@dataclass(kw_only=True)
class Listing:
    """The examples of a source. Either `files` or `images` holds the pictures; lists run parallel."""

    name: str
    kind: str
    items: list[str]
    labels: list[str]
    files: list[Path] | None = None
    images: np.ndarray | None = None  # uint8 [n, channels, height, width]
    published: list[str | None] | None = None  # split of each example as its publisher gave it
    groups: list[str] | None = None
    class_names: tuple[str, ...] | None = None  # in the publisher's order, where there is one
    certain: bool = False  # the labels are names of classes without doubt: of folders, of a published set
    values: dict[str, Any] = field(default_factory=dict)  # a label as it was handed over, by its text
    white: float | None = None
    ignored: int = 0
    decisions: list[Decision] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def decide(self, what: str, chosen: str, why: str, override: str = "") -> None:
        self.decisions.append(Decision(what=what, chosen=chosen, why=why, override=override))

    def problem(self, file: str, what: str, action: str = "set aside") -> None:
        self.problems.append(Problem(file=file, what=what, action=action))

    def keep(self, indices: Iterable[int] | np.ndarray) -> None:
        """Keep only these examples, in this order."""
        chosen = [int(index) for index in indices]
        for name in ("items", "labels", "files", "published", "groups"):
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, [values[index] for index in chosen])
        if self.images is not None:
            self.images = self.images[chosen]


def check_classes(labels: Sequence[str], source: str) -> None:
    """Raises DataError where there are no two classes to tell apart."""
    names = set(labels)
    if not names:
        raise DataError(f"{source}: no usable image was found.")
    if len(names) == 1:
        raise DataError(
            f"{source}: only one class was found, {next(iter(names))!r}. To learn to tell pictures apart there must "
            "be two or more: one subfolder, or one label, for each class."
        )


def check_labels(listing: Listing, *, numeric_classes: bool = False) -> None:
    """Checks that the labels of a listing are classes; numbers that are taken for classes unasked are said.

    Raises:
        DataError: there is a single class, or the labels are measurements, or names of the images.
    """
    source, counts = listing.name, Counter(listing.labels)
    check_classes(listing.labels, source)
    _tell_alike(listing, counts)
    if listing.certain:
        return
    words = sorted(name for name in counts if name.casefold() in NOTHING)
    if words:
        listing.warnings.append(
            f"labels that say {', '.join(map(repr, words))} are read as classes. If they mean that the label is "
            "missing, leave those labels empty."
        )
    numbers = [number_of(name) for name in counts if name not in words]
    if not numeric_classes and numbers and None not in numbers:
        _check_numbers(listing, sorted(number for number in numbers if number is not None))
    single = sum(count == 1 for count in counts.values())
    if single > MANY and single > len(listing.labels) / 2:
        raise DataError(
            f"{source}: {len(counts)} different labels for {len(listing.labels)} images: they look like names of the "
            "images, not like classes. Name another label column (--label), or give two or more images of each class."
        )


def _tell_alike(listing: Listing, names: Iterable[str]) -> None:
    """Names classes that a reader takes for one: they differ by case, by spaces, or in their Unicode form."""
    alike: dict[str, list[str]] = {}
    for name in sorted(names):
        alike.setdefault("".join(unicodedata.normalize("NFKC", name).casefold().split()), []).append(name)
    groups = [" and ".join(map(repr, group)) for group in alike.values() if len(group) > 1]
    if groups:
        more = f"; and {len(groups) - 3} more such names" if len(groups) > 3 else ""
        listing.warnings.append(
            f"classes that differ only by case, spaces or Unicode form are kept apart: {'; '.join(groups[:3])}{more}. "
            "If they are one class, give them one name."
        )


def _check_numbers(listing: Listing, numbers: list[float]) -> None:
    """Few numbers are classes, and so are whole numbers that count on with few gaps; others may be measurements."""
    lowest, highest = numbers[0], numbers[-1]
    fractions = [number for number in numbers if not number.is_integer()]
    many = len(numbers) > (min(MANY, len(listing.labels) // 2) if fractions else MANY)
    if many and (fractions or len(numbers) <= (highest - lowest) / 2):
        raise DataError(
            f"{listing.name}: the labels look like measurements ({len(numbers)} different numbers such as "
            f"{(fractions or numbers)[0]:g}, from {lowest:g} to {highest:g}): that is regression, and epochal learns "
            "classes. Sort them into ranges first, name another label column (--label), or say that each number is a "
            "class with --numeric-classes or ReadOptions(numeric_classes=True)."
        )
    if many:
        listing.decide(
            "classes",
            f"{len(numbers)} whole numbers from {lowest:g} to {highest:g}, each a class",
            "they have few gaps, as numbered classes have",
            "another label column, if they measure something",
        )
