"""Decoded pictures on disk: written once and whole, mapped when large."""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from platformdirs import user_cache_dir

from epochal.core.errors import DataError
from epochal.core.ragged import join_columns

FORMAT = 2  # raised whenever what is stored changes its meaning
TEMPORARY, ABANDONED_SECONDS = ".making-", 86400  # what a killed process left is removed a day later
MAPPED_BYTES = 256 * 2**20  # larger arrays are mapped from disk, not loaded


def cache_folder(given: str | None = None) -> Path:
    """Where decoded pictures are kept: as given, else EPOCHAL_CACHE, else the user's cache folder."""
    chosen = given or os.environ.get("EPOCHAL_CACHE")
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("epochal"))


def fingerprint_files(files: Iterable[Path], settings: str) -> str:
    """A key that changes when a file is added, removed, changed or replaced, or when the settings differ.

    The time of the last change of status tells a file from one that replaced it with the same size and an archived
    time: no program can set it.
    """
    digest = hashlib.sha256(f"{FORMAT}|{PIL.__version__}|{settings}".encode())
    for path in files:
        try:
            status = os.stat(path)
            facts = f"{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}|{status.st_ino}"
        except (OSError, ValueError):
            facts = "absent"
        digest.update(os.fsencode(os.path.abspath(path)) + b"|" + facts.encode() + b"\n")
    return digest.hexdigest()[:32]


def load(folder: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """What `store` wrote, or None where there is nothing whole. A damaged entry is removed, to be made anew."""
    if not folder.is_dir():
        return None
    try:
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        arrays = {name: open_array(folder / f"{name}.npy") for name in about.pop("arrays")}
    except (OSError, ValueError, KeyError, EOFError):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    return arrays, about


def store(folder: Path, fill: Callable[[Path], Mapping[str, Any]]) -> None:
    """Make a cache entry: `fill` writes .npy files into a temporary folder, which then takes its place at once.

    `fill` returns plain facts, kept as about.json. A process that dies halfway leaves no entry; of two that make the
    same one, the first to finish wins.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(folder.parent)
        temporary = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=folder.parent))
    except OSError as error:
        raise DataError(
            f"the cache folder {folder.parent} cannot be written ({error.strerror or error}): name another one with "
            "the environment variable EPOCHAL_CACHE."
        ) from error
    try:
        about = dict(fill(temporary))
        about["arrays"] = sorted(path.stem for path in temporary.glob("*.npy"))
        (temporary / "about.json").write_text(json.dumps(about, ensure_ascii=False), encoding="utf-8")
        try:
            os.replace(temporary, folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process was first, and made the same
                raise
    except OSError as error:
        raise DataError(
            f"the cache folder {folder.parent} cannot be filled ({error.strerror or error}): make room, or name "
            "another one with the environment variable EPOCHAL_CACHE."
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove_abandoned(folder: Path) -> None:
    for path in folder.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(OSError):  # its owner may be removing it at this moment
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


def open_array(path: Path) -> np.ndarray:
    """An array from disk: mapped read-only when larger than 256 MB, else loaded."""
    return np.load(path, mmap_mode="r" if path.stat().st_size > MAPPED_BYTES else None, allow_pickle=False)


def new_array(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """A uint8 array to fill: mapped to `path` when larger than 256 MB, else in memory; see `finish_array`."""
    size = int(np.prod(shape, dtype=np.int64))
    free = shutil.disk_usage(path.parent).free
    if size * 1.05 > free:
        raise DataError(
            f"decoded pictures need {size / 1e9:.1f} GB and {path.parent.parent} has {free / 1e9:.1f} GB free: "
            "make room, name another folder with the environment variable EPOCHAL_CACHE, or choose a smaller --size."
        )
    if size > MAPPED_BYTES:
        return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    return np.empty(shape, np.uint8)


def finish_array(path: Path, array: np.ndarray) -> None:
    """Make sure that an array from `new_array` is on disk under this name."""
    if isinstance(array, np.memmap):
        array.flush()
        os.replace(str(array.filename), path)
    else:
        np.save(path, array)


def take(images: Any, indices: np.ndarray, folder: Path | None, key: str) -> Any:
    """images[indices], of any column: in memory when small; when large and mapped, arranged once in a mapped file."""
    if len(indices) and len(indices) == indices[-1] - indices[0] + 1 and (np.diff(indices) == 1).all():
        return images[int(indices[0]) : int(indices[-1]) + 1]
    if folder is None or not isinstance(images, np.memmap):
        return images[indices]
    if len(indices) * int(np.prod(images.shape[1:], dtype=np.int64)) <= MAPPED_BYTES:
        return np.ascontiguousarray(images[indices])
    name = hashlib.sha256(key.encode() + np.ascontiguousarray(indices, np.int64).tobytes()).hexdigest()[:32]
    entry = folder / f"part-{name}"

    def fill(temporary: Path) -> dict[str, Any]:
        path = temporary / "images.npy"
        arranged = new_array(path, (len(indices), *images.shape[1:]))
        for start in range(0, len(indices), 1024):
            arranged[start : start + 1024] = images[indices[start : start + 1024]]
        finish_array(path, arranged)
        return {}

    return _made_once(entry, fill)


def _made_once(entry: Path, fill: Callable[[Path], dict[str, Any]]) -> np.ndarray:
    """The images of an entry, which `fill` makes where there is none."""
    found = load(entry)
    if found is None:
        store(entry, fill)
        found = load(entry)
    assert found is not None
    return found[0]["images"]


def join(parts: Sequence[Any], folder: Path | None, key: str) -> Any:
    """The images of all parts, one after another: in memory when small; when large and mapped, in a mapped file."""
    if folder is None or not any(isinstance(part, np.memmap) for part in parts):
        return join_columns(parts)
    shape = (sum(len(part) for part in parts), *parts[0].shape[1:])
    if int(np.prod(shape, dtype=np.int64)) <= MAPPED_BYTES:
        return np.concatenate(parts)
    entry = folder / f"joined-{hashlib.sha256(key.encode()).hexdigest()[:32]}"

    def fill(temporary: Path) -> dict[str, Any]:
        path, place = temporary / "images.npy", 0
        arranged = new_array(path, shape)
        for part in parts:
            for start in range(0, len(part), 1024):
                piece = part[start : start + 1024]
                arranged[place : place + len(piece)] = piece
                place += len(piece)
        finish_array(path, arranged)
        return {}

    return _made_once(entry, fill)
