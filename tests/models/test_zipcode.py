"""The zip code network of 1989: the paper's counts, and units that share their weights or do not."""

import pytest
import torch
from torch import nn

from epochal.core.errors import UserError
from epochal.core.recipe import Recipe
from epochal.core.task import Task
from epochal.models import zipcode
from epochal.models.catalogue import MODELS, OFF_LADDER, RUNGS, TRANSFER, build, rung
from epochal.models.flops import parameters
from epochal.models.zipcode import ZipcodeConfig


def task(channels: int = 1, height: int = 16, width: int = 16, classes: int = 10) -> Task:
    labels = tuple(str(number) for number in range(classes))
    return Task(name="t", input_shape=(channels, height, width), labels=labels, counts={}, fingerprint="f")


def network(where: Task | None = None, seed: int = 0, **options: object) -> zipcode.Zipcode:
    torch.manual_seed(seed)
    return zipcode.build(ZipcodeConfig(**options), where or task())


def test_parameters_and_connections_of_the_paper():
    shared = network()
    assert {name: parameters(getattr(shared, name)) for name in ("h1", "h2", "h3", "output")} == {
        "h1": 1_068,
        "h2": 2_592,
        "h3": 5_790,
        "output": 310,
    }
    assert (shared.h1.connections, shared.h2.connections) == (19_968, 38_592)
    assert parameters(shared) == 9_760
    assert shared.connections == 64_660


def test_without_sharing_every_connection_has_a_parameter():
    own = network(shared=False)
    assert parameters(own) == own.connections == 64_660


def test_maps_of_the_paper():
    shared, images = network(), torch.randn(2, 1, 16, 16)
    maps = shared.h1(images)
    assert maps.shape == (2, 12, 8, 8)
    assert shared.h2(maps).shape == (2, 12, 4, 4)
    assert shared(images).shape == (2, 10)


def test_each_map_of_h2_sees_eight_of_h1_and_no_two_the_same():
    rows = network().h2.places.view(12, 8)
    seen = [set((row - 12 * number).tolist()) for number, row in enumerate(rows)]
    assert all(len(maps) == 8 and maps <= set(range(12)) for maps in seen)
    assert len({frozenset(maps) for maps in seen}) == 12
    assert all(sum(source in maps for maps in seen) == 8 for source in range(12))


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 16, 16), (1, 8, 8), (1, 12, 20), (1, 28, 28)])
def test_units_of_their_own_with_equal_kernels_are_a_convolution(shape: tuple[int, int, int]):
    where = task(*shape)
    shared, own = network(where), network(where, shared=False, seed=1)
    with torch.no_grad():
        for parameter in shared.parameters():
            parameter += 0.1 * torch.randn_like(parameter)  # biases are not zero
        for name, parameter in own.named_parameters():
            parameter.copy_(shared.get_parameter(name).expand_as(parameter))
        images = torch.randn(5, *shape)
        torch.testing.assert_close(own(images), shared(images), rtol=1e-4, atol=1e-5)
        own.h1.weight[3] += 0.1  # one unit of each map learns something else
        assert not torch.allclose(own(images), shared(images), atol=1e-3)


def test_the_gradient_of_a_shared_kernel_is_the_sum_over_its_units():
    shared, own = network(), network(shared=False)
    with torch.no_grad():
        for name, parameter in own.named_parameters():
            parameter.copy_(shared.get_parameter(name).expand_as(parameter))
    images, targets = torch.randn(8, 1, 16, 16), torch.arange(8)
    for model in (shared, own):
        nn.functional.cross_entropy(model(images), targets).backward()
    for name in ("h1.weight", "h2.weight"):
        mine, theirs = shared.get_parameter(name).grad, own.get_parameter(name).grad
        assert mine.any()
        assert (theirs.flatten(1).abs().sum(1) > 0).all()  # every unit learns
        torch.testing.assert_close(theirs.sum(0, keepdim=True), mine, rtol=1e-4, atol=1e-6)


def test_the_border_is_the_background():
    """An image of background all over has the same sums everywhere: the border is no edge."""
    shared = network()
    sums = shared.h1(torch.full((1, 1, 16, 16), -1.0))
    torch.testing.assert_close(sums, sums[:, :, :1, :1].expand_as(sums))


@pytest.mark.parametrize("shared", [True, False])
def test_weights_start_with_the_fan_in_of_a_unit(shared: bool):
    model = network(shared=shared)
    assert float(model.h1.weight.detach().std()) == pytest.approx(25**-0.5, rel=0.15)
    assert float(model.h2.weight.detach().std()) == pytest.approx(200**-0.5, rel=0.1)
    if not shared:
        assert not torch.equal(model.h1.weight[0], model.h1.weight[1])


@pytest.mark.parametrize(
    ("side", "maps", "count"),
    [(8, (8, 4), 9_760), (12, (12, 6), 18_160), (13, (7, 4), 9_580), (16, (8, 4), 9_760), (64, (8, 4), 9_760)],
)
def test_other_sizes(side: int, maps: tuple[int, int], count: int):
    """H1 keeps the side of the image where H2 would be less than 4 wide; larger images are averaged down to 16."""
    model = network(task(1, side, side))
    assert (model.h1.size, model.h2.size) == ((maps[0],) * 2, (maps[1],) * 2)
    assert parameters(model) == count
    assert model(torch.randn(2, 1, side, side)).shape == (2, 10)


def test_larger_images_are_averaged_down_and_short_sides_kept():
    model, images = network(task(1, 32, 32)), torch.randn(2, 1, 32, 32)
    small = nn.functional.avg_pool2d(images, 2)
    torch.testing.assert_close(model(images), network(task(1, 16, 16))(small))
    assert network(task(3, 9, 31)).h1.size == (9, 16)


def test_too_small_an_image_is_refused():
    with pytest.raises(UserError, match=r"zipcode needs images of at least 8x8 pixels; these are 7x9"):
        network(task(1, 7, 9))


def test_options_that_it_does_not_take_are_refused():
    with pytest.raises(UserError, match=r"zipcode: option 'activation' is 'swish', which is none of sigmoid"):
        ZipcodeConfig(activation="swish")
    with pytest.raises(UserError, match=r"zipcode: option 'shared' is 'yes'; it must be true or false"):
        build(Recipe(model="zipcode", options={"shared": "yes"}), task())


def test_it_stands_beside_the_ladder():
    assert "zipcode" not in RUNGS
    assert list(OFF_LADDER) == ["zipcode"]
    assert list(MODELS) == [*RUNGS, *TRANSFER, *OFF_LADDER]
    assert not rung("zipcode").deterministic
    model = build(Recipe(model="zipcode", options={"shared": False}), task(3, 20, 20))
    assert isinstance(model, zipcode.Zipcode) and not model.config.shared
    with pytest.raises(UserError, match=r"There is no rung 'lenet1'.*\. A recipe may also use zipcode\."):
        rung("lenet1")
