"""Logits and gradients against other people's implementations, with their random weights copied into ours."""

import importlib.util
import os
import warnings
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from epochal.core.task import Task
from epochal.models import googlenet, resnet, vgg
from epochal.models.parts.scale import Scale

LABELS = tuple(str(number) for number in range(11))
PHOTOGRAPHS = Task(name="t", input_shape=(3, 224, 224), labels=LABELS, counts={}, fingerprint="f")


def need(library: str) -> None:
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed: it is the independent implementation of this test")


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)


def convolutions_in_order(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.BatchNorm2d | nn.Linear)]


def shake(network: nn.Module) -> nn.Module:
    """Gains and shifts away from one and zero, where they would hide a mistake."""
    torch.manual_seed(3)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return network.double()


# Hugging Face transformers: residual networks


def ours_of_transformers(name: str) -> str:
    """The name in our network of a tensor of ResNetForImageClassification."""
    parts = name.split(".")
    if parts[0] == "classifier":
        return f"output.{parts[-1]}"
    kind = {"convolution": "0", "normalization": "1"}[parts[-2]]
    if "embedder" in parts:
        return f"stem.0.{kind}.{parts[-1]}"
    stage, block = parts[3], parts[5]
    place = "shortcut" if parts[6] == "shortcut" else f"residual.{2 * int(parts[7])}"
    return f"stages.{stage}.{block}.{place}.{kind}.{parts[-1]}"


@pytest.fixture
def quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize(
    ("depth", "kind", "in_first"),
    [(18, "basic", True), (50, "bottleneck", True), (50, "bottleneck", False)],
    ids=["18", "50, stride in 1x1", "50, stride in 3x3"],
)
def test_resnet_against_transformers(depth: int, kind: str, in_first: bool, quiet: None):
    need("transformers")
    from transformers import ResNetConfig, ResNetForImageClassification

    repeats, width = list(resnet.IMAGENET[depth]), 4 if kind == "bottleneck" else 1
    settings = ResNetConfig(
        depths=repeats,
        hidden_sizes=[width * channels for channels in (64, 128, 256, 512)],
        layer_type=kind,
        downsample_in_bottleneck=in_first,
        num_labels=len(LABELS),
    )
    theirs = shake(ResNetForImageClassification(settings))
    mine = resnet.build(resnet.ResNetConfig(depth=depth, stride_in_three=not in_first), PHOTOGRAPHS).double()
    mine.load_state_dict({ours_of_transformers(name): tensor for name, tensor in theirs.state_dict().items()})

    images, direction = noise(2, 3, 96, 96), noise(2, len(LABELS))
    for train in (True, False):
        mine.train(train), theirs.train(train)
        ours, reference = mine(images), theirs(images).logits
        torch.testing.assert_close(ours, reference, rtol=1e-8, atol=1e-8)
    mine.zero_grad(), theirs.zero_grad()
    (ours * direction).sum().backward()
    (reference * direction).sum().backward()
    gradients = {name: parameter.grad for name, parameter in mine.named_parameters()}
    for name, parameter in theirs.named_parameters():
        torch.testing.assert_close(gradients[ours_of_transformers(name)], parameter.grad, rtol=1e-6, atol=1e-8)


# Keras: VGG


@pytest.mark.parametrize("depth", [16, 19])
def test_vgg_against_keras(depth: int, quiet: None, monkeypatch: pytest.MonkeyPatch):
    """All convolutions at the paper's widths, on images of 64x64: activations of every block's end, and gradients."""
    need("keras")
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    import keras

    if keras.backend.backend() != "torch":
        pytest.skip("keras was imported with another backend than torch")
    build = {16: keras.applications.VGG16, 19: keras.applications.VGG19}[depth]
    precision, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")  # in float32, rounding now and then takes a rectifier to its other side
    try:
        theirs = build(weights=None, include_top=False, input_shape=(64, 64, 3))
    finally:
        keras.config.set_floatx(precision)
        keras.config.set_dtype_policy(policy)
    scale = Scale(channels=3, height=64, width=64, native=224, strides=(2,) * 5)
    mine = vgg.convolutional_layers(vgg.VggConfig(depth=depth), scale, vgg.WIDTHS).double()
    layers = [layer for layer in theirs.layers if layer.weights]
    convolutions = [module for module in mine if isinstance(module, nn.Conv2d)]
    for module, layer in zip(convolutions, layers, strict=True):
        kernel, bias = (torch.as_tensor(value) for value in layer.get_weights())
        module.weight.data = kernel.permute(3, 2, 0, 1).clone()
        module.bias.data = (bias + 0.01 * torch.arange(len(bias)) / len(bias)).clone()
        layer.set_weights([kernel.numpy(), module.bias.detach().numpy()])

    images = noise(2, 3, 64, 64)
    ours = mine(images)
    reference = theirs(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
    assert ours.shape == (2, 512, 2, 2)
    assert reference.dtype == torch.float64
    scale_of = reference.abs().max()
    assert (ours - reference).abs().max() < 1e-5 * scale_of
    direction = noise(*ours.shape)
    (ours * direction).sum().backward()
    (reference * direction).sum().backward()
    for module, layer in zip(convolutions, layers, strict=True):
        expected = layer.kernel.value.grad.permute(3, 2, 0, 1)
        assert (module.weight.grad - expected).abs().max() < 1e-4 * expected.abs().max()


def test_the_whole_of_vgg_16_against_keras(quiet: None, monkeypatch: pytest.MonkeyPatch):
    """At 224x224, the dense layers too: one image, logits."""
    need("keras")
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    import keras

    if keras.backend.backend() != "torch":
        pytest.skip("keras was imported with another backend than torch")
    theirs = keras.applications.VGG16(weights=None, classes=len(LABELS), classifier_activation=None)
    mine = vgg.build(vgg.VggConfig(depth=16), PHOTOGRAPHS).eval()
    modules = [module for module in mine.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    for module, layer in zip(modules, [layer for layer in theirs.layers if layer.weights], strict=True):
        kernel, bias = (torch.as_tensor(value) for value in layer.get_weights())
        if kernel.ndim == 4:
            kernel = kernel.permute(3, 2, 0, 1)
        elif len(kernel) == 7 * 7 * 512:  # keras puts the channels last before it flattens
            kernel = kernel.view(7, 7, 512, -1).permute(3, 2, 0, 1).flatten(1)
        else:
            kernel = kernel.T
        module.weight.data, module.bias.data = kernel.contiguous(), bias.clone()
    images = noise(1, 3, 224, 224).float()
    with torch.no_grad():
        ours, reference = mine(images), theirs(images.permute(0, 2, 3, 1))
    assert (ours - reference).abs().max() < 1e-4 * reference.abs().max()


# torchvision: the same layers in the same order


def copy_in_order(theirs: nn.Module, mine: nn.Module) -> None:
    for source, target in zip(convolutions_in_order(theirs), convolutions_in_order(mine), strict=True):
        target.load_state_dict(source.state_dict())


@pytest.mark.parametrize("depth", [18, 50])
def test_resnet_against_torchvision(depth: int, quiet: None):
    need("torchvision")
    import torchvision

    theirs = shake(torchvision.models.get_model(f"resnet{depth}", num_classes=len(LABELS)))
    mine = resnet.build(resnet.ResNetConfig(depth=depth, stride_in_three=True), PHOTOGRAPHS).double()
    copy_in_order(theirs, mine)
    images = noise(2, 3, 96, 96)
    torch.testing.assert_close(mine(images), theirs(images), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_vgg_against_torchvision(depth: int, quiet: None):
    need("torchvision")
    import torchvision

    theirs = torchvision.models.get_model(f"vgg{depth}", num_classes=len(LABELS)).eval()
    mine = vgg.build(vgg.VggConfig(depth=depth), PHOTOGRAPHS).eval()
    copy_in_order(theirs, mine)
    images = noise(1, 3, 224, 224).float()
    with torch.no_grad():
        torch.testing.assert_close(mine(images), theirs(images), rtol=1e-4, atol=1e-5)


def test_inception_against_torchvision(quiet: None):
    """One module: torchvision's GoogLeNet has 3x3 kernels in the paper's 5x5 branch, so that branch is left out."""
    need("torchvision")
    from torchvision.models.googlenet import Inception

    config = googlenet.GoogLeNetConfig(normalisation="batch")
    mine = googlenet.Inception(config, 192, googlenet.MODULES["3a"]).double().train()
    theirs = Inception(192, *googlenet.MODULES["3a"]).double().train()
    for source, target in ((theirs.branch1, mine.one), (theirs.branch2, mine.three), (theirs.branch4, mine.pool)):
        copy_in_order(source, target)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-5
    images = noise(2, 192, 9, 9)
    ours, reference = mine(images), theirs(images)
    for channels in (slice(0, 192), slice(224, 256)):
        torch.testing.assert_close(ours[:, channels], reference[:, channels], rtol=1e-8, atol=1e-8)
