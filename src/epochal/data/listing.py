"""What every reader gives: the examples of a source by name and label, before any picture is decoded."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from epochal.core.errors import DataError
from epochal.data.report import Decision, Problem

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}


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
    white: float | None = None
    ignored: int = 0
    decisions: list[Decision] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def decide(self, what: str, chosen: str, why: str, override: str = "") -> None:
        self.decisions.append(Decision(what=what, chosen=chosen, why=why, override=override))

    def problem(self, file: str, what: str, action: str = "set aside") -> None:
        self.problems.append(Problem(file=file, what=what, action=action))

    def keep(self, indices: Iterable[int]) -> None:
        """Keep only these examples, in this order."""
        chosen = [int(index) for index in indices]
        for name in ("items", "labels", "files", "published", "groups"):
            values = getattr(self, name)
            if values is not None:
                setattr(self, name, [values[index] for index in chosen])
        if self.images is not None:
            self.images = self.images[chosen]


def shown(text: str | Path) -> str:
    """A file name as it can be printed: what is not valid Unicode is replaced."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def as_label(text: str) -> str:
    """A class name in one Unicode form, so that the same name from two systems is one class."""
    return unicodedata.normalize("NFC", shown(text)).strip()


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Class names in order: as numbers where all are whole numbers, else by name."""
    names = set(labels)
    if all(_is_integer(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def check_labels(labels: list[str], source: str) -> None:
    """Raises DataError where labels cannot be classes: a single one, or measurements."""
    counts = Counter(labels)
    if not counts:
        raise DataError(f"{source}: no usable image was found.")
    if len(counts) == 1:
        raise DataError(
            f"{source}: only one class was found, {next(iter(counts))!r}. To learn to tell pictures apart there must "
            "be two or more: one subfolder, or one label, for each class."
        )
    fractions = [name for name in counts if _is_number(name) and not float(name).is_integer()]
    if fractions and all(_is_number(name) for name in counts) and len(counts) > min(20, len(labels) // 2):
        raise DataError(
            f"{source}: the labels look like measurements ({len(counts)} different numbers such as {fractions[0]}): "
            "that is regression, and epochal learns classes. Sort them into ranges first, or name another label column."
        )
    if len(counts) > 20 and len(counts) > len(labels) / 2:
        raise DataError(
            f"{source}: {len(counts)} different labels for {len(labels)} images: they look like names of the images, "
            "not like classes. Name another label column."
        )


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
