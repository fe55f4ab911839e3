"""The table of task kinds. A row is an input, a goal, and the ladder of approaches that climbs it."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from epochal.core.protocols import Codec, Goal, Input, Predictor
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.data.table.rows import TABLE_CLASSES, TABLE_NUMBER
from epochal.judge.goals.class_goal import Classes
from epochal.judge.goals.number_goal import OneNumber
from epochal.kinds.image_input import ImageInput
from epochal.kinds.image_ladder import IMAGE_LADDER
from epochal.kinds.rung import Ladder, Rung
from epochal.kinds.table_input import TableInput
from epochal.kinds.table_ladder import TABLE_CLASSES_LADDER, TABLE_NUMBER_LADDER
from epochal.models.catalogue import traits
from epochal.models.places import is_location
from epochal.models.predictor import make_predictor

IMAGE_CLASSES = "image-classes"
_TABLE = TableInput()


@dataclass(frozen=True, kw_only=True)
class TaskKind:
    """One kind of task."""

    name: str
    input: Input
    goal: Goal
    ladder: Ladder

    def predictor(self, model: Any, codec: Codec, recipe: Recipe, task: Task) -> Predictor:
        """What answers with a model that this recipe trained."""
        answer = partial(self.goal.answer, task=task)
        width = task.outputs if is_location(recipe.model) else None
        return make_predictor(model, codec, answer, as_tensors=traits(recipe).as_tensors, width=width)


KINDS: dict[str, TaskKind] = {
    row.name: row
    for row in (
        TaskKind(name=IMAGE_CLASSES, input=ImageInput(), goal=Classes(), ladder=IMAGE_LADDER),
        TaskKind(name=TABLE_CLASSES, input=_TABLE, goal=Classes(), ladder=TABLE_CLASSES_LADDER),
        TaskKind(name=TABLE_NUMBER, input=_TABLE, goal=OneNumber(), ladder=TABLE_NUMBER_LADDER),
    )
}


def kind_of(task: Task) -> TaskKind:
    """The row of a task."""
    return KINDS[task.kind]


def rung_of(task: Task, model: str) -> Rung:
    """The rung whose model this is, on the ladder of the task's kind."""
    return kind_of(task).ladder.rung(model)
