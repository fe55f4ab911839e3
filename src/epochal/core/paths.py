"""Paths that users give: what `~` stands for, and the folder that a relative one is in, are settled where they come in.

A process may change its folder while a climb runs, or before its bundle is opened. A path that is absolute from
the beginning means the same then.
"""

import os
from pathlib import Path

from epochal.core.errors import UserError


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path with `~` expanded, from the root; symbolic links stay as they are.

    Raises:
        UserError: it begins with `~` and no home folder is known, or it is relative and the current folder is gone.
    """
    text = os.path.expanduser(os.fspath(path))
    if text.split(os.sep)[0] == "~":
        raise UserError(f"{text}: ~ stands for your home folder, and none is known here. Set HOME, or write it out.")
    try:
        return Path(os.path.abspath(text))
    except FileNotFoundError as error:
        raise UserError(f"{text}: the current folder no longer exists. Change to one that does.") from error


def inside(path: Path, folder: Path) -> bool:
    """Whether a path is the folder or lies in it, links followed; the path need not exist."""
    return path.resolve().is_relative_to(folder.resolve())
