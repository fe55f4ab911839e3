"""Weights of other libraries under our names: random networks answer alike; published names and shapes are all met."""

import importlib.util
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from epochal.models.interchange import DEPTHS, read_weights

CLASSES = 7


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def need(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: it is the independent implementation of this test")


def shaken(network: nn.Module) -> nn.Module:
    """Gains, shifts and running statistics away from one and zero, where they would hide a mistake."""
    generator = torch.Generator().manual_seed(3)
    for name, tensor in network.state_dict().items():
        if tensor.ndim == 1 and tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * 0.4 + (0.8 if "bias" not in name else -0.2))
    return network.eval()


def images(side: int = 64) -> Tensor:
    return torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(5))


def published(depth: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of torchvision's ResNet of 1,000 classes, which timm has too, as their files hold them."""
    repeats, bottleneck = next(shape for shape, each in DEPTHS.items() if each == depth)
    tensors: dict[str, tuple[int, ...]] = {}

    def normalised(convolution: str, norm: str, shape: tuple[int, ...]) -> None:
        tensors[f"{convolution}.weight"] = shape
        for name in ("weight", "bias", "running_mean", "running_var"):
            tensors[f"{norm}.{name}"] = shape[:1]
        tensors[f"{norm}.num_batches_tracked"] = ()

    normalised("conv1", "bn1", (64, 3, 7, 7))
    channels = 64
    for stage, count in enumerate(repeats, start=1):
        width = 32 * 2**stage
        out = width * 4 if bottleneck else width
        for block in range(count):
            place = f"layer{stage}.{block}"
            if bottleneck:
                shapes = [(width, channels, 1, 1), (width, width, 3, 3), (out, width, 1, 1)]
            else:
                shapes = [(width, channels, 3, 3), (width, width, 3, 3)]
            for number, shape in enumerate(shapes, start=1):
                normalised(f"{place}.conv{number}", f"{place}.bn{number}", shape)
            if channels != out:
                normalised(f"{place}.downsample.0", f"{place}.downsample.1", (out, channels, 1, 1))
            channels = out
    return tensors | {"fc.weight": (1000, channels), "fc.bias": (1000,)}


@pytest.mark.parametrize(
    ("depth", "parameters"),
    [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160), (152, 60_192_808)],
)
def test_published_names_and_shapes(depth: int, parameters: int, tmp_path: Path):
    """The counts are those that torchvision's documentation gives for its networks."""
    shapes = published(depth)
    counted = {name: shape for name, shape in shapes.items() if "running" not in name and "tracked" not in name}
    assert sum(torch.Size(shape).numel() for shape in counted.values()) == parameters
    tensors = {name: torch.full(shape, float(place)) for place, (name, shape) in enumerate(shapes.items())}
    torch.save(tensors, tmp_path / "weights.pth")
    origin = (found := read_weights(tmp_path / "weights.pth")).origin
    assert (origin.network["depth"], origin.classes, origin.side) == (depth, 1000, 224)
    assert origin.network["stride_in_three"] is True
    assert (origin.mean, origin.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    assert len(found.tensors) == len(tensors)
    numbers = {float(tensor.flatten()[0]) for tensor in found.tensors.values()}
    assert numbers == set(map(float, range(len(tensors))))  # each tensor has found one place
    assert torch.equal(found.tensors["stages.2.1.residual.2.0.weight"], tensors["layer3.1.conv2.weight"])
    assert torch.equal(found.tensors["stages.1.0.shortcut.1.running_var"], tensors["layer2.0.downsample.1.running_var"])


@pytest.mark.parametrize(
    ("depth", "kind", "in_first"),
    [(18, "basic", False), (50, "bottleneck", False), (50, "bottleneck", True)],
    ids=["18", "50", "50, stride in 1x1"],
)
def test_transformers_answers_alike(depth: int, kind: str, in_first: bool, tmp_path: Path, quiet: None):
    need("transformers")
    from transformers import ResNetConfig, ResNetForImageClassification

    factor = 4 if kind == "bottleneck" else 1
    settings = ResNetConfig(
        depths=list(next(shape for shape, each in DEPTHS.items() if each == depth)[0]),
        hidden_sizes=[factor * width for width in (64, 128, 256, 512)],
        layer_type=kind,
        downsample_in_bottleneck=in_first,
        num_labels=CLASSES,
    )
    torch.manual_seed(0)
    theirs = shaken(ResNetForImageClassification(settings))
    theirs.save_pretrained(tmp_path)  # model.safetensors and config.json, as a user finds them in a folder
    found = read_weights(tmp_path)
    assert found.origin.network == {"depth": depth, "shortcuts": "projection", "stride_in_three": not in_first}
    assert found.origin.classes == CLASSES
    with torch.no_grad():
        expected = theirs(images()).logits
        torch.testing.assert_close(found.network()(images()), expected, rtol=1e-4, atol=1e-4)
    assert expected.std() > 0.01


def test_transformers_without_its_last_layer(tmp_path: Path, quiet: None):
    need("transformers")
    from transformers import ResNetConfig, ResNetModel

    settings = ResNetConfig(depths=[2, 2, 2, 2], hidden_sizes=[64, 128, 256, 512], layer_type="basic")
    theirs = shaken(ResNetModel(settings))
    theirs.save_pretrained(tmp_path)
    found = read_weights(tmp_path)
    assert found.origin.classes is None
    with torch.no_grad():
        expected = theirs(images()).pooler_output.flatten(1)
        torch.testing.assert_close(found.network()(images()), expected, rtol=1e-4, atol=1e-4)


def same_as_theirs(theirs: nn.Module, path: Path) -> None:
    save_file(theirs.state_dict(), path)
    found: Any = read_weights(path)
    with torch.no_grad():
        torch.testing.assert_close(found.network()(images()), theirs(images()), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_torchvision_answers_alike(depth: int, tmp_path: Path, quiet: None):
    need("torchvision")
    import torchvision

    theirs = shaken(torchvision.models.get_model(f"resnet{depth}", num_classes=CLASSES))
    assert {name: tuple(tensor.shape) for name, tensor in theirs.state_dict().items() if "fc" not in name} == {
        name: shape for name, shape in published(depth).items() if "fc" not in name
    }
    same_as_theirs(theirs, tmp_path / "weights.safetensors")


@pytest.mark.parametrize("depth", [18, 34, 50, 101, 152])
def test_timm_answers_alike(depth: int, tmp_path: Path, quiet: None):
    need("timm")
    import timm

    theirs = shaken(timm.create_model(f"resnet{depth}", num_classes=CLASSES))
    assert set(theirs.state_dict()) == set(published(depth))
    same_as_theirs(theirs, tmp_path / "weights.safetensors")
