"""Pictures that a user gives to a bundle: read and encoded some at a time, with each bad one named, or with labels."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.core.protocols import Given, Labelled
from epochal.data.image.arrays import as_nchw, as_pictures
from epochal.data.image.codec import Codec
from epochal.data.image.inputs import image_of_bytes, pictures
from epochal.data.image.options import ReadOptions
from epochal.data.image.read import list_source
from epochal.data.image.white import EIGHT_BITS, as_numbers
from epochal.data.labels import Progress, label_array, label_texts
from epochal.data.split import SPLIT_OF

BATCH = 256  # pictures decoded at a time, so that any number of files needs the memory of these


def given_pictures(codec: Codec, inputs: Any, *, white: float | None = None) -> Iterator[Given]:
    """The pictures that `inputs` name, up to `BATCH` at a time, in order.

    Args:
        inputs: a file, a glob pattern such as "new/*.jpg", a folder with those inside it, a PIL image, the bytes of a
            picture file or the open file, an array or tensor [h, w], [h, w, c] or [c, h, w], a batch of them (of grey
            ones [n, h, w] too), or an iterable of any of these, or names with them in a dictionary.
        white: the value of white in arrays and in pictures deeper than 8 bits; None takes that of the training.
    """
    return encoded(codec, pictures(inputs, split=lambda array: as_pictures(array, codec, white=white)), white=white)


def encoded(codec: Codec, named: Iterable[tuple[str, Any]], *, white: float | None = None) -> Iterator[Given]:
    """Named pictures, up to `BATCH` at a time, in order.

    Args:
        named: a name and a picture, or the DataError that says why there is none; arrays are of 8 bits.
    """
    waiting = iter(named)
    nothing = np.empty((0, *codec.input_shape), np.uint8)

    def encode(picture: Any) -> np.ndarray | str:
        """The encoded picture, or why there is none."""
        if isinstance(picture, DataError):
            return _reason(picture)
        try:
            if isinstance(picture, bytes):
                picture = image_of_bytes(picture, max_megapixels=codec.max_megapixels)
            return codec.encode(picture, white=EIGHT_BITS if isinstance(picture, np.ndarray) else white)
        except DataError as error:
            return _reason(error)
        except Exception as error:  # damaged pictures make decoders raise almost anything; one harms no other
            return f"cannot be read: {error or type(error).__name__}"

    with ThreadPoolExecutor(max_workers=min(8, os.cpu_count() or 1)) as pool:
        while chunk := list(islice(waiting, BATCH)):
            results = list(pool.map(encode, (picture for _, picture in chunk)))
            good = [result for result in results if isinstance(result, np.ndarray)]
            yield Given(
                names=tuple(name for name, _ in chunk),
                encoded=np.stack(good) if good else nothing,
                reasons={place: result for place, result in enumerate(results) if isinstance(result, str)},
            )


def _reason(error: DataError) -> str:
    return str(getattr(error, "reason", error))  # without the name, which the row gives


def labelled_pictures(codec: Codec, source: Any, options: ReadOptions, progress: Progress | None = None) -> Labelled:
    """List labelled pictures without splitting or judging them.

    Raises:
        DataError: the source is not there or is not understood.
    """
    options.validate()
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
    found: Sequence[Any] = listing.files if listing.files is not None else list(listing.images)  # type: ignore[arg-type]
    return Labelled(
        name=listing.name,
        names=listing.items,
        labels=listing.labels,
        given=lambda chosen: encoded(codec, ((listing.items[k], found[k]) for k in chosen), white=options.white),
        published=listing.published,
        problems={problem.file: problem.what for problem in listing.problems if problem.action == "set aside"},
        notes=tuple(
            f"{each.what.capitalize()}: {each.chosen}, as {each.why} ({each.override})."
            for each in listing.decisions
            if each.what == "white"
        ),
    )


def _from_arrays(parts: Mapping[str | None, Any], codec: Codec, white: float | None) -> Labelled:
    names: list[str] = []
    labels: list[str] = []
    found: list[Any] = []
    published: list[str | None] = []
    for split, (images, given) in parts.items():
        named = split or "example"
        own = list(as_pictures(as_nchw(as_numbers(images), split), codec, white=white))
        array = label_array(given)
        if array.shape not in ((len(own),), (len(own), 1)):
            raise DataError(f"{named}: expected {len(own)} labels, one for each image; got {array.shape}.")
        names += [f"{named}[{index}]" for index in range(len(own))]
        labels += label_texts(array.reshape(-1))
        found += own
        published += [split] * len(own)
    return Labelled(
        name="arrays",
        names=names,
        labels=labels,
        given=lambda chosen: encoded(codec, ((names[k], found[k]) for k in chosen), white=white),
        published=None if None in parts else published,
        problems={name: "has no label" for name, text in zip(names, labels, strict=True) if not text},
        loose=True,
    )
