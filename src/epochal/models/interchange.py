"""Weights that other libraries wrote: residual networks of torchvision, timm and Hugging Face transformers, by name.

Our names are those of `models/resnet.py`: `stem.0.0.weight`, `stages.1.0.residual.2.1.bias`, `output.weight`. The
other libraries have the same tensors, of the same shapes, under names of their own.
"""

import json
import pickle
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from epochal.core.errors import UserError
from epochal.core.recipe import Option
from epochal.models.pretrained import HEAD, UNTOLD, Origin, Pretrained, checked, expected_tensors

ENDINGS = (".safetensors", ".pth", ".pt", ".bin")
USUAL = ("model.safetensors", "pytorch_model.bin")  # what libraries call the file in a folder
WRAPPED = ("state_dict", "model", "model_state_dict")  # where training scripts keep the weights in a checkpoint
MEAN, STD, SIDE = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), 224  # of ImageNet, as all three libraries have them
SHOWN = 3  # names in a message

# The blocks of each stage, and whether they are bottlenecks: He et al. 2015, Table 1.
DEPTHS: dict[tuple[tuple[int, ...], bool], int] = {
    ((2, 2, 2, 2), False): 18,
    ((3, 4, 6, 3), False): 34,
    ((3, 4, 6, 3), True): 50,
    ((3, 4, 23, 3), True): 101,
    ((3, 8, 36, 3), True): 152,
}


@dataclass(frozen=True, kw_only=True)
class Naming:
    """One library's names. `mark` is a tensor that only its residual networks have; `block` finds stage, block and
    number of a convolution in its name; `spell` turns a name of ours into the library's."""

    title: str
    mark: str
    block: str
    spell: Callable[[str], str]


def _torchvision(name: str) -> str:
    part, *rest = name.split(".")
    if part == "output":
        return f"fc.{rest[0]}"
    if part == "stem":
        return f"{('conv1', 'bn1')[int(rest[1])]}.{rest[2]}"
    stage, block, path, *place = rest
    if path == "shortcut":
        return f"layer{int(stage) + 1}.{block}.downsample.{'.'.join(place)}"
    kind = ("conv", "bn")[int(place[1])]
    return f"layer{int(stage) + 1}.{block}.{kind}{int(place[0]) // 2 + 1}.{place[2]}"


def _transformers(name: str) -> str:
    part, *rest = name.split(".")
    if part == "output":
        return f"classifier.1.{rest[0]}"
    kinds = ("convolution", "normalization")
    if part == "stem":
        return f"resnet.embedder.embedder.{kinds[int(rest[1])]}.{rest[2]}"
    stage, block, path, *place = rest
    inside = "shortcut" if path == "shortcut" else f"layer.{int(place[0]) // 2}"
    return f"resnet.encoder.stages.{stage}.layers.{block}.{inside}.{kinds[int(place[-2])]}.{place[-1]}"


NAMINGS = (
    Naming(
        title="torchvision or timm",
        mark="conv1.weight",
        block=r"layer(\d+)\.(\d+)\.conv(\d+)\.weight",
        spell=_torchvision,
    ),
    Naming(
        title="Hugging Face transformers",
        mark="resnet.embedder.embedder.convolution.weight",
        block=r"resnet\.encoder\.stages\.(\d+)\.layers\.(\d+)\.layer\.(\d+)\.convolution\.weight",
        spell=_transformers,
    ),
)


def read_weights(path: Path) -> Pretrained:
    """Weights of ResNet-18, 34, 50, 101 or 152 with the names of torchvision, timm or Hugging Face transformers.

    Args:
        path: a safetensors file, a `.pth`, `.pt` or `.bin` that holds nothing but tensors, or a folder with one of
            them. A `config.json` and `preprocessor_config.json` next to it, as timm and transformers write them, say
            the normalisation, the side and the place of the stride; without them it is that of ImageNet, 224 pixels,
            and the stride in the 3x3 convolution.

    Raises:
        UserError: it is none of these, or does not fit; the message names what is missing, unexpected or misshapen.
    """
    file = _file(path)
    tensors = _opened(file)
    if "embedder.embedder.convolution.weight" in tensors:  # transformers' network without its last layer
        tensors = {f"resnet.{name}": tensor for name, tensor in tensors.items()}
    naming = naming_of(tensors, file.name)
    facts = _facts(file.parent)
    network: dict[str, Option] = {
        "depth": depth_of(tensors, naming, file.name),
        "shortcuts": "projection",
        "stride_in_three": not facts.get("downsample_in_bottleneck", False),
    }
    head = tensors.get(naming.spell(f"{HEAD}weight"))
    stem = tensors[naming.mark]
    channels = stem.shape[1] if stem.ndim == 4 and stem.shape[1] in (1, 3) else 3
    mean, std = _normalisation(facts, channels, file.name)
    origin = Origin(
        source=file.name if file.name not in USUAL else f"{file.parent.name}/{file.name}",
        network=network,
        side=_side(facts),
        channels=channels,
        mean=mean,
        std=std,
        classes=None if head is None or head.ndim != 2 else len(head),
        sha256="",
    )
    return checked(_by_our_names(tensors, naming, origin), origin)


def naming_of(names: Iterable[str], source: str) -> Naming:
    """The library whose names these are.

    Raises:
        UserError: they are no residual network's of any of them.
    """
    found = set(names)
    for naming in NAMINGS:
        if naming.mark in found and any(re.fullmatch(naming.block, name) for name in found):
            return naming
    some = ", ".join(sorted(found)[:3]) or "none"
    if "stem.0.0.weight" in found:
        raise UserError(
            f"{source} holds weights of epochal's own, but not with which settings they were trained. Give the folder "
            "of the bundle that they belong to."
        )
    raise UserError(
        f"{source} does not hold a residual network with the names of torchvision, timm or Hugging Face transformers: "
        f"its {len(found)} tensors begin with {some}. Give weights of ResNet-18, 34, 50, 101 or 152."
    )


def depth_of(names: Iterable[str], naming: Naming, source: str) -> int:
    """The depth of the network that has these blocks.

    Raises:
        UserError: none of the paper's networks has them.
    """
    places = [tuple(map(int, match.groups())) for name in names if (match := re.fullmatch(naming.block, name))]
    stages = sorted({stage for stage, _, _ in places})
    counts = tuple(len({block for stage, block, _ in places if stage == each}) for each in stages)
    numbers = {number for _, _, number in places}
    depth = DEPTHS.get((counts, len(numbers) == 3))
    if depth is None:
        raise UserError(
            f"{source} holds a network with {', '.join(map(str, counts))} blocks of {len(numbers)} convolutions. "
            "ResNet-18 and 34 have 2, 2, 2, 2 and 3, 4, 6, 3 blocks of 2; ResNet-50, 101 and 152 have 3, 4, 6, 3 and "
            "3, 4, 23, 3 and 3, 8, 36, 3 blocks of 3. Give weights of one of these."
        )
    return depth


def _by_our_names(tensors: Mapping[str, Tensor], naming: Naming, origin: Origin) -> dict[str, Tensor]:
    """The same tensors under our names.

    Raises:
        UserError: some are missing, too many, or of another shape; the message has the names that the file has.
    """
    expected = {naming.spell(name): (name, tensor.shape) for name, tensor in expected_tensors(origin).items()}
    counters = {name for name in expected if name.endswith(UNTOLD)}
    missing = [name for name in expected if name not in tensors and name not in counters]
    unexpected = [name for name in tensors if name not in expected and not name.endswith(UNTOLD)]
    shapes = [
        f"{name} is {list(tensors[name].shape)} where {list(shape)} belongs"
        for name, (_, shape) in expected.items()
        if name in tensors and tensors[name].shape != shape
    ]
    faults = [
        f"{len(names)} {what} ({', '.join(names[:SHOWN])}{', ...' if len(names) > SHOWN else ''})"
        for what, names in (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes))
        if names
    ]
    if faults:
        raise UserError(
            f"{origin.source} has the names of {naming.title}, but its tensors do not fit ResNet-"
            f"{origin.network['depth']}: {'; '.join(faults)}. Give the weights of the network as it was published."
        )
    return {ours: tensors.get(theirs, torch.tensor(0)) for theirs, (ours, _) in expected.items()}


def _file(path: Path) -> Path:
    """The file of weights at a path, or in the folder there.

    Raises:
        UserError: there is none, or there are several.
    """
    if not path.exists():
        raise UserError(f"There are no weights at {path}: no such file or folder.")
    if path.is_file():
        if path.suffix not in ENDINGS:
            raise UserError(f"{path} is not a file of weights: its name must end with {', '.join(ENDINGS)}.")
        return path
    for name in USUAL:
        if (path / name).is_file():
            return path / name
    found = sorted(each for each in path.iterdir() if each.suffix in ENDINGS and each.is_file())
    if len(found) != 1:
        listed = ", ".join(each.name for each in found[:SHOWN]) or "none"
        raise UserError(f"Expected one file of weights in {path}, found {listed}. Give the path of the file itself.")
    return found[0]


def _opened(file: Path) -> dict[str, Tensor]:
    """The tensors of a file by their names there. Nothing in it is executed.

    Raises:
        UserError: it cannot be read, or holds more than tensors.
    """
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of old files' kinds of storage
            found: Any = torch.load(file, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{file} was not opened: it is damaged, or holds more than tensors, which could run code. Give the weights "
            "as a safetensors file."
        ) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, SafetensorError) as error:
        raise UserError(f"{file} cannot be read as weights: {error}. Download or copy it again.") from error
    for name in WRAPPED:
        if isinstance(found, Mapping) and isinstance(found.get(name), Mapping):
            found = found[name]
    if not isinstance(found, Mapping):
        raise UserError(f"{file} holds a {type(found).__name__} where named tensors belong. Save a state dictionary.")
    tensors = {str(name): tensor for name, tensor in found.items() if isinstance(tensor, Tensor)}
    return {name.removeprefix("module."): tensor for name, tensor in tensors.items()}


def _facts(folder: Path) -> dict[str, Any]:
    """What timm's and transformers' settings in a folder say of the images that the weights were trained on."""
    facts: dict[str, Any] = {}
    for name in ("config.json", "preprocessor_config.json"):
        try:
            read = json.loads((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise UserError(f"{folder / name} cannot be read: {error}. Copy it again, or remove it.") from error
        if isinstance(read, dict):
            facts |= read | (read["pretrained_cfg"] if isinstance(read.get("pretrained_cfg"), dict) else {})
    return facts


def _normalisation(facts: Mapping[str, Any], channels: int, source: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel; grey images get the mean over ImageNet's three.

    Raises:
        UserError: the settings have other numbers than one for each channel.
    """
    values = []
    for names, usual in ((("mean", "image_mean"), MEAN), (("std", "image_std"), STD)):
        found = next((facts[name] for name in names if name in facts), None)
        if found is None:
            found = usual if channels == 3 else (round(sum(usual) / 3, 6),)
        numbers = isinstance(found, list | tuple) and all(isinstance(each, int | float) for each in found)
        if not numbers or len(found) != channels or (names[0] == "std" and min(found) <= 0):
            raise UserError(
                f"The settings next to {source} say {names[-1]} {found}; expected {channels} numbers. Mend them there."
            )
        values.append(tuple(float(each) for each in found))
    return values[0], values[1]


def _side(facts: Mapping[str, Any]) -> int:
    """The side of the images in pixels, as settings say it: timm's `input_size`, or transformers' `size`."""
    size = facts.get("input_size", facts.get("size", SIDE))
    if isinstance(size, Mapping):
        size = size.get("shortest_edge", size.get("height", SIDE))
    if isinstance(size, list | tuple) and size:
        size = size[-1]
    return size if isinstance(size, int) and 0 < size <= SIDE else SIDE
