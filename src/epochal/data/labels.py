"""Labels and names as people hand them over: which labels are missing, what classes are called, what can be shown."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError

Progress = Callable[[str, int, int], None]  # what is being done, how many are done, of how many

LABEL_COLUMNS = ("label", "class", "species", "target", "category", "labels")
MANY = 20  # different numbers, or labels of a single image: no longer classes as a matter of course
NOTHING = ("none", "null", "nan", "na", "n/a", "<na>", "nat")  # words that may stand for a missing label


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
    if all(is_integer(name) for name in names):
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    return tuple(sorted(names))


def is_integer(text: str) -> bool:
    return text.removeprefix("-").isascii() and text.removeprefix("-").isdigit()


def number_of(text: str) -> float | None:
    """The number that a text writes, with a decimal point or comma."""
    try:
        value = float(re.sub(r"^([-+]?\d+),(\d+)$", r"\1.\2", text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
