"""Pretrained weights: residual networks that learned on other images, read, checked, and put into ours by name.

J. Yosinski, J. Clune, Y. Bengio & H. Lipson, "How transferable are features in deep neural networks?", NIPS 2014.

`interchange.read_weights` opens what other libraries wrote, `from_network` takes what a training of ours learned. A run
keeps a copy under our names (`store_weights`), which its trainings open (`stored_weights`): a recipe names that file
and the SHA-256 of the weights, and the store of the run keeps that name relative to its directory. A bundle holds all
of its weights, and never opens the file again.
"""

import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from epochal.core.errors import UserError
from epochal.core.recipe import Option, Recipe
from epochal.core.record import Record
from epochal.core.task import Task
from epochal.models import catalogue

NETWORKS = ("resnet", "fine-tuned")  # models of ours whose weights can be begun with
HEAD = "output."  # the last layer, which belongs to the classes
UNTOLD = "num_batches_tracked"  # a counter that older files lack and nothing reads
ARCHITECTURE = ("depth", "shortcuts", "activation", "normalisation", "width", "stride_in_three")  # options that matter
METADATA = "epochal"


@dataclass(frozen=True, kw_only=True)
class Origin(Record):
    """What is known of pretrained weights, apart from their numbers.

    `network` has the options of our residual network. Images had `side` pixels a side and `channels` channels, and the
    network saw (pixels / 255 - mean) / std. `sha256` is of all the tensors under our names.
    """

    source: str
    network: Mapping[str, Option]
    side: int
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: int | None  # that it was trained on; None where the last layer is missing
    sha256: str

    @property
    def mode(self) -> str:
        """What the codec of images for these weights must be: "grey" or "rgb"."""
        return "grey" if self.channels == 1 else "rgb"

    @property
    def title(self) -> str:
        """Such as "ResNet-50 of resnet50-0676ba61.pth"."""
        return f"ResNet-{self.network['depth']} of {self.source}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Pretrained:
    """Weights with their origin: `tensors` float32 by our names, in the order of our network."""

    origin: Origin
    tensors: Mapping[str, Tensor]

    @property
    def recipe(self) -> Recipe:
        """The network that these weights belong to."""
        return Recipe(model="resnet", options=self.origin.network)

    def network(self) -> nn.Module:
        """The network with its weights, in evaluation mode; without a last layer it answers with its features."""
        return resnet_of(self.origin.network, _task(self.origin), self.tensors)


def resnet_of(options: Mapping[str, Option], task: Task, tensors: Mapping[str, Tensor]) -> nn.Module:
    """Our residual network of these options with copies of these tensors, in evaluation mode. No numbers are drawn.

    Without a last layer among the tensors it answers with its features.
    """
    with torch.device("meta"):  # shapes without memory
        model: Any = catalogue.build(Recipe(model="resnet", options=options), task)
    if not any(name.startswith(HEAD) for name in tensors):
        model.output = nn.Identity()
    model.load_state_dict({name: tensor.clone() for name, tensor in tensors.items()}, assign=True)
    network: nn.Module = model.eval()
    return network


def from_network(
    tensors: Mapping[str, Tensor],
    recipe: Recipe,
    task: Task,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    source: str,
) -> Pretrained:
    """Weights that a residual network of our own learned, of a bundle for example.

    Raises:
        UserError: the recipe is of another model, its images are not square, or the tensors do not fit it.
    """
    if recipe.model not in NETWORKS:
        raise UserError(
            f"{source} holds a {recipe.model} model. Weights are taken from a residual network: give a bundle of the "
            "rung resnet or fine-tuned."
        )
    channels, height, width = task.input_shape
    if height != width:
        raise UserError(f"{source} was trained on images of {height}x{width} pixels; weights need square ones.")
    options = {"depth": catalogue.config(recipe).depth, **recipe.options}
    origin = Origin(
        source=source,
        network={name: options[name] for name in ARCHITECTURE if name in options},
        side=height,
        channels=channels,
        mean=tuple(mean),
        std=tuple(std),
        classes=task.classes,
        sha256="",
    )
    return checked(tensors, origin)


def store_weights(pretrained: Pretrained, folder: Path) -> Path:
    """A file of these weights in the folder, named by their digest; written whole, and once."""
    path = folder / f"weights-{pretrained.origin.sha256[:12]}.safetensors"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    content = save(dict(pretrained.tensors), metadata={METADATA: pretrained.origin.to_json()})
    with tempfile.NamedTemporaryFile(dir=folder, prefix=f".{path.name}-", delete=False) as file:
        file.write(content)
    os.replace(file.name, path)
    return path


def stored_weights(path: Path, sha256: str | None = None) -> Pretrained:
    """What `store_weights` wrote.

    Raises:
        UserError: there is no such file, it is damaged, or its weights are others than those of `sha256`.
    """
    again = "Give --pretrained again in a new climb."
    try:
        with safe_open(path, framework="pt") as file:
            origin = Origin.from_json(file.metadata()[METADATA])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError as error:
        raise UserError(f"The pretrained weights {path} are gone. Put the file back. {again}") from error
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"The pretrained weights {path} cannot be read: {error}. {again}") from error
    found = digest_of(tensors)
    if found != origin.sha256 or (sha256 is not None and found != sha256):
        raise UserError(
            f"The pretrained weights {path} have changed: expected SHA-256 {sha256 or origin.sha256}, got {found}. "
            f"{again}"
        )
    return Pretrained(origin=origin, tensors=tensors)


def beginning_with(recipe: Recipe, pretrained: Pretrained, path: Path) -> Recipe:
    """The recipe of a transfer rung with the network of these weights, which lie at `path`."""
    options = {**pretrained.origin.network, "weights": os.path.abspath(path), "sha256": pretrained.origin.sha256}
    return recipe.with_options(**options)


def transfer_recipes(recipes: Mapping[str, Recipe], pretrained: Pretrained, folder: Path) -> dict[str, Recipe]:
    """The recipes of transfer rungs with these weights, of which a copy is kept in the folder."""
    path = store_weights(pretrained, folder)
    return {name: beginning_with(recipe, pretrained, path) for name, recipe in recipes.items()}


def without_file(recipe: Recipe) -> Recipe:
    """The recipe as a bundle keeps it: which weights it began with, but not in which file of this machine they were."""
    return recipe.replace(options={name: value for name, value in recipe.options.items() if name != "weights"})


def begin(model: Any, recipe: Recipe, task: Task) -> Any:
    """The fresh network with the weights that its recipe names; its last layer, of other classes, is zero.

    A last layer from logistic regression on the frozen features was tried too, and bought nothing: from CIFAR-10 to 123
    photographs of ants and bees, ResNet-8, 40 passes, three seeds, it was right on 67, 68 and 70% of 122 others at
    rates of 0.001, 0.003 and 0.01, and the zero one on 64, 71 and 73% at 0.003, 0.01 and 0.03 (from scratch: 65%).

    A model that fits itself opens its weights when it does. Without weights in the recipe nothing changes.

    Raises:
        UserError: the rung needs weights and has none, or they are gone, changed, or of images of another kind or size.
    """
    path = recipe.options.get("weights")
    traits = catalogue.traits(recipe)
    if path is None and traits.pretrained:
        raise weights_needed(recipe.model)
    if path is None or not traits.by_steps:
        return model
    pretrained = stored_weights(Path(str(path)), _word(recipe.options.get("sha256")))
    require_images_like(pretrained.origin, task)
    missing, unexpected = model.load_state_dict(
        {name: tensor for name, tensor in pretrained.tensors.items() if not name.startswith(HEAD)}, strict=False
    )
    assert not unexpected and all(name.startswith(HEAD) for name in missing)
    head: Any = model.output
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return model


def weights_needed(title: str) -> UserError:
    """The error of a transfer rung without weights."""
    return UserError(f"{title} needs the weights of a network that learned before. Give them by --pretrained.")


def require_images_like(origin: Origin, task: Task) -> None:
    """
    Raises:
        UserError: the task's images have other channels than those that the weights were trained on, or a size at
            which the network has other strides.
    """
    channels, height, width = task.input_shape
    if channels != origin.channels:
        raise UserError(
            f"The weights of {origin.source} were trained on {origin.mode} images, and these have "
            f"{channels} channel{'s' if channels > 1 else ''}. Use --channels {origin.mode}."
        )
    recipe = Recipe(model="resnet", options=origin.network)
    with torch.device("meta"):
        wanted, found = (strides(catalogue.build(recipe, each)) for each in (_task(origin), task))
    if wanted != found:
        raise UserError(
            f"The weights of {origin.source} were trained on images of side {origin.side}, and at {height}x{width} "
            f"pixels the network would shrink its maps at other layers. Use --size {origin.side}."
        )


def strides(network: nn.Module) -> list[Any]:
    """The stride of each convolution and pooling, in order."""
    return [module.stride for module in network.modules() if isinstance(module, nn.Conv2d | nn.MaxPool2d)]


def digest_of(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, shapes and numbers, whatever the order of the tensors."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        total.update(f"{name}|{array.dtype}|{array.shape}|".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def _word(option: Option) -> str | None:
    return None if option is None else str(option)


def _task(origin: Origin) -> Task:
    """The task that the weights were trained on, as far as a network must know it."""
    return Task(
        name=origin.source,
        input_shape=(origin.channels, origin.side, origin.side),
        labels=tuple(map(str, range(origin.classes or 1))),
        counts={},
        fingerprint="",
    )


def expected_tensors(origin: Origin) -> dict[str, Tensor]:
    """The tensors of the network, without numbers; those of the last layer only where it has one."""
    with torch.device("meta"):
        network: nn.Module = catalogue.build(Recipe(model="resnet", options=origin.network), _task(origin))
    head = origin.classes is not None
    return {name: tensor for name, tensor in network.state_dict().items() if head or not name.startswith(HEAD)}


def checked(tensors: Mapping[str, Tensor], origin: Origin) -> Pretrained:
    """
    Raises:
        UserError: the tensors are not those of the network, or some number is not finite.
    """
    expected = expected_tensors(origin)
    if set(tensors) != set(expected) or any(tensors[name].shape != expected[name].shape for name in expected):
        raise UserError(f"The tensors of {origin.source} are not those of its network. Make or copy it again.")
    plain = {
        name: tensors[name].detach().cpu().to(torch.int64 if name.endswith(UNTOLD) else torch.float32).contiguous()
        for name in expected
    }
    for name, tensor in plain.items():
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(f"{origin.source} holds numbers that are not finite, in {name}. Give other weights.")
    return Pretrained(origin=origin.replace(sha256=digest_of(plain)), tensors=plain)
