"""A climb that was run before: opened from its directory, its report written again, its metrics exported."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from epochal.core.errors import RunDirectoryError
from epochal.core.older import modern
from epochal.core.paths import absolute
from epochal.report.page import write_report
from epochal.report.result import ClimbResult
from epochal.study.ladder import Climb
from epochal.train.store import INDEX, Store

RESULT = "result.json"


def reopen(directory: str | os.PathLike[str], *, progress: Callable[[str], None] = lambda line: None) -> Climb:
    """The climb in a run directory, with its report written again in the words and pictures of this version.

    Args:
        progress: called with a line if the report cannot be written, as in a read-only directory; the climb is opened
            all the same.

    Raises:
        RunDirectoryError: there is no climb, or it has not come to a result yet, or the result is damaged.
    """
    directory = absolute(directory)
    result = read_result(directory)
    try:
        write_report(result, directory / "report.html")
    except RunDirectoryError as error:
        progress(f"The report in {directory} was not written again ({getattr(error.__cause__, 'strerror', error)}).")
    return Climb(result=result, directory=directory)


def read_result(directory: Path) -> ClimbResult:
    """The result of the climb in a run directory; errors as `reopen`."""
    path = directory / RESULT
    if not path.is_file():
        _check_climb(directory)
        raise RunDirectoryError(
            f"The climb in {directory} has no result yet. Continue it: epochal climb SOURCE --resume {directory}"
        )
    try:
        return ClimbResult.from_dict(modern(json.loads(path.read_text(encoding="utf-8"))))
    except ValueError as error:
        raise RunDirectoryError(
            f"{path} is damaged or from another version of epochal: {error} "
            f"Write it again with: epochal climb SOURCE --resume {directory}"
        ) from error


def export_metrics(directory: str | os.PathLike[str], path: str | os.PathLike[str]) -> Path:
    """Every point of every curve as Parquet or JSON, by the ending of `path`; also while a climb runs.

    Raises:
        RunDirectoryError: there is no climb in the directory.
        UserError: the ending is another one.
    """
    directory = absolute(directory)
    _check_climb(directory)
    return Store(directory).export(absolute(path))


def _check_climb(directory: Path) -> None:
    if not (directory / INDEX).is_file():
        raise RunDirectoryError(f"There is no climb in {directory}. Give the directory that a climb named with --out.")
