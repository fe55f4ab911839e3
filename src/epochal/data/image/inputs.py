"""What a user may ask a bundle about: files, folders, globs, images, bytes, arrays and tensors, each by a name."""

import glob
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from epochal.core.errors import DataError, UserError
from epochal.core.paths import absolute
from epochal.data.files import SYSTEM_FILES
from epochal.data.image.pictures import FORMATS, own_pixel_limit
from epochal.data.image.white import as_numbers

EXPECTED = "expected a file, a glob, an image or an array, got"

Split = Callable[[Any], Iterator[Any]]  # of an array or tensor: its pictures, or a DataError in the place of one


def one_or_batch(array: Any) -> Iterator[np.ndarray]:
    """The pictures of an array [n, channels, height, width], or the one picture of any other."""
    values = as_numbers(array)
    return iter(values if values.ndim == 4 else [values])


def pictures(inputs: Any, prefix: str = "", *, split: Split = one_or_batch) -> Iterator[tuple[str, Any]]:
    """(name, picture) of each picture that `inputs` name: a path, an image, bytes, an array, or a DataError."""
    if isinstance(inputs, str | os.PathLike):
        yield from _paths(inputs)
    elif isinstance(inputs, Image.Image):
        yield prefix or str(getattr(inputs, "filename", "") or "image"), inputs
    elif isinstance(inputs, bytes | bytearray | memoryview):
        yield prefix or "bytes", bytes(inputs)
    elif hasattr(inputs, "read"):
        yield prefix or str(getattr(inputs, "name", "file")), _content(inputs)
    elif hasattr(inputs, "columns"):
        yield prefix or "table", DataError("is a table: give its column of pictures, such as table['path']")
    elif _is_array(inputs):
        yield from _arrays(inputs, prefix, split)
    elif isinstance(inputs, Mapping):
        for name, item in inputs.items():
            yield from pictures(item, f"{prefix}[{name!r}]" if prefix else str(name), split=split)
    elif isinstance(inputs, Iterable):
        for index, item in enumerate(inputs):
            yield from pictures(item, f"{prefix}[{index}]", split=split)
    else:
        yield prefix or type(inputs).__name__, DataError(f"{EXPECTED} {type(inputs).__name__}")


def image_of_bytes(content: bytes, *, max_megapixels: float) -> Image.Image:
    """The image that the bytes of a picture file hold.

    Raises:
        DataError: they hold none that can be used.
    """
    if not content:
        raise DataError("is empty (0 bytes)")
    Image.init()
    with own_pixel_limit():
        image = Image.open(io.BytesIO(content), formats=[name for name in FORMATS if name in Image.OPEN])
        megapixels = image.size[0] * image.size[1] / 1e6
        if megapixels > max_megapixels:
            raise DataError(f"has {megapixels:.0f} megapixels, above the limit of {max_megapixels:g}: shrink it first")
        image.load()
        return image


def _is_array(inputs: Any) -> bool:
    """Whether this is an array or a tensor of numbers; arrays and columns of paths or images are walked through."""
    if not hasattr(inputs, "__array__"):
        return False
    kind = getattr(getattr(inputs, "dtype", None), "kind", "f")  # tensors have types of their own
    return kind not in "OUST"


def _arrays(inputs: Any, prefix: str, split: Split) -> Iterator[tuple[str, Any]]:
    name = prefix or "array"
    try:
        found = split(inputs)
        first = list(islice(found, 2))
    except DataError as error:
        yield name, error
        return
    if len(first) == 1 and getattr(inputs, "ndim", 0) < 4:
        yield name, first[0]
        return
    for index, picture in enumerate(chain(first, found)):
        yield f"{name}[{index}]", picture


def _content(file: Any) -> bytes | DataError:
    """What an open file holds."""
    try:
        content = file.read()
    except (OSError, ValueError) as error:
        return DataError(f"cannot be read: {error}")
    if not isinstance(content, bytes):
        return DataError("is open as text: open it with mode 'rb'")
    return content


def _paths(given: str | os.PathLike[str]) -> Iterator[tuple[str, Any]]:
    text = os.fspath(given)
    if not isinstance(text, str):
        text = os.fsdecode(text)
    if not text.strip():
        yield text, DataError("the name is empty; the current folder is '.'")
        return
    try:
        path = absolute(text) if text.startswith("~") and not os.path.lexists(text) else Path(text)
    except UserError as error:
        yield text, DataError(str(error))
        return
    if os.path.isdir(path):
        found = iter(_walk(path, ()))
        first = list(islice(found, 1))
        yield from chain(first, found) if first else iter([(text, DataError("the folder holds no files"))])
    elif glob.has_magic(text) and not os.path.lexists(path):
        try:
            matches = sorted(match for match in glob.glob(str(path), recursive=True) if not os.path.isdir(match))
        except (OSError, ValueError) as error:
            yield text, DataError(f"cannot be looked for: {error}")
            return
        yield from ((match, Path(match)) for match in matches)
        if not matches:
            yield text, DataError("no file matches this pattern")
    else:
        yield text, path


def _walk(folder: Path, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Any]]:
    """The files in a folder and in those inside it, by name; hidden and system files are left out."""
    try:
        status = os.stat(folder)
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield str(folder), DataError(f"cannot be read: {error.strerror or error}")
        return
    identity = (status.st_dev, status.st_ino)
    if identity in above:
        yield str(folder), DataError("is a symbolic link in a loop")
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name.casefold() in SYSTEM_FILES:
            continue
        if os.path.isdir(entry.path):
            yield from _walk(Path(entry.path), (*above, identity))
        else:
            path = Path(entry.path)
            yield str(path), path
