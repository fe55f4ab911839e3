"""What every reader gives: the examples of a source by name and label, before any picture is decoded."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.data.report import Decision, Problem

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many

SPLIT_NAMES = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
MANY = 20  # different numbers, or labels of a single image: no longer classes as a matter of course
NOTHING = ("none", "null", "nan", "na", "n/a", "<na>", "nat")  # words that may stand for a missing label
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


def shown(text: str | Path) -> str:
    """A name as any output can show it, and no two names alike: bytes that are no UTF-8 become such as `\\xb9`.

    A name that holds such an escape itself has its backslashes doubled, so that it stays another name.
    """
    text = str(text)
    if not _UNSHOWABLE.search(text):
        return text
    return _SURROGATE.sub(_escaped, text.replace("\\", "\\\\"))


def as_label(text: str) -> str:
    """A class name in one Unicode form, so that the same name from two systems is one class."""
    return unicodedata.normalize("NFC", shown(text)).strip()


def missing_label(value: Any) -> bool:
    """Whether a value stands for no label: None, NaN, NaT, pandas' NA, a masked value, or blank text.

    Words are never missing: "none", "null", "nan" and "NA" are classes.
    """
    if value is None or value is np.ma.masked:
        return True
    if isinstance(value, str | bytes):
        return not value.strip()
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except TypeError:  # pandas' NA is neither equal to itself nor different
        return True
    except ValueError:  # an array, which is no single label
        return False


def label_array(labels: Any) -> np.ndarray:
    """Labels as an array that keeps what is missing: masks stay, and NaN in a list of words is not made a word."""
    if isinstance(labels, np.ndarray):
        return labels
    if hasattr(labels, "detach"):  # a tensor, which may lie on a device and carry a gradient
        labels = labels.detach().cpu()
    if hasattr(labels, "__array__"):
        return np.asarray(labels)
    labels = list(labels)
    try:
        array = np.asanyarray(labels)
        if array.dtype.kind in "biuf" or array.ndim > 1:
            return array
    except ValueError:  # lists of several lengths, which `label_texts` refuses
        pass
    array = np.empty(len(labels), dtype=object)
    for index, label in enumerate(labels):
        array[index] = label
    return array


def missing_labels(labels: np.ndarray) -> np.ndarray:
    """bool [n]: `missing_label` of each, for what `label_array` gives."""
    masked = np.ma.getmaskarray(labels) if isinstance(labels, np.ma.MaskedArray) else np.zeros(len(labels), bool)
    values = np.ma.getdata(labels)
    if values.dtype.kind in "biu":
        return masked
    if values.dtype.kind in "fcmM":
        return masked | np.asarray(values != values)
    return masked | np.fromiter((missing_label(value) for value in values), bool, len(values))


def label_texts(labels: np.ndarray) -> list[str]:
    """The class name of each label of an array [n], and an empty text for each that is missing.

    Whole numbers are written as such in any type of number, so that 3, 3.0 and "3" are one class.

    Raises:
        DataError: a label is no single value.
    """
    texts = []
    for value, missing in zip(np.ma.getdata(labels), missing_labels(labels), strict=True):
        if missing:
            texts.append("")
        elif isinstance(value, bytes):
            texts.append(as_label(value.decode("utf-8", "surrogateescape")))
        elif isinstance(value, float | np.floating) and float(value).is_integer():
            texts.append(f"{value:.0f}")
        elif isinstance(value, list | tuple | set | dict | np.ndarray):
            raise DataError(f"a label must be one value, the class of one image; there is {value!r}.")
        else:
            texts.append(as_label(str(value)))
    return texts


_SURROGATE = re.compile("[\ud800-\udfff]")
_UNSHOWABLE = re.compile(r"[\ud800-\udfff]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}")


def _escaped(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def order_labels(labels: Iterable[str]) -> tuple[str, ...]:
    """Class names in order: as numbers where all are whole numbers, else by name."""
    names = set(labels)
    if all(_is_integer(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


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
    numbers = [_number(name) for name in counts if name not in words]
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


def _is_integer(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def _number(text: str) -> float | None:
    """The number that a text writes, with a decimal point or comma."""
    try:
        value = float(re.sub(r"^([-+]?\d+),(\d+)$", r"\1.\2", text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
