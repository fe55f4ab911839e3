"""Where a climb or a training keeps its files."""

from pathlib import Path
from typing import Any

from epochal.core.errors import RunDirectoryError
from epochal.train.store import INDEX


def source_name(source: Any) -> str:
    return Path(source).stem if isinstance(source, str | Path) else "arrays"


def choose_directory(out: Path | str | None, name: str, resume: bool) -> Path:
    """The run directory: the one asked for, else runs/NAME, numbered where that is taken.

    Raises:
        RunDirectoryError: the one asked for holds a climb and `resume` was not said, or the other way round.
    """
    if out is None:
        if resume:
            raise RunDirectoryError("resume: expected the directory of the climb to go on with, got none.")
        number, directory = 1, Path("runs") / name
        while (directory / INDEX).exists():
            number += 1
            directory = Path("runs") / f"{name}-{number}"
        return directory
    directory = Path(out)
    taken = (directory / INDEX).exists()
    if taken and not resume:
        raise RunDirectoryError(
            f"{directory} holds a climb already. Go on with it by --resume {directory}, or choose another --out."
        )
    if resume and not taken:
        raise RunDirectoryError(
            f"{directory} holds no climb to resume. Leave out --resume to start one there with --out."
        )
    return directory
