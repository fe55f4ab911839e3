"""The catalogue: every model that a recipe can name, with its traits, and built, untrained, when it is asked for."""

import dataclasses
import importlib
import importlib.util
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from epochal.core.errors import MissingExtraError, UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.core.traits import AT_ONCE, Traits
from epochal.models.places import is_location


@typing.runtime_checkable
class Buildable(typing.Protocol):
    """What a recipe can train: traits, the class of its options, and how the untrained model is built of them."""

    @property
    def traits(self) -> Traits: ...
    @property
    def config_class(self) -> type: ...

    def build(self, config: Any, task: Task) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model: the code that builds it, and its traits.

    `code` is "module:config class:builder", inside epochal.models. The module is imported when the model is built, not
    before, so that the catalogue can be read without PyTorch. `library` is one that the core does not need, by the name
    under which it is imported, and `extra` brings it.
    """

    code: str
    traits: Traits
    library: str = ""
    extra: str = ""

    @cached_property
    def config_class(self) -> type:
        return getattr(self._module, self.code.split(":")[1])

    def build(self, config: Any, task: Task) -> Any:
        """The untrained model."""
        return getattr(self._module, self.code.split(":")[2])(config, task)

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"epochal.models.{self.code.split(':')[0]}")


_SHALLOW = Traits(learns=AT_ONCE, deep=False)
_SHALLOW_OF_EQUALS = Traits(learns=AT_ONCE, deep=False, weighs=False)
_CERTAIN = Traits(learns=AT_ONCE, deep=False, deterministic=True)
_CERTAIN_OF_EQUALS = Traits(learns=AT_ONCE, deep=False, deterministic=True, weighs=False)
_CERTAIN_OF_DENSE = Traits(learns=AT_ONCE, deep=False, deterministic=True, as_tensors=True)
_DEEP = Traits()
_LOOKING = Traits(looks=True)
_DENSE = Traits(stackable=True)
_BOOSTING = "boosting"

MODELS: dict[str, Buildable] = {
    "majority": Model(code="classical.majority:MajorityConfig:Majority", traits=_CERTAIN),
    "mean": Model(code="classical.mean:MeanConfig:Mean", traits=_CERTAIN),
    "linear": Model(code="classical.linear:LinearConfig:Linear", traits=_CERTAIN_OF_DENSE),
    "tree": Model(code="classical.tree:TreeConfig:Tree", traits=_SHALLOW),
    "forest": Model(code="classical.forest:ForestConfig:Forest", traits=_SHALLOW),
    "histogram-trees": Model(code="classical.histogram_trees:HistogramTreesConfig:HistogramTrees", traits=_SHALLOW),
    "xgboost": Model(
        code="classical.xgboost_trees:XGBoostConfig:XGBoost", traits=_SHALLOW, library="xgboost", extra=_BOOSTING
    ),
    "lightgbm": Model(
        code="classical.lightgbm_trees:LightGbmConfig:LightGbm", traits=_SHALLOW, library="lightgbm", extra=_BOOSTING
    ),
    "catboost": Model(
        code="classical.catboost_trees:CatBoostConfig:CatBoost", traits=_SHALLOW, library="catboost", extra=_BOOSTING
    ),
    "nearest-neighbours": Model(
        code="classical.neighbours:NearestNeighboursConfig:NearestNeighbours", traits=_CERTAIN_OF_EQUALS
    ),
    "boosted-trees": Model(code="classical.boosted_trees:BoostedTreesConfig:BoostedTrees", traits=_SHALLOW_OF_EQUALS),
    "hog-svm": Model(code="classical.hog_svm:HogSvmConfig:HogSvm", traits=_SHALLOW_OF_EQUALS),
    "hog-rbf": Model(code="classical.hog_rbf:HogRbfConfig:HogRbf", traits=_SHALLOW_OF_EQUALS),
    "extra-trees": Model(code="classical.extra_trees:ExtraTreesConfig:ExtraTrees", traits=_SHALLOW_OF_EQUALS),
    "perceptron": Model(code="perceptron:PerceptronConfig:build", traits=_DENSE),
    "mlp": Model(code="mlp:MlpConfig:build", traits=_DENSE),
    "lenet": Model(code="lenet:LeNetConfig:build", traits=_DEEP),
    "alexnet": Model(code="alexnet:AlexNetConfig:build", traits=_DEEP),
    "vgg": Model(code="vgg:VggConfig:build", traits=_DEEP),
    "googlenet": Model(code="googlenet:GoogLeNetConfig:build", traits=_DEEP),
    "resnet": Model(code="resnet:ResNetConfig:build", traits=_DEEP),
    "table-resnet": Model(code="table_resnet:TableResNetConfig:build", traits=_DEEP),
    "numeric-embeddings": Model(code="numeric_embeddings:NumericEmbeddingsConfig:build", traits=_LOOKING),
    "zipcode": Model(code="zipcode:ZipcodeConfig:build", traits=_DEEP),
    "frozen": Model(
        code="frozen:FrozenConfig:Frozen",
        traits=Traits(learns=AT_ONCE, deterministic=True, pretrained=True, weighs=False),
    ),
    "fine-tuned": Model(code="resnet:ResNetConfig:build", traits=Traits(pretrained=True)),
}


def model(name: str) -> Buildable:
    """The model of this name: one of the catalogue, or the user's own, at this place.

    Raises:
        UserError: there is none.
    """
    if is_location(name):
        from epochal.models.theirs import their_model

        return their_model(name)
    if name not in MODELS:
        raise UserError(f"There is no model {name!r}. The catalogue has {', '.join(MODELS)}.")
    return MODELS[name]


def extra_of(name: str) -> str:
    """The extra that brings the library of a model; empty where the core has all that it needs."""
    entry = MODELS.get(name)
    return entry.extra if isinstance(entry, Model) else ""


def require_library(name: str) -> None:
    """
    Raises:
        MissingExtraError: the library of this model is not installed.
    """
    entry = MODELS.get(name)
    if isinstance(entry, Model) and entry.library and importlib.util.find_spec(entry.library) is None:
        raise MissingExtraError(f"the library {entry.library}", entry.extra, f"The rung {name}")


def traits(recipe: Recipe) -> Traits:
    """The traits of the model that a recipe trains.

    Raises:
        UserError: there is no such model.
    """
    return model(recipe.model).traits


def config(recipe: Recipe) -> Any:
    """The config that the recipe's model and options come to.

    Raises:
        UserError: the model is not in the catalogue, has no such option, or does not take such a value.
    """
    entry = model(recipe.model)
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
        MissingExtraError: its library is not installed.
    """
    require_library(recipe.model)
    built = model(recipe.model).build(config(recipe), task)
    if traits(recipe).by_steps and recipe.memory_format == "channels_last":
        import torch

        built = built.to(memory_format=torch.channels_last)
    return built


def _typed(name: str, option: str, hint: Any, value: Any) -> Any:
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
    raise UserError(f"{name}: option {option!r} is {value!r}; it must be {kinds}.")


_KINDS: Mapping[Any, str] = {int: "a whole number", float: "a number", str: "a word", bool: "true or false"}
