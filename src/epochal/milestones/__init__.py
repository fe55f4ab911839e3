"""The claims that made the revolution, one file each, in the order of history."""

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from epochal.core.errors import UserError
from epochal.milestones.table import CLAIMS

if TYPE_CHECKING:
    from epochal.study.milestone import Milestone


class _Milestones(Mapping[str, "Milestone"]):
    """Each claim of the table with its experiment, whose module is imported when it is asked for."""

    def __getitem__(self, name: str) -> "Milestone":
        module = importlib.import_module(f"epochal.milestones.{CLAIMS[name].module}")
        found: Milestone = module.MILESTONE
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(CLAIMS)

    def __len__(self) -> int:
        return len(CLAIMS)


MILESTONES: Mapping[str, "Milestone"] = _Milestones()


def milestone(name: str) -> "Milestone":
    """The milestone of this name.

    Raises:
        UserError: there is none.
    """
    if name not in CLAIMS:
        raise UserError(f"There is no milestone {name!r}. There are {', '.join(CLAIMS)}.")
    return MILESTONES[name]
