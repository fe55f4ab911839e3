"""Listing arrays: NumPy files, IDX folders, the digits, named sets, and arrays handed over in Python."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from epochal.core.errors import DataError
from epochal.data.image.codec import Codec
from epochal.data.image.listing import Listing
from epochal.data.image.options import ReadOptions
from epochal.data.image.pictures import PictureError, scale_to_bytes
from epochal.data.image.white import EIGHT_BITS, as_numbers, limit_of, white_of
from epochal.data.labels import label_array, label_texts

IDX_SPLITS = {"train": "train", "t10k": "test", "test": "test"}
WHITE = "--white or ReadOptions(white=...)"
IMAGE_NAMES, LABEL_NAMES = ("x", "images", "data"), ("y", "labels", "targets")


def list_digits() -> Listing:
    """scikit-learn's handwritten digits, 1,797 grey images of 8x8, values 0 to 16 brought to 0 to 255."""
    from sklearn.datasets import load_digits

    found = load_digits()
    listing = from_parts({None: (found.images, found.target)}, name="digits", kind="built in", white=16.0)
    listing.class_names = tuple(map(str, range(10)))
    return listing


def list_idx(folder: Path, options: ReadOptions) -> Listing:
    """IDX files named like MNIST's: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-..., gzipped or not."""
    from epochal.data.image.idx import read_idx

    parts: dict[str | None, tuple[np.ndarray, np.ndarray]] = {}
    for prefix, split in IDX_SPLITS.items():
        images, labels = _idx_file(folder, f"{prefix}-images"), _idx_file(folder, f"{prefix}-labels")
        if images and not labels:
            raise DataError(f"{folder} holds {images.name}, but not the labels for it ({prefix}-labels-idx1-ubyte).")
        if images and labels:
            parts[split] = (read_idx(images), read_idx(labels))
    if "train" not in parts:
        raise DataError(f"{folder} holds IDX files, but not train-images-idx3-ubyte with train-labels-idx1-ubyte.")
    if "test" not in parts:
        parts = {None: parts["train"]}
    return from_parts(parts, name=folder.resolve().name, kind="IDX files", white=options.white)


def holds_idx(folder: Path) -> bool:
    return any(_idx_file(folder, f"{prefix}-images") for prefix in IDX_SPLITS)


def list_numpy(path: Path, options: ReadOptions) -> Listing:
    """An .npz with x_train, y_train, x_test, y_test (or X and y), or .npy files of images and labels in one folder."""
    if path.suffix.lower() == ".npz":
        arrays = _load(path)
    else:
        folder = path if path.is_dir() else path.parent
        arrays = {file.stem: _load(file)["array"] for file in sorted(folder.glob("*.npy"))}
    folded = {name.casefold().replace("-", "_"): array for name, array in arrays.items()}
    parts: dict[str | None, tuple[np.ndarray, np.ndarray]] = {}
    for split, endings in {
        "train": ("_train",),
        "validation": ("_val", "_valid", "_validation"),
        "test": ("_test",),
    }.items():
        pair = _pair(folded, [*endings, *(f"{ending[1:]}_" for ending in endings)])
        if pair is not None:
            parts[split] = pair
    if "train" not in parts:
        pair = _pair(folded, [""])
        if pair is None:
            raise DataError(
                f"{path} holds the arrays {', '.join(arrays) or '(none)'}. Expected x_train and y_train, perhaps "
                "with x_test and y_test, or X and y (images and labels)."
            )
        parts = {None: pair}
    if set(parts) == {"train"}:
        parts = {None: parts["train"]}
    return from_parts(parts, name=path.resolve().stem, kind="NumPy arrays", white=options.white)


def from_parts(
    parts: Mapping[str | None, tuple[Any, Any]],
    *,
    name: str,
    kind: str,
    white: float | None = None,
) -> Listing:
    """A listing of (images, labels) for each split; the key None means that splits are ours to cut.

    Images are [n, h, w], [n, h, w, c] or [n, c, h, w] with 1 or 3 channels. `white` is the value that becomes 255:
    given, or 255 for uint8; for others 1 where no value is above 1, or 255 where none is above 255, or 65535 for
    whole numbers.

    Raises:
        DataError: shapes, lengths or values do not fit; the message says what came.
    """
    listing = Listing(name=name, kind=kind, items=[], labels=[], published=None)
    images = {split: as_nchw(as_numbers(pair[0]), split) for split, pair in parts.items()}
    white = _white(list(images.values()), white, listing)
    shapes = {array.shape[1:] for array in images.values()}
    if len(shapes) > 1:
        raise DataError(f"{name}: the splits hold images of different shapes: {', '.join(map(str, sorted(shapes)))}.")
    blocks, published = [], []
    for split, (_, given) in parts.items():
        labels = _labels(label_array(given), len(images[split]), split, listing)
        good = _finite(images[split], labels, split, listing)
        try:
            blocks.append(scale_to_bytes(images[split] if good.all() else images[split][good], white=white, name=name))
        except PictureError as error:
            raise DataError(f"{error}, with --white or ReadOptions(white=...).") from error
        kept = np.flatnonzero(good)
        listing.items += [f"{split or 'example'}[{index}]" for index in kept]
        listing.labels += [labels[index] for index in kept]
        published += [split] * len(kept)
    listing.images = blocks[0] if len(blocks) == 1 else np.concatenate(blocks)
    listing.published = published if any(published) else None
    listing.white = white
    return listing


def as_nchw(images: np.ndarray, split: str | None = None) -> np.ndarray:
    """A view as [n, channels, height, width]."""
    shape, named = images.shape, f"{split} images" if split else "images"
    if images.dtype.kind not in "biuf":
        raise DataError(f"{named} must be an array of numbers; it is of type {images.dtype}.")
    if images.ndim == 3:
        images = images[:, None]
    elif images.ndim == 4 and shape[-1] in (1, 3) and (shape[1] not in (1, 3) or shape[2] > shape[-1]):
        images = images.transpose(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] not in (1, 3) or 0 in images.shape[1:]:
        hint = ""
        if images.ndim == 2 and shape[1] and int(shape[1] ** 0.5) ** 2 == shape[1]:
            side = int(shape[1] ** 0.5)
            hint = f" If each row is a {side}x{side} picture, reshape it: images.reshape(-1, {side}, {side})."
        raise DataError(
            f"{named} must be [n, height, width], [n, height, width, channels] or [n, channels, height, width] "
            f"with 1 or 3 channels; the shape is {shape}.{hint}"
        )
    if len(images) == 0:
        raise DataError(f"{named}: the array is empty.")
    return images


def as_pictures(array: Any, codec: Codec, *, white: float | None = None) -> Iterator[np.ndarray | PictureError]:
    """The single pictures of an array or tensor, uint8 [h, w], [h, w, c] or [c, h, w], ready for `codec.encode`.

    A batch is [n, h, w] where the codec is grey, [n, h, w, c] or [n, c, h, w]; a single picture is [h, w], [h, w, c]
    or [c, h, w]. What is white is decided once for the batch (see `white_of`). A picture that cannot be used comes as
    the error that says why, and takes no other with it.

    Raises:
        PictureError: the shape or the values of the whole array fit nothing, or two things; the message says what to
            give.
    """
    values = as_numbers(array)
    if values.dtype.kind not in "biuf":
        raise PictureError("array", f"pixels must be numbers; they are of type {values.dtype}")
    single = values[None] if _is_single(values.shape, codec) else values
    if white is None:
        good = _usable(single, limit_of(single, codec.white))
        white = white_of(single if good.all() else single[good], codec.white)
    return _scaled(single, white)


def _scaled(batch: np.ndarray, white: float) -> Iterator[np.ndarray | PictureError]:
    for picture in batch:
        try:
            yield scale_to_bytes(picture, white=white, name="array")
        except PictureError as error:
            yield error


def _usable(batch: np.ndarray, limit: float) -> np.ndarray:
    """bool [n]: pictures of values from 0 to the limit, where there are any; the others do not decide what is white."""
    axes = tuple(range(1, batch.ndim))
    highest = batch.max(axis=axes, initial=0)
    good = np.isfinite(highest) & (batch.min(axis=axes, initial=0) >= 0)
    within = good & (highest <= limit * 1.0001)
    return within if within.any() else good


def _is_single(shape: tuple[int, ...], codec: Codec) -> bool:
    """Whether an array of this shape is one picture for this codec, not a batch."""
    colours = (1, 3, 4)
    if len(shape) == 2:
        return True
    if len(shape) == 4 and (shape[1] in colours or shape[3] in colours):
        return False
    if len(shape) == 3:
        size, coloured = shape[1:] == (codec.height, codec.width), shape[0] in colours or shape[2] in colours
        if not coloured and (codec.mode == "grey" or size) and min(shape[1:], default=0) > 2:
            return False
        if codec.mode == "grey" and size:
            return shape[0] == 1
        if codec.mode == "grey" and shape[0] in (3, 4) and shape[2] not in colours:
            raise PictureError(
                "array",
                f"of shape {shape} is {shape[0]} grey pictures or one in colour: give pictures as "
                "[n, 1, height, width], or one in colour as [height, width, channels]",
            )
        if coloured:
            return True
    raise PictureError(
        "array",
        "pictures must be [n, height, width] where they are grey, [n, height, width, channels] or [n, channels, "
        f"height, width] with 1, 3 or 4 channels, or one such picture; the shape is {shape}",
    )


def _white(arrays: list[np.ndarray], white: float | None, listing: Listing) -> float:
    """The value of white, decided once for all splits: 255 for bytes, else by the brightest pixel."""
    if white is not None:
        return white
    brightest = max(float(np.nanmax(np.where(np.isfinite(array), array, 0))) for array in arrays)
    if all(array.dtype == np.uint8 for array in arrays):
        white = EIGHT_BITS
    else:
        whole = all(array.dtype.kind in "iub" for array in arrays)
        if brightest <= 1:
            white = 1.0
        elif brightest <= EIGHT_BITS:
            white = EIGHT_BITS
        elif whole and brightest <= 65535:
            white = 65535.0
        else:
            raise DataError(
                f"{listing.name}: pixels reach {brightest:g}. Expected 0 to 1, 0 to 255, or whole numbers to 65535: "
                "scale them, or give the value of white with --white or ReadOptions(white=...)."
            )
        listing.decide("white", f"{white:g}", f"the brightest pixel is {brightest:g}", WHITE)
    if 0 < brightest < white / 4:
        listing.warnings.append(
            f"The brightest pixel is {brightest:g} where {white:g} is taken as white: the pictures will be dark. If "
            f"{brightest:g} is their white, say --white {brightest:g} or ReadOptions(white={brightest:g})."
        )
    return white


def _finite(images: np.ndarray, labels: list[str], split: str | None, listing: Listing) -> np.ndarray:
    """Which examples can be used; the others are named as problems."""
    good = np.array([bool(label) for label in labels], dtype=bool)
    for index in np.flatnonzero(~good):
        listing.problem(f"{split or 'example'}[{index}]", "has no label")
    if images.dtype.kind == "f":
        finite = np.isfinite(images).all(axis=(1, 2, 3))
        for index in np.flatnonzero(~finite):
            listing.problem(f"{split or 'example'}[{index}]", "holds pixels that are not finite numbers")
        good &= finite
    return good


def _labels(labels: np.ndarray, count: int, split: str | None, listing: Listing) -> list[str]:
    """Labels as text; an empty string where one is missing. The listing keeps what each text was."""
    named = f"{split} labels" if split else "labels"
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(f"{named} must be one class for each image, an array [n]; the shape is {labels.shape}.")
    if len(labels) != count:
        raise DataError(f"there are {count} images but {len(labels)} {named}: each image needs one label.")
    texts = label_texts(labels)
    for text, value in zip(texts, labels.tolist(), strict=True):
        listing.values.setdefault(text, value)
    return texts


def _idx_file(folder: Path, start: str) -> Path | None:
    kind = "idx3" if start.endswith("images") else "idx1"
    for name in (f"{start}-{kind}-ubyte", f"{start}.{kind}-ubyte"):
        for path in (folder / name, folder / f"{name}.gz"):
            if path.is_file():
                return path
    return None


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            return {"array": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except ValueError as error:
        raise DataError(
            f"{path} cannot be read as NumPy arrays of numbers: {error} Arrays of Python objects are not opened, since "
            "they can run code."
        ) from error
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path} cannot be read as a NumPy file; it may be damaged: {error}.") from error


def _pair(arrays: Mapping[str, np.ndarray], marks: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    def find(names: tuple[str, ...]) -> np.ndarray | None:
        spellings = [name + mark if mark[:1] in ("", "_") else mark + name for name in names for mark in marks]
        return next((arrays[spelling] for spelling in spellings if spelling in arrays), None)

    images, labels = find(IMAGE_NAMES), find(LABEL_NAMES)
    return None if images is None or labels is None else (images, labels)
