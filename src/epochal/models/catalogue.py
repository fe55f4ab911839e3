"""The catalogue: every rung of the ladder, in the order in which it is climbed, with its citation and honest default.

Beside the ladder stand networks that are history, and that a recipe can name, but that no climb tries: `OFF_LADDER`.

A recipe keeps the architecture of the paper and the augmentation and weight decay of its day, and gives every network
the same modern help: momentum with a one-cycle rate, and for AlexNet, VGG and GoogLeNet the initialisation of He et
al. 2015 in place of their own, with which they learn next to nothing at the widths and budgets of a CPU.
"""

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models import alexnet, googlenet, lenet, mlp, perceptron, resnet, vgg, zipcode
from epochal.models.classical.boosted_trees import BoostedTrees, BoostedTreesConfig
from epochal.models.classical.hog_svm import HogSvm, HogSvmConfig
from epochal.models.classical.majority import Majority, MajorityConfig
from epochal.models.classical.neighbours import NearestNeighbours, NearestNeighboursConfig
from epochal.models.flops import parameters

CLASSICAL, NETWORK = "classical", "network"


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One approach: a rung of the ladder, or a network beside it.

    `adds` says in one plain sentence what it brought that the rungs before it lack; `recipe` is its honest default;
    `build(config, task)` gives the untrained model.
    """

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str  # CLASSICAL | NETWORK
    recipe: Recipe
    config_class: type
    build: Callable[[Any, Task], Any]

    @property
    def deterministic(self) -> bool:
        """Whether every seed gives the same model, so that one training tells all."""
        return getattr(self.build, "deterministic", False)


def _estimate(name: str) -> Recipe:
    """The recipe of a rung that fits itself."""
    return Recipe(model=name, objective="estimate", schedule="constant")


_LADDER = (
    Rung(
        name="majority",
        title="Majority class",
        year=1950,
        paper="No paper: older than the field, and set at the beginning of its history",
        adds="Always the class seen most often, whatever the image: the floor that every other rung must beat.",
        kind=CLASSICAL,
        recipe=_estimate("majority"),
        config_class=MajorityConfig,
        build=Majority,
    ),
    Rung(
        name="nearest-neighbours",
        title="Nearest neighbours",
        year=1967,
        paper="Cover & Hart, Nearest neighbor pattern classification, IEEE Trans. Information Theory 13(1), 1967",
        adds="Looks at the pixels: an image gets the label of the training images most like it.",
        kind=CLASSICAL,
        recipe=_estimate("nearest-neighbours"),
        config_class=NearestNeighboursConfig,
        build=NearestNeighbours,
    ),
    Rung(
        name="boosted-trees",
        title="Gradient-boosted trees",
        year=2001,
        paper="Friedman, Greedy function approximation: a gradient boosting machine, Annals of Statistics 29(5), 2001",
        adds="Learns which pixels matter, by hundreds of small decision trees that mend each other's errors.",
        kind=CLASSICAL,
        recipe=_estimate("boosted-trees"),
        config_class=BoostedTreesConfig,
        build=BoostedTrees,
    ),
    Rung(
        name="hog-svm",
        title="HOG + linear SVM",
        year=2005,
        paper="Dalal & Triggs, Histograms of oriented gradients for human detection, CVPR 2005",
        adds="Features designed by hand: directions of edges, counted cell by cell, and a large-margin classifier.",
        kind=CLASSICAL,
        recipe=_estimate("hog-svm"),
        config_class=HogSvmConfig,
        build=HogSvm,
    ),
    Rung(
        name="perceptron",
        title="Perceptron",
        year=1958,
        paper="Rosenblatt, The perceptron, Psychological Review 65(6), 1958",
        adds="Weights that are learned from mistakes, one example after another.",
        kind=NETWORK,
        recipe=Recipe(
            model="perceptron",
            objective="perceptron",
            optimiser="sgd",
            momentum=0.0,
            learning_rate=0.03,
            schedule="cosine",
            batch_size=64,
        ),
        config_class=perceptron.PerceptronConfig,
        build=perceptron.build,
    ),
    Rung(
        name="mlp",
        title="Multilayer perceptron",
        year=1986,
        paper="Rumelhart, Hinton & Williams, Learning representations by back-propagating errors, Nature 323, 1986",
        adds="A hidden layer: features are learned too, by sending errors back through smooth units.",
        kind=NETWORK,
        recipe=Recipe(model="mlp", learning_rate=0.3, schedule="one_cycle", weight_decay=1e-4, batch_size=64),
        config_class=mlp.MlpConfig,
        build=mlp.build,
    ),
    Rung(
        name="lenet",
        title="LeNet-5",
        year=1998,
        paper="LeCun, Bottou, Bengio & Haffner, Gradient-based learning applied to document recognition, 1998",
        adds="Convolutions: the same small detector everywhere in the image, so that position matters less.",
        kind=NETWORK,
        recipe=Recipe(
            model="lenet",
            options={"output": "linear"},  # learns faster than the fixed codes of the paper, and no worse
            learning_rate=0.03,
            schedule="one_cycle",
            weight_decay=5e-4,
            batch_size=64,
        ),
        config_class=lenet.LeNetConfig,
        build=lenet.build,
    ),
    Rung(
        name="alexnet",
        title="AlexNet",
        year=2012,
        paper="Krizhevsky, Sutskever & Hinton, ImageNet classification with deep convolutional neural networks, 2012",
        adds="Scale: five convolutions of rectifiers, with dropout and augmented images against overfitting.",
        kind=NETWORK,
        recipe=Recipe(
            model="alexnet",
            options={"initialisation": "he"},  # see the top of this module
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop", "colour_pca"),
            batch_size=32,
            memory_format="channels_last",
        ),
        config_class=alexnet.AlexNetConfig,
        build=alexnet.build,
    ),
    Rung(
        name="vgg",
        title="VGG",
        year=2014,
        paper="Simonyan & Zisserman, Very deep convolutional networks for large-scale image recognition, 2014",
        adds="Depth by repetition: stacks of small 3x3 convolutions in place of a few large ones.",
        kind=NETWORK,
        recipe=Recipe(
            model="vgg",
            options={"depth": 11, "initialisation": "he"},  # A: the one that the paper trains from random weights
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        config_class=vgg.VggConfig,
        build=vgg.build,
    ),
    Rung(
        name="googlenet",
        title="GoogLeNet",
        year=2014,
        paper="Szegedy et al., Going deeper with convolutions, 2014",
        adds="Inception: several scales side by side, squeezed by 1x1 convolutions, and no large dense layers.",
        kind=NETWORK,
        recipe=Recipe(
            model="googlenet",
            options={"initialisation": "he"},  # see the top of this module
            learning_rate=0.01,
            schedule="one_cycle",
            weight_decay=2e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        config_class=googlenet.GoogLeNetConfig,
        build=googlenet.build,
    ),
    Rung(
        name="resnet",
        title="ResNet",
        year=2015,
        paper="He, Zhang, Ren & Sun, Deep residual learning for image recognition, 2015",
        adds="Shortcuts past the layers, and batch normalisation: depth stops being an obstacle to training.",
        kind=NETWORK,
        recipe=Recipe(
            model="resnet",
            options={"depth": 20},
            learning_rate=0.05,
            schedule="one_cycle",
            weight_decay=5e-4,
            augment=("flip", "crop"),
            batch_size=32,
            memory_format="channels_last",
        ),
        config_class=resnet.ResNetConfig,
        build=resnet.build,
    ),
)

RUNGS: dict[str, Rung] = {rung.name: rung for rung in _LADDER}

_BESIDE = (
    Rung(
        name="zipcode",
        title="Zip code network",
        year=1989,
        paper="LeCun et al., Backpropagation applied to handwritten zip code recognition, Neural Computation 1, 1989",
        adds="Kernels learned by back-propagation and shared across the image: the first trained convolutions.",
        kind=NETWORK,
        recipe=Recipe(model="zipcode", learning_rate=0.03, schedule="one_cycle", weight_decay=5e-4, batch_size=64),
        config_class=zipcode.ZipcodeConfig,
        build=zipcode.build,
    ),
)

OFF_LADDER: dict[str, Rung] = {rung.name: rung for rung in _BESIDE}
MODELS: dict[str, Rung] = RUNGS | OFF_LADDER  # all that a recipe can name


def rung(name: str) -> Rung:
    """The rung of this name, or the network beside the ladder.

    Raises:
        UserError: there is none.
    """
    if name not in MODELS:
        raise UserError(
            f"There is no rung {name!r}. The ladder has {', '.join(RUNGS)}; beside it there is {', '.join(OFF_LADDER)}."
        )
    return MODELS[name]


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
    model = rung(recipe.model).build(config(recipe), task)
    if isinstance(model, torch.nn.Module) and recipe.memory_format == "channels_last":
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model


@dataclass(frozen=True, kw_only=True)
class LadderRow(Record):
    """One line of the ladder's table. `parameters` is None for a rung that is no network: its size is the data's."""

    name: str
    title: str
    year: int
    paper: str
    adds: str
    kind: str
    parameters: int | None


def ladder_table(task: Task) -> list[LadderRow]:
    """The ladder, with the number of parameters that each network has at this task's input size."""
    rows = []
    for entry in RUNGS.values():
        count = None
        if entry.kind == NETWORK:
            with torch.device("meta"):  # shapes without memory
                count = parameters(build(entry.recipe, task))
        texts = {name: getattr(entry, name) for name in ("name", "title", "year", "paper", "adds", "kind")}
        rows.append(LadderRow(**texts, parameters=count))
    return rows


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
