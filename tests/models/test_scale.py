"""The one rule that fits networks drawn for photographs to smaller inputs."""

import pytest
import torch

from epochal.core.errors import UserError
from epochal.core.task import Task
from epochal.models.parts.scale import fit_scale


def task(channels: int, height: int, width: int, classes: int = 10) -> Task:
    labels = tuple(str(number) for number in range(classes))
    return Task(name="t", input_shape=(channels, height, width), labels=labels, counts={}, fingerprint="f")


@pytest.mark.parametrize(
    ("side", "strides", "last"),
    [
        (8, (1, 1, 1, 1, 2), 4),
        (16, (1, 1, 1, 2, 2), 4),
        (28, (1, 1, 2, 2, 2), 4),
        (32, (1, 1, 2, 2, 2), 4),
        (64, (1, 2, 2, 2, 2), 4),
        (96, (1, 2, 2, 2, 2), 6),
        (97, (2, 2, 2, 2, 2), 4),
        (128, (2, 2, 2, 2, 2), 4),
        (223, (2, 2, 2, 2, 2), 7),
    ],
)
def test_the_earliest_reductions_go_first_until_the_last_map_is_four_wide(side, strides, last):
    scale = fit_scale(task(1, side, side), native=224, reductions=5, model="vgg")
    assert scale.strides == strides
    assert scale.last == (last, last)
    assert scale.below


def test_the_shorter_side_decides():
    scale = fit_scale(task(1, 64, 32), native=224, reductions=5, model="vgg")
    assert scale.strides == (1, 1, 2, 2, 2)
    assert scale.last == (8, 4)


@pytest.mark.parametrize("side", [224, 225, 448])
def test_at_and_above_the_native_side_nothing_changes(side):
    scale = fit_scale(task(3, side, side), native=224, reductions=5, model="vgg")
    assert not scale.below
    assert scale.strides == (2,) * 5
    assert [scale.channels_of(width) for width in (6, 64, 4096)] == [6, 64, 4096]


@pytest.mark.parametrize(
    ("side", "widths"),
    [(8, [16, 16, 16, 144]), (28, [16, 32, 64, 512]), (112, [32, 128, 256, 2048]), (223, [64, 256, 512, 4080])],
)
def test_widths_shrink_with_the_side(side, widths):
    scale = fit_scale(task(1, side, side), native=224, reductions=5, model="vgg")
    assert [scale.channels_of(width) for width in (64, 256, 512, 4096)] == widths


def test_narrow_layers_are_never_widened():
    scale = fit_scale(task(1, 8, 8), native=224, reductions=5, model="googlenet")
    assert [scale.channels_of(width) for width in (4, 12, 16, 24)] == [4, 12, 16, 16]


def test_networks_for_small_images_keep_their_widths():
    scale = fit_scale(task(1, 8, 8), native=32, reductions=2, model="resnet")
    assert scale.strides == (1, 2)
    assert [scale.channels_of(width) for width in (6, 16, 64)] == [6, 16, 64]


@pytest.mark.parametrize("side", [9, 15, 28, 31, 50, 63, 100, 150])
def test_a_padded_pooling_gives_the_map_that_the_scale_foretells(side):
    scale = fit_scale(task(1, side, side), native=224, reductions=5, model="vgg")
    for kernel in (2, 3):
        maps = torch.zeros(1, 1, side, side)
        for stride in scale.strides:
            maps = scale.pool(kernel, stride)(maps)
        assert tuple(maps.shape[2:]) == scale.last


def test_too_small_an_input_says_what_to_do():
    with pytest.raises(UserError, match=r"vgg needs images of at least 8x8 pixels; these are 7x30. Resize them"):
        fit_scale(task(1, 7, 30), native=224, reductions=5, model="vgg")


def test_an_input_that_is_no_image_says_what_came():
    sequence = Task(name="t", input_shape=(40,), labels=("a", "b"), counts={}, fingerprint="f")
    with pytest.raises(UserError, match=r"lenet learns from images .* inputs of shape \(40,\)"):
        fit_scale(sequence, native=32, reductions=2, model="lenet")
