"""Results of milestones, as they were kept: read without what measured them."""

from pathlib import Path

from epochal.core.claim import MilestoneResult
from epochal.core.errors import RunDirectoryError

RESULT = "result.json"


def read_result(directory: Path) -> MilestoneResult | None:
    """The result that OUT/NAME holds, None where there is none.

    Raises:
        RunDirectoryError: it cannot be read.
    """
    path = directory / RESULT
    if not path.exists():
        return None
    try:
        return MilestoneResult.from_json(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, OSError) as error:
        raise RunDirectoryError(
            f"{path} cannot be read as the result of a milestone: {error}. Remove it, or run the milestone again."
        ) from error


def read_results(out: Path) -> dict[str, MilestoneResult]:
    """The last result of each milestone in OUT, by its name."""
    found = [read_result(folder) for folder in sorted(out.iterdir())] if out.is_dir() else []
    return {result.name: result for result in sorted(filter(None, found), key=lambda result: result.started)}
