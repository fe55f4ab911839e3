"""Which data a run was begun on, so that it never continues on other data."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from epochal.core.errors import RunDirectoryError
from epochal.core.paths import absolute
from epochal.data.dataset import Dataset
from epochal.models.places import is_location
from epochal.models.theirs import their_model
from epochal.train.store import Store


def identity(source: Any) -> str:
    """What tells a source from another before it is read: an absolute path, the name of a set, or a digest of arrays.

    The content of a path is told apart by `require_same_data`, once it has been read.
    """
    if (found := place_of(source)) is not None:
        return found
    if source is None:
        return "its own"
    digest = hashlib.sha256()
    _add(digest, source)
    return f"arrays {digest.hexdigest()[:32]}"


def place_of(source: Any) -> str | None:
    """Where a source can be found again: an absolute path, or the name of a set; None of arrays."""
    if not isinstance(source, str | os.PathLike):
        return None
    path = absolute(source)
    return str(path) if os.path.lexists(path) else str(source)


def _add(digest: Any, value: Any) -> None:
    """Add a value to a digest: arrays by type, shape and content, whatever holds them by its parts."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            digest.update(f"{key!r}:".encode())
            _add(digest, part)
        return
    try:
        array = np.asarray(value)
    except ValueError:  # pictures of different sizes in a list
        array = np.empty(len(value), object)
        array[:] = list(value)
    digest.update(f"{array.dtype}{array.shape};".encode())
    if array.dtype == object and array.ndim:
        for part in array.ravel():
            _add(digest, part)
    else:
        digest.update(repr(value).encode() if array.dtype == object else np.ascontiguousarray(array).tobytes())


def require_same_data(store: Store, dataset: Dataset, name: str = "fingerprint") -> None:
    """Keep the fingerprint of the data that a run begins on, under `name`, and compare it when the run continues.

    Raises:
        RunDirectoryError: the data is another one now.
    """
    known = store.decide(name, lambda: dataset.task.fingerprint)
    if known != dataset.task.fingerprint:
        raise RunDirectoryError(
            f"The data has changed since the run in {store.directory} began (fingerprint {known}, now "
            f"{dataset.task.fingerprint}). Put it back, or start a new run with another --out."
        )


def require_same_code(store: Store, rungs: Sequence[str]) -> None:
    """Keep which code the user's own rungs are, and compare it when the run continues or is repeated.

    Raises:
        RunDirectoryError: the code of a rung is another one now.
    """
    for name in filter(is_location, rungs):
        code = their_model(name).origin
        known = store.decide(f"code/{name}", partial(dict, code))
        if known != code:
            raise RunDirectoryError(
                f"The code of {name} has changed since the run in {store.directory} began, and its trainings would be "
                "of two models. Put it back, or start a new run with another --out."
            )
