"""A rung: one approach with its citation, its honest default, its family, and the module that builds it when asked."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from epochal.core.recipe import Option, Recipe
from epochal.core.task import Task

CLASSICAL, NETWORK = "classical", "network"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One approach: a rung of the ladder, or a network that no ladder has.

    `adds` says in one plain sentence what it brought that the rungs before it lack; `recipe` is its honest default, at
    the paper's own size; `family` sets the options of each of its members, the smallest first, and `called` names a
    member by its options. `code` is the module that builds the model: imported when it is built, not before, so that
    the table of rungs can be read without PyTorch.
    """

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str  # CLASSICAL | NETWORK
    recipe: Recipe
    code: str  # "module:config class:builder", inside epochal.models
    family: tuple[Mapping[str, Option], ...] = ()
    work: tuple[str, ...] = ()  # options whose product says how long a member works, where a rung fits itself
    called: str = ""  # such as "ResNet-{depth}"; the title where a rung has one member
    deterministic: bool = False  # every seed gives the same model, so that one training tells all
    pretrained: bool = False  # it begins with weights that were learned on other data

    @property
    def deep(self) -> bool:
        """Whether a network answers: one that learns here, or one whose features are used as they are."""
        return self.kind == NETWORK or self.pretrained

    @cached_property
    def config_class(self) -> type:
        return getattr(self._module, self.code.split(":")[1])

    def build(self, config: Any, task: Task) -> Any:
        """The untrained model."""
        return getattr(self._module, self.code.split(":")[2])(config, task)

    @property
    def members(self) -> tuple[Recipe, ...]:
        """The recipe of each member of the family, the smallest first."""
        return tuple(self.recipe.with_options(**options) for options in self.family) or (self.recipe,)

    def member(self, recipe: Recipe) -> str:
        """What the member of the family that a recipe trains is called: "ResNet-20", "VGG-11, width 1/4"."""
        options = {**self.recipe.options, **recipe.options}
        name = self.called.format(**options) if self.called else self.title
        width = options.get("width", 1)
        return name if width == 1 else f"{name}, width {Fraction(float(width)).limit_denominator(64)}"  # type: ignore[arg-type]

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"epochal.models.{self.code.split(':')[0]}")
