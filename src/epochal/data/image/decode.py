"""From listed files to one uint8 array: sizes looked at first, then each file decoded once, by several threads."""

import hashlib
import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from epochal.core.errors import DataError
from epochal.data import cache
from epochal.data.image.codec import Codec
from epochal.data.image.listing import Listing
from epochal.data.image.options import LARGEST_SIDE, SMALLEST_SIDE, ReadOptions
from epochal.data.image.pictures import (
    DEEP_MODES,
    GREY_MODES,
    LARGE_PIXELS,
    Header,
    PictureError,
    colourless,
    ending_lies,
    read_header,
)
from epochal.data.labels import Progress
from epochal.data.report import Decision, Problem

PHOTO_SIDE = 64  # what photos of differing sizes are brought to, unless --size says otherwise
DIGEST_BYTES = 16
In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(kw_only=True)
class Decoded:
    """The usable examples of a listing as arrays; row i belongs to item `kept[i]` of the listing as it was."""

    images: np.ndarray  # uint8 [n, channels, height, width]
    contents: np.ndarray  # uint8 [n, 16], a hash of each picture's own pixels
    digests: np.ndarray  # uint8 [n, 16], a hash of each encoded image
    kept: np.ndarray  # int64 [n]
    codec: Codec  # not fitted yet
    sizes: dict[str, Any]
    folder: Path | None = None  # of the cache, where one is in use
    key: str = ""


def decode(listing: Listing, options: ReadOptions, progress: Progress | None = None) -> Decoded:
    """Decode what is listed. Decisions, problems and warnings are added to the listing.

    Raises:
        DataError: not one file could be read, or the cache cannot be written.
    """
    return _from_arrays(listing, options) if listing.files is None else _from_files(listing, options, progress)


def _from_arrays(listing: Listing, options: ReadOptions) -> Decoded:
    images = listing.images
    assert images is not None
    channels, height, width = images.shape[1:]
    header = Header(width=width, height=height, mode="L" if channels == 1 else "RGB", format="array")
    codec = _choose(listing, [header], options, white=listing.white, grey=channels == 1)
    if codec.input_shape != images.shape[1:]:
        rows = [
            Image.fromarray(row[0] if channels == 1 else np.ascontiguousarray(row.transpose(1, 2, 0))) for row in images
        ]
        encoded = np.stack([codec.from_eight_bits(row) for row in rows])
    else:
        encoded = np.ascontiguousarray(images)
    digests = np.stack([_digest(row) for row in encoded])
    contents = (
        digests if encoded.shape == images.shape else np.stack([_digest(np.ascontiguousarray(row)) for row in images])
    )
    return Decoded(
        images=encoded,
        contents=contents,
        digests=digests,
        kept=np.arange(len(encoded)),
        codec=codec,
        sizes=_sizes([header], codec),
    )


def _from_files(listing: Listing, options: ReadOptions, progress: Progress | None) -> Decoded:
    assert listing.files is not None
    folder = cache.cache_folder(options.cache)
    wanted = ReadOptions(
        size=options.size,
        resize=options.resize,
        channels=options.channels,
        white=options.white,
        max_megapixels=options.max_megapixels,
    )
    key = cache.fingerprint_files(listing.files, wanted.to_json())
    entry = folder / f"images-{key}"
    found = cache.load(entry)
    if found is None:
        cache.store(entry, lambda temporary: _decode_all(listing, options, temporary, progress))
        found = cache.load(entry)
    if found is None:
        raise DataError(f"the cache entry {entry} cannot be read back right after it was written: is the disk failing?")
    arrays, about = found
    listing.problems += [
        Problem(file=listing.items[index], what=what, action=action) for index, what, action in about["problems"]
    ]
    listing.decisions += [Decision.from_dict(item) for item in about["decisions"]]
    listing.warnings += about["warnings"]
    if not len(arrays["kept"]):
        raise DataError(_nothing_readable(listing))
    return Decoded(
        images=arrays["images"],
        contents=arrays["contents"],
        digests=arrays["digests"],
        kept=arrays["kept"],
        codec=Codec.from_dict(about["codec"]),
        sizes=about["sizes"],
        folder=folder,
        key=key,
    )


def _decode_all(listing: Listing, options: ReadOptions, temporary: Path, progress: Progress | None) -> dict[str, Any]:
    """Fill a cache entry; returns the facts that go with it."""
    files = listing.files
    assert files is not None
    facts = Listing(name=listing.name, kind=listing.kind, items=[], labels=[])
    problems: list[tuple[int, str, str]] = []

    def look(path: Path) -> Header | str:
        try:
            return read_header(path, max_megapixels=options.max_megapixels)
        except PictureError as error:
            return error.reason

    headers = dict(enumerate(_threaded(look, files, progress, "looking at files")))
    problems += [(index, reason, "set aside") for index, reason in headers.items() if isinstance(reason, str)]
    readable = {index: header for index, header in headers.items() if isinstance(header, Header)}
    if not readable:
        for name in ("images", "contents", "digests", "kept"):
            np.save(temporary / f"{name}.npy", np.empty(0, np.uint8))
        codec = Codec(mode="rgb", height=PHOTO_SIDE, width=PHOTO_SIDE)
        return {"problems": problems, "decisions": [], "warnings": [], "codec": codec.to_dict(), "sizes": {}}
    for index, header in readable.items():
        problems += [(index, what, "used") for what in _oddities(files[index], header)]
    grey = all(header.mode in GREY_MODES for header in readable.values())
    codec = _choose(facts, list(readable.values()), options, white=_depth(facts, readable, options), grey=grey)
    places = list(readable)
    images = cache.new_array(temporary / "images.npy", (len(places), *codec.input_shape))
    contents, digests = (np.zeros((len(places), DIGEST_BYTES), np.uint8) for _ in range(2))
    maybe_grey = codec.mode == "rgb" and options.channels == "auto"

    def read(place: int) -> str | bool:
        """Why the file cannot be used, or whether it has colours. Its row of each array is filled."""
        try:
            image = codec.open(files[places[place]])
        except PictureError as error:
            return error.reason
        images[place] = codec.from_eight_bits(image)
        plain = colourless(image)
        canonical = image.convert("L") if plain else image
        contents[place] = _digest(np.asarray(canonical))
        digests[place] = _digest(images[place])
        return not plain

    results = list(_threaded(read, range(len(places)), progress, "decoding"))
    failed = {place: result for place, result in enumerate(results) if isinstance(result, str)}
    problems += [(places[place], reason, "set aside") for place, reason in failed.items()]
    good = np.array([place for place in range(len(places)) if place not in failed], dtype=np.int64)
    if maybe_grey and len(good) and not any(results[place] for place in good):
        codec = codec.replace(mode="grey")
        facts.decisions = [item for item in facts.decisions if item.what != "channels"]
        facts.decide("channels", "grey", "every image is without colour, though stored as colour", "--channels rgb")
        digests[good] = np.stack([_digest(images[place, :1]) for place in good])
    if len(good) < len(places) or codec.channels != images.shape[1]:
        smaller = cache.new_array(temporary / "smaller.npy", (len(good), *codec.input_shape))
        for start in range(0, len(good), 1024):
            smaller[start : start + 1024] = images[good[start : start + 1024], : codec.channels]
        images = smaller
    cache.finish_array(temporary / "images.npy", images)
    np.save(temporary / "contents.npy", contents[good])
    np.save(temporary / "digests.npy", digests[good])
    np.save(temporary / "kept.npy", np.array(places, dtype=np.int64)[good])
    return {
        "problems": sorted(problems),
        "decisions": [item.to_dict() for item in facts.decisions],
        "warnings": facts.warnings,
        "codec": codec.to_dict(),
        "sizes": _sizes(list(readable.values()), codec),
    }


def _choose(listing: Listing, headers: list[Header], options: ReadOptions, *, white: float | None, grey: bool) -> Codec:
    """The codec that options and sizes call for; what was not said is added to the decisions."""
    sizes = Counter((header.width, header.height) for header in headers)
    (width, height), same = next(iter(sizes)), len(sizes) == 1
    if options.size is not None:
        width = height = options.size
    elif same and max(width, height) <= LARGEST_SIDE:
        chosen = (max(width, SMALLEST_SIDE), max(height, SMALLEST_SIDE))
        why = "every image has this size" if chosen == (width, height) else "the smallest that the models take"
        width, height = chosen
        listing.decide("size", f"{width}x{height}", why, "--size")
    else:
        shorter = int(np.median([min(size) for size in sizes.elements()]))
        side = max(SMALLEST_SIDE, min(PHOTO_SIDE, shorter // 4 * 4))
        found = f"all images are {width}x{height}" if same else f"images come in {len(sizes):,} sizes"
        why = f"{found}; small enough to train on a processor" if side == PHOTO_SIDE else f"{found}, many this small"
        listing.decide("size", f"{side}x{side}", why, "--size")
        width = height = side
    if any(size[0] * height != size[1] * width for size in sizes) and options.resize == "stretch":
        listing.decide("shape", "stretch", "shows the whole picture; other proportions are squeezed", "--resize crop")
    mode = options.channels
    if mode == "auto":
        mode = "grey" if grey else "rgb"
        why = "every image is grey" if grey else "at least one image is in colour"
        listing.decide("channels", "grey" if grey else "colour (rgb)", why, f"--channels {'rgb' if grey else 'grey'}")
    return Codec(
        mode=mode, height=height, width=width, resize=options.resize, white=white, max_megapixels=options.max_megapixels
    )


def _depth(listing: Listing, readable: dict[int, Header], options: ReadOptions) -> float | None:
    """The value of white in pictures deeper than 8 bits: the smallest usual depth that holds all of them."""
    deep = [header for header in readable.values() if header.mode in DEEP_MODES]
    if options.white is not None or not deep:
        return options.white
    brightest = max(header.brightest or 0.0 for header in deep)
    if all(header.mode == "F" for header in deep):
        white = 1.0 if brightest <= 1 else 255.0 if brightest <= 255 else 65535.0
    else:
        white = next((2.0**bits - 1 for bits in (8, 10, 12, 14) if brightest < 2**bits), 65535.0)
    listing.decide(
        "white",
        f"{white:g}",
        f"{len(deep)} images are deeper than 8 bits, the brightest value is {brightest:g}",
        "--white or ReadOptions(white=...)",
    )
    return white


def _oddities(path: Path, header: Header) -> Iterator[str]:
    promised = ending_lies(path, header.format)
    if promised:
        yield f"is named {path.suffix} but holds a {header.format} picture"
    if min(header.width, header.height) < SMALLEST_SIDE:
        yield f"is tiny: {header.width}x{header.height} pixels"
    if header.width * header.height > LARGE_PIXELS:
        how = "decoded at reduced resolution" if header.format in ("JPEG", "MPO") else "slow to decode"
        yield f"is very large: {header.width * header.height / 1e6:.0f} megapixels, {how}"


def _sizes(headers: list[Header], codec: Codec) -> dict[str, Any]:
    sizes = sorted({(header.width, header.height) for header in headers}, key=lambda size: (size[0] * size[1], size))
    return {
        "smallest": list(sizes[0]),
        "largest": list(sizes[-1]),
        "distinct": len(sizes),
        "used": [codec.width, codec.height],
    }


def _nothing_readable(listing: Listing) -> str:
    files = [problem for problem in listing.problems if problem.action == "set aside"]
    shown = "; ".join(f"{problem.file} {problem.what}" for problem in files[:5])
    return f"{listing.name}: not one of {len(files):,} files could be used: {shown}{'; ...' if len(files) > 5 else ''}."


def _digest(pixels: np.ndarray) -> np.ndarray:
    """uint8 [16]: a hash of an array's shape and bytes."""
    digest = hashlib.blake2b(f"{pixels.shape}".encode(), digest_size=DIGEST_BYTES)
    digest.update(np.ascontiguousarray(pixels).data)
    return np.frombuffer(digest.digest(), np.uint8)


def _threaded(work: Callable[[In], Out], inputs: Iterable[In], progress: Progress | None, doing: str) -> Iterator[Out]:
    """Results in order. Pillow releases the interpreter's lock while it decodes, so threads do help."""
    inputs = list(inputs)
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with warnings.catch_warnings(), ThreadPoolExecutor(min(8, available)) as pool:
        # Pillow warns of damaged EXIF and the like by file; what matters of it is in the report.
        warnings.filterwarnings("ignore", module="PIL")
        done = 0
        for start in range(0, len(inputs), 4096):  # in blocks, so that an interrupt does not wait for all of them
            for result in pool.map(work, inputs[start : start + 4096]):
                done += 1
                if progress is not None and (done % 64 == 0 or done == len(inputs)):
                    progress(doing, done, len(inputs))
                yield result
