"""From what the user names to a listing of its examples: a path, a named set, or arrays."""

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epochal.core.errors import DataError
from epochal.data.files import IMAGE_ENDINGS, holds_results
from epochal.data.image.arrays import from_parts, holds_idx, list_digits, list_idx, list_numpy
from epochal.data.image.folder import list_folder
from epochal.data.image.listing import Listing
from epochal.data.image.manifest import list_manifest
from epochal.data.image.options import ReadOptions
from epochal.data.labels import Progress
from epochal.data.split import SPLIT_OF

ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz", ".tar.xz", ".tar.bz2", ".7z", ".rar")


def list_source(source: Any, options: ReadOptions, progress: Progress | None = None) -> Listing:
    """The examples of a source, before any picture is decoded.

    `source`: the path of an image folder, a CSV or Parquet manifest, an IDX folder, or NumPy files; the name of a
    published set; "digits"; or a pair of arrays (images, labels).

    Raises:
        DataError: the source is not there or is not understood; the message says what was expected.
    """
    if isinstance(source, tuple | list) and len(source) == 2:
        return from_parts({None: (source[0], source[1])}, name="arrays", kind="arrays", white=options.white)
    if isinstance(source, Mapping):
        return from_parts(_published_parts(source), name="arrays", kind="arrays", white=options.white)
    if not isinstance(source, str | os.PathLike):
        raise DataError(
            f"a data set is a path, the name of a published set, or a pair (images, labels); this is a "
            f"{type(source).__name__}."
        )
    name, path = str(source), Path(source).expanduser()
    if os.path.lexists(path):
        listing = _list_path(path, options)
        if isinstance(source, str) and name in named_sets():
            listing.decide(
                "source",
                f"the path {path.resolve()}",
                f"it exists, so it goes before the named set {name!r}",
                "another folder to work in, or another path",
            )
        return listing
    if name == "digits":
        return list_digits()
    if name in named_sets():
        return _list_named(name, options, progress)
    raise DataError(_not_found(name))


def _published_parts(source: Mapping[Any, Any]) -> dict[str | None, tuple[Any, Any]]:
    """Arrays by split, {"train": (images, labels), "test": (images, labels)}."""
    parts: dict[str | None, tuple[Any, Any]] = {}
    for name, pair in source.items():
        split = SPLIT_OF.get(str(name).casefold())
        if split is None or not isinstance(pair, tuple | list) or len(pair) != 2:
            raise DataError(
                "arrays by split must be {'train': (images, labels), 'test': (images, labels)}, perhaps with "
                f"'validation'; there is an entry {name!r} of type {type(pair).__name__}."
            )
        parts[split] = (pair[0], pair[1])
    if "train" not in parts or len(parts) == 1:
        raise DataError(
            "arrays by split need 'train' and 'test' or 'validation'; for arrays without splits give (images, labels)."
        )
    return parts


def named_sets() -> tuple[str, ...]:
    """Names that can be given in place of a path."""
    from epochal.data.image.benchmarks import BENCHMARKS

    return ("digits", *BENCHMARKS)


def _list_path(path: Path, options: ReadOptions) -> Listing:
    ending = "".join(path.suffixes[-2:]).lower() if ".tar" in path.suffixes[-2:] else path.suffix.lower()
    if path.is_dir():
        if holds_idx(path):
            listing = list_idx(path, options)
        elif any(path.glob("*.npy")) and all(holds_results(child) for child in path.iterdir() if child.is_dir()):
            listing = list_numpy(path, options)
        else:
            listing = list_folder(path, options)
        listing.decide("kind", listing.kind, "from what the folder holds")
        return listing
    if not path.exists():
        raise DataError(f"{path} is a symbolic link to something that is not there.")
    if ending in (".csv", ".tsv", ".txt", ".parquet"):
        return list_manifest(path, options)
    if ending in (".npz", ".npy"):
        return list_numpy(path, options)
    if ending in ARCHIVES or path.suffix.lower() in ARCHIVES:
        raise DataError(f"{path} is an archive: extract it, and open the folder that comes out.")
    if "idx" in path.name and "ubyte" in path.name:
        raise DataError(f"{path} is one IDX file: open the folder that holds it, with its labels: {path.parent}.")
    if ending in IMAGE_ENDINGS:
        raise DataError(f"{path} is one picture: open the folder above its class folder.")
    raise DataError(
        f"epochal cannot read {path}. Expected a folder with one subfolder of pictures for each class, a .csv or "
        ".parquet manifest, an .npz or .npy file, or a folder of IDX files."
    )


def _list_named(name: str, options: ReadOptions, progress: Progress | None) -> Listing:
    from epochal.data.image import benchmarks

    fetched = benchmarks.fetch(
        name, mirror=Path(options.mirror).expanduser() if options.mirror else None, progress=progress
    )
    if fetched.kind == "folder":
        listing = list_folder(fetched.path, options)
    else:
        parts: dict[str | None, tuple[Any, Any]] = {}
        parts.update((split, pair) for split, pair in fetched.arrays.items())
        listing = from_parts(parts, name=name, kind="named set", white=options.white)
        if fetched.labels:
            listing.class_names = tuple(fetched.labels)
            listing.labels = [fetched.labels[int(label)] for label in listing.labels]
    listing.certain = True
    listing.name, listing.kind = name, f"named set, {listing.kind}" if fetched.kind == "folder" else "named set"
    listing.warnings += list(fetched.notes)
    return listing


def _not_found(name: str) -> str:
    known = named_sets()
    close = difflib.get_close_matches(name.lower(), known, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{name!r} is neither a path that exists nor a named set ({', '.join(known)}).{hint}"
