"""The ladder as a table: a line a rung, with the number of parameters at an input size."""

from dataclasses import dataclass

from epochal.core.record import Record
from epochal.core.task import Task
from epochal.kinds.rung import Ladder, Rung
from epochal.models.catalogue import build


@dataclass(frozen=True, kw_only=True)
class LadderRow(Record):
    """One line of the ladder's table. `parameters` is None without a task, and for a rung that is no network, whose
    size is the data's. `extra` is the one that brings its library: such a rung is climbed where it is named."""

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str
    parameters: int | None
    extra: str = ""


def ladder_table(ladder: Ladder, task: Task | None = None) -> list[LadderRow]:
    """The ladder and its extras; with a task, also the number of parameters that each network has at its input size."""
    rows = []
    for entry in (*ladder.rungs.values(), *ladder.extras.values()):
        count = _parameters(entry, task) if task and entry.by_steps else None
        texts = {name: getattr(entry, name) for name in ("name", "title", "year", "paper", "adds", "kind", "extra")}
        rows.append(LadderRow(**texts, parameters=count))
    return rows


def _parameters(entry: Rung, task: Task) -> int:
    import torch

    from epochal.models.flops import parameters

    with torch.device("meta"):  # shapes without memory
        return parameters(build(entry.recipe, task))
