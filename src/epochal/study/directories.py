"""Where a climb or a training keeps its files."""

import os
from pathlib import Path
from typing import Any

from epochal.core.errors import RunDirectoryError
from epochal.core.paths import absolute, inside
from epochal.train.store import INDEX

RUNS = "runs"


def source_name(source: Any) -> str:
    """A short name of what the user gave: that of the folder, the file without its ending, the set, or "arrays"."""
    if not isinstance(source, str | os.PathLike):
        return "arrays"
    path = absolute(source)
    return (path.name if path.is_dir() else path.stem) or "data"


def choose_directory(
    out: Path | str | None, source: Any, *, name: str | None = None, resume: bool = False, anew: bool = True
) -> Path:
    """The absolute run directory: the one asked for, else runs/NAME, numbered where that is taken.

    Where the current folder is the data or lies in it, `runs` is made next to the data: pictures of a report, which are
    written into the data, would be read as data.

    Args:
        source: the data, which the directory must not lie in.
        name: the last part of the directory, where it is not the name of the source.
        anew: whether what was begun there is refused without `resume`, and numbered away from.

    Raises:
        RunDirectoryError: the one asked for holds a climb and `resume` was not said, or the other way round, or it lies
            inside the data.
    """
    data = _folder(source)
    if out is None:
        if resume:
            raise RunDirectoryError("resume: expected the directory of the climb to continue, got none.")
        return _free(_runs(data), name or source_name(source), anew)
    directory = absolute(out)
    taken = (directory / INDEX).exists()
    if taken and anew and not resume:
        raise RunDirectoryError(
            f"{directory} holds a climb already. Continue it with --resume {directory}, or choose another --out."
        )
    if resume and not taken:
        raise RunDirectoryError(
            f"{directory} holds no climb to resume. Leave out --resume to start one there with --out."
        )
    if data and not taken and inside(directory, data):
        raise RunDirectoryError(
            f"{directory} lies inside the data, {data}: what is written there would be taken for data. Choose a folder "
            "outside it with --out."
        )
    return directory


def _folder(source: Any) -> Path | None:
    """The folder that is the data; None where the data is a file, a named set or arrays."""
    path = absolute(source) if isinstance(source, str | os.PathLike) else None
    return path if path and path.is_dir() else None


def _runs(data: Path | None) -> Path:
    """The folder of runs: in the current folder or, where that is in the data, in the one that holds the data."""
    here = absolute(RUNS)
    return data.resolve().parent / RUNS if data and inside(here, data) else here


def _free(runs: Path, name: str, anew: bool) -> Path:
    number, directory = 1, runs / name
    while anew and (directory / INDEX).exists():
        number += 1
        directory = runs / f"{name}-{number}"
    return directory
