"""Small jobs that the tests of storage run in processes of their own; each leaves what it saw in a JSON file."""

import json
import resource
from contextlib import suppress
from pathlib import Path

import torch

from epochal.core.errors import RunDirectoryError
from epochal.train.checkpoint import Checkpoints, write_atomically
from epochal.train.store import open_store


def open_it(directory: Path, into: Path) -> None:
    """Open a store that may be in use."""
    try:
        with open_store(directory):
            said = "opened"
    except RunDirectoryError as error:
        said = str(error)
    into.write_text(json.dumps(said))


def fill_index(directory: Path, into: Path) -> None:
    """Write more into the index than files may hold, then again with room."""
    found = {}
    with open_store(directory) as store:
        store.put("first", 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
        try:
            store.put("second", "x" * 200_000)
        except RunDirectoryError as error:
            found["said"] = str(error)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        found["kept"] = [store.get("first"), store.get("second")]
        store.put("second", 2)
        found["after"] = store.get("second")
    into.write_text(json.dumps(found))


def fill_checkpoints(folder: Path, into: Path) -> None:
    """Write a checkpoint, and another file anew, that are larger than files may be."""
    checkpoints = Checkpoints(folder)
    write_atomically(folder.parent / "file", b"old")
    checkpoints.write(10, {"weights": torch.ones(1000)})
    found = {}
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
    try:
        checkpoints.write(20, {"weights": torch.ones(100_000)})
    except RunDirectoryError as error:
        found["said"] = str(error)
    with suppress(RunDirectoryError):
        write_atomically(folder.parent / "file", b"new" * 100_000)
    kept = checkpoints.read()
    found["file"] = (folder.parent / "file").read_text()
    found["sum"] = float(kept["weights"].sum()) if kept else None
    found["left"] = [path.name for path in checkpoints.folder.iterdir()]
    into.write_text(json.dumps(found))
