"""At its native size each network is the paper's: counted in parameters, layer by layer where the paper does."""

import pytest
import torch
from torch import nn

from epochal.core.errors import UserError
from epochal.core.task import Task
from epochal.models import alexnet, googlenet, lenet, mlp, perceptron, resnet, vgg
from epochal.models.flops import flops, parameters
from epochal.models.parts.scale import fit_scale


def task(channels: int, height: int, width: int, classes: int) -> Task:
    labels = tuple(str(number) for number in range(classes))
    return Task(name="t", input_shape=(channels, height, width), labels=labels, counts={}, fingerprint="f")


IMAGENET = task(3, 224, 224, 1000)
CIFAR = task(3, 32, 32, 10)


@pytest.fixture(autouse=True)
def without_memory():
    """Shapes are all that these tests need, so that nothing is allocated."""
    with torch.device("meta"):
        yield


def count(module: nn.Module) -> int:
    return parameters(module)


def test_lenet_layer_by_layer():
    """LeCun et al. 1998, section II.B, names each of these; the whole has "60,000 trainable free parameters"."""
    network = lenet.build(lenet.LeNetConfig(), task(1, 32, 32, 10))
    layers = {name: count(getattr(network, name)) for name in ("c1", "s2", "c3", "s4", "c5", "f6", "output")}
    assert layers == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164, "output": 0}
    assert count(network) == 60_000


def test_lenet_of_28_pixels_is_the_same_network():
    assert count(lenet.build(lenet.LeNetConfig(), task(1, 28, 28, 10))) == 60_000


def test_lenet_with_a_trained_output():
    network = lenet.build(lenet.LeNetConfig(output="linear"), task(1, 32, 32, 10))
    assert count(network) == 60_000 + 84 * 10 + 10


@pytest.mark.parametrize(("groups", "published"), [(2, 60_965_224), (1, 62_378_344)])
def test_alexnet(groups: int, published: int):
    """Section 3.5 speaks of 60 million; 60,965,224 is what its sizes come to, and 62,378,344 with one tower."""
    assert count(alexnet.build(alexnet.AlexNetConfig(groups=groups), IMAGENET)) == published


def test_alexnet_maps():
    """Figure 2: 55x55 after the first convolution, then 27, 13, and 6x6x256 = 9,216 inputs to the dense layers."""
    network = alexnet.build(alexnet.AlexNetConfig(), IMAGENET)
    maps, sizes = torch.zeros(1, 3, 224, 224), []
    for layer in network.features:
        maps = layer(maps)
        sizes.append(tuple(maps.shape[1:]))
    assert [size for index, size in enumerate(sizes) if index in (0, 2, 4, 5, 6, 7)] == [
        (96, 55, 55), (256, 27, 27), (384, 13, 13), (384, 13, 13), (256, 13, 13), (256, 6, 6),
    ]  # fmt: skip
    assert network.classifier[1].in_features == 9216


@pytest.mark.parametrize(
    ("depth", "published", "millions"),
    [(11, 132_863_336, 133), (13, 133_047_848, 133), (16, 138_357_544, 138), (19, 143_667_240, 144)],
)
def test_vgg(depth: int, published: int, millions: int):
    """Table 2 of the paper, in millions; the exact counts are those of the released models."""
    network = vgg.build(vgg.VggConfig(depth=depth), IMAGENET)
    assert count(network) == published
    assert round(count(network) / 1e6) == millions
    assert sum(isinstance(module, nn.Conv2d | nn.Linear) for module in network.modules()) == depth


# Table 1 of the paper, in thousands of 1,024. Its column is not consistent with its own widths: 4c comes to 498.
TABLE_1 = {"3a": 159, "3b": 380, "4a": 364, "4b": 437, "4c": 463, "4d": 580, "4e": 840, "5a": 1072, "5b": 1388}
TABLE_1_OUTPUTS = {"3a": 256, "3b": 480, "4a": 512, "4b": 512, "4c": 512, "4d": 528, "4e": 832, "5a": 832, "5b": 1024}


def test_googlenet():
    """6,998,552 without and 13,378,280 with the auxiliary classifiers: the counts of the authors' Caffe port."""
    whole = googlenet.build(googlenet.GoogLeNetConfig(), IMAGENET)
    assert count(googlenet.build(googlenet.GoogLeNetConfig(auxiliary=False), IMAGENET)) == 6_998_552
    assert count(whole) == 13_378_280
    assert [count(auxiliary) for auxiliary in whole.auxiliaries.values()] == [3_188_840, 3_190_888]


@pytest.mark.parametrize("name", TABLE_1)
def test_inception_modules(name: str):
    network = googlenet.build(googlenet.GoogLeNetConfig(), IMAGENET)
    module = network.inceptions[name]
    assert module.channels_out == TABLE_1_OUTPUTS[name]
    assert count(module) / 1024 == pytest.approx(TABLE_1[name], rel=0.08)


@pytest.mark.parametrize(
    ("depth", "published"),
    [(18, 11_689_512), (34, 21_797_672), (50, 25_557_032), (101, 44_549_160), (152, 60_192_808)],
)
def test_resnet_of_imagenet(depth: int, published: int):
    network = resnet.build(resnet.ResNetConfig(depth=depth), IMAGENET)
    assert count(network) == published
    assert weighted_layers(network) == depth


@pytest.mark.parametrize(
    ("depth", "millions"), [(20, 0.27), (32, 0.46), (44, 0.66), (56, 0.85), (110, 1.7), (1202, 19.4)]
)
def test_resnet_of_cifar(depth: int, millions: float):
    """Table 6 of the paper; option A has no parameters, so plain and residual networks count the same."""
    network = resnet.build(resnet.ResNetConfig(depth=depth), CIFAR)
    digits = 1 if millions > 1 else 2
    assert round(count(network) / 1e6, digits) == millions
    assert weighted_layers(network) == depth
    assert count(resnet.build(resnet.ResNetConfig(depth=depth, shortcuts="none"), CIFAR)) == count(network)


def weighted_layers(network: resnet.ResNet) -> int:
    """Layers with weights on the longest way through: projections are shortcuts and do not count."""
    shortcuts = {id(module) for block in network.modules() if isinstance(block, resnet.Block) and block.shortcut
                 for module in block.shortcut.modules()}  # fmt: skip
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    return sum(id(layer) not in shortcuts for layer in layers)


def test_perceptron_and_mlp():
    """LeCun et al. 1998, section III.C: 7,850 for a linear classifier of 28x28, 238,510 for 300 hidden units."""
    digits = task(1, 28, 28, 10)
    assert count(perceptron.build(perceptron.PerceptronConfig(), digits)) == 7_850
    assert count(mlp.build(mlp.MlpConfig(), digits)) == 238_510
    assert count(mlp.build(mlp.MlpConfig(hidden=100, layers=2), digits)) == 78_500 + 10_100 + 1_010


@pytest.mark.parametrize("side", [225, 256, 320])
@pytest.mark.parametrize("module", [alexnet, vgg, googlenet])
def test_larger_images_do_not_change_the_network(module, side):
    config = {alexnet: alexnet.AlexNetConfig, vgg: vgg.VggConfig, googlenet: googlenet.GoogLeNetConfig}[module]()
    network = module.build(config, task(3, side, side, 1000))
    assert count(network) == count(module.build(config, IMAGENET))
    assert network.eval()(torch.zeros(1, 3, side, side)).shape == (1, 1000)


@pytest.mark.parametrize(
    ("build", "billions"),
    [
        # Multiply-adds at 224x224, as the residual paper's Table 1 counts them ("FLOPs"), and for the others as
        # they are usually given.
        (lambda: resnet.build(resnet.ResNetConfig(depth=18), IMAGENET), 1.8),
        (lambda: resnet.build(resnet.ResNetConfig(depth=34), IMAGENET), 3.6),
        (lambda: resnet.build(resnet.ResNetConfig(depth=50), IMAGENET), 3.8),
        (lambda: resnet.build(resnet.ResNetConfig(depth=101), IMAGENET), 7.6),
        (lambda: resnet.build(resnet.ResNetConfig(depth=152), IMAGENET), 11.3),
        (lambda: vgg.build(vgg.VggConfig(depth=16), IMAGENET), 15.5),
        (lambda: vgg.build(vgg.VggConfig(depth=19), IMAGENET), 19.6),
        (lambda: googlenet.build(googlenet.GoogLeNetConfig(), IMAGENET), 1.5),
        (lambda: alexnet.build(alexnet.AlexNetConfig(), IMAGENET), 0.72),
    ],
)
def test_flops(build, billions: float):
    assert flops(build(), (3, 224, 224)) / 2e9 == pytest.approx(billions, rel=0.06)


def test_flops_leaves_the_mode_as_it_was():
    network = resnet.build(resnet.ResNetConfig(depth=8), CIFAR)
    assert network.training
    flops(network, (3, 32, 32))
    assert network.training
    network.eval()
    flops(network, (3, 32, 32))
    assert not network.training


@pytest.mark.parametrize(
    ("depth", "near"),
    [(21, "nearest 20 or 26"), (7, "nearest 8 or 14"), (1203, "nearest 1202"), (-4, "nearest 8 or 14")],
)
def test_a_depth_of_no_family_is_refused(depth: int, near: str):
    with pytest.raises(UserError, match=f"which no residual network of the paper has.*{near}"):
        resnet.ResNetConfig(depth=depth)


def test_googlenet_leaves_its_auxiliaries_out_where_maps_are_too_small():
    """Below 5x5 on the maps of stage 4 the averaging of 5x5 windows has nowhere to stand."""
    for side in (8, 10, 11, 16, 20, 21, 28, 32, 33, 48, 64, 65, 80, 96, 112, 128, 144, 160, 223, 224):
        network = googlenet.build(googlenet.GoogLeNetConfig(), task(1, side, side, 3))
        maps = min(fit_scale(task(1, side, side, 3), native=224, reductions=5, model="googlenet").after(4))
        assert bool(network.auxiliaries) == (side >= 224 or maps >= 5), side
