"""Every ladder, by the input that it is climbed on: read without PyTorch, so that names are checked at once."""

from collections.abc import Sequence
from pathlib import Path

from epochal.core.errors import UserError
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.kinds.rung import Ladder
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER

LADDERS: dict[str, dict[str, Ladder]] = {  # input -> what is predicted -> ladder
    "image": {"classes": IMAGE_LADDER},
    "table": {"classes": TABLE_CLASSES_LADDER, "a number": TABLE_NUMBER_LADDER},
}


def require(
    names: Sequence[str], option: str = "rungs", *, pretrained: bool = False, source: str = "", task: str = "auto"
) -> None:
    """
    Args:
        source: what the rungs are climbed on; it is looked at only where a name is not known.
        task: the input that it is read as, "auto" where the source tells that.

    Raises:
        UserError: no single ladder has all these names; the message is that of the input's ladder which has most of
            them, or of one ladder of each input where a name of data does not tell the input.
        MissingExtraError: the library of one of them is not installed.
    """
    every = [one for several in LADDERS.values() for one in several.values()]
    if any(_refusal(one, names, option, pretrained) is None for one in every):
        return
    told = _input_of(source) if task == "auto" else task
    known = {id(one): sum(name in (*one.names(pretrained=True), *one.extras) for name in names) for one in every}
    best = [max(LADDERS[name].values(), key=lambda one: known[id(one)]) for name in ([told] if told else LADDERS)]
    most = max(known[id(one)] for one in best)
    first, *others = [one for one in best if known[id(one)] == most]
    refused = _refusal(first, names, option, pretrained) or ""
    if others:
        refused = f"{refused[:-1]} for images, and {', '.join(others[0].names(pretrained=False))} for tables."
    raise UserError(refused)


def _refusal(ladder: Ladder, names: Sequence[str], option: str, pretrained: bool) -> str | None:
    """What a ladder says of names that it lacks; None where it has them all."""
    try:
        ladder.require(names, option, pretrained=pretrained)
    except UserError as error:
        return str(error)
    return None


def _input_of(source: str) -> str:
    """The input, image or table, as the folder or the rows of a file tell; empty of what is neither."""
    path = Path(source).expanduser()
    if not source or not path.exists():
        return ""
    if path.is_dir():
        return "image"
    from epochal.kinds.claims import is_table

    return "table" if is_table(source)[0] else "image"
