"""The one rule that fits networks drawn for photographs to smaller inputs."""

import pytest
import torch

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models.catalogue import build, config
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


@pytest.mark.parametrize("native", [32, 224])
@pytest.mark.parametrize("side", [8, 28, 112, 223, 224, 448])
def test_the_papers_own_widths_at_any_side(side, native):
    scale = fit_scale(task(1, side, side), native=native, reductions=2, model="vgg")
    assert [scale.channels_of(width) for width in (6, 12, 65, 4096)] == [6, 12, 65, 4096]


@pytest.mark.parametrize("side", [8, 28, 224])
@pytest.mark.parametrize(
    ("share", "widths"),
    [
        (1 / 28, [16, 16, 16, 144]),
        (1 / 16, [16, 16, 32, 256]),
        (1 / 8, [16, 32, 64, 512]),
        (1 / 3, [24, 88, 168, 1368]),  # multiples of 8, the nearest
        (1 / 2, [32, 128, 256, 2048]),
        (0.999, [64, 256, 512, 4088]),
    ],
)
def test_a_share_of_the_widths_is_the_same_at_any_side(side, share, widths):
    scale = fit_scale(task(1, side, side), native=224, reductions=5, model="vgg", width=share)
    assert [scale.channels_of(width) for width in (64, 256, 512, 4096)] == widths


def test_narrow_layers_are_never_widened():
    scale = fit_scale(task(1, 8, 8), native=224, reductions=5, model="googlenet", width=1 / 16)
    assert [scale.channels_of(width) for width in (4, 12, 16, 24)] == [4, 12, 16, 16]


@pytest.mark.parametrize(
    ("recipe", "layer", "channels"),
    [
        (Recipe(model="alexnet"), "features.0.0", {1: 96, 1 / 4: 24, 1 / 16: 16}),
        (Recipe(model="alexnet"), "classifier.4", {1: 4096, 1 / 4: 1024, 1 / 16: 256}),
        (Recipe(model="vgg"), "features.10", {1: 256, 1 / 4: 64, 1 / 16: 16}),
        (Recipe(model="googlenet"), "stem.4.0", {1: 192, 1 / 4: 48, 1 / 16: 16}),
        (Recipe(model="resnet"), "stages.2.0.residual.0.0", {1: 64, 1 / 2: 32, 1 / 8: 16}),
        (Recipe(model="resnet", options={"depth": 50}), "stages.3.0.residual.2.0", {1: 512, 1 / 4: 128, 1 / 16: 32}),
    ],
    ids=lambda value: value.model if isinstance(value, Recipe) else None,
)
def test_each_network_has_the_width_that_it_is_given(recipe, layer, channels):
    for width, expected in channels.items():
        with torch.device("meta"):
            network = build(recipe.with_options(width=width), task(1, 28, 28))
        assert network.get_submodule(layer).weight.shape[0] == expected


@pytest.mark.parametrize("name", ["alexnet", "vgg", "googlenet", "resnet"])
def test_a_width_is_a_share(name):
    for width in (0, -0.5, 1.5):
        with pytest.raises(UserError, match=rf"{name}: option 'width' is {float(width)}.* above 0 and at most 1"):
            config(Recipe(model=name, options={"width": width}))


def test_networks_for_small_images_drop_their_first_reduction():
    assert fit_scale(task(1, 8, 8), native=32, reductions=2, model="resnet").strides == (1, 2)


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
