"""The catalogue: what a recipe's model and options come to, and the untrained model, built when it is asked for."""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models.ladder import MODELS, OFF_LADDER, RUNGS, TRANSFER
from epochal.models.rung import CLASSICAL, NETWORK, Rung

__all__ = [
    "CLASSICAL",
    "MODELS",
    "NETWORK",
    "OFF_LADDER",
    "RUNGS",
    "TRANSFER",
    "LadderRow",
    "Rung",
    "build",
    "config",
    "ladder_table",
    "require_rungs",
    "rung",
]


def rung(name: str) -> Rung:
    """The rung of this name, or the network that recipes may use but climbs do not try.

    Raises:
        UserError: there is none.
    """
    if name not in MODELS:
        raise UserError(
            f"There is no rung {name!r}. The ladder has {', '.join(RUNGS)}; with pretrained weights also "
            f"{', '.join(TRANSFER)}. A recipe may also use {', '.join(OFF_LADDER)}."
        )
    return MODELS[name]


def require_rungs(names: Sequence[str], option: str = "rungs", *, pretrained: bool = False) -> None:
    """
    Raises:
        UserError: one of the names, given by this option, is no rung of the ladder, to which the transfer rungs belong
            where pretrained weights are given; the message has the nearest one.
    """
    ladder = ladder_of(pretrained)
    if unknown := [name for name in names if name not in ladder]:
        if transfer := [name for name in unknown if name in TRANSFER]:
            raise UserError(f"{option}: {', '.join(transfer)} needs pretrained weights. Give them with --pretrained.")
        near = [close for name in unknown for close in difflib.get_close_matches(name, ladder, n=1)]
        hint = f" Did you mean {', '.join(near)}?" if near else ""
        raise UserError(f"{option}: {', '.join(unknown)} not known.{hint} The ladder has {', '.join(ladder)}.")


def ladder_of(pretrained: bool) -> tuple[str, ...]:
    """The names of the rungs that a climb tries, in their order."""
    return (*RUNGS, *(TRANSFER if pretrained else ()))


def config(recipe: Recipe) -> Any:
    """The config that the recipe's model and options come to.

    Raises:
        UserError: the model is not in the catalogue, has no such option, or does not take such a value.
    """
    entry = rung(recipe.model)
    hints = typing.get_type_hints(entry.config_class)
    names = [field.name for field in dataclasses.fields(entry.config_class)]
    unknown = sorted(set(recipe.options) - set(names))
    if unknown:
        has = f"It has {', '.join(names)}." if names else "It has no options."
        raise UserError(f"{recipe.model} has no option {', '.join(map(repr, unknown))}. {has}")
    values = {name: _typed(recipe.model, name, hints[name], value) for name, value in recipe.options.items()}
    return entry.config_class(**values)


def build(recipe: Recipe, task: Task) -> Any:
    """The untrained model of this recipe for this task: a torch module in its memory format, or a classical model.

    The weights of a network come from torch's global random generator: seed it first.

    Raises:
        UserError: as `config`; or the model cannot take such inputs.
    """
    import torch

    model = rung(recipe.model).build(config(recipe), task)
    if isinstance(model, torch.nn.Module) and recipe.memory_format == "channels_last":
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


@dataclass(frozen=True, kw_only=True)
class LadderRow(Record):
    """One line of the ladder's table. `parameters` is None without a task, and for a rung that is no network, whose
    size is the data's."""

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str
    parameters: int | None


def ladder_table(task: Task | None = None) -> list[LadderRow]:
    """The ladder; with a task, also the number of parameters that each network has at its input size."""
    rows = []
    for entry in RUNGS.values():
        count = _parameters(entry, task) if task and entry.kind == NETWORK else None
        texts = {name: getattr(entry, name) for name in ("name", "title", "year", "paper", "adds", "kind")}
        rows.append(LadderRow(**texts, parameters=count))
    return rows


def _parameters(entry: Rung, task: Task) -> int:
    import torch

    from epochal.models.flops import parameters

    with torch.device("meta"):  # shapes without memory
        return parameters(build(entry.recipe, task))


def _typed(model: str, option: str, hint: Any, value: Any) -> Any:
    """The value as the config declares it: a whole number will do for a fraction, a word will not do for a number."""
    choices = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    if value is None and type(None) in choices:
        return None
    for choice in choices:
        if choice is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        base = typing.get_origin(choice) or choice
        if isinstance(base, type) and isinstance(value, base) and (base is bool or not isinstance(value, bool)):
            return value
        if base is tuple and isinstance(value, list):
            return tuple(value)
    kinds = " or ".join(_KINDS.get(choice, str(choice)) for choice in choices if choice is not type(None))
    raise UserError(f"{model}: option {option!r} is {value!r}; it must be {kinds}.")


_KINDS: Mapping[Any, str] = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
