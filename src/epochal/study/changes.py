"""Changes: named edits of a recipe, one ingredient each, so that an experiment says what that ingredient is worth.

A change declares the fields that it touches and is held to them: an experiment with two changes proves neither.
Learning rates are tuned for each arm of an experiment anew; only Adam and optimisers like it, whose rates live on
another scale altogether, bring one to start from.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from epochal.core.card import Card
from epochal.core.errors import UserError
from epochal.core.recipe import Option, Recipe
from epochal.core.traits import Traits
from epochal.data.image import augment
from epochal.models import alexnet, zipcode
from epochal.models.catalogue import MODELS, config, model, traits
from epochal.models.parts import activations, dropout, initialisation, normalisation, shortcuts
from epochal.train import objectives, optimise

Edit = Callable[[Recipe], Recipe]


@dataclass(frozen=True, kw_only=True)
class Change:
    """A named edit of a recipe, with its paper.

    `touches` names the fields that it may alter, an option of the model as "options.<name>", as `Recipe.differs`
    does. `edit` makes the new recipe.
    """

    name: str
    title: str
    paper: str
    year: int
    touches: tuple[str, ...]
    edit: Edit

    def apply(self, recipe: Recipe) -> Recipe:
        """The recipe with this change made.

        Raises:
            UserError: the model is a classical rung, has no such option or does not take its new value; the recipe
                has this ingredient already; or the edit touches a field that it does not declare.
        """
        if not traits(recipe).by_steps:
            raise UserError(
                f"The change {self.name!r} changes how a network is built or trained; {recipe.model} is not one. "
                f"Choose a network: {_listed(name for name, other in MODELS.items() if _is_free(other.traits))}."
            )
        for option in self._options():
            if option not in _options_of(recipe.model):
                having = [
                    name for name, other in MODELS.items() if _is_free(other.traits) and option in _options_of(name)
                ]
                raise UserError(
                    f"The change {self.name!r} sets the option {option!r}, which {recipe.model} does not have. "
                    f"Models that have it: {_listed(having)}."
                )
        if unread := [field for field in self.touches if not objectives.reads(recipe.objective, field)]:
            readers = [name for name, fields in objectives.READS.items() if set(unread) & set(fields)]
            raise UserError(
                f"The change {self.name!r} sets {_listed(unread)}, which the objective {recipe.objective!r} of "
                f"{recipe.model} does not read. Objectives that read it: {_listed(readers)}."
            )
        changed = self.edit(recipe)
        undeclared = [field for field in recipe.differs(changed) if field not in self.touches]
        if undeclared:
            raise UserError(
                f"The change {self.name!r} declares that it touches {_listed(self.touches)}, but its edit also "
                f"touches {_listed(undeclared)}. An experiment with two changes proves neither: declare these "
                f"fields, or make two changes of it."
            )
        if _resolved(changed) == _resolved(recipe):
            raise UserError(
                f"The change {self.name!r} leaves this recipe of {recipe.model} as it is: it has the ingredient "
                f"already. Take it out of the control first, or choose another change."
            )
        return changed

    def _options(self) -> list[str]:
        return [field.removeprefix("options.") for field in self.touches if field.startswith("options.")]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _is_free(one: Traits) -> bool:
    """Whether a change can be made to a model as it is: one that learns by steps and needs no weights of others."""
    return one.by_steps and not one.pretrained


def _options_of(name: str) -> set[str]:
    return {field.name for field in dataclasses.fields(model(name).config_class)}


def _resolved(recipe: Recipe) -> dict[str, object]:
    """The recipe with every option of its model spelt out, so that naming a default is no difference."""
    return recipe.to_dict() | {"options": config(recipe).to_dict()}


CARDS: dict[str, Card] = {
    card.name: card
    for cards in (
        activations.CARDS,
        initialisation.CARDS,
        normalisation.CARDS,
        dropout.CARDS,
        shortcuts.CARDS,
        zipcode.CARDS,
        alexnet.CARDS,
        augment.CARDS.values(),
        optimise.CARDS,
        objectives.CARDS,
    )
    for card in cards
}


def _option(name: str, value: Option) -> tuple[tuple[str, ...], Edit]:
    return (f"options.{name}",), lambda recipe: recipe.with_options(**{name: value})


def _fields(**values: object) -> tuple[tuple[str, ...], Edit]:
    return tuple(values), lambda recipe: recipe.replace(**values)


def _augmentation(name: str) -> tuple[tuple[str, ...], Edit]:
    def edit(recipe: Recipe) -> Recipe:
        wanted = {*recipe.augment, name}
        return recipe.replace(augment=tuple(each for each in augment.AUGMENTATIONS if each in wanted))

    return ("augment",), edit


_EDITS: dict[str, tuple[tuple[str, ...], Edit]] = {
    **{name: _option("activation", name) for name in ("sigmoid", "tanh", "relu", "gelu")},
    **{name: _option("initialisation", name) for name in ("lecun", "glorot", "he")},
    "dropout": _option("dropout", 0.5),
    "l2": _fields(weight_decay=5e-4),  # Krizhevsky et al. 2012, section 5
    "local_response": _option("normalisation", "local_response"),
    "overlapping_pooling": _option("overlapping", True),
    "batch_norm": _option("normalisation", "batch"),
    "group_norm": _option("normalisation", "group"),
    "layer_norm": _option("normalisation", "layer"),
    **{name: _augmentation(name) for name in augment.AUGMENTATIONS},
    "momentum": _fields(optimiser="momentum", momentum=0.9),
    "nesterov": _fields(optimiser="nesterov", momentum=0.9),
    "adam": _fields(optimiser="adam", learning_rate=1e-3),
    "adamw": _fields(optimiser="adamw", learning_rate=1e-3),
    **{name: _fields(schedule=name) for name in ("step", "cosine", "one_cycle")},
    "label_smoothing": _fields(label_smoothing=0.1),
    "class_weights": _fields(class_weights="balanced"),
    "residual": _option("shortcuts", "paper"),
    "weight_sharing": _option("shared", True),
    "ema": _fields(ema=0.999),
}


def _change(name: str) -> Change:
    card = CARDS[name]
    touches, edit = _EDITS[name]
    return Change(name=name, title=card.title, paper=card.paper, year=card.year, touches=touches, edit=edit)


CHANGES: dict[str, Change] = {name: _change(name) for name in _EDITS}


def change(name: str) -> Change:
    """The change of this name.

    Raises:
        UserError: there is none.
    """
    if name not in CHANGES:
        raise UserError(f"There is no change {name!r}. There are {_listed(CHANGES)}.")
    return CHANGES[name]
