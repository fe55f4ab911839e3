"""Opening data of any kind: which input a source is, decided by its contents and said, and the data set it makes."""

from collections.abc import Callable
from typing import Any

from epochal.core.errors import DataError
from epochal.core.protocols import Input
from epochal.data.dataset import Dataset
from epochal.data.labels import Progress
from epochal.kinds.claims import read_as
from epochal.kinds.rung import Ladder
from epochal.kinds.table import KINDS


def inputs() -> dict[str, Input]:
    """Every input that a row of the table of kinds has, by name."""
    return {kind.input.name: kind.input for kind in KINDS.values()}


def input_of(
    source: Any, options: Any = None, task: str | None = None, tell: Callable[[str], None] = lambda line: None
) -> Input:
    """The input that a source is: as `task` names it, as its options are, or by what it holds.

    The inputs of later rows of the table are asked first; that of the first row takes what nobody claims.

    Args:
        task: the name of an input, such as "image" or "table"; None: told from the source.
        tell: called with a sentence where contents decided between two readings.

    Raises:
        DataError: there is no such task, or neither a path nor a data set of that name.
    """
    known = inputs()
    if task is not None:
        if task not in known:
            raise DataError(f"task: expected one of {', '.join(known)}, got {task!r}.")
        return known[task]
    if options is not None:
        return next(one for one in known.values() if isinstance(options, one.options))
    reasons: dict[str, str] = {}
    for name, one in reversed(known.items()):
        claimed, why = one.claims(source)
        if claimed or one is next(iter(known.values())):
            told, other = (why, next(iter(known))) if why else next(((w, n) for n, w in reasons.items() if w), ("", ""))
            if told:
                tell(read_as(source, one.noun, told, other))
            return one
        reasons[name] = why
    raise AssertionError("the table of kinds has no row")


def open_dataset(
    source: Any, *, options: Any = None, task: str | None = None, progress: Progress | None = None
) -> Dataset:
    """Read, check, split and encode a data set of any kind.

    Args:
        source: a folder of images, a list of them, arrays (images, labels), a table (CSV, Parquet, JSON lines or a data
            frame), or the name of a published set.
        options: `ReadOptions` for images, `TableOptions` for tables: what they do not say is decided from the data, and
            said in `Dataset.report`.
        task: "image" or "table", where the source could be either.
        progress: called with what is being done, how much is done, of how much, now and then.

    Raises:
        DataError: the data cannot be used as they are; the message says what to do.
    """
    return input_of(source, options, task).open(source, options, progress)


def kinds_with(one: Input) -> tuple[str, ...]:
    """The kinds of tasks that an input can come to."""
    return tuple(name for name, kind in KINDS.items() if kind.input is one)


def ladder_with(one: Input, rung: str) -> Ladder:
    """Of the ladders of an input, the first that has this rung; the first of all where none has it."""
    ladders = [KINDS[name].ladder for name in kinds_with(one)]
    return next((ladder for ladder in ladders if rung in ladder.rungs), ladders[0])
