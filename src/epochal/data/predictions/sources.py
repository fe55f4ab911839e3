"""Which tools there are, and the files of each: `ours.csv`, `theirs=run1.csv,run2.csv`, `theirs=runs/*.csv`."""

import glob
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from epochal.core.errors import UserError
from epochal.core.paths import absolute

SYNTAX = "Write FILE, or NAME=FILE, or NAME=FILE,FILE,... for the seeds of one tool."


def tools_of(given: Sequence[Any]) -> dict[str, list[Any]]:
    """The files or data frames of each tool by its name.

    A file alone is a tool that is named as the file is, without its ending. NAME=FILE,FILE,... gives the seeds of one
    tool, and so does the same NAME=FILE again; a pattern such as runs/*.csv stands for all files that it fits. A
    mapping has the tools by name, each with one file or data frame, or a list of them.

    Raises:
        UserError: two tools have one name, a pattern fits no file, or something has no name.
    """
    tools: dict[str, list[Any]] = {}
    alone: dict[str, Any] = {}
    for one in given:
        if isinstance(one, Mapping):
            for name, sources in one.items():
                tools.setdefault(" ".join(str(name).split()), []).extend(_listed(sources))
        elif isinstance(one, str | os.PathLike):
            name, sources = _named(os.fspath(one))
            if name:
                tools.setdefault(name, []).extend(sources)
                continue
            name = Path(sources[0]).name.split(".")[0] or sources[0]
            if name in alone:
                raise UserError(
                    f"Expected one name for each tool; {alone[name]} and {sources[0]} would both be {name!r}. Name "
                    f"them: FIRST={alone[name]} SECOND={sources[0]}. If they are seeds of one tool, write "
                    f"{name}={alone[name]},{sources[0]}."
                )
            alone[name] = sources[0]
            tools.setdefault(name, []).extend(sources)
        else:
            raise UserError(
                f"Expected files, or a mapping from the name of a tool to its predictions; got {type(one).__name__}. "
                'Give it a name: {"ours": ...}.'
            )
    return tools


def _named(text: str) -> tuple[str, list[str]]:
    """The name that was given, empty where none was, and the files."""
    if "=" not in text or absolute(text).exists():
        return "", [text]
    name, _, rest = text.partition("=")
    name = name.strip()
    if not name or not rest.strip():
        raise UserError(f"Expected the name of a tool and its files; got {text!r}. {SYNTAX}")
    if absolute(rest).exists():
        return name, [rest]
    files = []
    for part in filter(None, map(str.strip, rest.split(","))):
        found = [part]
        if glob.has_magic(part) and not absolute(part).exists():
            found = sorted(glob.glob(os.path.expanduser(part)))
            if not found:
                raise UserError(f"Expected files of {name} that fit {part}; there is none. {SYNTAX}")
        files += found
    return name, files


def _listed(sources: Any) -> list[Any]:
    """One source, or a list of them, as a list."""
    return list(sources) if isinstance(sources, list | tuple) else [sources]
