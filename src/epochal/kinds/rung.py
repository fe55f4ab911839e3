"""A rung: one approach with its citation, its honest default and its family; and the ladder that rungs make."""

import datetime
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from epochal.core.errors import UserError
from epochal.core.recipe import Option, Recipe
from epochal.core.traits import Traits
from epochal.models import catalogue
from epochal.models.places import is_location, settled, title

CLASSICAL, NETWORK = "classical", "network"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One approach: a rung of a ladder, or a network that no climb tries.

    `adds` says in one plain sentence what it brought that the rungs before it lack; `recipe` is its honest default, at
    the paper's own size; `family` sets the options of each of its members, the smallest first, and `called` names a
    member by its options.
    """

    name: str
    title: str
    year: int
    paper: str
    adds: str
    recipe: Recipe
    family: tuple[Mapping[str, Option], ...] = ()
    work: tuple[str, ...] = ()  # options whose product says how long a member works, where a rung fits itself
    called: str = ""  # such as "ResNet-{depth}"; the title where a rung has one member

    @property
    def traits(self) -> Traits:
        return catalogue.traits(self.recipe)

    @property
    def by_steps(self) -> bool:
        return self.traits.by_steps

    @property
    def kind(self) -> str:
        """What pages and tables call it: a classical rung, or a network."""
        return NETWORK if self.by_steps else CLASSICAL

    @property
    def extra(self) -> str:
        """The extra that brings its library; empty where the core has all that it needs."""
        return catalogue.extra_of(self.recipe.model)

    @property
    def config_class(self) -> type:
        return catalogue.model(self.recipe.model).config_class

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


def their_rung(name: str, objective: str) -> Rung:
    """The rung of the user's own whose code is at this place. Its name means the same in every folder.

    Raises:
        UserError: it cannot be used, or asks for a recipe that there is not.
    """
    name = settled(name)
    model: Any = catalogue.model(name)
    by_steps = model.traits.by_steps
    recipe = Recipe(model=name, objective=objective if by_steps else "estimate", learning_rate=0.03, batch_size=64)
    recipe = recipe.replace(schedule="one_cycle") if by_steps else recipe
    try:
        recipe = Recipe.from_dict(recipe.to_dict() | dict(model.recipe))
    except (TypeError, ValueError) as error:
        raise UserError(f"--rung {name}: its recipe cannot be used: {error}") from error
    return Rung(
        name=name,
        title=title(name),
        year=datetime.date.today().year,
        paper="Your own",
        adds="What you brought.",
        recipe=recipe,
    )


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The rungs of one kind of task, in the order in which they are climbed.

    `transfer` are climbed where pretrained weights are given, and `extras`, which have libraries of their own, where
    they are named: what a climb tries must not depend on what is installed. `beside` holds historical models that
    recipes may use but climbs do not try. `objective` is what a network of the user's own minimises.
    """

    rungs: Mapping[str, Rung]
    objective: str = "cross_entropy"
    transfer: Mapping[str, Rung] = field(default_factory=dict)
    extras: Mapping[str, Rung] = field(default_factory=dict)
    beside: Mapping[str, Rung] = field(default_factory=dict)

    @property
    def floor(self) -> Rung:
        """The first rung, which answers without looking at its inputs: what every other must beat."""
        return next(iter(self.rungs.values()))

    @property
    def every(self) -> dict[str, Rung]:
        """All rungs that a recipe can name."""
        return {**self.rungs, **self.transfer, **self.extras, **self.beside}

    def names(self, *, pretrained: bool) -> tuple[str, ...]:
        """The names of the rungs that a climb tries unless told otherwise, in their order."""
        return (*self.rungs, *(self.transfer if pretrained else ()))

    @property
    def _extras_told(self) -> str:
        """The sentence of an error about the extras; empty where there are none."""
        extras = {rung.extra for rung in self.extras.values()}
        packages = " ".join(f"'epochal[{extra}]'" for extra in sorted(extras))
        return f" With pip install {packages} also {', '.join(self.extras)}." if extras else ""

    def rung(self, name: str) -> Rung:
        """The rung of this name, or the user's own, whose name is the place of its code.

        Raises:
            UserError: there is none, or the user's cannot be used.
        """
        if is_location(name):
            return their_rung(name, self.objective)
        if name not in self.every:
            also = f"; with pretrained weights also {', '.join(self.transfer)}" if self.transfer else ""
            beside = f" A recipe may also use {', '.join(self.beside)}." if self.beside else ""
            has = f"{', '.join(self.rungs)}{also}.{self._extras_told}{beside}"
            raise UserError(f"There is no rung {name!r}. The ladder has {has}")
        return self.every[name]

    def require(self, names: Sequence[str], option: str = "rungs", *, pretrained: bool = False) -> None:
        """
        Raises:
            UserError: one of the names, given by this option, is no rung of the ladder, to which the transfer rungs
                belong where pretrained weights are given; the message has the nearest one.
            MissingExtraError: the library of one of them is not installed.
        """
        climbed = self.names(pretrained=pretrained)
        known = (*climbed, *self.extras)
        if unknown := [name for name in names if name not in known and not is_location(name)]:
            if transfer := [name for name in unknown if name in self.transfer]:
                needing = ", ".join(transfer)
                raise UserError(f"{option}: {needing} needs pretrained weights. Give them with --pretrained.")
            near = [close for name in unknown for close in difflib.get_close_matches(name, known, n=1)]
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            has = f"{', '.join(climbed)}.{self._extras_told}"
            raise UserError(f"{option}: {', '.join(unknown)} not known.{hint} The ladder has {has}")
        for name in names:
            catalogue.require_library(name)
