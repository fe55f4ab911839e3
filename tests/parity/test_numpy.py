"""Logits and gradients of each network against a second writing of its paper in NumPy.

The gradients of all parameters are checked at once: along a random direction the slope that torch's autograd gives
must be that of the reference's loss by central differences.
"""

import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from epochal.core.task import Task
from epochal.models import alexnet, googlenet, lenet, mlp, perceptron, resnet, vgg, zipcode

sys.path.insert(0, str(Path(__file__).parent))
from reference import (
    Array,
    average,
    convolve,
    cross_entropy,
    pool,
    relu,
    respond,
    squash,
    standardise,
)  # fmt: skip

Weights = dict[str, Array]


def dense(weights: Weights, name: str, values: Array) -> Array:
    return values @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]


def flat(maps: Array) -> Array:
    return maps.reshape(len(maps), -1)


def perceptron_1958(weights: Weights, images: Array) -> list[Array]:
    return [dense(weights, "responses", flat(images))]


def mlp_1986(weights: Weights, images: Array) -> list[Array]:
    hidden = 1 / (1 + np.exp(-dense(weights, "hidden.0", flat(images))))
    return [dense(weights, "output", hidden)]


def zipcode_1989(weights: Weights, images: Array) -> list[Array]:
    """Unit by unit: it looks at 25 places of each map that its own map sees, through its kernels or its map's."""
    maps = images
    for layer, seen in (("h1", [[0]] * 12), ("h2", [sorted((i + k) % 12 for k in range(8)) for i in range(12)])):
        kernels, biases = weights[f"{layer}.weight"], weights[f"{layer}.bias"]
        side = maps.shape[2] // 2
        framed = np.pad(maps, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-1)
        units = np.zeros((len(images), 12, side, side))
        for out, (row, column) in product(range(12), product(range(side), repeat=2)):
            own = kernels[0 if len(kernels) == 1 else row * side + column].reshape(12, len(seen[out]), 5, 5)[out]
            patch = framed[:, seen[out], 2 * row : 2 * row + 5, 2 * column : 2 * column + 5]
            units[:, out, row, column] = (patch * own).sum((1, 2, 3)) + biases[(out * side + row) * side + column]
        maps = squash(units)
    return [dense(weights, "output", squash(dense(weights, "h3", flat(maps))))]


# LeCun et al. 1998, Table I, as it is printed: row by map of S2, column by map of C3.
TABLE_I = """
X . . . X X X . . X X X X . X X
X X . . . X X X . . X X X X . X
X X X . . . X X X . . X . X X X
. X X X . . X X X X . . X . X X
. . X X X . . X X X X . X X . X
. . . X X X . . X X X X . X X X
"""


def lenet_1998(weights: Weights, images: Array) -> list[Array]:
    maps = squash(convolve(images, weights["c1.weight"], weights["c1.bias"]))
    maps = squash(subsample(weights, "s2", maps))
    seen = np.array([[cell == "X" for cell in row.split()] for row in TABLE_I.split("\n") if row])  # [6, 16]
    kernels = iter(weights["c3.weight"])
    full = np.zeros((16, 6, 5, 5))
    for out in range(16):
        for source in np.flatnonzero(seen[:, out]):
            full[out, source] = next(kernels)
    maps = squash(convolve(maps, full, weights["c3.bias"]))
    maps = squash(subsample(weights, "s4", maps))
    features = squash(dense(weights, "c5", flat(maps)))
    features = squash(dense(weights, "f6", features))
    codes = weights["output.codes"]
    return [-0.5 * ((features[:, None] - codes[None]) ** 2).sum(2)]


def subsample(weights: Weights, name: str, maps: Array) -> Array:
    windows = maps.reshape(*maps.shape[:2], maps.shape[2] // 2, 2, maps.shape[3] // 2, 2)
    coefficient, bias = (weights[f"{name}.{part}"][:, None, None] for part in ("coefficient", "bias"))
    return windows.sum((3, 5)) * coefficient + bias


def alexnet_2012(weights: Weights, images: Array) -> list[Array]:
    """With the maps of a 64x64 image: the stride of four is a stride of two, and windows are padded."""

    def layer(index: int, maps: Array, **options: int) -> Array:
        name = f"features.{index}.0"
        return relu(convolve(maps, weights[f"{name}.weight"], weights[f"{name}.bias"], **options))

    maps = pool(respond(layer(0, images, stride=2, padding=5)), 3, 2, 1)[:, :, :16, :16]
    maps = pool(respond(layer(2, maps, padding=2, groups=2)), 3, 2, 1)[:, :, :8, :8]
    maps = layer(4, maps, padding=1)
    maps = layer(5, maps, padding=1, groups=2)
    maps = pool(layer(6, maps, padding=1, groups=2), 3, 2, 1)[:, :, :4, :4]
    values = relu(dense(weights, "classifier.1", flat(maps)))
    return [dense(weights, "classifier.6", relu(dense(weights, "classifier.4", values)))]


def vgg_2014(weights: Weights, images: Array) -> list[Array]:
    """Configuration A at 64x64: the first pooling is left out."""
    maps, place = images, 0
    for block, repeats in enumerate((1, 1, 2, 2, 2)):
        for _ in range(repeats):
            name = f"features.{place}"
            maps = relu(convolve(maps, weights[f"{name}.weight"], weights[f"{name}.bias"], padding=1))
            place += 2
        maps = maps if block == 0 else pool(maps, 2, 2)
        place += 1
    values = relu(dense(weights, "classifier.0", flat(maps)))
    return [dense(weights, "classifier.6", relu(dense(weights, "classifier.3", values)))]


def googlenet_2014(weights: Weights, images: Array) -> list[Array]:
    """At 64x64: the stem keeps its map, later windows are padded. Answers in the order logits, 4a, 4d."""

    def layer(name: str, maps: Array) -> Array:
        kernel = weights[f"{name}.0.weight"]
        return relu(convolve(maps, kernel, weights[f"{name}.0.bias"], padding=kernel.shape[2] // 2))

    def halve(maps: Array) -> Array:
        side = maps.shape[2] // 2
        return pool(maps, 3, 2, 1)[:, :, :side, :side]

    maps = respond(halve(layer("stem.0", images)))
    maps = halve(respond(layer("stem.4", layer("stem.3", maps))))
    answers = []
    for name in ("3a", "3b", "4a", "4b", "4c", "4d", "4e", "5a", "5b"):
        maps = halve(maps) if name in ("4a", "5a") else maps
        part = f"inceptions.{name}"
        branches = [
            layer(f"{part}.one", maps),
            layer(f"{part}.three.1", layer(f"{part}.three.0", maps)),
            layer(f"{part}.five.1", layer(f"{part}.five.0", maps)),
            layer(f"{part}.pool.1", pool(maps, 3, 1, 1)),
        ]
        maps = np.concatenate(branches, axis=1)
        if name in ("4a", "4d"):
            part = f"auxiliaries.{name}"
            values = flat(layer(f"{part}.squeeze", average(maps, 5, 3)))
            answers.append(dense(weights, f"{part}.classifier.3", relu(dense(weights, f"{part}.classifier.0", values))))
    return [dense(weights, "output", maps.mean((2, 3))), *answers]


def resnet_2015(weights: Weights, images: Array) -> list[Array]:
    """Depth 14 of the CIFAR family, in training mode, with shortcuts of option A."""

    def layer(name: str, maps: Array, stride: int = 1) -> Array:
        maps = convolve(maps, weights[f"{name}.0.weight"], stride=stride, padding=1)
        return standardise(maps, weights[f"{name}.1.weight"], weights[f"{name}.1.bias"])

    maps = relu(layer("stem.0", images))
    for stage in range(3):
        for block in range(2):
            stride = 2 if stage > 0 and block == 0 else 1
            name = f"stages.{stage}.{block}.residual"
            change = layer(f"{name}.2", relu(layer(f"{name}.0", maps, stride)))
            past = maps[:, :, ::stride, ::stride]
            past = np.concatenate((past, np.zeros((len(past), change.shape[1] - past.shape[1], *past.shape[2:]))), 1)
            maps = relu(change + past)
    return [dense(weights, "output", maps.mean((2, 3)))]


WIDTH = 2 / 7  # of the three large ones, so that NumPy takes seconds
Case = tuple[Callable[[Task], nn.Module], Callable[[Weights, Array], list[Array]], tuple[int, int, int]]
CASES: dict[str, Case] = {
    "perceptron": (lambda task: perceptron.build(perceptron.PerceptronConfig(), task), perceptron_1958, (3, 9, 11)),
    "mlp": (lambda task: mlp.build(mlp.MlpConfig(hidden=20), task), mlp_1986, (1, 9, 11)),
    "zipcode": (lambda task: zipcode.build(zipcode.ZipcodeConfig(), task), zipcode_1989, (1, 16, 16)),
    "zipcode, unshared": (
        lambda task: zipcode.build(zipcode.ZipcodeConfig(shared=False), task),
        zipcode_1989,
        (1, 16, 16),
    ),
    "lenet": (lambda task: lenet.build(lenet.LeNetConfig(), task), lenet_1998, (1, 32, 32)),
    "alexnet": (
        lambda task: alexnet.build(alexnet.AlexNetConfig(dropout=0.0, initialisation="he", width=WIDTH), task),
        alexnet_2012,
        (3, 64, 64),
    ),
    "vgg": (
        lambda task: vgg.build(vgg.VggConfig(depth=11, dropout=0.0, initialisation="he", width=WIDTH), task),
        vgg_2014,
        (3, 64, 64),
    ),
    "googlenet": (
        lambda task: googlenet.build(
            googlenet.GoogLeNetConfig(dropout=0.0, auxiliary_dropout=0.0, initialisation="he", width=WIDTH), task
        ),
        googlenet_2014,
        (3, 64, 64),
    ),
    "resnet": (lambda task: resnet.build(resnet.ResNetConfig(depth=14), task), resnet_2015, (3, 16, 16)),
}


@pytest.mark.parametrize("name", CASES)
def test_logits_and_gradients(name: str):
    build, reference, shape = CASES[name]
    task = Task(name="t", input_shape=shape, labels=("a", "b", "c", "d"), counts={}, fingerprint="f")
    torch.manual_seed(1)
    model = build(task).double()
    for parameter in model.parameters():  # no bias, gain or coefficient stays at a value that would hide it
        parameter.data += 0.05 * torch.randn_like(parameter)
    images = np.random.default_rng(2).normal(size=(3, *shape))
    targets = np.array([0, 3, 1])

    outputs = model(torch.tensor(images))
    heads = outputs if isinstance(outputs, tuple) else (outputs,)
    weights = {key: value.detach().numpy().copy() for key, value in model.state_dict().items()}
    expected = reference(weights, images)
    assert len(heads) == len(expected)
    for mine, theirs in zip(heads, expected, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), theirs, rtol=1e-9, atol=1e-9)

    sum(functional.cross_entropy(head, torch.tensor(targets)) for head in heads).backward()
    generator = np.random.default_rng(3)
    direction = {
        key: generator.normal(size=tuple(parameter.shape)) * max(1e-3, float(parameter.detach().abs().mean()))
        for key, parameter in model.named_parameters()
    }
    slope = sum(float((parameter.grad.numpy() * direction[key]).sum()) for key, parameter in model.named_parameters())

    def loss_at(step: float) -> float:
        moved = weights | {key: weights[key] + step * direction[key] for key in direction}
        return sum(cross_entropy(head, targets) for head in reference(moved, images))

    step = 1e-6  # small: a rectifier or a pooling that switches within the step bends the slope
    assert slope == pytest.approx((loss_at(step) - loss_at(-step)) / (2 * step), rel=1e-4, abs=1e-6)
    assert abs(slope) > 1e-3
