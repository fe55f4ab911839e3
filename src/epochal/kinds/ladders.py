"""Every ladder, by the input that it is climbed on: read without PyTorch, so that names are checked at once."""

from collections.abc import Sequence

from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.kinds.rung import Ladder
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER

LADDERS: dict[str, dict[str, Ladder]] = {  # input -> what is predicted -> ladder
    "image": {"classes": IMAGE_LADDER},
    "table": {"classes": TABLE_CLASSES_LADDER, "a number": TABLE_NUMBER_LADDER},
}


def require(names: Sequence[str], option: str = "rungs", *, pretrained: bool = False) -> None:
    """
    Raises:
        UserError: no single ladder has all these names; the message is that of the one which has most of them.
        MissingExtraError: the library of one of them is not installed.
    """
    ladders = [one for several in LADDERS.values() for one in several.values()]
    best = max(ladders, key=lambda one: sum(name in (*one.names(pretrained=True), *one.extras) for name in names))
    best.require(names, option, pretrained=pretrained)
